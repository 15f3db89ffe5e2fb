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

    /// <summary>The root over the hashes of blocks, filled up by zero leaves to <paramref name="width"/>, a power of two: of a piece in a longer file.</summary>
    public static Hash256 Root(IReadOnlyList<Hash256> leaves, int width)
    {
        ArgumentNullException.ThrowIfNull(leaves);
        Hash256 root = Root(leaves);
        for (int height = BitOperations.Log2(BitOperations.RoundUpToPowerOf2((uint)Math.Max(leaves.Count, 1))); 1 << height < width; height++)
        {
            root = Parent(root, ZeroRoot(1 << height));
        }

        return root;
    }

    /// <summary>The root over <paramref name="width"/> zero leaves, a power of two: of pieces behind the end of a file.</summary>
    public static Hash256 ZeroRoot(int width)
    {
        Hash256 root = Hash256.Zero;
        for (int leaves = 1; leaves < width; leaves *= 2)
        {
            root = Parent(root, root);
        }

        return root;
    }

    /// <summary>The node above two nodes.</summary>
    public static Hash256 Parent(Hash256 left, Hash256 right)
    {
        Span<byte> both = stackalloc byte[2 * Hash256.Size];
        left.CopyTo(both);
        right.CopyTo(both[Hash256.Size..]);
        return Hash256.Of(both);
    }

    /// <summary>The node above a level of nodes, 32 bytes each and a power of two of them. Written over.</summary>
    public static Hash256 Fold(Span<byte> nodes)
    {
        while (nodes.Length > Hash256.Size)
        {
            for (int at = 0; at < nodes.Length / 2; at += Hash256.Size)
            {
                SHA256.HashData(nodes.Slice(2 * at, 2 * Hash256.Size), nodes.Slice(at, Hash256.Size));
            }

            nodes = nodes[..(nodes.Length / 2)];
        }

        return new Hash256(nodes);
    }

    /// <summary>The node that is as many levels above <paramref name="node"/> as there are uncles, the nearest first (BEP 52).</summary>
    /// <param name="node">A node.</param>
    /// <param name="position">Its place on its level, 0 first.</param>
    /// <param name="uncles">32 bytes each.</param>
    public static Hash256 Climb(Hash256 node, int position, ReadOnlySpan<byte> uncles)
    {
        for (; !uncles.IsEmpty; uncles = uncles[Hash256.Size..], position /= 2)
        {
            Hash256 uncle = new(uncles);
            node = position % 2 == 0 ? Parent(node, uncle) : Parent(uncle, node);
        }

        return node;
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
