using System;
using System.Collections.Generic;
using Starling.Core.Primitives;

namespace Starling.Core.Tasks;

/// <summary>A decoded task file: the hashed <c>info</c>, and what stands outside of it (DESIGN section 3).</summary>
public sealed record TaskFile
{
    /// <summary>The validated content of <c>info</c>.</summary>
    public required TaskInfo Info { get; init; }

    /// <summary>The canonical bytes of <c>info</c>, unknown keys included: what <c>ut_metadata</c> serves.</summary>
    public required ReadOnlyMemory<byte> InfoBytes { get; init; }

    /// <summary>SHA-256 of <see cref="InfoBytes"/>; its first 20 bytes are the info-hash on the wire.</summary>
    public required Hash256 Id { get; init; }

    /// <summary>Tracker URLs in tiers (BEP 12).</summary>
    public IReadOnlyList<IReadOnlyList<string>> Trackers { get; init; } = [];

    /// <summary>DHT nodes as <c>host:port</c>.</summary>
    public IReadOnlyList<string> Nodes { get; init; } = [];

    /// <summary>By name of an input that is somebody else's torrent: where it comes from.</summary>
    public IReadOnlyDictionary<string, InputSource> InputSources { get; init; } = new SortedDictionary<string, InputSource>(StringComparer.Ordinal);

    /// <summary>Free text.</summary>
    public string? Comment { get; init; }

    /// <summary>The program that made the file.</summary>
    public string? CreatedBy { get; init; }

    /// <summary>Unix seconds.</summary>
    public long? CreationDate { get; init; }

    /// <summary>64 bytes of Ed25519 by <see cref="TaskInfo.Author"/> over the 32 bytes of <see cref="Id"/>; empty: unsigned.</summary>
    public ReadOnlyMemory<byte> Signature { get; init; }

    /// <summary>The 32-byte secret of a member swarm; empty: an open task.</summary>
    public ReadOnlyMemory<byte> Secret { get; init; }

    /// <summary>Whether only members take part: holders of the secret, or those whom the task names.</summary>
    public bool IsMemberSwarm => !Secret.IsEmpty || Info.Members.Count > 0;
}
