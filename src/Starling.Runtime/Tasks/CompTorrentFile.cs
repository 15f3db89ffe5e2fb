using System.Collections.Generic;

namespace Starling.Runtime.Tasks;

/// <summary>
/// What a <c>.comptorrent</c> file says (Goldsmith, <i>Enabling Grassroots Distributed Computing with CompTorrent</i>, 2007): an algorithm, and the
/// chunks of data that it is run on, once each.
/// </summary>
public sealed record CompTorrentFile
{
    /// <summary>Name of the data set; it becomes the name of the task and of its output.</summary>
    public required string Name { get; init; }

    /// <summary>Where the swarm's tracker is, as an address for BitTorrent; null: none is named.</summary>
    public string? Tracker { get; init; }

    /// <summary>Bytes of the data set; null: not said.</summary>
    public long? Size { get; init; }

    /// <summary>MD5 of the data set, that is of the chunks one after the other, 32 hexadecimal digits in lower case; null: not said.</summary>
    public string? Md5 { get; init; }

    /// <summary>Bytes of a chunk at most; null: not said.</summary>
    public long? MaxChunkSize { get; init; }

    /// <summary>The command, or the launcher of the class; null: <c>java</c>.</summary>
    public string? Execution { get; init; }

    /// <summary>A compiled Java class; empty: none.</summary>
    public byte[] JavaBytecode { get; init; } = [];

    /// <summary>Its name with packages, <c>org.example.Saxpy</c>; null where there is no class.</summary>
    public string? ClassName { get; init; }

    /// <summary>The chunks in the order of the file: chunk i makes piece i. At least one.</summary>
    public required IReadOnlyList<CompTorrentChunk> Chunks { get; init; }
}

/// <summary>One chunk of data.</summary>
/// <param name="Name">Its path below the folder of the chunks, safe; unique in its file.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Md5">32 hexadecimal digits in lower case.</param>
public sealed record CompTorrentChunk(string Name, long Size, string Md5);
