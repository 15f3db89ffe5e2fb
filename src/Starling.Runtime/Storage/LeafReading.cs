using System;
using System.Buffers;
using Starling.Core.Pieces;
using Starling.Core.Primitives;

namespace Starling.Runtime.Storage;

/// <summary>Fills <paramref name="destination"/> from <paramref name="offset"/> of a content on; false when it can't.</summary>
internal delegate bool ReadContent(int offset, Span<byte> destination);

/// <summary>Block hashes from stored content.</summary>
internal static class LeafReading
{
    private const int ReadSize = 16 * MerkleTree.BlockSize;

    /// <summary>The block hashes of a result; null when its content can't be read or does not have its root.</summary>
    public static Hash256[]? Read(ResultId result, ReadContent read)
    {
        if (result.Length == 0)
        {
            return result.Root == Hash256.Zero ? [] : null;
        }

        var leaves = new Hash256[result.BlockCount];
        byte[] buffer = ArrayPool<byte>.Shared.Rent(Math.Min(ReadSize, result.Length));
        try
        {
            for (int offset = 0; offset < result.Length;)
            {
                Span<byte> bytes = buffer.AsSpan(0, Math.Min(ReadSize, result.Length - offset));
                if (!read(offset, bytes))
                {
                    return null;
                }

                for (int start = 0; start < bytes.Length; start += MerkleTree.BlockSize)
                {
                    leaves[(offset + start) / MerkleTree.BlockSize] =
                        Hash256.Of(bytes.Slice(start, Math.Min(MerkleTree.BlockSize, bytes.Length - start)));
                }

                offset += bytes.Length;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        return MerkleTree.Root(leaves) == result.Root ? leaves : null;
    }
}
