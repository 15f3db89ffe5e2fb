using System;
using System.Collections.Generic;
using System.Globalization;
using Starling.Core.Primitives;

namespace Starling.Sim.Swarms;

/// <summary>What a simulated run came to.</summary>
/// <param name="FirstStart">Second at which the first host started.</param>
/// <param name="FirstComplete">Second at which the first honest host had everything.</param>
/// <param name="LastComplete">Second at which the last one had.</param>
/// <param name="Greedy">When a central scheduler would have been done, from the same starts and speeds.</param>
/// <param name="ExtraWork">Seconds of runs beyond the needed ones, aborted and failed ones counted, as a share of the needed ones.</param>
/// <param name="Aborts">Runs that were stopped before their end.</param>
/// <param name="NewsDelay">Seconds that a result needs to each other host, on average.</param>
/// <param name="Runs">Runs that honest hosts started.</param>
/// <param name="Peers">Hosts.</param>
/// <param name="Frames">Messages sent in all.</param>
/// <param name="Bytes">Bytes of them.</param>
/// <param name="Events">Simulated events.</param>
/// <param name="Refusals">What honest hosts refused, by code.</param>
/// <param name="WrongNow">Wrong results that honest hosts believe at the end, each host counted.</param>
/// <param name="WrongEver">Wrong results that they ever believed.</param>
/// <param name="Fingerprint">Over all effects and their bytes.</param>
internal sealed record SimReport(
    double FirstStart,
    double FirstComplete,
    double LastComplete,
    double Greedy,
    double ExtraWork,
    int Aborts,
    double NewsDelay,
    int Runs,
    int Peers,
    long Frames,
    long Bytes,
    long Events,
    IReadOnlyDictionary<string, int> Refusals,
    int WrongNow,
    int WrongEver,
    string Fingerprint)
{
    /// <summary>Honest hosts that stayed, times pieces: what <see cref="WrongNow"/> is a share of.</summary>
    public long Judgements { get; init; }

    /// <summary>Results of adversaries that honest hosts confirmed, each honest host counted.</summary>
    public int AdversariesConfirmed { get; init; }

    /// <summary>Time until the first host had everything ÷ that of a central scheduler.</summary>
    public double Ratio => (FirstComplete - FirstStart) / (Greedy - FirstStart);

    public static SimReport Of(SimWorld world)
    {
        Instant start = Instant.Never;
        Instant first = Instant.Never;
        Instant last = default;
        double worked = 0;
        int runs = 0;
        int aborts = 0;
        int staying = 0;
        var workers = new List<SimHost>();
        foreach (SimHost host in world.Hosts)
        {
            if (!host.IsHonest || host.IsGone)
            {
                continue;
            }

            staying++;
            start = Instant.Min(start, host.StartedAt);
            first = Instant.Min(first, host.CompleteAt);
            last = host.CompleteAt > last && host.CompleteAt != Instant.Never ? host.CompleteAt : last;
            worked += host.UsefulSeconds + host.WastedSeconds;
            runs += host.Runs;
            aborts += host.Aborts;
            if (host.Speed > 0)
            {
                workers.Add(host);
            }
        }

        int runsOfEach = Math.Max(1, world.Options.Replicas);
        return new SimReport(
            start.Seconds,
            first.Seconds,
            last.Seconds,
            ListSchedule.End(workers, world.Options.Slots, world.Options.Pieces, runsOfEach),
            world.NeededSeconds > 0 ? (worked / world.NeededSeconds) - 1 : 0,
            aborts,
            world.News.Mean,
            runs,
            world.Hosts.Count,
            world.Network.FramesSent,
            world.Network.BytesSent,
            world.Events.Executed,
            world.Checks.Refusals,
            world.Checks.WrongNow(),
            world.Checks.WrongEver,
            world.Fingerprint)
        {
            Judgements = (long)staying * world.Options.Pieces,
            AdversariesConfirmed = ConfirmedOfAdversaries(world),
        };
    }

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"first complete {FirstComplete:F2} s, last {LastComplete:F2} s, greedy {Greedy:F2} s: {Ratio:F3} ×; extra work {ExtraWork:P1}; "
        + $"{Runs} runs, {Aborts} of them stopped; news after {NewsDelay:F2} s; {Frames / Math.Max(1, Peers)} messages and {Bytes / 1024 / Math.Max(1, Peers)} KiB sent a peer; {Events} events; "
        + $"fingerprint {Fingerprint}{Refused()}{Wrong()}{Confirmed()}");

    private static int ConfirmedOfAdversaries(SimWorld world)
    {
        int confirmed = 0;
        foreach (SimHost host in world.Hosts)
        {
            foreach (SimHost other in world.Hosts)
            {
                confirmed += host.IsHonest && !host.IsGone && !other.IsHonest ? host.Standings.ConfirmedHere(other.Identity.PublicKey) : 0;
            }
        }

        return confirmed;
    }

    private string Confirmed() => AdversariesConfirmed == 0 ? "" : $"; results of adversaries confirmed: {AdversariesConfirmed.ToString(CultureInfo.InvariantCulture)}";

    private string Wrong() => WrongEver == 0 ? "" : string.Create(
        CultureInfo.InvariantCulture, $"; wrong results believed: {WrongNow} in the end, {WrongEver} ever, of {Judgements}: {1e4 * WrongNow / Judgements:F2} in 10,000");

    private string Refused()
    {
        if (Refusals.Count == 0)
        {
            return "";
        }

        var parts = new List<string>();
        foreach ((string code, int count) in Refusals)
        {
            parts.Add($"{code} {count}");
        }

        return $"; refused: {string.Join(", ", parts)}";
    }
}
