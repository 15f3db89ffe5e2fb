using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Words = System.Runtime.Intrinsics.Vector256<uint>;

namespace Starling.Runtime.Kernels.Hashing;

/// <summary>8 lanes of 32 bits on AVX2.</summary>
internal readonly struct Lanes32x8 : ILanes<Words, uint>
{
    public static int Count => 8;

    public static Words Counting => Words.Indices;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words Of(uint word) => Vector256.Create(word);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words Add(Words a, Words b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words And(Words a, Words b) => a & b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words Or(Words a, Words b) => a | b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words Xor(Words a, Words b) => a ^ b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words Xor3(Words a, Words b, Words c) => a ^ b ^ c;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words Choose(Words mask, Words yes, Words no) => no ^ (mask & (yes ^ no));

    // b ^ c was a ^ b one round ago: written like this, the compiler finds it again.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words Majority(Words a, Words b, Words c) => b ^ ((a ^ b) & (b ^ c));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words XorOrNot(Words a, Words b, Words c) => a ^ (b | ~c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words ShiftLeft(Words a, int bits) => Vector256.ShiftLeft(a, bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words ShiftRight(Words a, int bits) => Vector256.ShiftRightLogical(a, bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words RotateRight(Words a, [ConstantExpected] byte bits) =>
        Vector256.ShiftRightLogical(a, bits) | Vector256.ShiftLeft(a, 32 - bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words XorOfRotations(
        Words a, [ConstantExpected] byte first, [ConstantExpected] byte second, [ConstantExpected] byte third) =>
        (Vector256.ShiftRightLogical(a, first) | Vector256.ShiftLeft(a, 32 - first))
        ^ (Vector256.ShiftRightLogical(a, second) | Vector256.ShiftLeft(a, 32 - second))
        ^ (Vector256.ShiftRightLogical(a, third) | Vector256.ShiftLeft(a, 32 - third));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words XorOfRotationsAndShift(
        Words a, [ConstantExpected] byte first, [ConstantExpected] byte second, [ConstantExpected] byte shift) =>
        (Vector256.ShiftRightLogical(a, first) | Vector256.ShiftLeft(a, 32 - first))
        ^ (Vector256.ShiftRightLogical(a, second) | Vector256.ShiftLeft(a, 32 - second))
        ^ Vector256.ShiftRightLogical(a, shift);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words SwapBytes(Words a) => Vector256.Shuffle(a.AsByte(), Vector256.Create(
        (byte)3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12,
        19, 18, 17, 16, 23, 22, 21, 20, 27, 26, 25, 24, 31, 30, 29, 28)).AsUInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint AtMost(Words a, uint limit) => Vector256.LessThanOrEqual(a, Vector256.Create(limit)).ExtractMostSignificantBits();
}
