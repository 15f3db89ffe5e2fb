using System.Collections.Generic;
using Starling.Sim.Adversaries;
using Starling.Sim.Swarms;

namespace Starling.Tests.Sim.Swarms;

/// <summary>
/// Swarms in which three of ten hosts are adversaries: nobody comes to believe what is wrong, no honest host bans another (the checkers say so), and the honest ones need hardly longer than alone.
/// </summary>
public sealed class AdversaryTests
{
    private static readonly SimOptions _swarm = new()
    {
        Seed = 3,
        Peers = 10,
        Pieces = 150,
        PieceSeconds = 10,
        PieceBytes = 40_000,
        FrameSeconds = 0.0001,
        UploadRate = 2_000_000,
        CheckEveryStep = false,
    };

    [Theory]
    [InlineData("hoard:0.3")]
    [InlineData("false-have:0.3")]
    [InlineData("silent:0.3")]
    [InlineData("flood:1")]
    [InlineData("hoard:0.1,false-have:0.1,silent:0.1,flood:1")]
    [InlineData("withhold:0.3")]
    [InlineData("copy:0.3")]
    [InlineData("replay:0.3")]
    public void The_honest_hosts_need_hardly_longer_than_alone(string adversaries)
    {
        SimReport alone = new SimWorld(_swarm).Run();
        SimReport beside = new SimWorld(With(_swarm, adversaries)).Run();
        Assert.True(beside.LastComplete / alone.LastComplete < 1.15, $"{beside.LastComplete / alone.LastComplete:F3}: {beside}");
        Assert.Equal(0, beside.WrongEver);
    }

    [Theory]
    [InlineData("phantom:0.3")]
    [InlineData("slow:0.3")]
    [InlineData("equivocate:0.2")]
    [InlineData("eclipse+false-have+silent:8")]
    public void Nothing_wrong_is_believed_in_the_end_and_all_complete(string adversaries)
    {
        SimReport report = new SimWorld(With(_swarm, adversaries)).Run();
        Assert.Equal(0, report.WrongNow);
    }

    [Theory]
    [InlineData("hoard+name:0.2,false-have+name:0.2", 1)]
    [InlineData("hoard:0.1,false-have:0.1,silent:0.1,withhold:0.1,equivocate:0.1", 2)]
    [InlineData("slow:0.2,phantom+name:0.1,replay:0.1,garbage+name:0.1", 3)]
    public void With_churn_and_every_step_checked_all_complete(string adversaries, ulong seed)
    {
        SimOptions options = Scenario.Apply("churn", new SimOptions { Seed = seed, Peers = 8, Pieces = 40, PieceBytes = 40_000 })!;
        SimReport report = new SimWorld(With(options, adversaries)).Run();
        Assert.Equal(0, report.WrongNow);
    }

    [Fact]
    public void Everybody_learns_who_signed_two_results()
    {
        SimReport report = new SimWorld(With(_swarm with { Pieces = 100 }, "equivocate:3")).Run();
        Assert.Equal(3 * _swarm.Peers, report.Refusals["contradiction"]);
    }

    [Fact]
    public void Without_the_authors_side_and_half_of_the_workers_the_others_complete()
    {
        SimReport report = new SimWorld(Scenario.Apply("orphans", new SimOptions { Seed = 4, Peers = 12, Pieces = 60 })!).Run();
        Assert.True(report.LastComplete > 0);
    }

    [Fact]
    public void Fresh_identities_that_agree_on_wrong_results_are_not_believed()
    {
        var options = new SimOptions { Seed = 5, Peers = 12, Pieces = 60, PieceSeconds = 5, Trust = 100, Identities = 400, CheckEveryStep = false };
        SimReport report = new SimWorld(With(options, "sybil:2")).Run();
        Assert.Equal(0, report.WrongNow);
    }

    [Theory]
    [InlineData("hoard:0.3", true)]
    [InlineData("hoard+name:3,sybil:2", true)]
    [InlineData("hoard", false)]
    [InlineData("nobody:3", false)]
    [InlineData("hoard:0", false)]
    [InlineData("hoard:0.5,copy:0.5", false)]
    public void A_mix_is_read_or_refused(string text, bool isRight) => Assert.Equal(isRight, AdversaryMix.TryParse(text, out _));

    [Fact]
    public void Shares_are_of_all_hosts()
    {
        Assert.True(AdversaryMix.TryParse("hoard:0.2,copy:0.1,lie:4", out IReadOnlyList<AdversaryGroup> groups));
        Assert.Equal([20, 10, 4], AdversaryMix.CountsBeside(70, groups));
    }

    private static SimOptions With(SimOptions options, string adversaries)
    {
        Assert.True(AdversaryMix.TryParse(adversaries, out IReadOnlyList<AdversaryGroup> groups));
        return options with { Adversaries = groups };
    }
}
