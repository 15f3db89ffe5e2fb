using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Starling.Runtime.Kernels.Hashing;

/// <summary>One lane of 32 bits: plain arithmetic, for processors without vectors and as the yardstick of the others.</summary>
internal readonly struct Lanes32x1 : ILanes<uint, uint>
{
    public static int Count => 1;

    public static uint Counting => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Of(uint word) => word;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Add(uint a, uint b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint And(uint a, uint b) => a & b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Or(uint a, uint b) => a | b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Xor(uint a, uint b) => a ^ b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Xor3(uint a, uint b, uint c) => a ^ b ^ c;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Choose(uint mask, uint yes, uint no) => no ^ (mask & (yes ^ no));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Majority(uint a, uint b, uint c) => b ^ ((a ^ b) & (b ^ c));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint XorOrNot(uint a, uint b, uint c) => a ^ (b | ~c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint ShiftLeft(uint a, int bits) => a << bits;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint ShiftRight(uint a, int bits) => a >> bits;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint RotateRight(uint a, [ConstantExpected] byte bits) => BitOperations.RotateRight(a, bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint XorOfRotations(
        uint a, [ConstantExpected] byte first, [ConstantExpected] byte second, [ConstantExpected] byte third) =>
        BitOperations.RotateRight(a, first) ^ BitOperations.RotateRight(a, second) ^ BitOperations.RotateRight(a, third);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint XorOfRotationsAndShift(
        uint a, [ConstantExpected] byte first, [ConstantExpected] byte second, [ConstantExpected] byte shift) =>
        BitOperations.RotateRight(a, first) ^ BitOperations.RotateRight(a, second) ^ (a >> shift);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint SwapBytes(uint a) => BinaryPrimitives.ReverseEndianness(a);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint AtMost(uint a, uint limit) => a <= limit ? 1u : 0u;
}
