using System;
using System.Collections.Generic;
using System.Net;
using Starling.Core.Primitives;
using Starling.Core.Tasks;

namespace Starling.Runtime.Doctor;

/// <summary>What an <see cref="Examination"/> is to look at.</summary>
public sealed record ExaminationOptions
{
    /// <summary>Where the program would listen; null: every address, any free port.</summary>
    public IPEndPoint? Listen { get; init; }

    /// <summary>Whether the router may be asked to forward a port for the length of the examination.</summary>
    public bool MapPort { get; init; } = true;

    /// <summary>Absolute path of the folder that is to receive files; it need not exist.</summary>
    public required string Folder { get; init; }

    /// <summary>Bytes that the task or torrent needs there at most; null: nobody knows.</summary>
    public long? NeededBytes { get; init; }

    /// <summary>Trackers, each once.</summary>
    public IReadOnlyList<string> Trackers { get; init; } = [];

    /// <summary>The swarm that they are asked about; null: one that they do not know.</summary>
    public InfoHash? Swarm { get; init; }

    /// <summary>Nodes of the DHT to begin with, as <c>HOST:PORT</c>.</summary>
    public IReadOnlyList<string> Nodes { get; init; } = [];

    /// <summary>Files of saved nodes; the first that has any is used, and left as it is.</summary>
    public IReadOnlyList<string> NodeFiles { get; init; } = [];

    /// <summary>What a task needs of the machine; null: there is no task.</summary>
    public NeedsSpec? Needs { get; init; }

    /// <summary>Whether programs that the task names may be asked for their version, which runs them.</summary>
    public bool MayRunPrograms { get; init; }

    /// <summary>How long the first node of the DHT may take to answer.</summary>
    internal TimeSpan DhtPatience { get; init; } = TimeSpan.FromSeconds(6);

    /// <summary>The time that a check has. A router that speaks no protocol is known as such after ten seconds.</summary>
    public TimeSpan Limit { get; init; } = TimeSpan.FromSeconds(15);
}
