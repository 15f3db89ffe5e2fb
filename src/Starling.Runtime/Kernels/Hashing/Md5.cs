using System;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Starling.Runtime.Kernels.Hashing;

/// <summary>MD5 (RFC 1321) on several messages side by side.</summary>
internal readonly struct Md5<TVector, TLanes> : IBlockHash<TVector>
    where TVector : unmanaged
    where TLanes : struct, ILanes<TVector, uint>
{
    public static int DigestWords => 4;

    public static bool IsBigEndian => false;

    public static int LengthWordFromEnd => 1;

    private static ReadOnlySpan<uint> Initial => [0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476];

    /// <summary>⌊2³² · |sin i|⌋ for i from 1 on.</summary>
    private static ReadOnlySpan<uint> Sines =>
    [
        0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
        0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
        0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
        0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
        0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
        0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
        0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
        0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
    ];

    public static void HashBlock(ref TVector words, ref TVector digest)
    {
        for (int i = 0; i < Initial.Length; i++)
        {
            Unsafe.Add(ref digest, i) = TLanes.Of(Initial[i]);
        }

        Phase1(ref digest, ref words);
        Phase2(ref digest, ref words);
        Phase3(ref digest, ref words);
        Phase4(ref digest, ref words);
        for (int i = 0; i < Initial.Length; i++)
        {
            ref TVector word = ref Unsafe.Add(ref digest, i);
            word = TLanes.Add(word, TLanes.Of(Initial[i]));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Phase1(ref TVector state, ref TVector words)
    {
        TVector a = state;
        TVector b = Unsafe.Add(ref state, 1);
        TVector c = Unsafe.Add(ref state, 2);
        TVector d = Unsafe.Add(ref state, 3);

        for (int t = 0; t < 16; t += 4)
        {
            a = Step(a, b, TLanes.Choose(b, c, d), Keyed(ref words, t, t), 32 - 7);
            d = Step(d, a, TLanes.Choose(a, b, c), Keyed(ref words, t + 1, t + 1), 32 - 12);
            c = Step(c, d, TLanes.Choose(d, a, b), Keyed(ref words, t + 2, t + 2), 32 - 17);
            b = Step(b, c, TLanes.Choose(c, d, a), Keyed(ref words, t + 3, t + 3), 32 - 22);
        }

        state = a;
        Unsafe.Add(ref state, 1) = b;
        Unsafe.Add(ref state, 2) = c;
        Unsafe.Add(ref state, 3) = d;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Phase2(ref TVector state, ref TVector words)
    {
        TVector a = state;
        TVector b = Unsafe.Add(ref state, 1);
        TVector c = Unsafe.Add(ref state, 2);
        TVector d = Unsafe.Add(ref state, 3);

        for (int t = 0; t < 16; t += 4)
        {
            a = Step(a, b, TLanes.Choose(d, b, c), Keyed(ref words, (5 * t) + 1, 16 + t), 32 - 5);
            d = Step(d, a, TLanes.Choose(c, a, b), Keyed(ref words, (5 * (t + 1)) + 1, 16 + t + 1), 32 - 9);
            c = Step(c, d, TLanes.Choose(b, d, a), Keyed(ref words, (5 * (t + 2)) + 1, 16 + t + 2), 32 - 14);
            b = Step(b, c, TLanes.Choose(a, c, d), Keyed(ref words, (5 * (t + 3)) + 1, 16 + t + 3), 32 - 20);
        }

        state = a;
        Unsafe.Add(ref state, 1) = b;
        Unsafe.Add(ref state, 2) = c;
        Unsafe.Add(ref state, 3) = d;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Phase3(ref TVector state, ref TVector words)
    {
        TVector a = state;
        TVector b = Unsafe.Add(ref state, 1);
        TVector c = Unsafe.Add(ref state, 2);
        TVector d = Unsafe.Add(ref state, 3);

        for (int t = 0; t < 16; t += 4)
        {
            a = Step(a, b, TLanes.Xor3(b, c, d), Keyed(ref words, (3 * t) + 5, 32 + t), 32 - 4);
            d = Step(d, a, TLanes.Xor3(a, b, c), Keyed(ref words, (3 * (t + 1)) + 5, 32 + t + 1), 32 - 11);
            c = Step(c, d, TLanes.Xor3(d, a, b), Keyed(ref words, (3 * (t + 2)) + 5, 32 + t + 2), 32 - 16);
            b = Step(b, c, TLanes.Xor3(c, d, a), Keyed(ref words, (3 * (t + 3)) + 5, 32 + t + 3), 32 - 23);
        }

        state = a;
        Unsafe.Add(ref state, 1) = b;
        Unsafe.Add(ref state, 2) = c;
        Unsafe.Add(ref state, 3) = d;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Phase4(ref TVector state, ref TVector words)
    {
        TVector a = state;
        TVector b = Unsafe.Add(ref state, 1);
        TVector c = Unsafe.Add(ref state, 2);
        TVector d = Unsafe.Add(ref state, 3);

        for (int t = 0; t < 16; t += 4)
        {
            a = Step(a, b, TLanes.XorOrNot(c, b, d), Keyed(ref words, 7 * t, 48 + t), 32 - 6);
            d = Step(d, a, TLanes.XorOrNot(b, a, c), Keyed(ref words, 7 * (t + 1), 48 + t + 1), 32 - 10);
            c = Step(c, d, TLanes.XorOrNot(a, d, b), Keyed(ref words, 7 * (t + 2), 48 + t + 2), 32 - 15);
            b = Step(b, c, TLanes.XorOrNot(d, c, a), Keyed(ref words, 7 * (t + 3), 48 + t + 3), 32 - 21);
        }

        state = a;
        Unsafe.Add(ref state, 1) = b;
        Unsafe.Add(ref state, 2) = c;
        Unsafe.Add(ref state, 3) = d;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Step(TVector a, TVector b, TVector function, TVector keyed, [ConstantExpected] byte right) =>
        TLanes.Add(b, TLanes.RotateRight(TLanes.Add(TLanes.Add(a, keyed), function), right));

    /// <summary>Word <paramref name="index"/> (modulo 16) of the message plus the constant of a step.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Keyed(ref TVector words, int index, int step) =>
        TLanes.Add(Unsafe.Add(ref words, index & 15), TLanes.Of(Unsafe.Add(ref MemoryMarshal.GetReference(Sines), step)));
}
