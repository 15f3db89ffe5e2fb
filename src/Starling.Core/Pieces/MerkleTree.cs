using System;
using System.Collections.Generic;
using System.Numerics;
using System.Security.Cryptography;
using Starling.Core.Primitives;

namespace Starling.Core.Pieces;

/// <summary>
/// The SHA-256 Merkle tree of BEP 52: leaves are the hashes of 16 KiB blocks (the last one shorter, not padded), missing leaves up
/// to the next power of two are 32 zero bytes. A single block is its own root; empty content has the root of 32 zero bytes.
/// </summary>
public static class MerkleTree
{
    /// <summary>Bytes of a block: the unit of transfer and of the tree's leaves.</summary>
    public const int BlockSize = 16 * 1024;

    /// <summary>The root over the hashes of all blocks in order.</summary>
    public static Hash256 Root(IReadOnlyList<Hash256> leaves)
    {
        ArgumentNullException.ThrowIfNull(leaves);
        if (leaves.Count == 0)
        {
            return Hash256.Zero;
        }

        var level = new byte[BitOperations.RoundUpToPowerOf2((uint)leaves.Count) * Hash256.Size];
        for (int i = 0; i < leaves.Count; i++)
        {
            leaves[i].CopyTo(level.AsSpan(i * Hash256.Size));
        }

        for (int width = level.Length; width > Hash256.Size; width /= 2)
        {
            for (int offset = 0; offset < width; offset += 2 * Hash256.Size)
            {
                SHA256.HashData(level.AsSpan(offset, 2 * Hash256.Size), level.AsSpan(offset / 2, Hash256.Size));
            }
        }

        return new Hash256(level);
    }

    /// <summary>The hashes of the blocks of <paramref name="content"/>, in order.</summary>
    public static Hash256[] Leaves(ReadOnlySpan<byte> content)
    {
        var leaves = new Hash256[(content.Length + BlockSize - 1) / BlockSize];
        for (int i = 0; i < leaves.Length; i++)
        {
            leaves[i] = Hash256.Of(content.Slice(i * BlockSize, Math.Min(BlockSize, content.Length - (i * BlockSize))));
        }

        return leaves;
    }

    /// <summary>Length and root of <paramref name="content"/>.</summary>
    public static ResultId ResultOf(ReadOnlySpan<byte> content) => new(content.Length, Root(Leaves(content)));
}
