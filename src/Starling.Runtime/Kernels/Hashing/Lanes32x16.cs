using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Words = System.Runtime.Intrinsics.Vector512<uint>;

namespace Starling.Runtime.Kernels.Hashing;

/// <summary>16 lanes of 32 bits on AVX-512: rotates and every function of three inputs are one instruction each.</summary>
internal readonly struct Lanes32x16 : ILanes<Words, uint>
{
    public static int Count => 16;

    public static Words Counting => Words.Indices;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words Of(uint word) => Vector512.Create(word);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words Add(Words a, Words b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words And(Words a, Words b) => a & b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words Or(Words a, Words b) => a | b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words Xor(Words a, Words b) => a ^ b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words Xor3(Words a, Words b, Words c) => Avx512F.TernaryLogic(a, b, c, 0x96);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words Choose(Words mask, Words yes, Words no) => Avx512F.TernaryLogic(mask, yes, no, 0xCA);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words Majority(Words a, Words b, Words c) => Avx512F.TernaryLogic(a, b, c, 0xE8);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words XorOrNot(Words a, Words b, Words c) => Avx512F.TernaryLogic(a, b, c, 0x2D);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words ShiftLeft(Words a, int bits) => Vector512.ShiftLeft(a, bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words ShiftRight(Words a, int bits) => Vector512.ShiftRightLogical(a, bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words RotateRight(Words a, [ConstantExpected] byte bits) => Avx512F.RotateRight(a, bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words XorOfRotations(
        Words a, [ConstantExpected] byte first, [ConstantExpected] byte second, [ConstantExpected] byte third) =>
        Avx512F.TernaryLogic(Avx512F.RotateRight(a, first), Avx512F.RotateRight(a, second), Avx512F.RotateRight(a, third), 0x96);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words XorOfRotationsAndShift(
        Words a, [ConstantExpected] byte first, [ConstantExpected] byte second, [ConstantExpected] byte shift) =>
        Avx512F.TernaryLogic(Avx512F.RotateRight(a, first), Avx512F.RotateRight(a, second), Vector512.ShiftRightLogical(a, shift), 0x96);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words SwapBytes(Words a) => Vector512.Shuffle(a.AsByte(), Vector512.Create(
        (byte)3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12,
        19, 18, 17, 16, 23, 22, 21, 20, 27, 26, 25, 24, 31, 30, 29, 28,
        35, 34, 33, 32, 39, 38, 37, 36, 43, 42, 41, 40, 47, 46, 45, 44,
        51, 50, 49, 48, 55, 54, 53, 52, 59, 58, 57, 56, 63, 62, 61, 60)).AsUInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint AtMost(Words a, uint limit) =>
        (uint)Vector512.LessThanOrEqual(a, Vector512.Create(limit)).ExtractMostSignificantBits();
}
