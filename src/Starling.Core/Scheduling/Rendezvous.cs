using System;
using System.Buffers.Binary;
using Starling.Core.Primitives;

namespace Starling.Core.Scheduling;

/// <summary>
/// H(worker, piece) of DESIGN section 5: a weight that every peer computes alike, so that all agree who gives way. It need not resist
/// forgery: whoever grinds a key for it gains no more than being given way to, which is bounded.
/// </summary>
public static class Rendezvous
{
    /// <summary>The number that stands for a worker: the leading 64 bits of its key, mixed.</summary>
    public static ulong Number(PublicKey worker)
    {
        Span<byte> bytes = stackalloc byte[PublicKey.Size];
        worker.CopyTo(bytes);
        return Mix(BinaryPrimitives.ReadUInt64BigEndian(bytes));
    }

    /// <summary>H of a worker's number and a piece.</summary>
    public static ulong Weight(ulong worker, int piece) => Mix(worker + (0x9E3779B97F4A7C15 * ((ulong)(uint)piece + 1)));

    /// <summary>The finalizer of SplitMix64 (Steele, Lea, Flood 2014).</summary>
    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
