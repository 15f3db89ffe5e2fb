using System;
using System.Buffers.Binary;
using Starling.Core.Primitives;
using Starling.Core.Scheduling;

namespace Starling.Sim.Reduced;

/// <summary>One worker of the reduced model: its view of the swarm and its run. Peers are numbered in the order of the ring.</summary>
internal sealed class Peer
{
    internal Peer(int index, ReducedOptions options)
    {
        Index = index;
        var key = new byte[PublicKey.Size];
        BinaryPrimitives.WriteInt32BigEndian(key, index);
        BinaryPrimitives.WriteUInt64BigEndian(key.AsSpan(8), options.Seed);
        Key = new PublicKey(key);
        Free = new PieceSet(options.Pieces, full: true);
        Known = new PieceSet(options.Peers);
        Known.Add(index);
    }

    internal int Index { get; }

    internal PublicKey Key { get; }

    /// <summary>Pieces that have no result and no claim that this peer heard.</summary>
    internal PieceSet Free { get; }

    /// <summary>Workers that this peer heard of, itself included.</summary>
    internal PieceSet Known { get; }

    /// <summary>Statements of the log before this one were read for good.</summary>
    internal int Read { get; set; }

    /// <summary>Rises with every change of what the peer does; what was scheduled for an earlier state is void.</summary>
    internal int Version { get; set; }

    /// <summary>What it runs, or -1.</summary>
    internal int Piece { get; set; } = -1;

    internal double Since { get; set; }

    internal int Runs { get; set; }

    /// <summary>The statement that claims its run, or -1.</summary>
    internal int Claim { get; set; } = -1;

    /// <summary>The claim of the run before.</summary>
    internal int LastClaim { get; set; } = -1;

    /// <summary>The statement that it stopped a run, or -1.</summary>
    internal int Release { get; set; } = -1;

    /// <summary>The statement that it runs nothing, or -1.</summary>
    internal int Idle { get; set; } = -1;

    internal int LastResult { get; set; } = -1;

    internal int ResultBefore { get; set; } = -1;

    /// <summary>How long it waits before it looks again when it found nothing.</summary>
    internal double Patience { get; set; }

    /// <summary>Whether a piece lies in its share, as far as it knows who is there.</summary>
    internal bool IsInShare(int piece) => SharePolicy.OwnerOf(piece, Known.Count, Free.Capacity) == Known.CountBelow(Index);
}
