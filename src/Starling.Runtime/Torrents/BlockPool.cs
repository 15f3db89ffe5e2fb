using System;
using System.Collections.Generic;
using System.Runtime.CompilerServices;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Torrents;

namespace Starling.Runtime.Torrents;

/// <summary>
/// The memory of blocks between socket and disk, used again and again, the last one first: the less of it is in use, the more of it is in the processor's caches
/// when it is hashed and written. It always gives; links wait for <see cref="RoomAsync"/> before they read on, so that peers who send faster than the disk takes fill
/// their own sockets, not this. Safe from every thread.
/// </summary>
/// <param name="maxQueuedBytes">Bytes that wait for the disk, above which links wait.</param>
internal sealed class BlockPool(long maxQueuedBytes)
{
    private const int SlabBlocks = 64;
    private const int PageSize = 4096;

    /// <summary>Buffers kept for use again: 32 MiB.</summary>
    private const int MaxKept = 2048;

    private readonly Lock _gate = new();
    private readonly Stack<BlockBuffer> _free = new();
    private TaskCompletionSource? _room;
    private long _queuedBytes;

    /// <summary>Ends as soon as little enough waits for the disk.</summary>
    public Task RoomAsync()
    {
        lock (_gate)
        {
            return _queuedBytes <= maxQueuedBytes ? Task.CompletedTask
                : (_room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }

    /// <summary>So many more bytes wait for the disk, or (negative) were done with.</summary>
    public void Queue(long bytes)
    {
        TaskCompletionSource? room = null;
        lock (_gate)
        {
            _queuedBytes += bytes;
            if (_queuedBytes <= maxQueuedBytes / 2)
            {
                (room, _room) = (_room, null);
            }
        }

        room?.SetResult();
    }

    /// <summary>Bytes of blocks.</summary>
    public static long LengthOf(IReadOnlyList<HeldBlock> blocks)
    {
        long length = 0;
        for (int i = 0; i < blocks.Count; i++)
        {
            length += blocks[i].Data.Length;
        }

        return length;
    }

    public BlockBuffer Rent()
    {
        lock (_gate)
        {
            if (_free.Count == 0)
            {
                AddSlab();
            }

            return _free.Pop();
        }
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
        if (_free.Count < MaxKept)
        {
            _free.Push(block);
        }
    }

    /// <summary>Whole pages: processors copy to the system's pages fastest from the start of a page, and slowest from just behind it, where arrays begin.</summary>
    private unsafe void AddSlab()
    {
        byte[] slab = GC.AllocateUninitializedArray<byte>((SlabBlocks * BlockBuffer.Capacity) + PageSize, pinned: true);
        int start = (int)(PageSize - ((nuint)Unsafe.AsPointer(ref slab[0]) % PageSize));
        for (int i = SlabBlocks - 1; i >= 0; i--)
        {
            _free.Push(new BlockBuffer(slab.AsMemory(start + (i * BlockBuffer.Capacity), BlockBuffer.Capacity)));
        }
    }
}
