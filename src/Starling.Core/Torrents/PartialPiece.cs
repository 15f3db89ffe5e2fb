namespace Starling.Core.Torrents;

/// <summary>Blocks of an unfinished piece that are on the disk; nobody vouches for them before the whole piece is checked.</summary>
/// <param name="Piece">Number of the piece.</param>
/// <param name="Blocks">One bit a block of 16 KiB, the first one the highest bit of the first byte (as in <c>bitfield</c>).</param>
public sealed record PartialPiece(int Piece, byte[] Blocks)
{
    /// <summary>Whether a block is there.</summary>
    public bool Has(int block) => block >> 3 < Blocks.Length && (Blocks[block >> 3] & (0x80 >> (block & 7))) != 0;
}
