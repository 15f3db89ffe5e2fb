using System;
using System.Collections.Generic;
using System.Linq;
using Starling.Core.Gossip;
using Starling.Core.Primitives;
using Starling.Core.Scheduling;
using static Starling.Tests.Core.Scheduling.SchedulingCases;

namespace Starling.Tests.Core.Scheduling;

public sealed class ClaimTableTests
{
    private readonly SchedulingOptions _options = new();

    [Fact]
    public void ABatchReplacesTheEarlierOnesOfItsWorker()
    {
        var table = new ClaimTable(10, _options);
        Assert.True(table.Apply(Batch(1, 5, 2, 3), default, 4, At(0)));
        Assert.True(table.Apply(Batch(1, 6, 3, 4), default, 4, At(1)));
        Assert.Equal([0, 1, 1], new[] { 2, 3, 4 }.Select(table.CountOf));
        Assert.False(table.IsNews(Worker(1), 6));
        Assert.False(table.Apply(Batch(1, 6, 9), default, 4, At(2)));
        Assert.False(table.Apply(Batch(1, 5, 9), default, 4, At(2)));
        Assert.Equal(0, table.CountOf(9));
        Assert.True(table.IsNews(Worker(1), 7));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(4, 4)]
    [InlineData(0, 32)]
    [InlineData(1_000_000, 256)]
    public void CountsNoMoreClaimsThanAWorkerHasCores(int cores, int counted)
    {
        var table = new ClaimTable(1000, _options);
        table.Apply(Batch(1, 1, [.. Enumerable.Range(0, 256)]), default, cores, At(0));
        Assert.Equal(counted, table.ClaimedPieces.Count);
    }

    [Fact]
    public void WhoClaimsAndNeverDeliversIsBelievedForARunAndAHalf()
    {
        var table = new ClaimTable(100, _options) { Median = TimeSpan.FromSeconds(10) };
        table.Apply(Timed(1, 1, 0, 10, [.. Enumerable.Range(0, 50)]), default, 50, At(0));
        Assert.Equal(50, table.ClaimedPieces.Count);
        table.Expire(At(15));
        Assert.Empty(table.ClaimedPieces);

        // A neighbour may be slow and is left one run, a name from far away none.
        table.Apply(Timed(1, 2, 0, 10, [.. Enumerable.Range(0, 50)]), default, 50, At(16));
        Assert.Single(table.ClaimedPieces);
        table.Apply(Timed(2, 1, 0, 10, 60), default, 0, At(0));
        table.Apply(Timed(2, 2, 0, 10, 60), default, 0, At(16));
        Assert.Equal(0, table.CountOf(60));

        // What it delivers counts for it again.
        table.Finished(Worker(1), table.ClaimedPieces[0], At(20));
        table.Apply(Timed(1, 3, 0, 10, [.. Enumerable.Range(1, 4)]), default, 50, At(21));
        Assert.Single(table.ClaimedPieces);
        table.Finished(Worker(1), table.ClaimedPieces[0], At(22));
        table.Apply(Timed(1, 4, 0, 10, [.. Enumerable.Range(2, 4)]), default, 50, At(23));
        Assert.Equal(2, table.ClaimedPieces.Count);
    }

    [Fact]
    public void ANewcomerClaimsNoMoreThanItsPartOfWhatIsLeft()
    {
        var table = new ClaimTable(100, _options) { NewcomerClaims = 3 };
        table.Apply(Batch(1, 1, [.. Enumerable.Range(0, 20)]), default, 20, At(0));
        Assert.Equal(3, table.ClaimedPieces.Count);
        table.Apply(Batch(2, 1, [.. Enumerable.Range(50, 20)]), default, 0, At(0));
        Assert.Equal(4, table.ClaimedPieces.Count);
    }

    [Fact]
    public void IgnoresPiecesThatDoNotExistAndPiecesNamedTwice()
    {
        var table = new ClaimTable(3, _options);
        table.Apply(Batch(1, 1, -1, 2, 2, 3, int.MaxValue, int.MinValue), default, 9, At(0));
        Assert.Equal([2], table.ClaimedPieces);
        Assert.Equal(1, table.CountOf(2));
    }

    [Theory]
    [InlineData(0, 60)]
    [InlineData(1, 5)]
    [InlineData(10, 30)]
    [InlineData(1e8, 60)]
    public void AClaimEndsWithItsLease(double expected, double lease)
    {
        var table = new ClaimTable(10, _options);
        table.Apply(Timed(1, 1, 0, expected, 2), default, 1, At(100));
        Assert.Equal(At(100 + lease), table.NextExpiry);
        table.Expire(At(99.9 + lease));
        Assert.Equal(1, table.CountOf(2));
        table.Expire(At(100 + lease));
        Assert.Equal(0, table.CountOf(2));
        Assert.Equal(Instant.Never, table.NextExpiry);
    }

    [Fact]
    public void AnAgedBatchHasLessTimeLeftAndADeadOneClaimsNothing()
    {
        var table = new ClaimTable(10, _options);
        table.Apply(Batch(1, 1, 2), TimeSpan.FromSeconds(40), 1, At(100));
        Assert.Equal(At(120), table.NextExpiry);
        Assert.True(table.Apply(Batch(2, 1, 3), TimeSpan.FromSeconds(60), 1, At(100)));
        Assert.True(table.Apply(Batch(3, 1, 4), TimeSpan.MaxValue, 1, At(100)));
        Assert.True(table.Apply(Batch(4, 1, 5), TimeSpan.MinValue, 1, At(100)));
        Assert.Equal([1, 0, 0, 1], new[] { 2, 3, 4, 5 }.Select(table.CountOf));
    }

    [Fact]
    public void ClaimingAnewDoesNotMakeARunLookYoung()
    {
        var table = new ClaimTable(10, _options);
        table.Apply(Batch(1, 1, 2), default, 1, At(0));
        table.Apply(Batch(1, 2, 2), default, 1, At(50));
        Assert.Equal(At(0), table.Of(2)[0].StartedAt);
        table.Apply(Batch(2, 1, 2), default, 1, At(55));
        table.DropWorker(Worker(1));
        Assert.Equal(At(0), table.ClaimedSince(2));
        table.DropWorker(Worker(2));
        Assert.Equal(Instant.Never, table.ClaimedSince(2));
    }

    [Fact]
    public void AWorkerWhoseLeasesRunOutAgainAndAgainCountsLess()
    {
        var table = new ClaimTable(100, _options);
        var counted = new List<int>();
        for (int i = 0; i < 8; i++)
        {
            table.Apply(Batch(1, i, [.. Enumerable.Range(0, 16)]), default, 16, At(i * 100));
            counted.Add(table.ClaimedPieces.Count);
            table.Expire(At((i * 100) + 60));
        }

        Assert.Equal([16, 16, 16, 8, 4, 2, 1, 0], counted);
    }

    [Fact]
    public void AResultEndsARunAndTellsHowLongItTook()
    {
        var table = new ClaimTable(10, _options);
        table.Apply(Timed(1, 1, 3, 0, 2, 5), default, 2, At(10));
        Assert.Equal(TimeSpan.FromSeconds(8), table.Finished(Worker(1), 2, At(15)));
        Assert.Equal([5], table.ClaimedPieces);
        Assert.Null(table.Finished(Worker(1), 2, At(15)));
        Assert.Null(table.Finished(Worker(2), 5, At(15)));
    }

    [Fact]
    public void AReleasedRunThatMayHaveEndedCountsUntilItsResultCouldArrive()
    {
        var table = new ClaimTable(10, _options) { Linger = TimeSpan.FromSeconds(3) };
        table.Apply(Timed(1, 1, 0, 10, 2, 3), default, 2, At(0));
        table.Apply(Timed(1, 2, 1, 10, 3), default, 2, At(1));
        Assert.Equal(0, table.CountOf(2));
        table.Apply(Timed(1, 3, 0, 10, 4), default, 2, At(10));
        Assert.Equal(1, table.CountOf(3));
        Assert.Equal(At(13), table.NextExpiry);
        table.Expire(At(13));
        Assert.Equal([0, 1], new[] { 3, 4 }.Select(table.CountOf));
    }

    [Fact]
    public void LatestNamesTheLiveBatchesByWorker()
    {
        var table = new ClaimTable(10, _options);
        table.Apply(Batch(3, 1, 3), default, 1, At(0));
        table.Apply(Batch(1, 1, 1), TimeSpan.FromSeconds(2), 1, At(4));
        table.Apply(Batch(2, 1), default, 1, At(4));
        List<AgedClaimBatch> latest = [.. table.Latest(At(5))];
        Assert.Equal([Worker(1), Worker(3)], latest.Select(l => l.Batch.Worker));
        Assert.Equal([3.0, 5.0], latest.Select(l => l.Age.TotalSeconds));
    }

    [Fact]
    public void TheTableIsBoundedAndItsContentsAgree()
    {
        var options = new SchedulingOptions { MaxWorkers = 20, MaxClaimsPerWorker = 4 };
        var random = new DeterministicRandom(3);
        var table = new ClaimTable(50, options) { Linger = TimeSpan.FromSeconds(1) };
        double now = 0;
        for (int step = 0; step < 5000; step++)
        {
            now += random.NextDouble();
            int worker = random.Next(60);
            switch (random.Next(8))
            {
                case 0:
                    table.DropWorker(Worker(worker));
                    break;
                case 1:
                    table.Finished(Worker(worker), random.Next(50), At(now));
                    break;
                case 2:
                    table.Expire(At(now));
                    break;
                default:
                    int[] pieces = [.. Enumerable.Range(0, random.Next(8)).Select(_ => random.Next(60) - 5)];
                    table.Apply(
                        Timed(worker, step, random.Next(20), random.Next(20), pieces), TimeSpan.FromSeconds(random.Next(5)), random.Next(6), At(now));
                    break;
            }

            Assert.InRange(table.WorkerCount, 0, 20);
            Assert.Equal(table.ClaimedPieces.Order(), Enumerable.Range(0, 50).Where(p => table.CountOf(p) > 0));
            Assert.All(table.ClaimedPieces, p => Assert.Equal(table.Of(p).Count, table.Of(p).Select(c => c.Worker).Distinct().Count()));
        }

        table.Expire(At(now + 1000));
        Assert.Empty(table.ClaimedPieces);
    }
}
