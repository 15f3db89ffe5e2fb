using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Starling.Runtime.Kernels.Hashing;

/// <summary>One lane of 64 bits: plain arithmetic, for processors without vectors and as the yardstick of the others.</summary>
internal readonly struct Lanes64x1 : ILanes<ulong, ulong>
{
    public static int Count => 1;

    public static ulong Counting => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Of(ulong word) => word;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Add(ulong a, ulong b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong And(ulong a, ulong b) => a & b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Or(ulong a, ulong b) => a | b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Xor(ulong a, ulong b) => a ^ b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Xor3(ulong a, ulong b, ulong c) => a ^ b ^ c;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Choose(ulong mask, ulong yes, ulong no) => no ^ (mask & (yes ^ no));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Majority(ulong a, ulong b, ulong c) => b ^ ((a ^ b) & (b ^ c));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong XorOrNot(ulong a, ulong b, ulong c) => a ^ (b | ~c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong ShiftLeft(ulong a, int bits) => a << bits;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong ShiftRight(ulong a, int bits) => a >> bits;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong RotateRight(ulong a, [ConstantExpected] byte bits) => BitOperations.RotateRight(a, bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong XorOfRotations(
        ulong a, [ConstantExpected] byte first, [ConstantExpected] byte second, [ConstantExpected] byte third) =>
        BitOperations.RotateRight(a, first) ^ BitOperations.RotateRight(a, second) ^ BitOperations.RotateRight(a, third);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong XorOfRotationsAndShift(
        ulong a, [ConstantExpected] byte first, [ConstantExpected] byte second, [ConstantExpected] byte shift) =>
        BitOperations.RotateRight(a, first) ^ BitOperations.RotateRight(a, second) ^ (a >> shift);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong SwapBytes(ulong a) => BinaryPrimitives.ReverseEndianness(a);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint AtMost(ulong a, ulong limit) => a <= limit ? 1u : 0u;
}
