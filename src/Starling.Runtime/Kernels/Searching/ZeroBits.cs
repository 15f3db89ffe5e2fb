using System;
using System.Numerics;

namespace Starling.Runtime.Kernels.Searching;

/// <summary>
/// What makes a digest a hit: so many zero bits at its start (from the highest bit of the first byte) or end (from the lowest of the
/// last).
/// </summary>
internal readonly record struct ZeroBits(int Count, bool AtEnd)
{
    /// <summary>Whether a digest has them.</summary>
    public bool In(ReadOnlySpan<byte> digest)
    {
        int zeros = 0;
        for (int i = 0; i < digest.Length; i++)
        {
            byte next = AtEnd ? digest[^(i + 1)] : digest[i];
            if (next != 0)
            {
                zeros += AtEnd ? BitOperations.TrailingZeroCount(next) : BitOperations.LeadingZeroCount(next) - 24;
                break;
            }

            zeros += 8;
        }

        return zeros >= Count;
    }

    /// <summary>
    /// The bits among them that lie in the digest's first, or last, word: as a big-endian word of <paramref name="wordBits"/> bits.
    /// </summary>
    public ulong MaskOfWord(int wordBits)
    {
        int inWord = Math.Min(Count, wordBits);
        if (inWord == 0)
        {
            return 0;
        }

        ulong low = ulong.MaxValue >> (64 - inWord);
        return AtEnd ? low : low << (wordBits - inWord);
    }
}
