using System;
using System.Buffers;
using Starling.Core.Bencode;
using Starling.Core.Primitives;
using Starling.Core.Tasks;

namespace Starling.Core.Gossip;

/// <summary>What the payloads of several task messages are made of.</summary>
internal static class PayloadParts
{
    /// <summary>Reads a length and that many bytes.</summary>
    public static bool TryReadRaw(ref ReadOnlySpan<byte> rest, int maxSize, out ReadOnlySpan<byte> raw)
    {
        raw = default;
        if (!Varint.TryRead(ref rest, maxSize, out long length) || length > rest.Length)
        {
            return false;
        }

        raw = rest[..(int)length];
        rest = rest[(int)length..];
        return true;
    }

    /// <summary>Writes a length and the bytes.</summary>
    public static int WriteRaw(Span<byte> destination, ReadOnlySpan<byte> raw)
    {
        int used = Varint.Write(destination, raw.Length);
        raw.CopyTo(destination[used..]);
        return used + raw.Length;
    }

    /// <summary>Writes a dictionary of one byte string; gives the rented array back.</summary>
    public static void WriteOne(BencodeWriter writer, ReadOnlySpan<byte> key, byte[] rented, int used)
    {
        writer.BeginDictionary();
        writer.Bytes(key, rented.AsSpan(0, used));
        writer.End();
        ArrayPool<byte>.Shared.Return(rented);
    }

    public static bool TryGetHash(BDictionary root, ReadOnlySpan<byte> key, out Hash256 hash)
    {
        bool found = root.TryGetBytes(key, Hash256.Size, out ReadOnlyMemory<byte> bytes) && bytes.Length == Hash256.Size;
        hash = found ? new Hash256(bytes.Span) : default;
        return found;
    }

    public static void WriteHash(BencodeWriter writer, ReadOnlySpan<byte> key, Hash256 hash)
    {
        Span<byte> bytes = stackalloc byte[Hash256.Size];
        hash.CopyTo(bytes);
        writer.Bytes(key, bytes);
    }

    public static void ThrowUnlessPiece(int piece)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(piece);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(piece, TaskLimitsOfFormat.MaxPieces);
    }
}
