using System;
using System.Collections.Generic;
using System.Numerics;
using Starling.Core.Engine;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Scheduling;
using Starling.Core.Verification;

namespace Starling.Core.Swarm;

/// <summary>
/// Has the task's own command look at results that came in (<c>checker</c>, <c>compare</c>): which candidates are due, how many at once, and again after a
/// failure. A command that crashes or hangs settles nothing; after as many failures as a run may have, the result is left alone.
/// </summary>
internal sealed class Trials(NodeContext context, PieceMap map, WorkScheduler scheduler, bool comparing)
{
    private readonly SortedDictionary<int, PieceFindings> _findings = [];
    private readonly SortedSet<int> _due = [];
    private readonly SortedSet<int> _running = [];
    private readonly SortedDictionary<int, (int Failures, Instant NotBefore)> _failed = [];

    /// <summary>Pieces of which a trial waits or runs.</summary>
    public int Count => _due.Count + _running.Count;

    /// <summary>What was found of a piece; null: nothing yet.</summary>
    public PieceFindings? Of(int piece) => _findings.GetValueOrDefault(piece);

    /// <summary>When a trial that failed is to be tried again.</summary>
    public Instant NextWake()
    {
        Instant wake = Instant.Never;
        foreach (int piece in _due)
        {
            if (_failed.TryGetValue(piece, out (int Failures, Instant NotBefore) failed) && failed.NotBefore > context.Now)
            {
                wake = Instant.Min(wake, failed.NotBefore);
            }
        }

        return wake;
    }

    /// <summary>What is sought of a piece, or held of it, changed.</summary>
    public void Review(int piece)
    {
        if (map.Sought(piece) != 0 && !_running.Contains(piece) && Next(piece) is not null)
        {
            _due.Add(piece);
        }
        else
        {
            _due.Remove(piece);
        }
    }

    /// <summary>At the end of a step: starts what is due, one trial a slot at once.</summary>
    public void Settle()
    {
        if (_due.Count == 0 || _running.Count >= context.Options.Slots)
        {
            return;
        }

        foreach (int piece in new List<int>(_due))
        {
            if (_running.Count >= context.Options.Slots)
            {
                return;
            }

            bool waits = scheduler.IsWithheld(piece) || (_failed.TryGetValue(piece, out (int Failures, Instant NotBefore) failed) && failed.NotBefore > context.Now);
            if (!waits && Next(piece) is { } next)
            {
                _due.Remove(piece);
                _running.Add(piece);
                context.Emit(new NodeEffect.StartTrial(piece, map.Candidate(piece, next.Left), next.Right < 0 ? null : map.Candidate(piece, next.Right)));
            }
        }
    }

    /// <summary>A trial ended. Returns the candidate that it showed to be wrong, or -1; the piece is to be judged again.</summary>
    public int OnEnded(int piece, ResultId result, ResultId? other, TrialOutcome outcome)
    {
        if (!_running.Remove(piece))
        {
            return -1;
        }

        int left = map.IndexOf(piece, result);
        int right = other is { } second ? map.IndexOf(piece, second) : -1;
        if (!_findings.TryGetValue(piece, out PieceFindings? findings))
        {
            _findings.Add(piece, findings = new PieceFindings());
        }

        if (outcome is TrialOutcome.Failed failed)
        {
            OnFailed(piece, findings, left, right, failed.Problem);
            return -1;
        }

        _failed.Remove(piece);
        if (comparing)
        {
            findings.Compared(left, right, outcome is TrialOutcome.Passed);
            return -1;
        }

        findings.Checked(left, outcome is TrialOutcome.Passed ? Finding.Passed : Finding.Rejected);
        return outcome is TrialOutcome.Passed ? -1 : left;
    }

    private void OnFailed(int piece, PieceFindings findings, int left, int right, Problem problem)
    {
        int failures = _failed.GetValueOrDefault(piece).Failures + 1;
        context.Report(new NodeEvent.Error(problem));
        if (failures < context.Options.MaxAttempts)
        {
            _failed[piece] = (failures, context.Now + TimeSpan.FromTicks(context.Options.RetryDelay.Ticks << Math.Min(failures - 1, 20)));
            return;
        }

        _failed.Remove(piece);
        if (comparing)
        {
            findings.GiveUp(left, right);
        }
        else
        {
            findings.Checked(left, Finding.GivenUp);
        }
    }

    /// <summary>The next trial of a piece among what is held here; the second is negative when one result is looked at by itself.</summary>
    private (int Left, int Right)? Next(int piece)
    {
        int sought = map.Sought(piece);
        int held = (sought | map.Acceptable(piece)) & map.Held(piece);
        PieceFindings? findings = Of(piece);
        for (int lefts = comparing ? held : held & sought; lefts != 0; lefts &= lefts - 1)
        {
            int left = BitOperations.TrailingZeroCount(lefts);
            if (!comparing)
            {
                if (findings is null || findings.Of(left) == Finding.Open)
                {
                    return (left, -1);
                }

                continue;
            }

            for (int rights = held & ~((2 << left) - 1); rights != 0; rights &= rights - 1)
            {
                int right = BitOperations.TrailingZeroCount(rights);
                if (findings is null || findings.IsOpen(left, right))
                {
                    return (left, right);
                }
            }
        }

        return null;
    }
}
