using System;
using System.Collections.Generic;
using System.Linq;
using Starling.Core.Primitives;
using Starling.Core.Scheduling;
using static Starling.Tests.Core.Scheduling.SchedulingCases;

namespace Starling.Tests.Core.Scheduling;

public sealed class WorkSchedulerTests
{
    private static WorkScheduler New(int pieces, ulong seed = 1, SchedulingOptions? options = null) =>
        new(pieces, Worker(0), options ?? new SchedulingOptions(), new DeterministicRandom(seed));

    [Fact]
    public void APieceClaimedAnewBeyondWhatCountsIsFree()
    {
        var scheduler = new WorkScheduler(2, Worker(1), new SchedulingOptions(), new DeterministicRandom(1));
        scheduler.HeardClaim(TimeSpan.FromSeconds(1));
        scheduler.Claims.Apply(Timed(2, 1, 10, 10, 1), default, 1, At(0));

        // Released near its end it counts for a while longer; claimed again behind another piece it is beyond the one core.
        scheduler.Claims.Apply(Batch(2, 2), default, 1, At(0.1));
        scheduler.Claims.Apply(Timed(2, 3, 0, 10, 0, 1), default, 1, At(0.2));
        Assert.Equal(0, scheduler.Claims.CountOf(1));
        Assert.Equal(1, scheduler.Pick(At(0.3)));
    }

    [Fact]
    public void AloneItRunsEveryPieceOnce()
    {
        WorkScheduler scheduler = New(100);
        var run = new List<int>();
        double now = 0;
        while (scheduler.Pick(At(now)) is { } piece)
        {
            scheduler.Started(piece, At(now));
            scheduler.Ended(piece, At(++now), finished: true);
            scheduler.SetWanted(piece, 0);
            run.Add(piece);
        }

        Assert.Equal(Enumerable.Range(0, 100), run.Order());
        Assert.Equal(TimeSpan.FromSeconds(1), scheduler.Median);
        Assert.Equal(Instant.Never, scheduler.NextWake);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void WhateverHappensItPicksOnlyWhatItMay(ulong seed)
    {
        const int Pieces = 40;
        var random = new DeterministicRandom(seed);
        WorkScheduler scheduler = New(Pieces, seed);
        var wanted = Enumerable.Repeat(1, Pieces).ToArray();
        var excluded = new HashSet<int>();
        var until = new double[Pieces];
        var running = new HashSet<int>();
        double now = 0;
        for (int step = 0; step < 4000; step++)
        {
            now += random.NextDouble();
            int piece = random.Next(Pieces);
            int worker = 1 + random.Next(12);
            switch (random.Next(10))
            {
                case 0:
                    scheduler.SetWanted(piece, wanted[piece] = random.Next(4));
                    break;
                case 1:
                    scheduler.Exclude(piece);
                    excluded.Add(piece);
                    break;
                case 2:
                    scheduler.Include(piece);
                    excluded.Remove(piece);
                    break;
                case 3:
                    scheduler.NotBefore(piece, At(until[piece] = now + (random.NextDouble() * 10)));
                    break;
                case 4:
                    scheduler.Claims.Apply(
                        Timed(worker, step, random.Next(9), random.Next(9), random.Next(Pieces), random.Next(Pieces)), default, 2, At(now));
                    break;
                case 5:
                    scheduler.SawWorker(Worker(worker), random.Next(4), At(now));
                    break;
                case 6:
                    scheduler.Attested(Worker(worker), piece, At(now));
                    break;
                case 7:
                    scheduler.WorkerLeft(Worker(worker));
                    break;
                case 8 when running.Count > 0:
                    int ended = running.Order().First();
                    scheduler.Ended(ended, At(now), random.Next(2) == 0);
                    running.Remove(ended);
                    break;
                default:
                    Assert.All(scheduler.Surrender(At(now)), given => Assert.Contains(given, running));
                    if (scheduler.Pick(At(now)) is { } picked)
                    {
                        Assert.True(wanted[picked] > 0);
                        Assert.DoesNotContain(picked, excluded);
                        Assert.DoesNotContain(picked, running);
                        Assert.True(until[picked] <= now);
                        scheduler.Started(picked, At(now));
                        running.Add(picked);
                    }

                    break;
            }

            Assert.Equal(running.Order(), scheduler.MyClaims(At(now)).Select(c => c.Piece).Union(running).Order());
        }
    }

    [Fact]
    public void TheSameSeedAndInputsGiveTheSameChoices()
    {
        List<int> Choices()
        {
            WorkScheduler scheduler = New(500, seed: 9);
            var picked = new List<int>();
            for (int i = 0; i < 200; i++)
            {
                scheduler.Claims.Apply(Batch(1 + (i % 30), i, (i * 37) % 500), default, 1, At(i));
                if (scheduler.Pick(At(i)) is { } piece)
                {
                    scheduler.Started(piece, At(i));
                    scheduler.Ended(piece, At(i + 0.5), finished: i % 3 > 0);
                    scheduler.SetWanted(piece, 0);
                    picked.Add(piece);
                }
            }

            return picked;
        }

        Assert.Equal(Choices(), Choices());
    }

    [Fact]
    public void WorkersThatKnowEachOtherChooseDifferentPiecesWithoutAWord()
    {
        // The last round of a swarm in step: 16 workers, 16 pieces, nobody has heard a claim of it yet.
        WorkScheduler[] swarm =
            [.. Enumerable.Range(0, 16).Select(w => new WorkScheduler(64, Worker(w), new SchedulingOptions(), new DeterministicRandom((ulong)w)))];
        var picked = new List<int>();
        foreach (WorkScheduler scheduler in swarm)
        {
            for (int other = 0; other < 16; other++)
            {
                if (scheduler != swarm[other])
                {
                    scheduler.SawWorker(Worker(other), 1, At(0));
                }
            }

            int first = Assert.NotNull(scheduler.Pick(At(0)));
            scheduler.Started(first, At(0));
            picked.Add(first);
        }

        Assert.Equal(16, picked.Distinct().Count());
    }

    [Fact]
    public void AQueuedRunIsNoClaimUntilItBegins()
    {
        WorkScheduler scheduler = New(10);
        scheduler.Started(3, At(0));
        Assert.Single(scheduler.MyClaims(At(0)));

        scheduler.Started(4, At(9.9), queued: true);
        Assert.False(scheduler.ClaimsChanged);
        Assert.Equal([3], scheduler.MyClaims(At(9.9)).Select(claim => claim.Piece));

        scheduler.Ended(3, At(10), finished: true);
        scheduler.Ended(4, At(10), finished: false);
        scheduler.Started(4, At(10));
        Assert.True(scheduler.ClaimsChanged);
        Assert.Equal([4], scheduler.MyClaims(At(10)).Select(claim => claim.Piece));
    }

    [Fact]
    public void AQueuedRunGivesWayToWhoeverClaimsThePiece()
    {
        // All runs that have begun are decided by age and hash; one that has not, never against another.
        for (int other = 1; other < 20; other++)
        {
            WorkScheduler scheduler = New(10);
            scheduler.Started(3, At(0));
            scheduler.Started(4, At(9.9), queued: true);
            scheduler.Claims.Apply(Batch(other, 1, 4), TimeSpan.Zero, 1, At(9.95));
            Assert.Equal([4], scheduler.Surrender(At(9.95)));
        }
    }

    [Fact]
    public void ASurplusRunIsSurrenderedOnceAndNoLongerClaimed()
    {
        WorkScheduler scheduler = New(4);
        int piece = Assert.NotNull(scheduler.Pick(At(10)));
        scheduler.Started(piece, At(10));
        scheduler.Claims.Apply(Timed(1, 1, 5, 60, piece), default, 1, At(10.1));
        Assert.Equal([piece], scheduler.Surrender(At(10.1)));
        Assert.Empty(scheduler.Surrender(At(10.1)));
        Assert.Empty(scheduler.MyClaims(At(10.1)));
        scheduler.Ended(piece, At(10.1), finished: false);
        Assert.NotEqual(piece, scheduler.Pick(At(10.1)));
    }

    [Fact]
    public void AnOverdueRunIsDuplicatedAndOneThatIsAboutToEndIsNot()
    {
        WorkScheduler scheduler = New(2);
        for (int i = 0; i < 3; i++)
        {
            scheduler.ObserveRun(TimeSpan.FromSeconds(10));
        }

        scheduler.Claims.Apply(Timed(1, 1, 0, 10, 0), default, 1, At(0));
        scheduler.Claims.Apply(Timed(2, 1, 0, 18, 1), default, 1, At(0));
        Assert.Null(scheduler.Pick(At(14)));
        Assert.Equal(At(15), scheduler.NextWake);
        Assert.Equal(0, scheduler.Pick(At(15)));
        scheduler.Started(0, At(15));
        Assert.Null(scheduler.Pick(At(20)));
        Assert.Equal(1, scheduler.Pick(At(27)));
    }

    [Fact]
    public void RelaysPassContestedClaimsOnFirstAndGuessableOnesLast()
    {
        WorkScheduler scheduler = New(40);
        for (int worker = 1; worker < 20; worker++)
        {
            scheduler.SawWorker(Worker(worker), 1, At(0));
        }

        scheduler.Claims.Apply(Batch(3, 1, 7), default, 1, At(0));
        scheduler.Claims.Apply(Batch(4, 1, 7), default, 1, At(0));
        for (int piece = 8; piece < 24; piece++)
        {
            scheduler.Claims.Apply(Batch(5 + ((piece - 8) % 14), piece, piece), default, 1, At(0));
        }

        PublicKey[] workers = [.. Enumerable.Range(0, 20).Select(Worker)];
        IReadOnlyList<PublicKey> order = scheduler.RelayOrder(workers);
        Assert.Equal(workers.Order(), order.Order());
        Assert.Equal([Worker(3), Worker(4)], order.Take(2).Order());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void LiarsWhoClaimEverythingCannotStopTheWork(bool underEverNewNames)
    {
        // Liars claim everything all the time, renew in time, and never deliver; whenever a run begins, they claim to have begun it first.
        const int Pieces = 12;
        WorkScheduler scheduler = New(Pieces);
        int done = 0;
        int liar = 0;
        int? running = null;
        double since = 0;
        for (double now = 0; now < 10_000 && done < Pieces; now++)
        {
            for (int i = 0; i < (underEverNewNames ? 1 : 20); i++)
            {
                int name = underEverNewNames ? ++liar : 1 + i;
                scheduler.SawWorker(Worker(name), 4, At(now));
                scheduler.Claims.Apply(
                    Timed(name, (long)(now * 1000), running is null ? 0 : 2, 10, [.. Enumerable.Range(0, Pieces)]), default, 64, At(now));
            }

            foreach (int piece in scheduler.Surrender(At(now)))
            {
                scheduler.Ended(piece, At(now), finished: false);
                running = null;
            }

            if (running is { } mine && now - since >= 10)
            {
                scheduler.Ended(mine, At(now), finished: true);
                scheduler.SetWanted(mine, 0);
                running = null;
                done++;
            }

            if (running is null && (running = scheduler.Pick(At(now))) is { } picked)
            {
                scheduler.Started(picked, At(now));
                since = now;
            }
        }

        Assert.Equal(Pieces, done);
    }
}
