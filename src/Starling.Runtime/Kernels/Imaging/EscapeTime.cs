using System;
using System.Numerics;
using Starling.Runtime.Execution;

namespace Starling.Runtime.Kernels.Imaging;

/// <summary>
/// z ← z² + c from 0 until |z| passes the limit. IEEE double, each product and sum rounded by itself in the order written here: no fused
/// multiply-add and no function of a mathematical library, so every processor, at every vector width, gets the same bits.
/// </summary>
internal static class EscapeTime
{
    /// <summary>|z|² beyond which a point has escaped. Far above 4, so that the fraction of an iteration comes out smooth.</summary>
    public const double Limit = 65_536;

    /// <summary>Iterations between two looks at the token: about a millisecond.</summary>
    private const int IterationsAtOnce = 1 << 16;

    /// <summary>Terms of the series of the logarithm: below 1e-10 of error where it is used.</summary>
    private const int LogarithmTerms = 10;

    private const double Log2E = 1.4426950408889634;

    /// <summary>Computes points of a row: for each the iterations until it escaped, with their fraction, or −1 when it did not.</summary>
    /// <param name="re">Real parts of c; the length is a multiple of the vectors' width.</param>
    /// <param name="im">Imaginary part of c.</param>
    /// <param name="iterations">Most iterations.</param>
    /// <param name="counts">Takes the result of each point.</param>
    /// <param name="pace">Ends it soon, or has it wait.</param>
    /// <returns>False when it was cancelled.</returns>
    public static bool TryRow(ReadOnlySpan<double> re, double im, int iterations, Span<double> counts, RunPace pace)
    {
        int lanes = Vector<double>.Count;
        for (int i = 0; i < re.Length; i += lanes)
        {
            if (!TryPoints(new Vector<double>(re[i..]), new Vector<double>(im), iterations, counts.Slice(i, lanes), pace))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The logarithm to base 2 of a positive, normal number.</summary>
    public static double Log2(double value)
    {
        long bits = BitConverter.DoubleToInt64Bits(value);
        int exponent = (int)(bits >> 52) - 1023;
        double mantissa = BitConverter.Int64BitsToDouble((bits & 0x000F_FFFF_FFFF_FFFF) | 0x3FF0_0000_0000_0000);

        // ln m = 2 · (s + s³/3 + s⁵/5 + …) with s = (m − 1)/(m + 1), which is at most 1/3.
        double s = (mantissa - 1) / (mantissa + 1);
        double square = s * s;
        double sum = 0;
        for (int term = LogarithmTerms - 1; term >= 0; term--)
        {
            double product = sum * square;
            sum = product + (1.0 / ((2 * term) + 1));
        }

        double fraction = 2 * s * sum * Log2E;
        return exponent + fraction;
    }

    private static bool TryPoints(Vector<double> cr, Vector<double> ci, int iterations, Span<double> counts, RunPace pace)
    {
        Vector<double> zr = Vector<double>.Zero;
        Vector<double> zi = Vector<double>.Zero;
        Vector<double> size = Vector<double>.Zero;
        var limit = new Vector<double>(Limit);
        Vector<long> count = Vector<long>.Zero;
        for (int done = 0; done < iterations;)
        {
            if (pace.IsCancellationRequested)
            {
                return false;
            }

            int until = Math.Min(iterations - done, IterationsAtOnce) + done;
            for (; done < until; done++)
            {
                Vector<double> real2 = zr * zr;
                Vector<double> imaginary2 = zi * zi;
                Vector<double> product = zr * zi;
                Vector<double> nextReal = (real2 - imaginary2) + cr;
                Vector<double> nextImaginary = (product + product) + ci;

                // A point that has escaped stays where it is.
                Vector<long> inside = Vector.LessThanOrEqual(size, limit);
                zr = Vector.ConditionalSelect(inside, nextReal, zr);
                zi = Vector.ConditionalSelect(inside, nextImaginary, zi);
                count -= inside;
                size = (zr * zr) + (zi * zi);
                if (!Vector.LessThanOrEqualAny(size, limit))
                {
                    done = iterations;
                    break;
                }
            }
        }

        for (int lane = 0; lane < counts.Length; lane++)
        {
            counts[lane] = size[lane] <= Limit ? -1 : Smooth(count[lane], size[lane]);
        }

        return true;
    }

    /// <summary>Iterations less the part by which the last one went too far: count + 1 − log₂(log₂|z|²/log₂ limit).</summary>
    private static double Smooth(long count, double size)
    {
        double beyond = Log2(Log2(size) / Log2(Limit));
        return Math.Max(0, count - beyond);
    }
}
