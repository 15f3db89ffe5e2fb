using System;
using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using Starling.Core.Tasks;
using Starling.Runtime.Engine;
using Starling.Runtime.Execution;

namespace Starling.Runtime.Kernels;

/// <summary>
/// <c>saxpy {n, a, seed, passes}</c>: CompTorrent's benchmark, y ← a·x + y on vectors of n elements, <c>passes</c> times. x and y are made
/// from the seed, each in [0, 1); the result is y, 4 bytes an element. The product is rounded to single precision before the sum, so no
/// processor may fuse the two.
/// </summary>
internal sealed class SaxpyKernel : IKernel
{
    public const string Name = "saxpy";

    /// <summary>Most elements of the vectors.</summary>
    public const ulong MaxElements = 1UL << 40;

    /// <summary>Largest factor, so that no sum overflows.</summary>
    public const double MaxFactor = 1e6;

    /// <summary>Most repetitions.</summary>
    public const int MaxPasses = 1_000_000_000;

    /// <summary>Elements that are worked on at once: both vectors stay in the first cache.</summary>
    private const int ChunkSize = 1 << 12;

    /// <summary>Passes between two looks at the token: a few milliseconds without vectors.</summary>
    private const int PassesAtOnce = 1 << 8;

    /// <summary>2⁶⁴ divided by the golden ratio: the step of SplitMix64.</summary>
    private const ulong Step = 0x9E3779B97F4A7C15;

    private readonly ulong _n;
    private readonly float _a;
    private readonly ulong _seed;
    private readonly int _passes;
    private readonly int _pieces;

    private SaxpyKernel(ulong n, float a, ulong seed, int passes, int pieces)
    {
        _n = n;
        _a = a;
        _seed = seed;
        _passes = passes;
        _pieces = pieces;
    }

    public static SaxpyKernel Create(KernelParameters parameters, TaskInfo task)
    {
        ulong n = parameters.Whole("n", 1, MaxElements);
        float a = (float)parameters.Real("a", -MaxFactor, MaxFactor);
        ulong seed = parameters.Whole("seed", 0, ulong.MaxValue, fallback: 0);
        int passes = parameters.WholeInt32("passes", 1, MaxPasses, fallback: 1);
        ulong pieces = (ulong)task.PieceCount;
        ulong largest = (n + pieces - 1) / pieces * sizeof(float);
        if (largest > (ulong)task.PieceLength)
        {
            parameters.Refuse(
                $"run.n: a piece of {n} elements in {pieces} pieces has {largest} bytes, above the piece length of {task.PieceLength}",
                "Use more pieces or a larger 'piece length'.");
        }

        return new SaxpyKernel(n, a, seed, passes, task.PieceCount);
    }

    public KernelOutcome Run(int piece, IOutputSink output, RunPace pace)
    {
        PieceRange range = PieceRange.Of(piece, _pieces, 0, _n);
        float[] x = new float[ChunkSize];
        float[] y = new float[ChunkSize];
        for (ulong done = 0; done < range.Count; done += ChunkSize)
        {
            int length = (int)Math.Min(ChunkSize, range.Count - done);
            Fill(range.First + done, x, y);
            if (!Repeat(x, y, pace))
            {
                return KernelOutcome.Cancelled;
            }

            if (!output.TryWrite(LittleEndian(y.AsSpan(0, length))))
            {
                return KernelOutcome.TooLong;
            }
        }

        return KernelOutcome.Finished;
    }

    /// <summary>Elements from <paramref name="first"/> on: x(i) is number 2i of the seed's sequence, y(i) number 2i + 1.</summary>
    private void Fill(ulong first, float[] x, float[] y)
    {
        for (int i = 0; i < x.Length; i++)
        {
            ulong number = 2 * (first + (ulong)i);
            x[i] = Element(number);
            y[i] = Element(number + 1);
        }
    }

    /// <summary>
    /// Number <paramref name="number"/> of SplitMix64 with this seed: its top 24 bits as a fraction, which single precision holds exactly.
    /// </summary>
    private float Element(ulong number)
    {
        ulong z = _seed + ((number + 1) * Step);
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        z ^= z >> 31;
        return (z >> 40) * (1.0f / (1 << 24));
    }

    private bool Repeat(float[] x, float[] y, RunPace pace)
    {
        for (int pass = 0; pass < _passes; pass++)
        {
            if (pass % PassesAtOnce == 0 && pace.IsCancellationRequested)
            {
                return false;
            }

            Saxpy(_a, MemoryMarshal.Cast<float, Vector<float>>(x.AsSpan()), MemoryMarshal.Cast<float, Vector<float>>(y.AsSpan()));
        }

        return true;
    }

    private static void Saxpy(float a, ReadOnlySpan<Vector<float>> x, Span<Vector<float>> y)
    {
        var factor = new Vector<float>(a);
        for (int i = 0; i < x.Length && i < y.Length; i++)
        {
            y[i] = (factor * x[i]) + y[i];
        }
    }

    private static ReadOnlySpan<byte> LittleEndian(Span<float> values)
    {
        if (!BitConverter.IsLittleEndian)
        {
            Span<uint> words = MemoryMarshal.Cast<float, uint>(values);
            BinaryPrimitives.ReverseEndianness(words, words);
        }

        return MemoryMarshal.AsBytes(values);
    }
}
