using System;

namespace Starling.Runtime.Kernels;

/// <summary>The integers that one piece of a range covers: [<see cref="First"/>, <see cref="First"/> + <see cref="Count"/>).</summary>
/// <param name="First">The lowest.</param>
/// <param name="Count">How many; 0 when there are more pieces than integers.</param>
internal readonly record struct PieceRange(ulong First, ulong Count)
{
    /// <summary>
    /// Part <paramref name="piece"/> of <paramref name="pieces"/> of [start, start + count): it begins at start + ⌊piece·count/pieces⌋, so
    /// parts differ by at most one and meet without gaps. The product may pass 64 bits, start + count may be 2⁶⁴ at most.
    /// </summary>
    public static PieceRange Of(int piece, int pieces, ulong start, ulong count)
    {
        ulong from = (ulong)((UInt128)(uint)piece * count / (uint)pieces);
        ulong to = (ulong)((UInt128)((uint)piece + 1) * count / (uint)pieces);
        return new PieceRange(start + from, to - from);
    }
}
