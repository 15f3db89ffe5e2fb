using System;
using System.Collections.Generic;
using System.Threading;
using Starling.Core.Pieces;
using Starling.Core.Wire;
using Starling.Runtime.Engine;

namespace Starling.Runtime.Network;

/// <summary>
/// What waits to be sent on one link, in order: bytes, and blocks that are read from the store when their turn comes. Any thread
/// adds; one writer at a time fills its buffer from it.
/// </summary>
internal sealed class SendQueue(int maxBytes, int maxMemoryBytes)
{
    private readonly Lock _gate = new();
    private readonly Queue<Entry> _entries = new();
    private int _queuedBytes;
    private int _queuedMemoryBytes;
    private bool _hasWriter;

    // The writer's own: the entry that it is in, and how much of it is done.
    private Entry? _current;
    private int _progress;
    private int _finishedBytes;
    private int _finishedMemoryBytes;

    /// <summary>What became of an entry that was to be added.</summary>
    public enum Added
    {
        /// <summary>It waits; a writer is at work.</summary>
        Queued,

        /// <summary>It waits; the caller is to start a writer.</summary>
        WriterWanted,

        /// <summary>A bound is reached.</summary>
        Full,
    }

    /// <summary>Adds bytes.</summary>
    public Added Add(ReadOnlyMemory<byte> bytes) => Add(new Entry(bytes), bytes.Length);

    /// <summary>Adds a block of a stored result.</summary>
    public Added AddBlock(int piece, ResultId result, int begin, int length) => Add(new Entry(piece, result, begin, length), 0);

    /// <summary>
    /// Fills <paramref name="buffer"/> (larger than a block's header) with what comes next. 0: nothing waits, and the
    /// writer is released. −1: a block that is half sent can't be read any more, so the stream can't go on.
    /// </summary>
    public int Fill(Span<byte> buffer, IPieceStore? store)
    {
        int filled = 0;
        while (filled < buffer.Length && TryGetCurrent(releaseWriter: filled == 0, out Entry? entry))
        {
            Span<byte> room = buffer[filled..];
            int written = entry.IsBlock ? FillBlock(entry, room, buffer.Length, store) : FillBytes(entry, room);
            if (written < 0)
            {
                return -1;
            }

            if (written == 0)
            {
                break;
            }

            filled += written;
        }

        return filled;
    }

    /// <summary>The buffer of the last <see cref="Fill"/> is sent: how many bytes were queued before, and are now.</summary>
    public (int Before, int After) Sent()
    {
        lock (_gate)
        {
            int before = _queuedBytes;
            _queuedBytes -= _finishedBytes;
            _queuedMemoryBytes -= _finishedMemoryBytes;
            _finishedBytes = _finishedMemoryBytes = 0;
            return (before, _queuedBytes);
        }
    }

    private Added Add(Entry entry, int memoryBytes)
    {
        lock (_gate)
        {
            if (_queuedBytes > maxBytes - entry.Size || _queuedMemoryBytes > maxMemoryBytes - memoryBytes)
            {
                return Added.Full;
            }

            _queuedBytes += entry.Size;
            _queuedMemoryBytes += memoryBytes;
            _entries.Enqueue(entry);
            bool wanted = !_hasWriter;
            _hasWriter = true;
            return wanted ? Added.WriterWanted : Added.Queued;
        }
    }

    private bool TryGetCurrent(bool releaseWriter, out Entry entry)
    {
        if (_current is null)
        {
            lock (_gate)
            {
                if (!_entries.TryDequeue(out _current))
                {
                    _hasWriter = !releaseWriter;
                    entry = null!;
                    return false;
                }
            }

            _progress = 0;
        }

        entry = _current;
        return true;
    }

    private int FillBytes(Entry entry, Span<byte> room)
    {
        int taken = Math.Min(room.Length, entry.Bytes.Length - _progress);
        entry.Bytes.Span.Slice(_progress, taken).CopyTo(room);
        Advance(entry, taken);
        return taken;
    }

    /// <summary>
    /// A block goes whole into one buffer if it can, so that it is read at once. One that the store no longer has is rejected (BEP 6)
    /// in its place. Returns 0 when it is to wait for an empty buffer, −1 when it got lost half way.
    /// </summary>
    private int FillBlock(Entry entry, Span<byte> room, int bufferSize, IPieceStore? store)
    {
        const int header = PeerMessageCodec.BlockHeaderSize;
        if (_progress == 0)
        {
            bool bufferIsEmpty = room.Length == bufferSize;
            if (!bufferIsEmpty && room.Length < entry.Size)
            {
                return 0;
            }

            int first = Math.Min(entry.Length, room.Length - header);
            if (store is null || !store.TryRead(entry.Piece, entry.Result, entry.Begin, room.Slice(header, first)))
            {
                byte[] reject = PeerMessageCodec.Encode(new PeerMessage.RejectRequest(entry.Piece, entry.Begin, entry.Length));
                reject.CopyTo(room);
                Advance(entry, entry.Size);
                return reject.Length;
            }

            PeerMessageCodec.WriteBlockHeader(room, entry.Piece, entry.Begin, entry.Length);
            Advance(entry, header + first);
            return header + first;
        }

        int done = _progress - header;
        int taken = Math.Min(entry.Length - done, room.Length);
        if (!store!.TryRead(entry.Piece, entry.Result, entry.Begin + done, room[..taken]))
        {
            return -1;
        }

        Advance(entry, taken);
        return taken;
    }

    private void Advance(Entry entry, int count)
    {
        _progress += count;
        if (_progress < entry.Size)
        {
            return;
        }

        _current = null;
        _finishedBytes += entry.Size;
        _finishedMemoryBytes += entry.IsBlock ? 0 : entry.Size;
    }

    private sealed class Entry
    {
        public Entry(ReadOnlyMemory<byte> bytes) => (Bytes, Size) = (bytes, bytes.Length);

        public Entry(int piece, ResultId result, int begin, int length)
        {
            (Piece, Result, Begin, Length) = (piece, result, begin, length);
            (IsBlock, Size) = (true, PeerMessageCodec.BlockHeaderSize + length);
        }

        public ReadOnlyMemory<byte> Bytes { get; }

        public bool IsBlock { get; }

        public int Piece { get; }

        public ResultId Result { get; }

        public int Begin { get; }

        public int Length { get; }

        /// <summary>Bytes on the wire.</summary>
        public int Size { get; }
    }
}
