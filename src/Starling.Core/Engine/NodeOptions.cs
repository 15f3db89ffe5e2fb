using System;
using System.Collections.Generic;
using Starling.Core.Primitives;
using Starling.Core.Verification;

namespace Starling.Core.Engine;

/// <summary>What the owner of this process set. Nothing of it is part of a task.</summary>
public sealed record NodeOptions
{
    /// <summary>The task to join: 32 bytes of task id.</summary>
    public required Hash256 TaskId { get; init; }

    /// <summary>The secret of a member swarm; empty: an open task.</summary>
    public ReadOnlyMemory<byte> Secret { get; init; }

    /// <summary>
    /// The start of this process in Unix milliseconds, later than that of every earlier process of this identity: numbers claims across
    /// restarts and names the attestation log of a fresh folder.
    /// </summary>
    public required long Incarnation { get; init; }

    /// <summary>Runs at once.</summary>
    public int Slots { get; init; } = 1;

    /// <summary>Believe any attested result (<c>--trust</c>).</summary>
    public bool TrustAnyone { get; init; }

    /// <summary>Identities that are believed like my own: the siblings of one <c>--local-peers</c> run.</summary>
    public IReadOnlyList<PublicKey> Siblings { get; init; } = [];

    /// <summary>What earlier tasks taught about other identities; null: nothing.</summary>
    public IStandings? Standings { get; init; }

    /// <summary>Signed notices of who may judge results in the author's place (mode <c>arbiter</c>), each after the one it hangs on.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Delegations { get; init; } = [];

    /// <summary>Leave when done (<c>--exit</c>).</summary>
    public bool ExitWhenDone { get; init; }

    /// <summary>Whether the output is for everybody once it is complete (<c>--publish</c>): then it is not complete while a result of mine in it is sealed.</summary>
    public bool Publishes { get; init; }

    /// <summary>What is kept once the output is merged (<c>--keep</c>).</summary>
    public KeepRule Keep { get; init; }

    /// <summary>Connections that are kept at most.</summary>
    public int MaxLinks { get; init; } = 50;

    /// <summary>Connections from one address at most (loopback is not counted).</summary>
    public int MaxLinksPerAddress { get; init; } = 16;

    /// <summary>How long signed notices are gathered before they go out.</summary>
    public TimeSpan GossipDelay { get; init; } = DefaultGossipDelay;

    /// <summary><see cref="GossipDelay"/> unless it is set.</summary>
    public static TimeSpan DefaultGossipDelay { get; } = TimeSpan.FromMilliseconds(50);

    /// <summary>Claim traffic to one peer in bytes a second; above it only one's own claims go out.</summary>
    public int ClaimBytesPerSecond { get; init; } = 8 * 1024;

    /// <summary>How long the first choice of work waits for the first peers, when addresses are known.</summary>
    public TimeSpan JoinPatience { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Failures of one piece here before it is left to others.</summary>
    public int MaxAttempts { get; init; } = 3;

    /// <summary>Wait before the second attempt; doubles with each further one.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Checks a hit of a search at a glance (re-hashing); null: the task's policy alone decides.</summary>
    public IHitCheck? HitCheck { get; init; }

    /// <summary>Whether this process has a node of the DHT, at the UDP port with the number of the one at which it listens: peers are told (BEP 5).</summary>
    public bool HasDhtNode { get; init; }

    /// <summary>The program's name and version, told in the BEP 10 handshake (<c>v</c>).</summary>
    public string ClientName { get; init; } = "Starling 0.1";
}
