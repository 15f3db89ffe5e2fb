using System;
using System.Collections.Generic;
using Starling.Core.Primitives;

namespace Starling.Core.Torrents;

/// <summary>What is known of one block of a piece that is being fetched.</summary>
internal enum BlockState : byte
{
    /// <summary>Nobody was asked.</summary>
    Free,

    /// <summary>At least one peer was asked.</summary>
    Asked,

    /// <summary>It is in memory.</summary>
    Held,

    /// <summary>It was handed to the disk.</summary>
    Written,
}

/// <summary>One piece that is being fetched: its blocks, whom they came from, and what of it is in memory.</summary>
internal sealed class PieceProgress
{
    private readonly BlockState[] _states;
    private readonly byte[] _askers;
    private readonly DataPeer?[] _sources;
    private readonly BlockBuffer?[] _held;
    private int _nextFree;

    public PieceProgress(int piece, int blocks)
    {
        Piece = piece;
        _states = new BlockState[blocks];
        _askers = new byte[blocks];
        _sources = new DataPeer?[blocks];
        _held = new BlockBuffer?[blocks];
        FreeBlocks = blocks;
        MissingBlocks = blocks;
    }

    public int Piece { get; }

    public int Blocks => _states.Length;

    /// <summary>When the first of the blocks in memory came in.</summary>
    public Instant HeldSince { get; private set; }

    /// <summary>Whether it is known of every block who sent it; those that an earlier process left have no sender.</summary>
    public bool IsFromKnown { get; private set; } = true;

    /// <summary>Blocks nobody was asked for.</summary>
    public int FreeBlocks { get; private set; }

    /// <summary>Blocks that have not come in.</summary>
    public int MissingBlocks { get; private set; }

    /// <summary>Blocks in memory.</summary>
    public int HeldBlocks { get; private set; }

    /// <summary>Whether all blocks came in and the disk is checking them.</summary>
    public bool IsStoring { get; set; }

    /// <summary>Since when a web seed is asked for the whole piece; null: none is.</summary>
    public Instant? WebSince { get; set; }

    /// <summary>The only peer that may be asked, while a piece that was wrong is fetched again; null: all.</summary>
    public DataPeer? Only { get; set; }

    /// <summary>Whether <see cref="Only"/> is to be set to whoever is asked first.</summary>
    public bool NeedsOnePeer { get; set; }

    /// <summary>Position in the list of pieces with free blocks, or −1.</summary>
    public int OpenPosition { get; set; } = -1;

    public BlockState StateOf(int block) => _states[block];

    /// <summary>Peers that were asked for a block and did not answer.</summary>
    public int AskersOf(int block) => _askers[block];

    /// <summary>Whom a block came from.</summary>
    public DataPeer? SourceOf(int block) => _sources[block];

    /// <summary>The first free block, now asked for; there must be one.</summary>
    public int Ask()
    {
        while (_states[_nextFree] != BlockState.Free)
        {
            _nextFree++;
        }

        AskAgain(_nextFree);
        return _nextFree;
    }

    /// <summary>One more peer is asked for a block.</summary>
    public void AskAgain(int block)
    {
        if (_states[block] == BlockState.Free)
        {
            _states[block] = BlockState.Asked;
            FreeBlocks--;
        }

        _askers[block]++;
    }

    /// <summary>A peer that was asked for a block will not send it. True when the block became free.</summary>
    public bool Unask(int block)
    {
        _askers[block]--;
        if (_states[block] != BlockState.Asked || _askers[block] > 0)
        {
            return false;
        }

        Free(block);
        return true;
    }

    /// <summary>A block that was asked for came in.</summary>
    public void Arrive(int block, DataPeer from, BlockBuffer data, Instant now)
    {
        HeldSince = HeldBlocks == 0 ? now : HeldSince;
        _askers[block]--;
        if (_states[block] == BlockState.Free)
        {
            FreeBlocks--;
        }

        _states[block] = BlockState.Held;
        _sources[block] = from;
        _held[block] = data;
        HeldBlocks++;
        MissingBlocks--;
    }

    /// <summary>An earlier process left a block on the disk.</summary>
    public void Restore(int block)
    {
        _states[block] = BlockState.Written;
        FreeBlocks--;
        MissingBlocks--;
        IsFromKnown = false;
    }

    /// <summary>Hands over what is in memory.</summary>
    public IReadOnlyList<HeldBlock> TakeHeld()
    {
        var blocks = new HeldBlock[HeldBlocks];
        int count = 0;
        for (int i = 0; i < _held.Length; i++)
        {
            if (_held[i] is { } data)
            {
                blocks[count++] = new HeldBlock(i, data);
                _held[i] = null;
                _states[i] = BlockState.Written;
            }
        }

        HeldBlocks = 0;
        return blocks;
    }

    /// <summary>The whole piece came from elsewhere, checked; who sent blocks before does not matter any more. Nothing of it may be asked for or held.</summary>
    public void TakenWhole()
    {
        Array.Clear(_sources);
        Array.Fill(_states, BlockState.Written);
        FreeBlocks = 0;
        MissingBlocks = 0;
        WebSince = null;
        Only = null;
        NeedsOnePeer = false;
        IsStoring = true;
    }

    /// <summary>The peers that sent blocks, each once, in the order of their first block.</summary>
    public IReadOnlyList<DataPeer> Contributors()
    {
        var peers = new List<DataPeer>();
        foreach (DataPeer? source in _sources)
        {
            if (source is not null && !peers.Contains(source))
            {
                peers.Add(source);
            }
        }

        return peers;
    }

    /// <summary>The source of each block.</summary>
    public IReadOnlyList<DataPeer?> Sources => _sources;

    /// <summary>Begins anew: the content was wrong.</summary>
    public void Reset()
    {
        Array.Clear(_sources);
        IsFromKnown = true;
        for (int i = 0; i < _states.Length; i++)
        {
            _states[i] = _askers[i] > 0 ? BlockState.Asked : BlockState.Free;
        }

        MissingBlocks = _states.Length;
        FreeBlocks = 0;
        foreach (BlockState state in _states)
        {
            FreeBlocks += state == BlockState.Free ? 1 : 0;
        }

        _nextFree = 0;
        IsStoring = false;
        Only = null;
    }

    private void Free(int block)
    {
        _states[block] = BlockState.Free;
        _nextFree = Math.Min(_nextFree, block);
        FreeBlocks++;
    }
}
