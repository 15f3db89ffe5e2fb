using System;
using Starling.Runtime.Kernels;

namespace Starling.Tests.Runtime.Kernels;

public sealed class PieceRangeTests
{
    [Theory]
    [InlineData(0UL, 10UL, 3)]
    [InlineData(7UL, 2UL, 5)]
    [InlineData(0UL, ulong.MaxValue, 4_194_304)]
    [InlineData(1UL, ulong.MaxValue, 7)]
    [InlineData(ulong.MaxValue, 1UL, 1)]
    public void Pieces_meet_without_gaps_and_differ_by_one_at_most(ulong start, ulong count, int pieces)
    {
        ulong next = start;
        int step = Math.Max(1, pieces / 1000);
        for (int piece = 0; piece < pieces; piece += step)
        {
            PieceRange range = PieceRange.Of(piece, pieces, start, count);
            Assert.Equal(start + (ulong)((UInt128)(uint)piece * count / (uint)pieces), range.First);
            Assert.InRange(range.Count, count / (uint)pieces, (count / (uint)pieces) + 1);
            if (step == 1)
            {
                Assert.Equal(next, range.First);
                next = unchecked(range.First + range.Count);
            }
        }

        PieceRange last = PieceRange.Of(pieces - 1, pieces, start, count);
        Assert.Equal(unchecked(start + count), unchecked(last.First + last.Count));
    }

    [Fact]
    public void More_pieces_than_integers_leave_some_empty() => Assert.Equal(new PieceRange(7, 0), PieceRange.Of(0, 5, 7, 2));
}
