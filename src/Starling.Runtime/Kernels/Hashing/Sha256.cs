using System.Runtime.CompilerServices;

namespace Starling.Runtime.Kernels.Hashing;

/// <summary>
/// The compression function of SHA-256 (FIPS 180-4) on several messages side by side. The state and the 16 words of the message schedule
/// live in memory and each method does 16 rounds on eight locals: one method for all 64 makes the compiler spill (with 16 registers) or
/// give up.
/// </summary>
internal readonly struct Sha256<TVector, TLanes> : IBlockHash<TVector>
    where TVector : unmanaged
    where TLanes : struct, ILanes<TVector, uint>
{
    public static int DigestWords => 8;

    public static bool IsBigEndian => true;

    public static int LengthWordFromEnd => 0;

    public static void HashBlock(ref TVector words, ref TVector digest)
    {
        for (int i = 0; i < 8; i++)
        {
            Unsafe.Add(ref digest, i) = TLanes.Of(Sha256Constants.Initial[i]);
        }

        ref uint k = ref Sha256Constants.FirstRound;
        Rounds16(ref digest, ref words, ref k);
        ScheduledRounds16(ref digest, ref words, ref Unsafe.Add(ref k, 16));
        ScheduledRounds16(ref digest, ref words, ref Unsafe.Add(ref k, 32));
        ScheduledRounds16(ref digest, ref words, ref Unsafe.Add(ref k, 48));
        for (int i = 0; i < 8; i++)
        {
            ref TVector word = ref Unsafe.Add(ref digest, i);
            word = TLanes.Add(word, TLanes.Of(Sha256Constants.Initial[i]));
        }
    }

    /// <summary>Rounds 0 to 15: the words of the message as they are.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Rounds16(ref TVector state, ref TVector w, ref uint k)
    {
        TVector a = state;
        TVector b = Unsafe.Add(ref state, 1);
        TVector c = Unsafe.Add(ref state, 2);
        TVector d = Unsafe.Add(ref state, 3);
        TVector e = Unsafe.Add(ref state, 4);
        TVector f = Unsafe.Add(ref state, 5);
        TVector g = Unsafe.Add(ref state, 6);
        TVector h = Unsafe.Add(ref state, 7);

        Round(a, b, c, ref d, e, f, g, ref h, Keyed(ref w, ref k, 0));
        Round(h, a, b, ref c, d, e, f, ref g, Keyed(ref w, ref k, 1));
        Round(g, h, a, ref b, c, d, e, ref f, Keyed(ref w, ref k, 2));
        Round(f, g, h, ref a, b, c, d, ref e, Keyed(ref w, ref k, 3));
        Round(e, f, g, ref h, a, b, c, ref d, Keyed(ref w, ref k, 4));
        Round(d, e, f, ref g, h, a, b, ref c, Keyed(ref w, ref k, 5));
        Round(c, d, e, ref f, g, h, a, ref b, Keyed(ref w, ref k, 6));
        Round(b, c, d, ref e, f, g, h, ref a, Keyed(ref w, ref k, 7));
        Round(a, b, c, ref d, e, f, g, ref h, Keyed(ref w, ref k, 8));
        Round(h, a, b, ref c, d, e, f, ref g, Keyed(ref w, ref k, 9));
        Round(g, h, a, ref b, c, d, e, ref f, Keyed(ref w, ref k, 10));
        Round(f, g, h, ref a, b, c, d, ref e, Keyed(ref w, ref k, 11));
        Round(e, f, g, ref h, a, b, c, ref d, Keyed(ref w, ref k, 12));
        Round(d, e, f, ref g, h, a, b, ref c, Keyed(ref w, ref k, 13));
        Round(c, d, e, ref f, g, h, a, ref b, Keyed(ref w, ref k, 14));
        Round(b, c, d, ref e, f, g, h, ref a, Keyed(ref w, ref k, 15));

        state = a;
        Unsafe.Add(ref state, 1) = b;
        Unsafe.Add(ref state, 2) = c;
        Unsafe.Add(ref state, 3) = d;
        Unsafe.Add(ref state, 4) = e;
        Unsafe.Add(ref state, 5) = f;
        Unsafe.Add(ref state, 6) = g;
        Unsafe.Add(ref state, 7) = h;
    }

    /// <summary>16 later rounds: <paramref name="w"/> holds the last 16 words of the schedule and receives the next 16.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void ScheduledRounds16(ref TVector state, ref TVector w, ref uint k)
    {
        TVector a = state;
        TVector b = Unsafe.Add(ref state, 1);
        TVector c = Unsafe.Add(ref state, 2);
        TVector d = Unsafe.Add(ref state, 3);
        TVector e = Unsafe.Add(ref state, 4);
        TVector f = Unsafe.Add(ref state, 5);
        TVector g = Unsafe.Add(ref state, 6);
        TVector h = Unsafe.Add(ref state, 7);

        Round(a, b, c, ref d, e, f, g, ref h, Scheduled(ref w, ref k, 0));
        Round(h, a, b, ref c, d, e, f, ref g, Scheduled(ref w, ref k, 1));
        Round(g, h, a, ref b, c, d, e, ref f, Scheduled(ref w, ref k, 2));
        Round(f, g, h, ref a, b, c, d, ref e, Scheduled(ref w, ref k, 3));
        Round(e, f, g, ref h, a, b, c, ref d, Scheduled(ref w, ref k, 4));
        Round(d, e, f, ref g, h, a, b, ref c, Scheduled(ref w, ref k, 5));
        Round(c, d, e, ref f, g, h, a, ref b, Scheduled(ref w, ref k, 6));
        Round(b, c, d, ref e, f, g, h, ref a, Scheduled(ref w, ref k, 7));
        Round(a, b, c, ref d, e, f, g, ref h, Scheduled(ref w, ref k, 8));
        Round(h, a, b, ref c, d, e, f, ref g, Scheduled(ref w, ref k, 9));
        Round(g, h, a, ref b, c, d, e, ref f, Scheduled(ref w, ref k, 10));
        Round(f, g, h, ref a, b, c, d, ref e, Scheduled(ref w, ref k, 11));
        Round(e, f, g, ref h, a, b, c, ref d, Scheduled(ref w, ref k, 12));
        Round(d, e, f, ref g, h, a, b, ref c, Scheduled(ref w, ref k, 13));
        Round(c, d, e, ref f, g, h, a, ref b, Scheduled(ref w, ref k, 14));
        Round(b, c, d, ref e, f, g, h, ref a, Scheduled(ref w, ref k, 15));

        state = a;
        Unsafe.Add(ref state, 1) = b;
        Unsafe.Add(ref state, 2) = c;
        Unsafe.Add(ref state, 3) = d;
        Unsafe.Add(ref state, 4) = e;
        Unsafe.Add(ref state, 5) = f;
        Unsafe.Add(ref state, 6) = g;
        Unsafe.Add(ref state, 7) = h;
    }

    /// <summary>
    /// One round; <paramref name="kw"/> is the round's constant plus the word of the schedule. The new a is left in h, the new e in d.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Round(TVector a, TVector b, TVector c, ref TVector d, TVector e, TVector f, TVector g, ref TVector h, TVector kw)
    {
        TVector t = TLanes.Add(TLanes.Add(TLanes.Add(h, kw), TLanes.Choose(e, f, g)), BigSigma1(e));
        d = TLanes.Add(d, t);
        h = TLanes.Add(t, TLanes.Add(BigSigma0(a), TLanes.Majority(a, b, c)));
    }

    /// <summary>Computes word <paramref name="i"/> (0 to 15) of the next 16 in place of the old one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Schedule(ref TVector w, int i)
    {
        TVector near = TLanes.Add(Unsafe.Add(ref w, i), SmallSigma0(Unsafe.Add(ref w, (i + 1) & 15)));
        TVector far = TLanes.Add(Unsafe.Add(ref w, (i + 9) & 15), SmallSigma1(Unsafe.Add(ref w, (i + 14) & 15)));
        TVector next = TLanes.Add(near, far);
        Unsafe.Add(ref w, i) = next;
        return next;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Scheduled(ref TVector w, ref uint k, int i) => TLanes.Add(Schedule(ref w, i), TLanes.Of(Unsafe.Add(ref k, i)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Keyed(ref TVector w, ref uint k, int i) => TLanes.Add(Unsafe.Add(ref w, i), TLanes.Of(Unsafe.Add(ref k, i)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector BigSigma0(TVector x) => TLanes.XorOfRotations(x, 2, 13, 22);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector BigSigma1(TVector x) => TLanes.XorOfRotations(x, 6, 11, 25);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector SmallSigma0(TVector x) => TLanes.XorOfRotationsAndShift(x, 7, 18, 3);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector SmallSigma1(TVector x) => TLanes.XorOfRotationsAndShift(x, 17, 19, 10);
}
