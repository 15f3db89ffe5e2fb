using System;

namespace Starling.Fuzz.Mutation;

/// <summary>Bytes of bounded number that are changed in place. What would grow beyond the bound is cut.</summary>
internal sealed class ByteSpace(int capacity)
{
    private readonly byte[] _bytes = new byte[capacity];

    public int Length { get; private set; }

    public int Capacity => _bytes.Length;

    public Span<byte> Span => _bytes.AsSpan(0, Length);

    public ReadOnlyMemory<byte> Memory => _bytes.AsMemory(0, Length);

    public void Set(ReadOnlySpan<byte> bytes)
    {
        Length = Math.Min(bytes.Length, _bytes.Length);
        bytes[..Length].CopyTo(_bytes);
    }

    public void Append(ReadOnlySpan<byte> bytes) => Replace(Length, 0, bytes);

    /// <summary>Puts <paramref name="bytes"/> in the place of the range; they must not lie in this space.</summary>
    public void Replace(int at, int count, ReadOnlySpan<byte> bytes)
    {
        int room = _bytes.Length - (Length - count);
        if (bytes.Length > room)
        {
            bytes = bytes[..Math.Max(0, room)];
        }

        _bytes.AsSpan(at + count, Length - at - count).CopyTo(_bytes.AsSpan(at + bytes.Length));
        bytes.CopyTo(_bytes.AsSpan(at));
        Length += bytes.Length - count;
    }

    public void Remove(int at, int count) => Replace(at, count, default);

    public void Truncate(int length) => Length = Math.Min(Length, length);
}
