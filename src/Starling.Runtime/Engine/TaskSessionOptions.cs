using System;
using System.Collections.Generic;
using System.Net;
using Starling.Core.Engine;
using Starling.Core.Crypto;
using Starling.Core.Owner;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Runtime.Owner;
using Starling.Runtime.Tasks;

namespace Starling.Runtime.Engine;

/// <summary>What one process is to do for one task.</summary>
public sealed record TaskSessionOptions
{
    /// <summary>The task; null: only <see cref="Magnet"/> is known, peers have the task file.</summary>
    public TaskFile? Task { get; init; }

    /// <summary>The link that was given; null: the task file was.</summary>
    public MagnetLink? Magnet { get; init; }

    /// <summary>Absolute path of the folder for the output.</summary>
    public required string Folder { get; init; }

    /// <summary>Who this process is.</summary>
    public required IIdentity Identity { get; init; }

    /// <summary>Keys whose signed tasks are the owner's own, besides <see cref="Identity"/>.</summary>
    public IReadOnlyList<PublicKey> Authors { get; init; } = [];

    /// <summary>Runs at once.</summary>
    public int Slots { get; init; } = 1;

    /// <summary>Where to listen; null: every address, any free port.</summary>
    public IPEndPoint? Listen { get; init; }

    /// <summary>Peers of the owner, as <c>HOST:PORT</c>.</summary>
    public IReadOnlyList<string> Peers { get; init; } = [];

    /// <summary>Announce the task on the local network and look there for others (BEP 14).</summary>
    public bool DiscoverLocally { get; init; } = true;

    /// <summary>Connect and be connected to by uTP (BEP 29) besides TCP.</summary>
    public bool UseUtp { get; init; } = true;

    /// <summary>Look for peers in the DHT (BEP 5), and announce this one there.</summary>
    public bool UseDht { get; init; } = true;

    /// <summary>Nodes of the DHT to begin with besides those that the task file names, as <c>HOST:PORT</c>. None is built in.</summary>
    public IReadOnlyList<string> DhtRouters { get; init; } = [];

    /// <summary>Absolute path of the owner's folder, for what tasks share, such as known nodes of the DHT; null: the task keeps its own.</summary>
    public string? HomeFolder { get; init; }

    /// <summary>The owner's folder, in which what is known of other identities is kept over all tasks; null: it is forgotten at the end.</summary>
    public string? OwnerFolder { get; init; }

    /// <summary>The owner's own identity, which may be another than <see cref="Identity"/>, that of the folder; null: none was made.</summary>
    public IIdentity? Owner { get; init; }

    /// <summary>Tell the trackers of the task or link that this peer is there, and ask them for others.</summary>
    public bool AskTrackers { get; init; } = true;

    /// <summary>Ask the router to forward the port, where one stands between this machine and the Internet.</summary>
    public bool MapPort { get; init; }

    /// <summary>The inputs of the task that are on this machine, by name; the others are fetched.</summary>
    public IReadOnlyDictionary<string, FoundInput> Inputs { get; init; } = new Dictionary<string, FoundInput>();

    /// <summary>Make the finished output an ordinary torrent, and seed it.</summary>
    public bool Publish { get; init; }

    /// <summary>What is kept of the results once the output is merged.</summary>
    public KeepRule Keep { get; init; }

    /// <summary>Run the task's commands, and believe any attested result.</summary>
    public bool Trust { get; init; }

    /// <summary>Whether walled commands of a task that asks for the network get it.</summary>
    public bool AllowNetwork { get; init; }

    /// <summary>Absolute path of the socket of a container engine that runs container tasks; null: this program does, within its walls.</summary>
    public string? ContainerEngine { get; init; }

    /// <summary>Leave when done.</summary>
    public bool ExitWhenDone { get; init; }

    /// <summary>Where the owner's rules are; null: there are none.</summary>
    public OwnerPlace? Rules { get; init; }

    /// <summary>The 32 bytes of the task id.</summary>
    public Hash256 TaskId => Task?.Id ?? Magnet?.TaskId ?? throw new InvalidOperationException("Neither a task nor a link is given.");

    /// <summary>The secret of a member swarm; empty: an open task.</summary>
    public ReadOnlyMemory<byte> Secret => Task is { Secret.IsEmpty: false } task ? task.Secret : Magnet?.Secret ?? default;
}

/// <summary>How a session ended.</summary>
public enum SessionEnd
{
    /// <summary>Complete.</summary>
    Done,

    /// <summary>The owner stopped it before.</summary>
    Stopped,

    /// <summary>It can't be completed.</summary>
    Failed,

    /// <summary>A rule of this machine forbids the task.</summary>
    Refused,

    /// <summary>A bug in this program.</summary>
    Crashed,
}

/// <summary>The outcome of a session.</summary>
/// <param name="End">How it ended.</param>
/// <param name="Problem">Why, where there is a why.</param>
/// <param name="Bug">What was thrown, for <see cref="SessionEnd.Crashed"/>.</param>
public sealed record SessionOutcome(SessionEnd End, Problem? Problem = null, Exception? Bug = null);

/// <summary>Hears what a session has to tell; from the engine's thread or a thread of the pool, one at a time each.</summary>
public interface ISessionObserver
{
    /// <summary>The node reports.</summary>
    void Report(Core.Engine.NodeEvent nodeEvent);

    /// <summary>A magnet link's task file came and its folder is open; <paramref name="resumed"/> pieces were in it.</summary>
    void Opened(TaskFile task, int resumed);

    /// <summary>The owner's rules give more or less than before.</summary>
    void Granted(Grant grant);

    /// <summary>A router forwards <paramref name="external"/> to this process, asked by <paramref name="protocol"/>; null: it does not any more.</summary>
    void Mapped(PeerAddress? external, string protocol);

    /// <summary>The output is being seeded: absolute path of its .torrent file, and its link.</summary>
    void Published(string torrent, string magnet);
}
