using System.Collections.Generic;
using System.Text.Json.Serialization;

namespace Starling.LocalPeers;

/// <summary>What one process is to do; a supervisor hands it to a child as the first line of its standard input.</summary>
internal sealed record PeerPlan
{
    /// <summary>Path of the bencoded task file; null: <see cref="Magnet"/> is set.</summary>
    public string? TaskFile { get; init; }

    public string? Magnet { get; init; }

    /// <summary>Absolute path of the folder for the output.</summary>
    public required string Dir { get; init; }

    /// <summary>Absolute path of the folder of the identity; null: <c>.starling</c> in <see cref="Dir"/>.</summary>
    public string? IdentityFolder { get; init; }

    public required int Slots { get; init; }

    /// <summary><c>address:port</c>; null: every address, any free port.</summary>
    public string? Listen { get; init; }

    /// <summary><c>HOST:PORT</c> each.</summary>
    public IReadOnlyList<string> Peers { get; init; } = [];

    /// <summary>Look for peers on the local network; one of several local peers is enough.</summary>
    public bool DiscoverLocally { get; init; } = true;

    /// <summary>Connect by uTP besides TCP.</summary>
    public bool UseUtp { get; init; } = true;

    /// <summary>Look for peers in the DHT; one of several local peers is enough.</summary>
    public bool UseDht { get; init; } = true;

    /// <summary><c>HOST:PORT</c> each.</summary>
    public IReadOnlyList<string> DhtRouters { get; init; } = [];

    /// <summary>Absolute path of the owner's folder, if there is one.</summary>
    public string? HomeFolder { get; init; }

    /// <summary>Ask the task's trackers; one of several local peers is enough, the others are found through it.</summary>
    public bool AskTrackers { get; init; } = true;

    /// <summary>Ask the router to forward the port; one of several local peers is enough.</summary>
    public bool MapPort { get; init; }

    /// <summary>Make the finished output an ordinary torrent, and seed it.</summary>
    public bool Publish { get; init; }

    /// <summary>The inputs of the task that are on this machine, by name.</summary>
    public IReadOnlyDictionary<string, PlannedInput> Inputs { get; init; } = new Dictionary<string, PlannedInput>();

    /// <summary>What is kept once the output is merged, as <c>--keep</c> has it.</summary>
    public string Keep { get; init; } = "all";

    public bool Trust { get; init; }

    /// <summary>Walled commands get the network that their task asks for.</summary>
    public bool Network { get; init; }

    /// <summary>Absolute path of a container engine's socket; null: container tasks run within the walls.</summary>
    public string? ContainerEngine { get; init; }

    public bool Exit { get; init; }

    /// <summary>Public keys whose signed tasks are the owner's own.</summary>
    public IReadOnlyList<string> Authors { get; init; } = [];
}

/// <summary>An input that is on this machine, checked.</summary>
/// <param name="Path">Absolute path of the file or folder.</param>
/// <param name="Torrent">Absolute path of its .torrent file.</param>
internal sealed record PlannedInput(string Path, string Torrent);

/// <summary>A child's first line on its standard output: it listens, and this is who it is.</summary>
internal sealed record PeerReady
{
    public required string Identity { get; init; }

    /// <summary><c>address:port</c> under which its siblings reach it.</summary>
    public required string Address { get; init; }

    /// <summary><c>address:port</c> under which other machines may reach it, the best first.</summary>
    public required IReadOnlyList<string> Reachable { get; init; }
}

/// <summary>The second line of a child's standard input: whom to believe and whom to connect to. Then it begins.</summary>
internal sealed record PeerStart
{
    public IReadOnlyList<string> Siblings { get; init; } = [];

    public IReadOnlyList<string> Addresses { get; init; } = [];
}

/// <summary>Words between supervisor and child besides JSON.</summary>
internal static class PeerProtocol
{
    /// <summary>The argument that makes a process a child; never typed by a person.</summary>
    public const string Argument = "--local-peer";

    /// <summary>A line of the supervisor: stop gently. The end of the stream: the supervisor is gone, stop at once.</summary>
    public const string Stop = "stop";
}

/// <summary>The same without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(PeerPlan))]
[JsonSerializable(typeof(PeerReady))]
[JsonSerializable(typeof(PeerStart))]
internal sealed partial class PeerProtocolJson : JsonSerializerContext;
