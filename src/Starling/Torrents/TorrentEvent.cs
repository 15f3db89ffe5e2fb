using System.Collections.Generic;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Starling.Torrents;

/// <summary>One line of <c>torrent get --json</c>. Flat: each kind of event sets the fields it has, the others are left out.</summary>
internal sealed record TorrentEvent
{
    public required string Event { get; init; }

    /// <summary>Seconds since the process started.</summary>
    public double At { get; init; }

    /// <summary>Unix seconds.</summary>
    public double Time { get; init; }

    /// <summary>The v1 info-hash, hex.</summary>
    public string? V1 { get; init; }

    /// <summary>The v2 info-hash, hex.</summary>
    public string? V2 { get; init; }

    public string? Listen { get; init; }

    public string? Dir { get; init; }

    public string? Magnet { get; init; }

    public string? Name { get; init; }

    /// <summary>Bytes of the torrent, or of what came in.</summary>
    public long? Bytes { get; init; }

    public long? Uploaded { get; init; }

    public long? Wasted { get; init; }

    public int? Pieces { get; init; }

    public int? Have { get; init; }

    public int? Piece { get; init; }

    public int? Connected { get; init; }

    /// <summary>Bytes a second.</summary>
    public long? Down { get; init; }

    /// <summary>Bytes a second.</summary>
    public long? Up { get; init; }

    public double? Seconds { get; init; }

    /// <summary>The version of an author's item (BEP 46).</summary>
    public long? Sequence { get; init; }

    /// <summary>Nodes of the DHT that keep it.</summary>
    public int? Nodes { get; init; }

    /// <summary>Absolute paths.</summary>
    public IReadOnlyList<string>? Output { get; init; }

    public string? Code { get; init; }

    public string? Reason { get; init; }

    public string? Hint { get; init; }
}

/// <summary>Writes events without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(TorrentEvent))]
internal sealed partial class TorrentEventJson : JsonSerializerContext;

/// <summary>One event as one line of JSON.</summary>
internal static class TorrentEventText
{
    // Links are read by people: & stays what it is. The output is a stream of lines, not a part of a web page.
    private static readonly TorrentEventJson Context = new(
        new JsonSerializerOptions(TorrentEventJson.Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    public static string Write(TorrentEvent happened) => JsonSerializer.Serialize(happened, Context.TorrentEvent);
}
