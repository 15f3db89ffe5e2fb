using System;
using System.Globalization;
using System.Numerics;

namespace Starling.Core.Model;

/// <summary>
/// How long a swarm takes that picks at random, as BitWorker does (facts of the original, "Model E(n,m)"): in each round every one of m peers
/// picks one of the remaining pieces, uniformly and without knowing what the others pick; at the end of the round all picked pieces
/// are known to all. E is the expected number of rounds until none is left:
/// E(0) = 0, E(r) = 1 + Σ_k P(k distinct of r) · E(r − k), with P(k distinct of r) = S(m,k) · r·(r−1)···(r−k+1) / r^m
/// and S the Stirling numbers of the second kind. Held as an exact fraction.
/// </summary>
public sealed class ExpectedCompletion
{
    /// <summary>Bounds the work of exact fractions, which grows with the square of this product: some seconds at the bound.</summary>
    public const long MaxExactCost = 20_000;

    private ExpectedCompletion(int pieces, int peers, BigInteger numerator, BigInteger denominator)
    {
        Pieces = pieces;
        Peers = peers;
        BigInteger divisor = BigInteger.GreatestCommonDivisor(numerator, denominator);
        Numerator = numerator / divisor;
        Denominator = denominator / divisor;
    }

    /// <summary>Pieces of the task, n.</summary>
    public int Pieces { get; }

    /// <summary>Peers, m.</summary>
    public int Peers { get; }

    /// <summary>Numerator of E(n,m) in lowest terms.</summary>
    public BigInteger Numerator { get; }

    /// <summary>Denominator of E(n,m) in lowest terms.</summary>
    public BigInteger Denominator { get; }

    /// <summary>E(n,m), rounded to a double.</summary>
    public double Rounds => (double)(Numerator * 1_000_000_000_000 / Denominator) / 1e12;

    /// <summary>Expected runs beyond the n that are needed: m·E − n.</summary>
    public double WastedRuns => (Rounds * Peers) - Pieces;

    /// <summary>How many times as fast as one peer: n / E.</summary>
    public double SpeedUp => Pieces / Rounds;

    /// <summary>The fewest rounds that any schedule takes: ⌈n / m⌉, what a swarm that announces its picks comes close to.</summary>
    public int LeastRounds => ((Pieces - 1) / Peers) + 1;

    /// <summary>Whether <see cref="Of"/> takes these numbers.</summary>
    public static bool IsWithinBounds(int pieces, int peers) => pieces >= 1 && peers >= 1 && (long)pieces * peers <= MaxExactCost;

    /// <summary>The expectation for <paramref name="pieces"/> pieces and <paramref name="peers"/> peers.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not <see cref="IsWithinBounds"/>.</exception>
    public static ExpectedCompletion Of(int pieces, int peers)
    {
        if (!IsWithinBounds(pieces, peers))
        {
            throw new ArgumentOutOfRangeException(nameof(pieces), (pieces, peers), $"pieces × peers is not within 1 to {MaxExactCost}");
        }

        BigInteger[] stirling = StirlingRow(peers);

        // All E(r) over the common denominator D(r) = 1^m · 2^m ··· r^m, so that no fraction needs reducing on the way.
        var numerators = new BigInteger[pieces + 1];
        BigInteger denominator = BigInteger.One;
        for (int remaining = 1; remaining <= pieces; remaining++)
        {
            BigInteger sum = BigInteger.Zero;
            BigInteger falling = BigInteger.One;
            BigInteger scale = BigInteger.One;
            for (int distinct = 1; distinct <= Math.Min(peers, remaining); distinct++)
            {
                falling *= remaining - distinct + 1;
                sum += stirling[distinct] * falling * scale * numerators[remaining - distinct];

                // D(remaining − 1) / D(remaining − distinct) for the next term.
                scale *= BigInteger.Pow(remaining - distinct, peers);
            }

            denominator *= BigInteger.Pow(remaining, peers);
            numerators[remaining] = denominator + sum;
        }

        return new ExpectedCompletion(pieces, peers, numerators[pieces], denominator);
    }

    /// <summary>E(n,m) with <paramref name="digits"/> digits after the point, rounded half up from the exact fraction.</summary>
    public string RoundsText(int digits)
    {
        BigInteger power = BigInteger.Pow(10, digits);
        BigInteger scaled = ((2 * Numerator * power) + Denominator) / (2 * Denominator);
        BigInteger whole = BigInteger.DivRem(scaled, power, out BigInteger fraction);
        string shown = whole.ToString(CultureInfo.InvariantCulture);
        return digits == 0 ? shown : $"{shown}.{fraction.ToString(CultureInfo.InvariantCulture).PadLeft(digits, '0')}";
    }

    /// <summary>S(m, 0..m): the ways to part m peers into k groups that pick the same piece.</summary>
    private static BigInteger[] StirlingRow(int peers)
    {
        var row = new BigInteger[peers + 1];
        row[0] = BigInteger.One;
        for (int m = 1; m <= peers; m++)
        {
            for (int k = m; k >= 1; k--)
            {
                row[k] = (row[k] * k) + row[k - 1];
            }

            row[0] = BigInteger.Zero;
        }

        return row;
    }
}
