using System;
using Starling.Core.Primitives;

namespace Starling.Core.Dht;

/// <summary>What a <see cref="DhtNode"/> is told at its start.</summary>
public sealed record DhtOptions
{
    /// <summary>Bytes that <see cref="Secret"/> needs at least.</summary>
    public const int MinSecretSize = 16;

    /// <summary>Bytes of <see cref="Saved"/> that are read at most.</summary>
    public const int MaxSavedSize = 64 * 1024;

    /// <summary>Random bytes that nobody else knows: tokens and transactions follow from them.</summary>
    public required ReadOnlyMemory<byte> Secret { get; init; }

    /// <summary>Whether IPv4 can be sent and received.</summary>
    public bool UseV4 { get; init; } = true;

    /// <summary>Whether IPv6 can be sent and received.</summary>
    public bool UseV6 { get; init; } = true;

    /// <summary>What <see cref="DhtNode.Save"/> gave in an earlier run; anything else is ignored.</summary>
    public ReadOnlyMemory<byte> Saved { get; init; }

    /// <summary>Whether the saved ids are this node's own; else only the nodes are taken.</summary>
    public bool KeepsSavedId { get; init; } = true;

    /// <summary>Answer no queries and ask others not to remember this node (BEP 43).</summary>
    public bool IsReadOnly { get; init; }

    /// <summary>Addresses under which this node is reached for certain, IPv4 and IPv6 each at most one; null: others tell.</summary>
    public PeerAddress? KnownV4 { get; init; }

    /// <inheritdoc cref="KnownV4"/>
    public PeerAddress? KnownV6 { get; init; }
}
