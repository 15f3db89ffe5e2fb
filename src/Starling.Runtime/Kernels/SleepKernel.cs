using System;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Runtime.Engine;
using Starling.Runtime.Execution;

namespace Starling.Runtime.Kernels;

/// <summary>
/// <c>sleep {seconds, bytes}</c>: waits, then writes <c>bytes</c> bytes that follow from the piece's index alone (the sequence of
/// <see cref="DeterministicRandom"/> seeded with it). Stands for any work of a known length in measurements.
/// </summary>
internal sealed class SleepKernel : IKernel
{
    public const string Name = "sleep";

    /// <summary>Longest wait: one day.</summary>
    public const double MaxSeconds = 86_400;

    private const int BufferSize = 64 * 1024;

    private readonly TimeSpan _wait;
    private readonly int _bytes;

    private SleepKernel(TimeSpan wait, int bytes)
    {
        _wait = wait;
        _bytes = bytes;
    }

    public static SleepKernel Create(KernelParameters parameters, TaskInfo task)
    {
        double seconds = parameters.Real("seconds", 0, MaxSeconds);
        int bytes = parameters.WholeInt32("bytes", 0, task.PieceLength, fallback: 0);
        return new SleepKernel(TimeSpan.FromSeconds(seconds), bytes);
    }

    public KernelOutcome Run(int piece, IOutputSink output, RunPace pace)
    {
        if (pace.Wait(_wait))
        {
            return KernelOutcome.Cancelled;
        }

        var random = new DeterministicRandom((ulong)piece);
        byte[] buffer = new byte[Math.Min(BufferSize, _bytes)];
        for (int rest = _bytes; rest > 0; rest -= buffer.Length)
        {
            Span<byte> next = buffer.AsSpan(0, Math.Min(rest, buffer.Length));
            random.Fill(next);
            if (pace.IsCancellationRequested)
            {
                return KernelOutcome.Cancelled;
            }

            if (!output.TryWrite(next))
            {
                return KernelOutcome.TooLong;
            }
        }

        return KernelOutcome.Finished;
    }
}
