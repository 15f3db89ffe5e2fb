using System;
using System.Runtime.CompilerServices;

namespace Starling.Runtime.Kernels.Hashing;

/// <summary>SHA-1 (FIPS 180-4) on several messages side by side.</summary>
internal readonly struct Sha1<TVector, TLanes> : IBlockHash<TVector>
    where TVector : unmanaged
    where TLanes : struct, ILanes<TVector, uint>
{
    /// <summary>Rounds with the same function and constant.</summary>
    private const int PhaseRounds = 20;

    public static int DigestWords => 5;

    public static bool IsBigEndian => true;

    public static int LengthWordFromEnd => 0;

    private static ReadOnlySpan<uint> Initial => [0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0];

    public static void HashBlock(ref TVector words, ref TVector digest)
    {
        for (int i = 0; i < Initial.Length; i++)
        {
            Unsafe.Add(ref digest, i) = TLanes.Of(Initial[i]);
        }

        ChoosePhase(ref digest, ref words, 0, 0x5A827999);
        ParityPhase(ref digest, ref words, 20, 0x6ED9EBA1);
        MajorityPhase(ref digest, ref words, 40, 0x8F1BBCDC);
        ParityPhase(ref digest, ref words, 60, 0xCA62C1D6);
        for (int i = 0; i < Initial.Length; i++)
        {
            ref TVector word = ref Unsafe.Add(ref digest, i);
            word = TLanes.Add(word, TLanes.Of(Initial[i]));
        }
    }

    /// <summary>20 rounds that choose.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void ChoosePhase(ref TVector state, ref TVector words, int from, uint k)
    {
        TVector a = state;
        TVector b = Unsafe.Add(ref state, 1);
        TVector c = Unsafe.Add(ref state, 2);
        TVector d = Unsafe.Add(ref state, 3);
        TVector e = Unsafe.Add(ref state, 4);
        TVector key = TLanes.Of(k);

        for (int t = from; t < from + PhaseRounds; t += 5)
        {
            Round(a, ref b, ref e, TLanes.Choose(b, c, d), TLanes.Add(Word(ref words, t), key));
            Round(e, ref a, ref d, TLanes.Choose(a, b, c), TLanes.Add(Word(ref words, t + 1), key));
            Round(d, ref e, ref c, TLanes.Choose(e, a, b), TLanes.Add(Word(ref words, t + 2), key));
            Round(c, ref d, ref b, TLanes.Choose(d, e, a), TLanes.Add(Word(ref words, t + 3), key));
            Round(b, ref c, ref a, TLanes.Choose(c, d, e), TLanes.Add(Word(ref words, t + 4), key));
        }

        state = a;
        Unsafe.Add(ref state, 1) = b;
        Unsafe.Add(ref state, 2) = c;
        Unsafe.Add(ref state, 3) = d;
        Unsafe.Add(ref state, 4) = e;
    }

    /// <summary>20 rounds of exclusive or.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void ParityPhase(ref TVector state, ref TVector words, int from, uint k)
    {
        TVector a = state;
        TVector b = Unsafe.Add(ref state, 1);
        TVector c = Unsafe.Add(ref state, 2);
        TVector d = Unsafe.Add(ref state, 3);
        TVector e = Unsafe.Add(ref state, 4);
        TVector key = TLanes.Of(k);

        for (int t = from; t < from + PhaseRounds; t += 5)
        {
            Round(a, ref b, ref e, TLanes.Xor3(b, c, d), TLanes.Add(Word(ref words, t), key));
            Round(e, ref a, ref d, TLanes.Xor3(a, b, c), TLanes.Add(Word(ref words, t + 1), key));
            Round(d, ref e, ref c, TLanes.Xor3(e, a, b), TLanes.Add(Word(ref words, t + 2), key));
            Round(c, ref d, ref b, TLanes.Xor3(d, e, a), TLanes.Add(Word(ref words, t + 3), key));
            Round(b, ref c, ref a, TLanes.Xor3(c, d, e), TLanes.Add(Word(ref words, t + 4), key));
        }

        state = a;
        Unsafe.Add(ref state, 1) = b;
        Unsafe.Add(ref state, 2) = c;
        Unsafe.Add(ref state, 3) = d;
        Unsafe.Add(ref state, 4) = e;
    }

    /// <summary>20 rounds of majority.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void MajorityPhase(ref TVector state, ref TVector words, int from, uint k)
    {
        TVector a = state;
        TVector b = Unsafe.Add(ref state, 1);
        TVector c = Unsafe.Add(ref state, 2);
        TVector d = Unsafe.Add(ref state, 3);
        TVector e = Unsafe.Add(ref state, 4);
        TVector key = TLanes.Of(k);

        for (int t = from; t < from + PhaseRounds; t += 5)
        {
            Round(a, ref b, ref e, TLanes.Majority(b, c, d), TLanes.Add(Word(ref words, t), key));
            Round(e, ref a, ref d, TLanes.Majority(a, b, c), TLanes.Add(Word(ref words, t + 1), key));
            Round(d, ref e, ref c, TLanes.Majority(e, a, b), TLanes.Add(Word(ref words, t + 2), key));
            Round(c, ref d, ref b, TLanes.Majority(d, e, a), TLanes.Add(Word(ref words, t + 3), key));
            Round(b, ref c, ref a, TLanes.Majority(c, d, e), TLanes.Add(Word(ref words, t + 4), key));
        }

        state = a;
        Unsafe.Add(ref state, 1) = b;
        Unsafe.Add(ref state, 2) = c;
        Unsafe.Add(ref state, 3) = d;
        Unsafe.Add(ref state, 4) = e;
    }

    /// <summary>One round without its renaming: the new a is left in e.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Round(TVector a, ref TVector b, ref TVector e, TVector function, TVector keyed)
    {
        e = TLanes.Add(TLanes.Add(TLanes.Add(e, keyed), function), TLanes.RotateRight(a, 32 - 5));
        b = TLanes.RotateRight(b, 32 - 30);
    }

    /// <summary>Word of round <paramref name="t"/>; the last 16 are kept in place of the message.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Word(ref TVector words, int t)
    {
        ref TVector word = ref Unsafe.Add(ref words, t & 15);
        if (t >= 16)
        {
            TVector sum = TLanes.Xor3(word, Unsafe.Add(ref words, (t + 2) & 15), Unsafe.Add(ref words, (t + 8) & 15));
            word = TLanes.RotateRight(TLanes.Xor(sum, Unsafe.Add(ref words, (t + 13) & 15)), 32 - 1);
        }

        return word;
    }
}
