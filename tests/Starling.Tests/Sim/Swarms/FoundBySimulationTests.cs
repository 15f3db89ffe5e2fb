using Starling.Sim.Swarms;

namespace Starling.Tests.Sim.Swarms;

/// <summary>Seeds that once failed, by what was wrong then.</summary>
public sealed class FoundBySimulationTests
{
    [Theory]
    [InlineData(1)]
    public void AStragglerThatNoSlotIsFreeFor_DoesNotWakeTheNodeWithoutEnd(ulong seed) => Run(seed);

    [Theory]
    [InlineData(40)]
    public void APieceWhoseAttestationsAFullDiskLetGo_IsFinishedAfterACrash(ulong seed) => Run(seed);

    [Theory]
    [InlineData(25)]
    public void AnHonestPeerBehindASlowUplink_IsNotBanned(ulong seed) => Run(seed);

    [Theory]
    [InlineData(38)]
    [InlineData(63)]
    public void PeersThatStartFromALinkAndMeetEachOtherFirst_GetTheTaskFile(ulong seed) => Run(seed);

    [Theory]
    [InlineData(18)]
    [InlineData(37)]
    public void WhatWasSealedAndIsGoneWithItsFolder_IsRunAgain(ulong seed) =>
        new SimWorld(Scenario.Apply("sealed", new SimOptions { Seed = seed, Peers = 8, Pieces = 30 })!).Run();

    [Theory]
    [InlineData(990104)]
    public void WhoReleasedEverythingAndLeavesAsSoonAsItIsBack_HasLostNothing(ulong seed) => Run(seed);

    [Theory]
    [InlineData(880087)]
    public void WhatAllNeighboursReleased_ComesBackForAPeerThatCannotRunIt(ulong seed) => Run(seed);

    [Fact]
    public void ANewcomerThatKnowsOneFullPeer_FindsAPlaceElsewhere()
    {
        SimReport report = new SimWorld(new SimOptions { Seed = 3, Peers = 24, Pieces = 96, MaxLinks = 5, KnownPeers = 1, StartSpread = 10 }).Run();
        Assert.True(report.LastComplete < 120, report.ToString());
    }

    [Fact]
    public void WhoHasNoRoomForAllPeersThatItKnows_DoesNotWaitForThemBeforeItWorks()
    {
        SimReport report = new SimWorld(new SimOptions { Peers = 30, Pieces = 30, PieceSeconds = 1, MaxLinks = 10, CheckEveryStep = false }).Run();
        Assert.True(report.FirstComplete < 2.5, report.ToString());
    }

    [Fact]
    public void AskingForProofsOfWhatIsNotThere_HarmsNobody()
    {
        var options = new SimOptions { Seed = 2, Peers = 4, Pieces = 12, PieceBytes = 200 * 1024, Adversaries = [new(["ask", "name"], 1)] };
        Assert.True(new SimWorld(options).Run().LastComplete < 60);
    }

    private static void Run(ulong seed) => Assert.NotNull(new SimWorld(Scenario.Random(seed)).Run());
}
