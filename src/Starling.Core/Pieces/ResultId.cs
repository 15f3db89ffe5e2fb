using Starling.Core.Primitives;

namespace Starling.Core.Pieces;

/// <summary>One candidate content of a piece: its length in bytes (0 included) and its BEP 52 Merkle root.</summary>
public readonly record struct ResultId(int Length, Hash256 Root)
{
    /// <summary>The result without any content.</summary>
    public static ResultId Empty => default;

    /// <summary>Blocks of 16 KiB, the last one shorter; 0 for empty content.</summary>
    public int BlockCount => (int)(((long)Length + MerkleTree.BlockSize - 1) / MerkleTree.BlockSize);
}
