using System;
using System.Buffers;

namespace Starling.Core.Utp;

/// <summary>Bytes in order that wait for their reader. Holds memory only while it holds bytes.</summary>
internal sealed class ByteRing
{
    private const int InitialCapacity = 16 * 1024;

    private byte[]? _buffer;
    private int _start;

    public int Count { get; private set; }

    /// <summary>Puts bytes behind the others; the caller keeps the bound.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        if (_buffer is null || _buffer.Length - Count < bytes.Length)
        {
            Grow(Count + bytes.Length);
        }

        int end = _start + Count;
        end -= end >= _buffer!.Length ? _buffer.Length : 0;
        int first = Math.Min(bytes.Length, _buffer.Length - end);
        bytes[..first].CopyTo(_buffer.AsSpan(end));
        bytes[first..].CopyTo(_buffer);
        Count += bytes.Length;
    }

    /// <summary>Moves the first bytes out; returns how many.</summary>
    public int Read(Span<byte> destination)
    {
        int count = Math.Min(destination.Length, Count);
        if (count == 0)
        {
            return 0;
        }

        int first = Math.Min(count, _buffer!.Length - _start);
        _buffer.AsSpan(_start, first).CopyTo(destination);
        _buffer.AsSpan(0, count - first).CopyTo(destination[first..]);
        _start += count;
        _start -= _start >= _buffer.Length ? _buffer.Length : 0;
        Count -= count;
        if (Count == 0)
        {
            Clear();
        }

        return count;
    }

    public void Clear()
    {
        if (_buffer is not null)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = null;
        }

        _start = Count = 0;
    }

    private void Grow(int needed)
    {
        byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(InitialCapacity, Math.Max(needed, 2 * (_buffer?.Length ?? 0))));
        int count = Count;
        if (_buffer is not null)
        {
            int first = Math.Min(count, _buffer.Length - _start);
            _buffer.AsSpan(_start, first).CopyTo(larger);
            _buffer.AsSpan(0, count - first).CopyTo(larger.AsSpan(first));
            ArrayPool<byte>.Shared.Return(_buffer);
        }

        (_buffer, _start) = (larger, 0);
    }
}
