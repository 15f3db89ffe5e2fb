using System.Linq;
using Starling.Core.Engine;
using Starling.Display;

namespace Starling.Tests.App.Display;

public sealed class PieceBarTests
{
    [Theory]
    [InlineData(0, 10)]
    [InlineData(10, 0)]
    [InlineData(0, 0)]
    public void WithoutPiecesOrRoom_ThereAreNoCells(int pieces, int width) =>
        Assert.Empty(PieceBar.Cells(Enumerable.Repeat(PieceState.Missing, pieces), pieces, width));

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 10)]
    [InlineData(10, 10)]
    [InlineData(64, 7)]
    [InlineData(1000, 80)]
    [InlineData(81, 80)]
    public void EveryCell_StandsForSomePieces(int pieces, int width)
    {
        PieceState[] cells = PieceBar.Cells(Enumerable.Repeat(PieceState.Finished, pieces), pieces, width);

        Assert.Equal(width, cells.Length);
        Assert.All(cells, cell => Assert.Equal(PieceState.Finished, cell));
    }

    [Fact]
    public void FewPieces_AreSpreadEvenly()
    {
        PieceState[] states = [PieceState.Finished, PieceState.Missing, PieceState.Computing];

        Assert.Equal(
            [PieceState.Finished, PieceState.Finished, PieceState.Missing, PieceState.Missing, PieceState.Computing, PieceState.Computing],
            PieceBar.Cells(states, 3, 6));
    }

    [Theory]
    [InlineData(PieceState.Finished, PieceState.Finished, PieceState.Finished)]
    [InlineData(PieceState.Missing, PieceState.Missing, PieceState.Missing)]
    [InlineData(PieceState.Finished, PieceState.Computing, PieceState.Computing)]
    [InlineData(PieceState.Failed, PieceState.Computing, PieceState.Failed)]
    [InlineData(PieceState.Downloading, PieceState.Claimed, PieceState.Downloading)]
    [InlineData(PieceState.Claimed, PieceState.Finished, PieceState.Claimed)]
    [InlineData(PieceState.Finished, PieceState.Missing, PieceState.Unverified)]
    public void ACellOfSeveralPieces_ShowsWhatMattersMost(PieceState one, PieceState other, PieceState shown)
    {
        Assert.Equal(shown, Assert.Single(PieceBar.Cells([one, other], 2, 1)));
        Assert.Equal(shown, Assert.Single(PieceBar.Cells([other, one], 2, 1)));
    }
}
