using System;
using System.Linq;
using Starling.Core.Gossip;
using Starling.Core.Primitives;

namespace Starling.Tests.Core.Scheduling;

/// <summary>Workers and batches for the tests of this folder.</summary>
internal static class SchedulingCases
{
    internal static PublicKey Worker(int number)
    {
        var bytes = new byte[PublicKey.Size];
        bytes[0] = (byte)number;
        bytes[1] = (byte)(number >> 8);
        bytes[5] = 1;
        return new PublicKey(bytes);
    }

    internal static Instant At(double seconds) => Instant.FromSeconds(seconds);

    internal static ClaimBatch Batch(int worker, long sequence, params int[] pieces) => Timed(worker, sequence, 0, 0, pieces);

    internal static ClaimBatch Timed(int worker, long sequence, double elapsed, double expected, params int[] pieces) => new()
    {
        Worker = Worker(worker),
        Sequence = sequence,
        Claims = [.. pieces.Select(p => new Claim(p, TimeSpan.FromSeconds(elapsed), TimeSpan.FromSeconds(expected)))],
        Raw = ReadOnlyMemory<byte>.Empty,
    };
}
