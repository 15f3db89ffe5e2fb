using System;
using System.Collections.Generic;
using Starling.Core.Engine;
using Starling.Core.Pieces;
using Starling.Core.Primitives;

namespace Starling.Core.Exchange;

/// <summary>One result that is being fetched: its block hashes once proved, and the state of each block.</summary>
internal sealed class PieceDownload
{
    private readonly BlockState[] _states;
    private readonly byte[] _asked;
    private int _firstMissing;

    public PieceDownload(int piece, int candidate, ResultId result, Instant startedAt)
    {
        Piece = piece;
        Candidate = candidate;
        Result = result;
        StartedAt = startedAt;
        _states = new BlockState[result.BlockCount];
        _asked = new byte[result.BlockCount];
        Remaining = result.BlockCount;
        Leaves = result.BlockCount == 1 ? [result.Root] : null;
    }

    public int Piece { get; }

    public int Candidate { get; }

    public ResultId Result { get; }

    public Instant StartedAt { get; }

    /// <summary>Block hashes, proved against the root; null until then. A single block is its own root.</summary>
    public IReadOnlyList<Hash256>? Leaves { get; set; }

    /// <summary>Who was asked for the block hashes.</summary>
    public LinkId? ProofFrom { get; set; }

    public Instant ProofAskedAt { get; set; }

    /// <summary>Blocks that have not come.</summary>
    public int Remaining { get; private set; }

    /// <summary>All blocks were handed to the store; its answer is awaited.</summary>
    public bool Committing { get; set; }

    public int BlockCount => _states.Length;

    public int LengthOf(int block) =>
        Math.Min(MerkleTree.BlockSize, Result.Length - (block * MerkleTree.BlockSize));

    /// <summary>The first block that nobody was asked for, or -1.</summary>
    public int NextMissing()
    {
        while (_firstMissing < _states.Length && _states[_firstMissing] != BlockState.Missing)
        {
            _firstMissing++;
        }

        return _firstMissing < _states.Length ? _firstMissing : -1;
    }

    public bool IsDone(int block) => _states[block] == BlockState.Written;

    /// <summary>How many peers this block is being asked of.</summary>
    public int Asked(int block) => _asked[block];

    public void MarkAsked(int block)
    {
        _asked[block]++;
        if (_states[block] == BlockState.Missing)
        {
            _states[block] = BlockState.Asked;
        }
    }

    /// <summary>A request was answered otherwise, or given up.</summary>
    public void MarkUnasked(int block)
    {
        _asked[block]--;
        if (_states[block] == BlockState.Asked && _asked[block] == 0)
        {
            _states[block] = BlockState.Missing;
            _firstMissing = Math.Min(_firstMissing, block);
        }
    }

    public void MarkWritten(int block)
    {
        _states[block] = BlockState.Written;
        Remaining--;
    }

    private enum BlockState : byte
    {
        Missing,
        Asked,
        Written,
    }
}
