using System;
using System.Collections.Generic;
using Starling.Core.Scheduling;

namespace Starling.Sim.Reduced;

internal enum StatementKind : byte
{
    Claim,
    Release,
    Idle,
    Result,
}

/// <summary>Everything that was ever said, in order of time, and who has heard what by when.</summary>
internal sealed class StatementLog
{
    private const double BucketSeconds = 0.25;
    private const double MeanThatCounts = 0.02;

    private readonly ReducedOptions _options;
    private readonly ReducedWorld _world;
    private readonly List<Statement> _statements = [];
    private readonly List<bool> _contested = [];
    private readonly List<(double Urgent, double All)> _backlog = [];
    private readonly double _claimsPerBucket;

    internal StatementLog(ReducedOptions options, ReducedWorld world)
    {
        _options = options;
        _world = world;
        _claimsPerBucket = options.Cap * options.Links / options.ClaimBytes * BucketSeconds;
    }

    /// <summary>Says something; <paramref name="expected"/>: others reckon with it anyway, so relays pass it on last.</summary>
    internal int Say(StatementKind kind, int worker, int piece, double now, int claim, bool expected = false)
    {
        if (kind != StatementKind.Result)
        {
            int bucket = (int)(now / BucketSeconds);
            while (_backlog.Count <= bucket)
            {
                (double urgent, double all) = _backlog.Count == 0 ? (0, 0) : _backlog[^1];
                _backlog.Add((Math.Max(0, urgent - _claimsPerBucket), Math.Max(0, all - _claimsPerBucket)));
            }

            _backlog[bucket] = (_backlog[bucket].Urgent + (expected ? 0 : 1), _backlog[bucket].All + 1);
        }

        _statements.Add(new Statement(now, kind, worker, piece, claim, expected));
        _contested.Add(false);
        return _statements.Count - 1;
    }

    /// <summary>Another claim of the same piece is live: relays that know both pass them on first.</summary>
    internal void Contest(int claim) => _contested[claim] = true;

    internal void Ended(Peer peer, int statement)
    {
        peer.ResultBefore = peer.LastResult;
        peer.LastResult = statement;
    }

    /// <summary>When the peer hears a statement; infinity: never, for the relays dropped it.</summary>
    internal double HeardAt(Peer peer, int statement)
    {
        Statement said = _statements[statement];
        double at = said.At + _world.Delay(peer.Index, statement);
        return said.Kind == StatementKind.Result ? at : at + QueueTime(peer, statement, said);
    }

    internal bool HasHeard(Peer peer, int statement, double now) =>
        statement >= 0 && (_statements[statement].Worker == peer.Index || HeardAt(peer, statement) <= now);

    /// <summary>Brings the peer's view up to what it has heard by now.</summary>
    internal void Read(Peer peer, double now, Dictionary<int, List<int>> runners, int[] results, Peer[] peers)
    {
        for (int i = peer.Read; i < _statements.Count; i++)
        {
            Statement statement = _statements[i];
            if (statement.Kind != StatementKind.Release && peer.Read == i && peer.Known.Contains(statement.Worker)
                && (statement.Kind == StatementKind.Idle || !peer.Free.Contains(statement.Piece)))
            {
                peer.Read = i + 1;
                continue;
            }

            double heard = statement.Worker == peer.Index ? now : HeardAt(peer, i);
            if (peer.Read == i && (heard <= now || double.IsInfinity(heard)))
            {
                peer.Read = i + 1;
            }

            if (heard > now)
            {
                continue;
            }

            switch (statement.Kind)
            {
                case StatementKind.Result:
                    peer.Free.Remove(statement.Piece);
                    peer.Known.Add(statement.Worker);
                    break;
                case StatementKind.Claim:
                    peer.Free.Remove(statement.Piece);
                    peer.Known.Add(statement.Worker);
                    break;
                case StatementKind.Release:
                    if (peer.Piece != statement.Piece && !HasHeard(peer, results[statement.Piece], now)
                        && !IsClaimed(peer, statement.Piece, runners, peers, now))
                    {
                        peer.Free.Add(statement.Piece);
                    }

                    break;
            }
        }
    }

    /// <summary>What the peer knows of the pace of <paramref name="worker"/>.</summary>
    internal SlotPace PaceOf(int worker, Peer peer, double now, Peer of, double runSeconds)
    {
        if (worker == peer.Index)
        {
            return new SlotPace(now, runSeconds, false);
        }

        if (of.Idle >= 0 && HasHeard(peer, of.Idle, now))
        {
            return new SlotPace(now, runSeconds, false, true);
        }

        if (HasHeard(peer, of.Claim, now))
        {
            return new SlotPace(_statements[of.Claim].At, runSeconds, true);
        }

        if (of.Release > of.LastResult && HasHeard(peer, of.Release, now))
        {
            return new SlotPace(_statements[of.Release].At, runSeconds, false, IsSeeking: true);
        }

        if (HasHeard(peer, of.LastResult, now))
        {
            return new SlotPace(_statements[of.LastResult].At, runSeconds, false);
        }

        return HasHeard(peer, of.LastClaim, now)
            ? new SlotPace(_statements[of.LastClaim].At, runSeconds, true)
            : new SlotPace(of.ResultBefore >= 0 ? _statements[of.ResultBefore].At : _world.Start[worker], runSeconds, false);
    }

    private bool IsClaimed(Peer peer, int piece, Dictionary<int, List<int>> runners, Peer[] peers, double now)
    {
        if (!runners.TryGetValue(piece, out List<int>? workers))
        {
            return false;
        }

        foreach (int worker in workers)
        {
            if (worker != peer.Index && HasHeard(peer, peers[worker].Claim, now))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// How much later than without a cap a claim arrives. Relays send what a link's budget allows, each in an order of its own, so that a peer hears
    /// a backlog of B claims like tickets drawn at r a second: exponentially, with mean B/r. Two claims of one piece go first once a relay has
    /// both, which happens when each has reached about the square root of 1/peers of the swarm.
    /// </summary>
    private double QueueTime(Peer peer, int statement, Statement said)
    {
        (double urgent, double all) = _backlog[(int)(said.At / BucketSeconds)];
        double mean = (said.Expected ? all : urgent) / _claimsPerBucket * BucketSeconds;
        if (mean < MeanThatCounts * _options.Delay || _world.AreNeighbours(peer.Index, said.Worker))
        {
            return 0;
        }

        double wait = -mean * Math.Log(1 - _world.ClaimLuck(peer.Index, statement));
        if (_contested[statement])
        {
            double found = -mean * Math.Log(1 - Math.Min(0.99, 2 / Math.Sqrt(_options.Peers)));
            wait = Math.Min(wait, found + _world.Delay(peer.Index, ~statement));
        }

        return wait <= _options.Seconds / 3 ? wait : double.PositiveInfinity;
    }

    private readonly record struct Statement(double At, StatementKind Kind, int Worker, int Piece, int Claim, bool Expected);
}
