using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Words = System.Runtime.Intrinsics.Vector128<ulong>;

namespace Starling.Runtime.Kernels.Hashing;

/// <summary>2 lanes of 64 bits on any 128-bit vectors: NEON, SSE2; the code is portable.</summary>
internal readonly struct Lanes64x2 : ILanes<Words, ulong>
{
    public static int Count => 2;

    public static Words Counting => Words.Indices;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words Of(ulong word) => Vector128.Create(word);

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
    public static Words ShiftLeft(Words a, int bits) => Vector128.ShiftLeft(a, bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words ShiftRight(Words a, int bits) => Vector128.ShiftRightLogical(a, bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words RotateRight(Words a, [ConstantExpected] byte bits) =>
        Vector128.ShiftRightLogical(a, bits) | Vector128.ShiftLeft(a, 64 - bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words XorOfRotations(
        Words a, [ConstantExpected] byte first, [ConstantExpected] byte second, [ConstantExpected] byte third) =>
        (Vector128.ShiftRightLogical(a, first) | Vector128.ShiftLeft(a, 64 - first))
        ^ (Vector128.ShiftRightLogical(a, second) | Vector128.ShiftLeft(a, 64 - second))
        ^ (Vector128.ShiftRightLogical(a, third) | Vector128.ShiftLeft(a, 64 - third));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words XorOfRotationsAndShift(
        Words a, [ConstantExpected] byte first, [ConstantExpected] byte second, [ConstantExpected] byte shift) =>
        (Vector128.ShiftRightLogical(a, first) | Vector128.ShiftLeft(a, 64 - first))
        ^ (Vector128.ShiftRightLogical(a, second) | Vector128.ShiftLeft(a, 64 - second))
        ^ Vector128.ShiftRightLogical(a, shift);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words SwapBytes(Words a) => Vector128.Shuffle(a.AsByte(), Vector128.Create(
        (byte)7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8)).AsUInt64();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint AtMost(Words a, ulong limit) => Vector128.LessThanOrEqual(a, Vector128.Create(limit)).ExtractMostSignificantBits();
}
