using System;
using System.Collections.Generic;
using Starling.Core.Primitives;

namespace Starling.Core.Verification;

/// <summary>
/// Which of the results that I believe on one worker's word alone I run again (DESIGN section 6). Nobody else knows the draw. All workers draw, so
/// each has its part of a probability of max(1/n, 5 %) that a result is looked at by somebody, n being the results of that worker that I confirmed: a wrong one
/// that anybody finds becomes known to all by the finder's own attestation.
/// </summary>
public sealed class SpotChecks(DeterministicRandom random)
{
    /// <summary>The least share of results that is looked at.</summary>
    public const double LeastShare = 0.05;

    /// <summary>Checks that wait to be run at most; further draws are dropped.</summary>
    public const int MaxWaiting = 4_096;

    private readonly SortedSet<int> _due = [];

    /// <summary>Checks that wait or run.</summary>
    public int Count => _due.Count;

    /// <summary>Whether the piece is to be run here though a result of it is believed.</summary>
    public bool IsDue(int piece) => _due.Contains(piece);

    /// <summary>A result came to be believed on the word of one worker; true: it is to be checked.</summary>
    /// <param name="piece">The piece.</param>
    /// <param name="confirmed">Results of that worker that I confirmed.</param>
    /// <param name="workers">Workers that take part in the drawing, this one included.</param>
    public bool Draw(int piece, int confirmed, int workers)
    {
        double share = Math.Max(1.0 / Math.Max(1, confirmed), LeastShare) / Math.Max(1, workers);
        return random.NextDouble() < share && _due.Count < MaxWaiting && _due.Add(piece);
    }

    /// <summary>It was run here, or need not be any more.</summary>
    public void Done(int piece) => _due.Remove(piece);
}
