using System.Collections.Generic;
using System.Linq;
using Starling.Sim.Adversaries;
using Starling.Sim.Swarms;

namespace Starling.Tests.Sim.Swarms;

/// <summary>Workers whose results are wrong, in open swarms of strangers.</summary>
public sealed class LiarsTests
{
    private static readonly AdversaryGroup[] _liars = [new(["lie"], 3)];
    private static readonly AdversaryGroup[] _colluders = [new(["collude"], 3)];

    private static readonly SimOptions _strangers = new() { Seed = 11, Peers = 12, Pieces = 200, PieceSeconds = 4, Trust = 20, Adversaries = _liars, CheckEveryStep = false };

    [Theory]
    [InlineData(1, false)]
    [InlineData(0.2, false)]
    [InlineData(1, true)]
    public void No_lie_is_believed_in_the_end(double rate, bool collude)
    {
        SimReport report = new SimWorld(_strangers with { LieRate = rate, Adversaries = collude ? _colluders : _liars }).Run();
        Assert.Equal(0, report.WrongNow);
    }

    [Fact]
    public void Sleepers_that_were_known_for_a_thousand_right_results_are_found_out()
    {
        SimReport report = new SimWorld(_strangers with { Known = 1_000, Pieces = 600 }).Run();

        // Of a worker that is enough by itself every twentieth result is looked at by somebody: some lies are believed until then.
        Assert.True(report.Refusals.ContainsKey("refuted"), report.ToString());
        Assert.True(report.WrongNow < report.WrongEver, report.ToString());
    }

    [Fact]
    public void Among_known_workers_little_is_run_twice()
    {
        SimReport report = new SimWorld(_strangers with { Adversaries = [], Known = 1_000, Pieces = 600 }).Run();
        Assert.True(report.ExtraWork < 0.10, report.ToString());
    }

    [Fact]
    public void Strangers_cost_less_than_another_run_of_everything_once_there_is_enough_to_do()
    {
        SimReport report = new SimWorld(_strangers with { Adversaries = [], Pieces = 600 }).Run();
        Assert.True(report.ExtraWork < 1.1, report.ToString());
    }

    [Fact]
    public void A_checker_lets_no_lie_through_at_any_time()
    {
        SimReport report = new SimWorld(_strangers with { Trust = 0, Checker = true, LieRate = 0.5, Adversaries = _colluders }).Run();
        Assert.Equal((0, 0), (report.WrongEver, report.WrongNow));
        Assert.True(report.ExtraWork < 0.05, report.ToString());
    }

    [Fact]
    public void Where_a_command_decides_what_is_equal_all_end_with_the_same_bytes()
    {
        var world = new SimWorld(_strangers with { Trust = 0, Replicas = 2, Variants = 3, Pieces = 100 });
        SimReport report = world.Run();
        Assert.Equal(0, report.WrongNow);
        for (int piece = 0; piece < 100; piece++)
        {
            Assert.Single(world.Hosts.Where(host => host.IsHonest).Select(host => host.Node!.Used(piece)).Distinct());
        }
    }

    [Fact]
    public void Arbiters_share_the_pieces_and_nothing_else_is_believed()
    {
        SimOptions options = _strangers with { Trust = 0, Arbiters = 4, Pieces = 100, LieRate = 1 };
        SimReport report = new SimWorld(options).Run();
        Assert.Equal((0, 0), (report.WrongEver, report.WrongNow));

        // Four judge in about a quarter of the time that the author needs alone.
        Assert.True(report.LastComplete < 0.4 * options.Pieces * options.PieceSeconds, report.ToString());
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void Sealed_results_are_opened_and_no_lie_is_believed(int replicas)
    {
        SimReport report = new SimWorld(_strangers with { Trust = 0, Replicas = replicas, Sealed = 30, Pieces = 100 }).Run();
        Assert.Equal(0, report.WrongNow);
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(30, false)]
    public void Copiers_are_taken_for_workers_unless_results_are_sealed(double seconds, bool believed)
    {
        Assert.True(AdversaryMix.TryParse("copy:3", out IReadOnlyList<AdversaryGroup> copiers));
        SimReport report = new SimWorld(_strangers with { Trust = 0, Replicas = 2, Sealed = seconds, Adversaries = copiers, Pieces = 100 }).Run();
        Assert.Equal(believed, report.AdversariesConfirmed > 0);
    }

    [Fact]
    public void Seals_that_are_never_opened_delay_nothing_for_longer_than_the_deadline()
    {
        Assert.True(AdversaryMix.TryParse("seal-only:3", out IReadOnlyList<AdversaryGroup> withholding));
        SimOptions options = _strangers with { Trust = 0, Replicas = 2, Sealed = 30, Adversaries = [], Pieces = 100 };
        double alone = new SimWorld(options).Run().LastComplete;
        SimReport report = new SimWorld(options with { Adversaries = withholding }).Run();
        Assert.True(report.LastComplete - alone < 2 * options.Sealed, $"{alone} s alone; {report}");
        Assert.True(report.Refusals.ContainsKey("withheld"), report.ToString());
    }
}
