using System;

namespace Starling.Core.Verification;

/// <summary>
/// When a group of agreeing attestations outweighs everything else (DESIGN section 6, mode <c>trust</c>; iExec's "proof of contribution"): a group
/// is the product of its weights, and it is enough when group · t &gt; total · (t − 1), where total = 1 + Σ groups.
/// </summary>
public static class TrustArithmetic
{
    /// <summary>Attestations beyond which no more are asked for: weights of 2 and a threshold of a million need 20.</summary>
    private const int MostRuns = 64;

    /// <summary>Whether a group is enough.</summary>
    /// <param name="group">Its weight.</param>
    /// <param name="total">1 + the weights of all groups.</param>
    /// <param name="threshold">t, 2 or more.</param>
    public static bool IsEnough(double group, double total, int threshold) =>
        double.IsPositiveInfinity(group) || group * threshold > total * (threshold - 1);

    /// <summary>Further attestations of this weight after which a group is enough, if nobody disagrees.</summary>
    /// <param name="group">The group's weight now; 1: nobody is in it.</param>
    /// <param name="others">1 + the weights of all other groups.</param>
    /// <param name="weight">Weight of each further attestation, above 1.</param>
    /// <param name="threshold">t.</param>
    public static int RunsUntilEnough(double group, double others, double weight, int threshold)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(weight, 1);
        int runs = 0;
        while (runs < MostRuns && !IsEnough(group, others + group, threshold))
        {
            group *= weight;
            runs++;
        }

        return runs;
    }
}
