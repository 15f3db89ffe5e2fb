using System;
using System.Numerics;
using System.Threading;
using Starling.Core.Primitives;
using Starling.Runtime.Kernels.Imaging;

namespace Starling.Tests.Runtime.Kernels.Imaging;

public sealed class EscapeTimeTests
{
    [Fact]
    public void Vectors_give_the_bits_of_plain_arithmetic()
    {
        var random = new DeterministicRandom(21);
        double[] re = new double[16 * Vector<double>.Count];
        double[] counts = new double[re.Length];
        for (int row = 0; row < 40; row++)
        {
            double im = (random.NextDouble() * 2.6) - 1.3;
            for (int i = 0; i < re.Length; i++)
            {
                re[i] = (random.NextDouble() * 2.8) - 2.1;
            }

            Assert.True(EscapeTime.TryRow(re, im, 500, counts, CancellationToken.None));
            for (int i = 0; i < re.Length; i++)
            {
                Assert.Equal(BitConverter.DoubleToInt64Bits(Plain(re[i], im, 500)), BitConverter.DoubleToInt64Bits(counts[i]));
            }
        }
    }

    [Fact]
    public void Points_of_the_set_never_escape_and_others_do()
    {
        double[] re = new double[Vector<double>.Count];
        double[] counts = new double[re.Length];
        re.AsSpan().Fill(-1);
        Assert.True(EscapeTime.TryRow(re, 0, 200_000, counts, CancellationToken.None));
        Assert.All(counts, count => Assert.Equal(-1, count));
        re.AsSpan().Fill(0.26);
        Assert.True(EscapeTime.TryRow(re, 0, 200_000, counts, CancellationToken.None));
        Assert.All(counts, count => Assert.InRange(count, 20, 60));
    }

    [Fact]
    public void The_count_grows_smoothly_towards_the_set()
    {
        double[] re = new double[400 * Vector<double>.Count];
        double[] counts = new double[re.Length];
        for (int i = 0; i < re.Length; i++)
        {
            re[i] = 4 - (i * (3.5 / re.Length));
        }

        Assert.True(EscapeTime.TryRow(re, 0, 1000, counts, CancellationToken.None));
        for (int i = 1; i < re.Length; i++)
        {
            Assert.InRange(counts[i] - counts[i - 1], 0, 0.1);
        }
    }

    [Fact]
    public void Logarithms_are_right_to_ten_digits()
    {
        var random = new DeterministicRandom(22);
        for (int i = 0; i < 1000; i++)
        {
            double value = Math.Pow(2, (random.NextDouble() * 80) - 40);
            Assert.Equal(Math.Log2(value), EscapeTime.Log2(value), 9);
        }

        Assert.Equal(0, EscapeTime.Log2(1));
        Assert.Equal(16, EscapeTime.Log2(65_536));
    }

    private static double Plain(double cr, double ci, int iterations)
    {
        double zr = 0;
        double zi = 0;
        for (int n = 1; n <= iterations; n++)
        {
            double real = ((zr * zr) - (zi * zi)) + cr;
            double product = zr * zi;
            zi = (product + product) + ci;
            zr = real;
            double size = (zr * zr) + (zi * zi);
            if (size > EscapeTime.Limit)
            {
                return Math.Max(0, n - EscapeTime.Log2(EscapeTime.Log2(size) / 16));
            }
        }

        return -1;
    }
}
