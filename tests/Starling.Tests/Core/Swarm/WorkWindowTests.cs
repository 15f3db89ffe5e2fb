using System.Linq;
using Starling.Core.Swarm;

namespace Starling.Tests.Core.Swarm;

public sealed class WorkWindowTests
{
    [Fact]
    public void Pieces_open_in_order_as_others_are_settled()
    {
        var window = new WorkWindow(100, isActive: true);
        Assert.True(window.IsOpen(15));
        Assert.False(window.IsOpen(16));
        window.Note(3, settled: true);
        window.Note(7, settled: true);
        Assert.Equal([16, 17], window.Advance().ToArray());
        Assert.Empty(window.Advance());
    }

    [Fact]
    public void It_holds_about_two_runs_a_slot()
    {
        var window = new WorkWindow(1_000, isActive: true);
        window.Fit(slots: 100, runs: 5);
        Assert.Equal(40, 16 + window.Advance().Count());
        window.Fit(slots: 100, runs: 1);
        Assert.Equal(160, window.Advance().Count());
    }

    [Fact]
    public void Its_end_is_told_and_so_is_work_that_comes_back()
    {
        var window = new WorkWindow(2, isActive: true);
        Assert.False(window.Note(0, settled: true));
        Assert.True(window.Note(1, settled: true));
        Assert.True(window.AllSettled);
        Assert.True(window.Note(1, settled: false));
        Assert.False(window.AllSettled);
    }

    [Fact]
    public void Where_nobody_has_to_agree_everything_is_open()
    {
        var window = new WorkWindow(5_000, isActive: false);
        Assert.True(window.IsOpen(4_999));
        Assert.Empty(window.Advance());
    }
}
