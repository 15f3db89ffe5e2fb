using System;
using System.Collections.Generic;
using Starling.Core.Pieces;
using Starling.Core.Primitives;

namespace Starling.Core.Gossip;

/// <summary>"I ran this piece and this is its result."</summary>
public readonly record struct Attestation(int Piece, ResultId Result);

/// <summary>
/// A signed, numbered part of a worker's log of attestations (<c>st_attest</c>, DESIGN section 4). Batches of one log are numbered 0, 1, 2, …
/// without gaps, so that two peers catch up by comparing one number a log. Stored and forwarded whole.
/// </summary>
public sealed record AttestationBatch
{
    /// <summary>Entries of one batch at most.</summary>
    public const int MaxEntries = 256;

    /// <summary>Entries of a batch of seals, or of openings, at most.</summary>
    public const int MaxSealedEntries = 64;

    /// <summary>Bytes of the environment class at most.</summary>
    public const int MaxEnvironmentClassLength = 64;

    /// <summary>Who attests.</summary>
    public required PublicKey Worker { get; init; }

    /// <summary>
    /// Which log of the worker: the Unix milliseconds at which its folder was made. A worker that lost its folder but kept its key starts
    /// another log instead of contradicting the first one's numbers.
    /// </summary>
    public required long Log { get; init; }

    /// <summary>Number of this batch within its log.</summary>
    public required int Sequence { get; init; }

    /// <summary>The worker's environment class (os, processor, tools); compared only by tasks that ask for it.</summary>
    public string EnvironmentClass { get; init; } = "";

    /// <summary>1 to 256 attestations, by ascending piece, each piece once; none in a batch of seals.</summary>
    public required IReadOnlyList<Attestation> Entries { get; init; }

    /// <summary>In a batch of seals, those: 1 to 64, by ascending piece, each piece once.</summary>
    public IReadOnlyList<Seal> Seals { get; init; } = [];

    /// <summary>In a batch that opens seals, what belongs to each of <see cref="Entries"/>; else none.</summary>
    public IReadOnlyList<Opening> Openings { get; init; } = [];

    /// <summary>The signed bytes, as they are stored and forwarded.</summary>
    public required ReadOnlyMemory<byte> Raw { get; init; }
}

/// <summary>How much of one log a peer has: the number of batches without a gap from 0.</summary>
public readonly record struct LogPosition(PublicKey Worker, long Log, int Next);
