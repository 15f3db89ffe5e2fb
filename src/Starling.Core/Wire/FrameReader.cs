using System;
using System.Buffers;
using System.Buffers.Binary;
using Starling.Core.Primitives;

namespace Starling.Core.Wire;

/// <summary>
/// Cuts the bytes of one connection into frames: the 68-byte handshake first, then messages by their length prefix (BEP 3). It holds
/// only bytes that have come in, never what a prefix merely announces. After each <see cref="Append"/>, call <see cref="TryRead"/> until it
/// says false, then look at <see cref="Problem"/>. For one thread; to be disposed, for its buffer is pooled.
/// </summary>
public sealed class FrameReader : IDisposable
{
    private const int InitialCapacity = 4096;

    private byte[]? _buffer;
    private int _start;
    private int _end;
    private bool _handshakeDone;

    /// <summary>A reader at the start of a connection, or behind the handshake when that was read elsewhere.</summary>
    public FrameReader(bool expectHandshake = true) => _handshakeDone = !expectHandshake;

    /// <summary>Why the stream can't be read further (code <c>protocol</c>); null while all is well.</summary>
    public Problem? Problem { get; private set; }

    /// <summary>Bytes that came in and are not part of a frame that was read.</summary>
    public int PendingBytes => _end - _start;

    /// <summary>Takes the next bytes of the stream. Ignored once there is a <see cref="Problem"/>.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        if (Problem is not null || bytes.IsEmpty)
        {
            return;
        }

        MakeRoom(bytes.Length);
        bytes.CopyTo(_buffer.AsSpan(_end));
        _end += bytes.Length;
        if (!_handshakeDone)
        {
            CheckPrefix();
        }
    }

    /// <summary>
    /// The next whole frame without its length prefix (empty: keep-alive), in memory of its own. False: more bytes are needed, or the
    /// stream is hostile.
    /// </summary>
    public bool TryRead(out ReadOnlyMemory<byte> frame)
    {
        frame = default;
        if (Problem is not null)
        {
            return false;
        }

        if (!_handshakeDone)
        {
            _handshakeDone = TryTake(0, Handshake.Size, out frame);
            return _handshakeDone;
        }

        if (PendingBytes < PeerMessageCodec.PrefixSize)
        {
            return false;
        }

        uint length = BinaryPrimitives.ReadUInt32BigEndian(_buffer.AsSpan(_start));
        if (length > PeerMessageCodec.MaxFrameSize)
        {
            Fail($"The peer announced a message of {length} bytes; the bound is {PeerMessageCodec.MaxFrameSize}");
            return false;
        }

        return TryTake(PeerMessageCodec.PrefixSize, (int)length, out frame);
    }

    /// <summary>Gives the buffer back. Nothing more can be read.</summary>
    public void Dispose()
    {
        Problem ??= new Problem("protocol", "The reader is closed");
        Release();
    }

    private bool TryTake(int prefix, int length, out ReadOnlyMemory<byte> frame)
    {
        frame = default;
        if (PendingBytes < prefix + length)
        {
            return false;
        }

        frame = length == 0 ? ReadOnlyMemory<byte>.Empty : _buffer.AsSpan(_start + prefix, length).ToArray();
        _start += prefix + length;
        if (_start == _end)
        {
            _start = _end = 0;
            if (_buffer!.Length > InitialCapacity)
            {
                // An idle link should not keep the buffer of its largest message.
                Release();
            }
        }

        return true;
    }

    private void CheckPrefix()
    {
        ReadOnlySpan<byte> prefix = Handshake.Prefix;
        int known = Math.Min(prefix.Length, PendingBytes);
        if (!_buffer.AsSpan(_start, known).SequenceEqual(prefix[..known]))
        {
            Fail("The peer does not speak the BitTorrent protocol");
        }
    }

    private void MakeRoom(int count)
    {
        int needed = checked(PendingBytes + count);
        if (_buffer is not null && _buffer.Length - _end >= count)
        {
            return;
        }

        if (_buffer is not null && _buffer.Length >= needed)
        {
            _buffer.AsSpan(_start, PendingBytes).CopyTo(_buffer);
        }
        else
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(InitialCapacity, needed));
            _buffer.AsSpan(_start, PendingBytes).CopyTo(larger);
            if (_buffer is not null)
            {
                ArrayPool<byte>.Shared.Return(_buffer);
            }

            _buffer = larger;
        }

        _end -= _start;
        _start = 0;
    }

    private void Fail(string reason)
    {
        Problem = new Problem("protocol", reason);
        Release();
    }

    private void Release()
    {
        if (_buffer is not null)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = null;
        }

        _start = _end = 0;
    }
}
