using System;
using System.Collections.Generic;
using System.Linq;
using Starling.Core.Primitives;
using Starling.Core.Scheduling;

namespace Starling.Sim.Reduced;

/// <summary>
/// Many workers that use the policies of Starling.Core.Scheduling, without links, bytes and messages: what one says is heard by each
/// other after a random delay (results always, claims as far as the cap lets them pass). A statement is not delivered by an event of its own;
/// a peer reads the common log up to what it has heard by now when it chooses. So 10,000 peers with 100,000 pieces fit.
/// </summary>
internal sealed class ReducedSwarm
{
    private readonly ReducedOptions _options;
    private readonly ReducedWorld _world;
    private readonly SchedulingOptions _rules;
    private readonly StatementLog _log;
    private readonly Peer[] _peers;
    private readonly int[] _result;
    private readonly Dictionary<int, List<int>> _runners = [];
    private readonly PriorityQueue<(Happening Kind, int Peer, int Version, int Statement), (double At, long Number)> _queue = new();
    private readonly SortedSet<(double Since, int Peer)> _oldest = [];
    private readonly DeterministicRandom _random;
    private readonly SlotPace[] _paces;
    private readonly int[] _loads;
    private long _numbers;
    private int _done;
    private double _lastResult;
    private double _needed;
    private double _extra;
    private int _yields;
    private int _aborts;
    private int _duplicates;

    private ReducedSwarm(ReducedOptions options)
    {
        _options = options;
        _world = new ReducedWorld(options);
        _rules = new SchedulingOptions { MessageDelay = TimeSpan.FromSeconds(options.Delay) };
        _log = new StatementLog(options, _world);
        _random = new DeterministicRandom(options.Seed);
        _result = new int[options.Pieces];
        Array.Fill(_result, -1);
        _peers = new Peer[options.Peers];
        for (int i = 0; i < options.Peers; i++)
        {
            _peers[i] = new Peer(i, options);
            Schedule(_world.Start[i], Happening.Start, i, 0);
        }

        _paces = new SlotPace[options.Peers];
        _loads = new int[options.Peers];
    }

    private enum Happening
    {
        Start,
        End,
        News,
        Look,
    }

    internal static ReducedResult Run(ReducedOptions options)
    {
        var swarm = new ReducedSwarm(options);
        swarm.Run();
        double first = swarm._world.Start.Min();
        return new ReducedResult(
            swarm._lastResult - first,
            GreedySchedule.Time(options, swarm._world),
            swarm._needed,
            swarm._extra,
            swarm._yields,
            swarm._aborts,
            swarm._duplicates);
    }

    private void Run()
    {
        while (_queue.TryDequeue(out (Happening Kind, int Peer, int Version, int Statement) next, out (double At, long Number) when))
        {
            Peer peer = _peers[next.Peer];
            if (next.Kind != Happening.Start && next.Version != peer.Version)
            {
                continue;
            }

            switch (next.Kind)
            {
                case Happening.End:
                    Finish(peer, when.At);
                    break;
                case Happening.News:
                    HearAboutMyPiece(peer, next.Statement, when.At);
                    break;
                default:
                    Choose(peer, when.At);
                    break;
            }
        }
    }

    private void Schedule(double at, Happening kind, int peer, int version) => _queue.Enqueue((kind, peer, version, -1), (at, _numbers++));

    private void Choose(Peer peer, double now)
    {
        peer.Version++;
        if (_done == _options.Pieces && now > _lastResult + (1.5 * _options.Delay))
        {
            return;
        }

        _log.Read(peer, now, _runners, _result, _peers);
        int piece = Pick(peer, now);
        if (piece >= 0)
        {
            peer.Patience = 0;
            Begin(peer, piece, now);
        }
        else
        {
            peer.Idle = peer.Idle >= 0 ? peer.Idle : _log.Say(StatementKind.Idle, peer.Index, -1, now, -1, expected: true);
            peer.Patience = peer.Patience == 0 ? _options.Delay : Math.Min(peer.Patience * 1.5, _options.Delay * 5);
            Schedule(now + peer.Patience, Happening.Look, peer.Index, peer.Version);
        }
    }

    private int Pick(Peer peer, double now)
    {
        if (peer.Free.Count == 0)
        {
            return PickStraggler(peer, now);
        }

        if (_options.Uniform)
        {
            return peer.Free.Select(_random.Next(peer.Free.Count));
        }

        int slots = peer.Known.Count;
        int rank = peer.Known.CountBelow(peer.Index);
        Span<SlotPace> paces = _paces.AsSpan(0, slots);
        bool slow = peer.Free.Count < 2 * slots && _world.Slowness[peer.Index] > 1.05;
        if (slow)
        {
            Paces(peer, paces, now);
            if (SharePolicy.OthersAreSooner(peer.Free.Count, rank, paces, now))
            {
                return PickStraggler(peer, now);
            }
        }

        int piece = SharePolicy.PickOwn(peer.Free, rank, slots, peer.Runs == 0 ? _random : null);
        if (piece >= 0)
        {
            return piece;
        }

        if (!slow)
        {
            Paces(peer, paces, now);
        }

        piece = SharePolicy.PickSurplus(peer.Free, rank, paces, now, _loads);
        if (piece < 0)
        {
            piece = SharePolicy.PickLoose(
                peer.Free, paces, now, _rules.YieldDelays * _options.Delay, _rules.StragglerFactor, _random);
        }

        return piece >= 0 ? piece : PickStraggler(peer, now);
    }

    private void Paces(Peer peer, Span<SlotPace> paces, double now)
    {
        for (int i = 0, at = peer.Known.Next(0); at >= 0; i++, at = peer.Known.Next(at + 1))
        {
            paces[i] = _log.PaceOf(at, peer, now, _peers[at], _options.Seconds * _world.Slowness[at]);
        }
    }

    private int PickStraggler(Peer peer, double now)
    {
        TimeSpan median = TimeSpan.FromSeconds(_options.Seconds * (1 + (_options.SpeedSpread / 2)));
        double overdue = now - (_options.Seconds * _rules.StragglerFactor);
        foreach ((double since, int runner) in _oldest)
        {
            if (since > overdue)
            {
                break;
            }

            int piece = _peers[runner].Piece;
            if (piece == peer.Piece)
            {
                continue;
            }

            List<LiveClaim> claims = Claims(peer, piece, now);
            if (claims.Count > 0 && !_log.HasHeard(peer, _result[piece], now)
                && StragglerPolicy.WorthFrom(
                    claims, claims[0].StartedAt, 1, median, TimeSpan.FromSeconds(_options.Seconds * _world.Slowness[peer.Index]), _rules)
                <= Instant.FromSeconds(now))
            {
                return piece;
            }
        }

        return -1;
    }

    private List<LiveClaim> Claims(Peer peer, int piece, double now)
    {
        var claims = new List<LiveClaim>();
        foreach (int other in _runners[piece])
        {
            if (other != peer.Index && _log.HasHeard(peer, _peers[other].Claim, now))
            {
                claims.Add(Claim(_peers[other], _world.Delay(peer.Index, _peers[other].Claim)));
            }
        }

        return claims;
    }

    private LiveClaim Claim(Peer peer, double late) => new(
        peer.Key, peer.Piece, Instant.FromSeconds(peer.Since + late), TimeSpan.FromSeconds(_options.Seconds * _world.Slowness[peer.Index]));

    private void Begin(Peer peer, int piece, double now)
    {
        peer.Version++;
        peer.Piece = piece;
        peer.Since = now;
        peer.Runs++;
        peer.Idle = -1;
        peer.Free.Remove(piece);
        peer.Claim = _log.Say(StatementKind.Claim, peer.Index, piece, now, -1, peer.Runs > 1 && peer.IsInShare(piece));
        Schedule(now + _world.Run(peer.Index, piece) + _options.Overhead, Happening.End, peer.Index, peer.Version);
        if (!_runners.TryGetValue(piece, out List<int>? runners))
        {
            _runners[piece] = runners = [];
        }

        foreach (int other in runners)
        {
            _log.Contest(peer.Claim);
            _log.Contest(_peers[other].Claim);
            Notify(_peers[other], peer.Claim, now);
            Notify(peer, _peers[other].Claim, now);
        }

        runners.Add(peer.Index);
        _oldest.Add((now, peer.Index));
        if (_result[piece] >= 0)
        {
            Notify(peer, _result[piece], now);
        }
    }

    /// <summary>The peer will hear that statement about the piece it runs.</summary>
    private void Notify(Peer peer, int statement, double now)
    {
        double at = Math.Max(now, _log.HeardAt(peer, statement));
        if (double.IsFinite(at))
        {
            _queue.Enqueue((Happening.News, peer.Index, peer.Version, statement), (at + 1e-9, _numbers++));
        }
    }

    private void HearAboutMyPiece(Peer peer, int statement, double now)
    {
        if (!_log.HasHeard(peer, statement, now))
        {
            Notify(peer, statement, now);
            return;
        }

        if (_log.HasHeard(peer, _result[peer.Piece], now))
        {
            _aborts++;
            Stop(peer, now);
            return;
        }

        List<LiveClaim> others = Claims(peer, peer.Piece, now);
        if (YieldPolicy.GivesWay(
            Claim(peer, 0), others, 1, TimeSpan.FromSeconds(_options.Delay), Instant.FromSeconds(now), _rules))
        {
            _yields++;
            Stop(peer, now);
        }
        else if (others.Count > 0)
        {
            TimeSpan delay = TimeSpan.FromSeconds(_options.Delay);
            double settled = YieldPolicy.Settled(Claim(peer, 0), others[0], delay, _rules).Seconds;
            if (settled > now)
            {
                _queue.Enqueue((Happening.News, peer.Index, peer.Version, statement), (settled + 1e-6, _numbers++));
            }
        }
    }

    private void Stop(Peer peer, double now)
    {
        _extra += now - peer.Since;
        peer.Release = _log.Say(StatementKind.Release, peer.Index, peer.Piece, now, peer.Claim);
        Leave(peer);
        Choose(peer, now);
    }

    private void Finish(Peer peer, double now)
    {
        int piece = peer.Piece;
        int statement = _log.Say(StatementKind.Result, peer.Index, piece, now, peer.Claim);
        _log.Ended(peer, statement);
        Leave(peer);
        if (_result[piece] >= 0)
        {
            _duplicates++;
            _extra += now - peer.Since;
        }
        else
        {
            _result[piece] = statement;
            _needed += now - peer.Since - _options.Overhead;
            _extra += _options.Overhead;
            _done++;
            _lastResult = now;
            if (_runners.TryGetValue(piece, out List<int>? others))
            {
                foreach (int other in others)
                {
                    Notify(_peers[other], statement, now);
                }
            }
        }

        Choose(peer, now);
    }

    private void Leave(Peer peer)
    {
        _oldest.Remove((peer.Since, peer.Index));
        List<int> runners = _runners[peer.Piece];
        runners.Remove(peer.Index);
        if (runners.Count == 0)
        {
            _runners.Remove(peer.Piece);
        }

        peer.LastClaim = peer.Claim;
        peer.Piece = -1;
        peer.Claim = -1;
    }
}
