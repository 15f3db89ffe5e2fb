using System.Collections.Generic;
using System.Threading;
using Starling.Core.Torrents;

namespace Starling.Runtime.Torrents;

/// <summary>
/// The memory of blocks between socket and disk, used again and again. It always gives; links look at <see cref="IsCrowded"/> before they read on, so
/// that peers who send faster than the disk takes fill their own sockets, not this. Safe from every thread.
/// </summary>
internal sealed class BlockPool(long crowdedBytes)
{
    /// <summary>Buffers kept for use again: 64 MiB.</summary>
    private const int MaxKept = 4096;

    private readonly Lock _gate = new();
    private readonly Stack<BlockBuffer> _free = new();
    private int _out;

    /// <summary>Whether so much is on its way to the disk that peers have to wait.</summary>
    public bool IsCrowded => (long)Volatile.Read(ref _out) * BlockBuffer.Capacity > crowdedBytes;

    /// <summary>Buffers that are in use.</summary>
    public int InUse => Volatile.Read(ref _out);

    public BlockBuffer Rent()
    {
        lock (_gate)
        {
            _out++;
            if (_free.TryPop(out BlockBuffer? block))
            {
                return block;
            }
        }

        return new BlockBuffer();
    }

    public void Return(BlockBuffer block)
    {
        lock (_gate)
        {
            GiveBack(block);
        }
    }

    public void Return(IReadOnlyList<BlockBuffer> blocks)
    {
        lock (_gate)
        {
            for (int i = 0; i < blocks.Count; i++)
            {
                GiveBack(blocks[i]);
            }
        }
    }

    public void Return(IReadOnlyList<HeldBlock> blocks)
    {
        lock (_gate)
        {
            for (int i = 0; i < blocks.Count; i++)
            {
                GiveBack(blocks[i].Data);
            }
        }
    }

    private void GiveBack(BlockBuffer block)
    {
        _out--;
        if (_free.Count < MaxKept)
        {
            _free.Push(block);
        }
    }
}
