using System;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Starling.Runtime.Wasm;

/// <summary>Numeric instructions that are more than one of .NET's. Compiled code calls them; small ones vanish into it.</summary>
internal static class WasmNumbers
{
    /// <summary>A constant with these bits; not inlined, for a constant that .NET's compiler sees loses them when it is no number.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static float Constant32(int bits) => BitConverter.Int32BitsToSingle(bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Rem32(int left, int right) => right == -1 ? 0 : left % right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long Rem64(long left, long right) => right == -1 ? 0 : left % right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Rotl32(int value, int count) => (int)BitOperations.RotateLeft((uint)value, count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Rotr32(int value, int count) => (int)BitOperations.RotateRight((uint)value, count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long Rotl64(long value, long count) => (long)BitOperations.RotateLeft((ulong)value, (int)count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long Rotr64(long value, long count) => (long)BitOperations.RotateRight((ulong)value, (int)count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Clz32(int value) => BitOperations.LeadingZeroCount((uint)value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long Clz64(long value) => BitOperations.LeadingZeroCount((ulong)value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Ctz32(int value) => BitOperations.TrailingZeroCount((uint)value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long Ctz64(long value) => BitOperations.TrailingZeroCount((ulong)value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Popcnt32(int value) => BitOperations.PopCount((uint)value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long Popcnt64(long value) => BitOperations.PopCount((ulong)value);

    // Nearest is rounding to even, Min and Max give NaN for NaN and order -0 before 0: as .NET's do (IEEE 754-2019).
    public static float Nearest32(float value) => MathF.Round(value, MidpointRounding.ToEven);

    public static double Nearest64(double value) => Math.Round(value, MidpointRounding.ToEven);

    public static float Ceil32(float value) => MathF.Ceiling(value);

    public static float Floor32(float value) => MathF.Floor(value);

    public static float Trunc32(float value) => MathF.Truncate(value);

    public static float Sqrt32(float value) => MathF.Sqrt(value);

    public static double Ceil64(double value) => Math.Ceiling(value);

    public static double Floor64(double value) => Math.Floor(value);

    public static double Trunc64(double value) => Math.Truncate(value);

    public static double Sqrt64(double value) => Math.Sqrt(value);

    public static double Min64(double left, double right) => Math.Min(left, right);

    public static double Max64(double left, double right) => Math.Max(left, right);

    public static float Min32(float left, float right) => MathF.Min(left, right);

    public static float Max32(float left, float right) => MathF.Max(left, right);

    public static float Abs32(float value) => BitConverter.Int32BitsToSingle(BitConverter.SingleToInt32Bits(value) & int.MaxValue);

    public static double Abs64(double value) => BitConverter.Int64BitsToDouble(BitConverter.DoubleToInt64Bits(value) & long.MaxValue);

    public static float Neg32(float value) => BitConverter.Int32BitsToSingle(BitConverter.SingleToInt32Bits(value) ^ int.MinValue);

    public static double Neg64(double value) => BitConverter.Int64BitsToDouble(BitConverter.DoubleToInt64Bits(value) ^ long.MinValue);

    public static float Copysign32(float value, float sign) => BitConverter.Int32BitsToSingle(
        (BitConverter.SingleToInt32Bits(value) & int.MaxValue) | (BitConverter.SingleToInt32Bits(sign) & int.MinValue));

    public static double Copysign64(double value, double sign) => BitConverter.Int64BitsToDouble(
        (BitConverter.DoubleToInt64Bits(value) & long.MaxValue) | (BitConverter.DoubleToInt64Bits(sign) & long.MinValue));

    public static float U64ToF32(long value) => value >= 0 ? value : 2f * (float)((value >>> 1) | (value & 1));

    public static double U64ToF64(long value) => value >= 0 ? value : 2d * (double)((value >>> 1) | (value & 1));

    public static float U32ToF32(int value) => (long)(uint)value;

    public static double U32ToF64(int value) => (long)(uint)value;

    public static int TruncF32S32(float value) => TruncF64S32(value);

    public static int TruncF32U32(float value) => TruncF64U32(value);

    public static long TruncF32S64(float value) => TruncF64S64(value);

    public static long TruncF32U64(float value) => TruncF64U64(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int TruncF64S32(double value)
    {
        if (!(value > -2147483649d && value < 2147483648d))
        {
            Refuse(value);
        }

        return (int)value;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int TruncF64U32(double value)
    {
        if (!(value > -1d && value < 4294967296d))
        {
            Refuse(value);
        }

        return (int)(long)value;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long TruncF64S64(double value)
    {
        if (!(value >= -9223372036854775808d && value < 9223372036854775808d))
        {
            Refuse(value);
        }

        return (long)value;
    }

    public static long TruncF64U64(double value)
    {
        if (!(value > -1d && value < 18446744073709551616d))
        {
            Refuse(value);
        }

        return Unsigned(value);
    }

    public static int SatF32S32(float value) => SatF64S32(value);

    public static int SatF32U32(float value) => SatF64U32(value);

    public static long SatF32S64(float value) => SatF64S64(value);

    public static long SatF32U64(float value) => SatF64U64(value);

    public static int SatF64S32(double value) =>
        value >= 2147483647d ? int.MaxValue : value > -2147483649d ? (int)value : double.IsNaN(value) ? 0 : int.MinValue;

    public static int SatF64U32(double value) => value >= 4294967295d ? -1 : value > -1d ? (int)(long)value : 0;

    public static long SatF64S64(double value) =>
        value >= 9223372036854775808d ? long.MaxValue : value >= -9223372036854775808d ? (long)value : double.IsNaN(value) ? 0 : long.MinValue;

    public static long SatF64U64(double value) => value >= 18446744073709551616d ? -1 : value > -1d ? Unsigned(value) : 0;

    /// <summary>A double of the range of unsigned numbers, from steps that every processor does alike.</summary>
    private static long Unsigned(double value) =>
        value < 9223372036854775808d ? (long)value : (long)(value - 9223372036854775808d) ^ long.MinValue;

    private static void Refuse(double value)
    {
        if (double.IsNaN(value))
        {
            WasmTraps.InvalidConversion();
        }

        WasmTraps.IntegerOverflow();
    }
}
