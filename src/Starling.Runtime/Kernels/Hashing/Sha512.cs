using System.Runtime.CompilerServices;

namespace Starling.Runtime.Kernels.Hashing;

/// <summary>SHA-512 (FIPS 180-4) on several messages side by side.</summary>
internal readonly struct Sha512<TVector, TLanes> : IBlockHash<TVector>
    where TVector : unmanaged
    where TLanes : struct, ILanes<TVector, ulong>
{
    private const int Rounds = 80;

    public static int DigestWords => 8;

    public static bool IsBigEndian => true;

    public static int LengthWordFromEnd => 0;

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void HashBlock(ref TVector words, ref TVector digest)
    {
        TVector a = TLanes.Of(Sha512Constants.Initial[0]);
        TVector b = TLanes.Of(Sha512Constants.Initial[1]);
        TVector c = TLanes.Of(Sha512Constants.Initial[2]);
        TVector d = TLanes.Of(Sha512Constants.Initial[3]);
        TVector e = TLanes.Of(Sha512Constants.Initial[4]);
        TVector f = TLanes.Of(Sha512Constants.Initial[5]);
        TVector g = TLanes.Of(Sha512Constants.Initial[6]);
        TVector h = TLanes.Of(Sha512Constants.Initial[7]);

        for (int t = 0; t < Rounds; t += 8)
        {
            Round(a, b, c, ref d, e, f, g, ref h, Word(ref words, t));
            Round(h, a, b, ref c, d, e, f, ref g, Word(ref words, t + 1));
            Round(g, h, a, ref b, c, d, e, ref f, Word(ref words, t + 2));
            Round(f, g, h, ref a, b, c, d, ref e, Word(ref words, t + 3));
            Round(e, f, g, ref h, a, b, c, ref d, Word(ref words, t + 4));
            Round(d, e, f, ref g, h, a, b, ref c, Word(ref words, t + 5));
            Round(c, d, e, ref f, g, h, a, ref b, Word(ref words, t + 6));
            Round(b, c, d, ref e, f, g, h, ref a, Word(ref words, t + 7));
        }

        digest = TLanes.Add(a, TLanes.Of(Sha512Constants.Initial[0]));
        Unsafe.Add(ref digest, 1) = TLanes.Add(b, TLanes.Of(Sha512Constants.Initial[1]));
        Unsafe.Add(ref digest, 2) = TLanes.Add(c, TLanes.Of(Sha512Constants.Initial[2]));
        Unsafe.Add(ref digest, 3) = TLanes.Add(d, TLanes.Of(Sha512Constants.Initial[3]));
        Unsafe.Add(ref digest, 4) = TLanes.Add(e, TLanes.Of(Sha512Constants.Initial[4]));
        Unsafe.Add(ref digest, 5) = TLanes.Add(f, TLanes.Of(Sha512Constants.Initial[5]));
        Unsafe.Add(ref digest, 6) = TLanes.Add(g, TLanes.Of(Sha512Constants.Initial[6]));
        Unsafe.Add(ref digest, 7) = TLanes.Add(h, TLanes.Of(Sha512Constants.Initial[7]));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Round(TVector a, TVector b, TVector c, ref TVector d, TVector e, TVector f, TVector g, ref TVector h, TVector kw)
    {
        TVector t = TLanes.Add(TLanes.Add(TLanes.Add(h, kw), TLanes.Choose(e, f, g)), TLanes.XorOfRotations(e, 14, 18, 41));
        d = TLanes.Add(d, t);
        h = TLanes.Add(t, TLanes.Add(TLanes.XorOfRotations(a, 28, 34, 39), TLanes.Majority(a, b, c)));
    }

    /// <summary>Constant plus word of round <paramref name="t"/>; the last 16 words are kept in place of the message.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Word(ref TVector words, int t)
    {
        ref TVector word = ref Unsafe.Add(ref words, t & 15);
        if (t >= 16)
        {
            TVector near = TLanes.XorOfRotationsAndShift(Unsafe.Add(ref words, (t + 1) & 15), 1, 8, 7);
            TVector far = TLanes.XorOfRotationsAndShift(Unsafe.Add(ref words, (t + 14) & 15), 19, 61, 6);
            word = TLanes.Add(TLanes.Add(word, near), TLanes.Add(Unsafe.Add(ref words, (t + 9) & 15), far));
        }

        return TLanes.Add(word, TLanes.Of(Unsafe.Add(ref Sha512Constants.FirstRound, t)));
    }
}
