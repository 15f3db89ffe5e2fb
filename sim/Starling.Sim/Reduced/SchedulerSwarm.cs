using System;
using System.Collections.Generic;
using System.Linq;
using Starling.Core.Gossip;
using Starling.Core.Primitives;
using Starling.Core.Scheduling;

namespace Starling.Sim.Reduced;

/// <summary>
/// The scenarios of the reduced model with whole <see cref="WorkScheduler"/>s that hear each other's batches one by one, without a cap. It shows that
/// the scheduler does what the model, which calls its policies, says; and it is where schedulers meet liars.
/// </summary>
internal sealed class SchedulerSwarm
{
    private readonly ReducedOptions _options;
    private readonly ReducedWorld _world;
    private readonly Worker[] _workers;
    private readonly bool[] _done;
    private readonly PriorityQueue<(int Worker, Action<Worker, Instant> Input), (long At, long Number)> _queue = new();
    private long _numbers;
    private int _left;
    private Instant _lastResult;
    private double _needed;
    private double _extra;
    private int _yields;
    private int _aborts;
    private int _duplicates;

    private SchedulerSwarm(ReducedOptions options)
    {
        _options = options;
        _world = new ReducedWorld(options);
        _done = new bool[options.Pieces];
        _left = options.Pieces;
        var rules = new SchedulingOptions { MessageDelay = TimeSpan.FromSeconds(options.Delay) };
        _workers = [.. Enumerable.Range(0, options.Peers).Select(i => new Worker(i, options, rules))];
        for (int i = 0; i < options.Peers; i++)
        {
            Later(i, _world.Start[i], Join);
        }
    }

    internal static ReducedResult Run(ReducedOptions options)
    {
        var swarm = new SchedulerSwarm(options);
        swarm.Run();
        return new ReducedResult(
            swarm._lastResult.Seconds - swarm._world.Start.Min(),
            GreedySchedule.Time(options, swarm._world),
            swarm._needed,
            swarm._extra,
            swarm._yields,
            swarm._aborts,
            swarm._duplicates);
    }

    private void Run()
    {
        while (_queue.TryDequeue(out (int Worker, Action<Worker, Instant> Input) next, out (long At, long Number) when))
        {
            var now = new Instant(when.At);
            Worker worker = _workers[next.Worker];
            next.Input(worker, now);
            if (worker.HasJoined)
            {
                React(worker, now);
            }
        }
    }

    private void Later(int worker, double at, Action<Worker, Instant> input) =>
        _queue.Enqueue((worker, input), (Instant.FromSeconds(at).Ticks, _numbers++));

    /// <summary>A worker that joins is told what the others have and run, as neighbours do after their handshake.</summary>
    private void Join(Worker worker, Instant now)
    {
        worker.HasJoined = true;
        foreach (Worker other in _workers.Where(other => other.HasJoined && other != worker))
        {
            double heard = now.Seconds + _world.Delay(worker.Index, (int)(_numbers & 0xFFFF));
            Later(worker.Index, heard, (w, at) =>
            {
                w.Scheduler.SawWorker(other.Key, 1, at);
                foreach (int piece in other.Heard)
                {
                    HearResult(w, null, piece, at);
                }

                if (other.Told is { } batch)
                {
                    w.Scheduler.Claims.Apply(batch, at - other.ToldAt, 1, at);
                }
            });
            Later(other.Index, heard, (w, at) => w.Scheduler.SawWorker(worker.Key, 1, at));
        }
    }

    private void React(Worker worker, Instant now)
    {
        foreach (int piece in worker.Scheduler.Surrender(now))
        {
            _yields++;
            Stop(worker, piece, now);
        }

        if (worker.Piece < 0 && worker.Scheduler.Pick(now) is { } picked)
        {
            worker.Piece = picked;
            worker.Since = now;
            worker.Run++;
            worker.Scheduler.Started(picked, now);
            int run = worker.Run;
            Later(worker.Index, now.Seconds + _world.Run(worker.Index, picked) + _options.Overhead, (w, at) => End(w, run, at));
        }

        if (worker.Scheduler.ClaimsChanged || worker.Scheduler.NextRenewal <= now)
        {
            worker.Told = new ClaimBatch
            {
                Worker = worker.Key,
                Sequence = ++worker.Sequence,
                Claims = worker.Scheduler.MyClaims(now),
                Raw = default,
            };
            worker.ToldAt = now;
            ClaimBatch batch = worker.Told;
            Tell(worker, now, (w, at) => w.Scheduler.Claims.Apply(batch, TimeSpan.Zero, 1, at));
        }

        Instant wake = worker.Scheduler.NextWake;
        if (wake != Instant.Never && _left > 0 && (wake < worker.Wake || worker.Wake <= now))
        {
            worker.Wake = wake > now ? wake : now + TimeSpan.FromTicks(1);
            Later(worker.Index, worker.Wake.Seconds, (_, _) => { });
        }
    }

    private void Tell(Worker from, Instant now, Action<Worker, Instant> input)
    {
        foreach (Worker other in _workers)
        {
            if (other != from && other.HasJoined)
            {
                Later(other.Index, now.Seconds + _world.Delay(other.Index, (int)(_numbers & 0xFFFFFF)), input);
            }
        }
    }

    private void End(Worker worker, int run, Instant now)
    {
        if (worker.Run != run || worker.Piece < 0)
        {
            return;
        }

        int piece = worker.Piece;
        worker.Piece = -1;
        worker.Scheduler.Ended(piece, now, finished: true);
        double seconds = (now - worker.Since).TotalSeconds;
        if (_done[piece])
        {
            _duplicates++;
            _extra += seconds;
        }
        else
        {
            _done[piece] = true;
            _left--;
            _lastResult = now;
            _needed += seconds - _options.Overhead;
            _extra += _options.Overhead;
        }

        HearResult(worker, null, piece, now);
        Tell(worker, now, (w, at) => HearResult(w, worker, piece, at));
    }

    private void HearResult(Worker worker, Worker? from, int piece, Instant now)
    {
        if (worker.Heard.Add(piece))
        {
            worker.Scheduler.SetWanted(piece, 0);
        }

        if (from is not null)
        {
            worker.Scheduler.Attested(from.Key, piece, now);
        }

        if (worker.Piece == piece)
        {
            _aborts++;
            Stop(worker, piece, now);
        }
    }

    private void Stop(Worker worker, int piece, Instant now)
    {
        _extra += (now - worker.Since).TotalSeconds;
        worker.Piece = -1;
        worker.Scheduler.Ended(piece, now, finished: false);
    }

    private sealed class Worker(int index, ReducedOptions options, SchedulingOptions rules)
    {
        internal int Index { get; } = index;

        internal PublicKey Key { get; } = new Peer(index, options with { Pieces = 1, Peers = index + 1 }).Key;

        internal WorkScheduler Scheduler { get; } = new(
            options.Pieces,
            new Peer(index, options with { Pieces = 1, Peers = index + 1 }).Key,
            rules,
            new DeterministicRandom(options.Seed ^ ((ulong)index << 20)));

        internal SortedSet<int> Heard { get; } = [];

        internal bool HasJoined { get; set; }

        internal int Piece { get; set; } = -1;

        internal Instant Since { get; set; }

        internal int Run { get; set; }

        internal long Sequence { get; set; }

        internal ClaimBatch? Told { get; set; }

        internal Instant ToldAt { get; set; }

        internal Instant Wake { get; set; }
    }
}
