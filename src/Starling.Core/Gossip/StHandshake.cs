using System;
using Starling.Core.Primitives;

namespace Starling.Core.Gossip;

/// <summary>The <c>st</c> dictionary of the BEP 10 handshake (DESIGN section 4): who the peer is, proved for this connection.</summary>
public sealed record StHandshake
{
    /// <summary>Version of the task wire that this program speaks.</summary>
    public const int CurrentVersion = 1;

    /// <summary>Key <c>v</c>.</summary>
    public int Version { get; init; } = CurrentVersion;

    /// <summary>Key <c>id</c>: the full 32-byte task id.</summary>
    public required Hash256 TaskId { get; init; }

    /// <summary>Key <c>k</c>: the identity.</summary>
    public required PublicKey Key { get; init; }

    /// <summary>Key <c>s</c>: signature by <see cref="Key"/> over <c>LinkBinding</c>'s message; 64 bytes.</summary>
    public required ReadOnlyMemory<byte> Signature { get; init; }

    /// <summary>Key <c>h</c>: HMAC-SHA256 by the member secret over the same message; empty without a secret.</summary>
    public ReadOnlyMemory<byte> Mac { get; init; }

    /// <summary>Key <c>m</c>, 1 or absent: the task names its members, and the sender has to do with nobody else.</summary>
    public bool NamesMembers { get; init; }

    /// <summary>Key <c>keep</c>: copies of a result that the sender holds its part of once it is done, 0: what it computed; absent: it keeps everything.</summary>
    public int? Keep { get; init; }

    /// <summary>Key <c>cores</c>: runs at once, 0..256; bounds the worker's live claims.</summary>
    public int Cores { get; init; }

    /// <summary>Key <c>env</c>: the environment class.</summary>
    public string EnvironmentClass { get; init; } = "";
}
