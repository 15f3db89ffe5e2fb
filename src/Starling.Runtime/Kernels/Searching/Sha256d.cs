using System.Runtime.CompilerServices;
using Starling.Runtime.Kernels.Hashing;

namespace Starling.Runtime.Kernels.Searching;

/// <summary>
/// SHA-256 of SHA-256 of a block header, one nonce a lane, only as far as the last word of the digest: that is the top of the number which
/// must not exceed the target. Left out: what does not depend on the nonce (<see cref="BlockHeader"/>), words of the schedule that are
/// zero or constant, and of the second hash everything after the last word is known (round 60). State and schedule pass through memory
/// between the methods, because none of them alone may need more registers than there are.
/// </summary>
internal static class Sha256d<TVector, TLanes>
    where TVector : unmanaged
    where TLanes : struct, ILanes<TVector, uint>
{
    /// <summary>Bit 1 after the end of a message, in a word of its own.</summary>
    private const uint Padding = 0x80000000;

    /// <summary>Length of the first hash in bits, the last word of the second hash's block.</summary>
    private const uint DigestBits = 256;

    /// <summary>Length of the header in bits, the last word of the first hash's second block.</summary>
    private const uint HeaderBits = BlockHeader.Size * 8;

    /// <summary>The last word of the double hash, as SHA-256 counts it (big-endian), of each lane.</summary>
    /// <param name="header">The header.</param>
    /// <param name="nonces">The nonces as the header's fourth word of the second block: bytes swapped.</param>
    /// <param name="memory">24 vectors of scratch.</param>
    public static TVector TopWords(BlockHeader header, TVector nonces, ref TVector memory)
    {
        ref TVector state = ref memory;
        ref TVector w = ref Unsafe.Add(ref memory, 8);
        ref uint k = ref Sha256Constants.FirstRound;
        FirstHashRounds4To17(header, nonces, ref state);
        FirstHashRounds18To31(header, nonces, ref state, ref w, ref k);
        Sha256<TVector, TLanes>.ScheduledRounds16(ref state, ref w, ref Unsafe.Add(ref k, 32));
        Sha256<TVector, TLanes>.ScheduledRounds16(ref state, ref w, ref Unsafe.Add(ref k, 48));
        SecondHashRounds0To15(ref header.Midstate[0], ref state, ref w, ref k);
        SecondHashRounds16To31(ref state, ref w, ref k);
        Sha256<TVector, TLanes>.ScheduledRounds16(ref state, ref w, ref Unsafe.Add(ref k, 32));
        return SecondHashRounds48To60(ref state, ref w, ref Unsafe.Add(ref k, 48));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void FirstHashRounds4To17(BlockHeader header, TVector nonces, ref TVector state)
    {
        ref uint s = ref header.AfterRound3[0];
        TVector a = TLanes.Add(TLanes.Of(s), nonces);
        TVector b = TLanes.Of(Unsafe.Add(ref s, 1));
        TVector c = TLanes.Of(Unsafe.Add(ref s, 2));
        TVector d = TLanes.Of(Unsafe.Add(ref s, 3));
        TVector e = TLanes.Add(TLanes.Of(Unsafe.Add(ref s, 4)), nonces);
        TVector f = TLanes.Of(Unsafe.Add(ref s, 5));
        TVector g = TLanes.Of(Unsafe.Add(ref s, 6));
        TVector h = TLanes.Of(Unsafe.Add(ref s, 7));

        ref uint kw = ref header.KeyedWords[0];
        Sha256<TVector, TLanes>.Round(e, f, g, ref h, a, b, c, ref d, TLanes.Of(Unsafe.Add(ref kw, 4)));
        Sha256<TVector, TLanes>.Round(d, e, f, ref g, h, a, b, ref c, TLanes.Of(Unsafe.Add(ref kw, 5)));
        Sha256<TVector, TLanes>.Round(c, d, e, ref f, g, h, a, ref b, TLanes.Of(Unsafe.Add(ref kw, 6)));
        Sha256<TVector, TLanes>.Round(b, c, d, ref e, f, g, h, ref a, TLanes.Of(Unsafe.Add(ref kw, 7)));
        Sha256<TVector, TLanes>.Round(a, b, c, ref d, e, f, g, ref h, TLanes.Of(Unsafe.Add(ref kw, 8)));
        Sha256<TVector, TLanes>.Round(h, a, b, ref c, d, e, f, ref g, TLanes.Of(Unsafe.Add(ref kw, 9)));
        Sha256<TVector, TLanes>.Round(g, h, a, ref b, c, d, e, ref f, TLanes.Of(Unsafe.Add(ref kw, 10)));
        Sha256<TVector, TLanes>.Round(f, g, h, ref a, b, c, d, ref e, TLanes.Of(Unsafe.Add(ref kw, 11)));
        Sha256<TVector, TLanes>.Round(e, f, g, ref h, a, b, c, ref d, TLanes.Of(Unsafe.Add(ref kw, 12)));
        Sha256<TVector, TLanes>.Round(d, e, f, ref g, h, a, b, ref c, TLanes.Of(Unsafe.Add(ref kw, 13)));
        Sha256<TVector, TLanes>.Round(c, d, e, ref f, g, h, a, ref b, TLanes.Of(Unsafe.Add(ref kw, 14)));
        Sha256<TVector, TLanes>.Round(b, c, d, ref e, f, g, h, ref a, TLanes.Of(Unsafe.Add(ref kw, 15)));
        Sha256<TVector, TLanes>.Round(a, b, c, ref d, e, f, g, ref h, TLanes.Of(Unsafe.Add(ref kw, 16)));
        Sha256<TVector, TLanes>.Round(h, a, b, ref c, d, e, f, ref g, TLanes.Of(Unsafe.Add(ref kw, 17)));

        state = a;
        Unsafe.Add(ref state, 1) = b;
        Unsafe.Add(ref state, 2) = c;
        Unsafe.Add(ref state, 3) = d;
        Unsafe.Add(ref state, 4) = e;
        Unsafe.Add(ref state, 5) = f;
        Unsafe.Add(ref state, 6) = g;
        Unsafe.Add(ref state, 7) = h;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void FirstHashRounds18To31(BlockHeader header, TVector nonces, ref TVector state, ref TVector w, ref uint k)
    {
        (uint w16, uint w17, uint w18, uint w19, uint w31) = header.Schedule;
        w = TLanes.Of(w16);
        Unsafe.Add(ref w, 1) = TLanes.Of(w17);

        TVector a = state;
        TVector b = Unsafe.Add(ref state, 1);
        TVector c = Unsafe.Add(ref state, 2);
        TVector d = Unsafe.Add(ref state, 3);
        TVector e = Unsafe.Add(ref state, 4);
        TVector f = Unsafe.Add(ref state, 5);
        TVector g = Unsafe.Add(ref state, 6);
        TVector h = Unsafe.Add(ref state, 7);

        TVector word18 = TLanes.Add(TLanes.Of(w18), Sha256<TVector, TLanes>.SmallSigma0(nonces));
        Sha256<TVector, TLanes>.Round(g, h, a, ref b, c, d, e, ref f, Keep(ref w, ref k, 18, word18));
        Sha256<TVector, TLanes>.Round(f, g, h, ref a, b, c, d, ref e, Keep(ref w, ref k, 19, TLanes.Add(TLanes.Of(w19), nonces)));
        TVector word20 = TLanes.Add(Far(ref w, 20), TLanes.Of(Padding));
        Sha256<TVector, TLanes>.Round(e, f, g, ref h, a, b, c, ref d, Keep(ref w, ref k, 20, word20));
        Sha256<TVector, TLanes>.Round(d, e, f, ref g, h, a, b, ref c, Keep(ref w, ref k, 21, Far(ref w, 21)));
        TVector word22 = TLanes.Add(Far(ref w, 22), TLanes.Of(HeaderBits));
        Sha256<TVector, TLanes>.Round(c, d, e, ref f, g, h, a, ref b, Keep(ref w, ref k, 22, word22));
        Sha256<TVector, TLanes>.Round(b, c, d, ref e, f, g, h, ref a, Keep(ref w, ref k, 23, TLanes.Add(Far(ref w, 23), TLanes.Of(w16))));
        Sha256<TVector, TLanes>.Round(a, b, c, ref d, e, f, g, ref h, Keep(ref w, ref k, 24, TLanes.Add(Far(ref w, 24), TLanes.Of(w17))));
        Sha256<TVector, TLanes>.Round(h, a, b, ref c, d, e, f, ref g, Keep(ref w, ref k, 25, FarAndSeventh(ref w, 25)));
        Sha256<TVector, TLanes>.Round(g, h, a, ref b, c, d, e, ref f, Keep(ref w, ref k, 26, FarAndSeventh(ref w, 26)));
        Sha256<TVector, TLanes>.Round(f, g, h, ref a, b, c, d, ref e, Keep(ref w, ref k, 27, FarAndSeventh(ref w, 27)));
        Sha256<TVector, TLanes>.Round(e, f, g, ref h, a, b, c, ref d, Keep(ref w, ref k, 28, FarAndSeventh(ref w, 28)));
        Sha256<TVector, TLanes>.Round(d, e, f, ref g, h, a, b, ref c, Keep(ref w, ref k, 29, FarAndSeventh(ref w, 29)));
        TVector word30 = TLanes.Add(FarAndSeventh(ref w, 30), TLanes.Of(Sha256<uint, Lanes32x1>.SmallSigma0(HeaderBits)));
        Sha256<TVector, TLanes>.Round(c, d, e, ref f, g, h, a, ref b, Keep(ref w, ref k, 30, word30));
        TVector word31 = TLanes.Add(FarAndSeventh(ref w, 31), TLanes.Of(w31));
        Sha256<TVector, TLanes>.Round(b, c, d, ref e, f, g, h, ref a, Keep(ref w, ref k, 31, word31));

        state = a;
        Unsafe.Add(ref state, 1) = b;
        Unsafe.Add(ref state, 2) = c;
        Unsafe.Add(ref state, 3) = d;
        Unsafe.Add(ref state, 4) = e;
        Unsafe.Add(ref state, 5) = f;
        Unsafe.Add(ref state, 6) = g;
        Unsafe.Add(ref state, 7) = h;
    }

    /// <summary>Ends the first hash (adds the midstate) and begins the second, whose words 8 to 15 are constant.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void SecondHashRounds0To15(ref uint midstate, ref TVector state, ref TVector w, ref uint k)
    {
        for (int i = 0; i < 8; i++)
        {
            Unsafe.Add(ref w, i) = TLanes.Add(Unsafe.Add(ref state, i), TLanes.Of(Unsafe.Add(ref midstate, i)));
        }

        TVector a = TLanes.Of(Sha256Constants.Initial[0]);
        TVector b = TLanes.Of(Sha256Constants.Initial[1]);
        TVector c = TLanes.Of(Sha256Constants.Initial[2]);
        TVector d = TLanes.Of(Sha256Constants.Initial[3]);
        TVector e = TLanes.Of(Sha256Constants.Initial[4]);
        TVector f = TLanes.Of(Sha256Constants.Initial[5]);
        TVector g = TLanes.Of(Sha256Constants.Initial[6]);
        TVector h = TLanes.Of(Sha256Constants.Initial[7]);

        Sha256<TVector, TLanes>.Round(a, b, c, ref d, e, f, g, ref h, Sha256<TVector, TLanes>.Keyed(ref w, ref k, 0));
        Sha256<TVector, TLanes>.Round(h, a, b, ref c, d, e, f, ref g, Sha256<TVector, TLanes>.Keyed(ref w, ref k, 1));
        Sha256<TVector, TLanes>.Round(g, h, a, ref b, c, d, e, ref f, Sha256<TVector, TLanes>.Keyed(ref w, ref k, 2));
        Sha256<TVector, TLanes>.Round(f, g, h, ref a, b, c, d, ref e, Sha256<TVector, TLanes>.Keyed(ref w, ref k, 3));
        Sha256<TVector, TLanes>.Round(e, f, g, ref h, a, b, c, ref d, Sha256<TVector, TLanes>.Keyed(ref w, ref k, 4));
        Sha256<TVector, TLanes>.Round(d, e, f, ref g, h, a, b, ref c, Sha256<TVector, TLanes>.Keyed(ref w, ref k, 5));
        Sha256<TVector, TLanes>.Round(c, d, e, ref f, g, h, a, ref b, Sha256<TVector, TLanes>.Keyed(ref w, ref k, 6));
        Sha256<TVector, TLanes>.Round(b, c, d, ref e, f, g, h, ref a, Sha256<TVector, TLanes>.Keyed(ref w, ref k, 7));
        Sha256<TVector, TLanes>.Round(a, b, c, ref d, e, f, g, ref h, TLanes.Of(Sha256Constants.Rounds[8] + Padding));
        Sha256<TVector, TLanes>.Round(h, a, b, ref c, d, e, f, ref g, TLanes.Of(Sha256Constants.Rounds[9]));
        Sha256<TVector, TLanes>.Round(g, h, a, ref b, c, d, e, ref f, TLanes.Of(Sha256Constants.Rounds[10]));
        Sha256<TVector, TLanes>.Round(f, g, h, ref a, b, c, d, ref e, TLanes.Of(Sha256Constants.Rounds[11]));
        Sha256<TVector, TLanes>.Round(e, f, g, ref h, a, b, c, ref d, TLanes.Of(Sha256Constants.Rounds[12]));
        Sha256<TVector, TLanes>.Round(d, e, f, ref g, h, a, b, ref c, TLanes.Of(Sha256Constants.Rounds[13]));
        Sha256<TVector, TLanes>.Round(c, d, e, ref f, g, h, a, ref b, TLanes.Of(Sha256Constants.Rounds[14]));
        Sha256<TVector, TLanes>.Round(b, c, d, ref e, f, g, h, ref a, TLanes.Of(Sha256Constants.Rounds[15] + DigestBits));

        state = a;
        Unsafe.Add(ref state, 1) = b;
        Unsafe.Add(ref state, 2) = c;
        Unsafe.Add(ref state, 3) = d;
        Unsafe.Add(ref state, 4) = e;
        Unsafe.Add(ref state, 5) = f;
        Unsafe.Add(ref state, 6) = g;
        Unsafe.Add(ref state, 7) = h;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void SecondHashRounds16To31(ref TVector state, ref TVector w, ref uint k)
    {
        TVector a = state;
        TVector b = Unsafe.Add(ref state, 1);
        TVector c = Unsafe.Add(ref state, 2);
        TVector d = Unsafe.Add(ref state, 3);
        TVector e = Unsafe.Add(ref state, 4);
        TVector f = Unsafe.Add(ref state, 5);
        TVector g = Unsafe.Add(ref state, 6);
        TVector h = Unsafe.Add(ref state, 7);

        TVector word = Near(ref w, 16);
        Sha256<TVector, TLanes>.Round(a, b, c, ref d, e, f, g, ref h, Keep(ref w, ref k, 16, word));
        word = TLanes.Add(Near(ref w, 17), TLanes.Of(Sha256<uint, Lanes32x1>.SmallSigma1(DigestBits)));
        Sha256<TVector, TLanes>.Round(h, a, b, ref c, d, e, f, ref g, Keep(ref w, ref k, 17, word));
        word = TLanes.Add(Near(ref w, 18), Far(ref w, 18));
        Sha256<TVector, TLanes>.Round(g, h, a, ref b, c, d, e, ref f, Keep(ref w, ref k, 18, word));
        word = TLanes.Add(Near(ref w, 19), Far(ref w, 19));
        Sha256<TVector, TLanes>.Round(f, g, h, ref a, b, c, d, ref e, Keep(ref w, ref k, 19, word));
        word = TLanes.Add(Near(ref w, 20), Far(ref w, 20));
        Sha256<TVector, TLanes>.Round(e, f, g, ref h, a, b, c, ref d, Keep(ref w, ref k, 20, word));
        word = TLanes.Add(Near(ref w, 21), Far(ref w, 21));
        Sha256<TVector, TLanes>.Round(d, e, f, ref g, h, a, b, ref c, Keep(ref w, ref k, 21, word));
        word = TLanes.Add(TLanes.Add(Near(ref w, 22), Far(ref w, 22)), TLanes.Of(DigestBits));
        Sha256<TVector, TLanes>.Round(c, d, e, ref f, g, h, a, ref b, Keep(ref w, ref k, 22, word));
        word = TLanes.Add(Unsafe.Add(ref w, 7), TLanes.Of(Sha256<uint, Lanes32x1>.SmallSigma0(Padding)));
        word = TLanes.Add(word, FarAndSeventh(ref w, 23));
        Sha256<TVector, TLanes>.Round(b, c, d, ref e, f, g, h, ref a, Keep(ref w, ref k, 23, word));
        word = TLanes.Add(FarAndSeventh(ref w, 24), TLanes.Of(Padding));
        Sha256<TVector, TLanes>.Round(a, b, c, ref d, e, f, g, ref h, Keep(ref w, ref k, 24, word));
        Sha256<TVector, TLanes>.Round(h, a, b, ref c, d, e, f, ref g, Keep(ref w, ref k, 25, FarAndSeventh(ref w, 25)));
        Sha256<TVector, TLanes>.Round(g, h, a, ref b, c, d, e, ref f, Keep(ref w, ref k, 26, FarAndSeventh(ref w, 26)));
        Sha256<TVector, TLanes>.Round(f, g, h, ref a, b, c, d, ref e, Keep(ref w, ref k, 27, FarAndSeventh(ref w, 27)));
        Sha256<TVector, TLanes>.Round(e, f, g, ref h, a, b, c, ref d, Keep(ref w, ref k, 28, FarAndSeventh(ref w, 28)));
        Sha256<TVector, TLanes>.Round(d, e, f, ref g, h, a, b, ref c, Keep(ref w, ref k, 29, FarAndSeventh(ref w, 29)));
        word = TLanes.Add(FarAndSeventh(ref w, 30), TLanes.Of(Sha256<uint, Lanes32x1>.SmallSigma0(DigestBits)));
        Sha256<TVector, TLanes>.Round(c, d, e, ref f, g, h, a, ref b, Keep(ref w, ref k, 30, word));
        word = TLanes.Add(Sha256<TVector, TLanes>.SmallSigma0(w), TLanes.Of(DigestBits));
        word = TLanes.Add(word, FarAndSeventh(ref w, 31));
        Sha256<TVector, TLanes>.Round(b, c, d, ref e, f, g, h, ref a, Keep(ref w, ref k, 31, word));

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
    /// The last word of the digest is the e of round 60, which f, g and h carry on: rounds 57 to 60 need no new a, 61 to 63 are not
    /// needed.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static TVector SecondHashRounds48To60(ref TVector state, ref TVector w, ref uint k)
    {
        TVector a = state;
        TVector b = Unsafe.Add(ref state, 1);
        TVector c = Unsafe.Add(ref state, 2);
        TVector d = Unsafe.Add(ref state, 3);
        TVector e = Unsafe.Add(ref state, 4);
        TVector f = Unsafe.Add(ref state, 5);
        TVector g = Unsafe.Add(ref state, 6);
        TVector h = Unsafe.Add(ref state, 7);

        Sha256<TVector, TLanes>.Round(a, b, c, ref d, e, f, g, ref h, Sha256<TVector, TLanes>.Scheduled(ref w, ref k, 0));
        Sha256<TVector, TLanes>.Round(h, a, b, ref c, d, e, f, ref g, Sha256<TVector, TLanes>.Scheduled(ref w, ref k, 1));
        Sha256<TVector, TLanes>.Round(g, h, a, ref b, c, d, e, ref f, Sha256<TVector, TLanes>.Scheduled(ref w, ref k, 2));
        Sha256<TVector, TLanes>.Round(f, g, h, ref a, b, c, d, ref e, Sha256<TVector, TLanes>.Scheduled(ref w, ref k, 3));
        Sha256<TVector, TLanes>.Round(e, f, g, ref h, a, b, c, ref d, Sha256<TVector, TLanes>.Scheduled(ref w, ref k, 4));
        Sha256<TVector, TLanes>.Round(d, e, f, ref g, h, a, b, ref c, Sha256<TVector, TLanes>.Scheduled(ref w, ref k, 5));
        Sha256<TVector, TLanes>.Round(c, d, e, ref f, g, h, a, ref b, Sha256<TVector, TLanes>.Scheduled(ref w, ref k, 6));
        Sha256<TVector, TLanes>.Round(b, c, d, ref e, f, g, h, ref a, Sha256<TVector, TLanes>.Scheduled(ref w, ref k, 7));
        Sha256<TVector, TLanes>.Round(a, b, c, ref d, e, f, g, ref h, Sha256<TVector, TLanes>.Scheduled(ref w, ref k, 8));
        c = TLanes.Add(c, HalfRound(d, e, f, g, Sha256<TVector, TLanes>.Scheduled(ref w, ref k, 9)));
        b = TLanes.Add(b, HalfRound(c, d, e, f, Sha256<TVector, TLanes>.Scheduled(ref w, ref k, 10)));
        a = TLanes.Add(a, HalfRound(b, c, d, e, Sha256<TVector, TLanes>.Scheduled(ref w, ref k, 11)));
        h = TLanes.Add(h, HalfRound(a, b, c, d, Sha256<TVector, TLanes>.Scheduled(ref w, ref k, 12)));
        return TLanes.Add(h, TLanes.Of(Sha256Constants.Initial[7]));
    }

    /// <summary>What a round adds to d.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector HalfRound(TVector e, TVector f, TVector g, TVector h, TVector kw) =>
        TLanes.Add(TLanes.Add(TLanes.Add(h, kw), TLanes.Choose(e, f, g)), Sha256<TVector, TLanes>.BigSigma1(e));

    /// <summary>w(t − 16) + σ0(w(t − 15)), for t in 16 to 31.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Near(ref TVector w, int t) =>
        TLanes.Add(Unsafe.Add(ref w, t & 15), Sha256<TVector, TLanes>.SmallSigma0(Unsafe.Add(ref w, (t + 1) & 15)));

    /// <summary>σ1(w(t − 2)).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Far(ref TVector w, int t) => Sha256<TVector, TLanes>.SmallSigma1(Unsafe.Add(ref w, (t + 14) & 15));

    /// <summary>σ1(w(t − 2)) + w(t − 7).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector FarAndSeventh(ref TVector w, int t) => TLanes.Add(Far(ref w, t), Unsafe.Add(ref w, (t + 9) & 15));

    /// <summary>Keeps word t of the schedule and adds the round's constant.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Keep(ref TVector w, ref uint k, int t, TVector word)
    {
        Unsafe.Add(ref w, t & 15) = word;
        return TLanes.Add(word, TLanes.Of(Unsafe.Add(ref k, t)));
    }
}
