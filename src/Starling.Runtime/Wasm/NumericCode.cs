using System;
using System.Collections.Generic;
using System.Reflection.Emit;
using Starling.Core.Wasm;

namespace Starling.Runtime.Wasm;

/// <summary>IL of the instructions that only take operands and give a result.</summary>
internal static class NumericCode
{
    private static readonly Dictionary<Opcode, string> Calls = new()
    {
        [Opcode.I32RemS] = nameof(WasmNumbers.Rem32),
        [Opcode.I64RemS] = nameof(WasmNumbers.Rem64),
        [Opcode.I32Rotl] = nameof(WasmNumbers.Rotl32),
        [Opcode.I32Rotr] = nameof(WasmNumbers.Rotr32),
        [Opcode.I64Rotl] = nameof(WasmNumbers.Rotl64),
        [Opcode.I64Rotr] = nameof(WasmNumbers.Rotr64),
        [Opcode.I32Clz] = nameof(WasmNumbers.Clz32),
        [Opcode.I64Clz] = nameof(WasmNumbers.Clz64),
        [Opcode.I32Ctz] = nameof(WasmNumbers.Ctz32),
        [Opcode.I64Ctz] = nameof(WasmNumbers.Ctz64),
        [Opcode.I32Popcnt] = nameof(WasmNumbers.Popcnt32),
        [Opcode.I64Popcnt] = nameof(WasmNumbers.Popcnt64),
        [Opcode.F32Nearest] = nameof(WasmNumbers.Nearest32),
        [Opcode.F64Nearest] = nameof(WasmNumbers.Nearest64),
        [Opcode.F32Ceil] = nameof(WasmNumbers.Ceil32),
        [Opcode.F64Ceil] = nameof(WasmNumbers.Ceil64),
        [Opcode.F32Floor] = nameof(WasmNumbers.Floor32),
        [Opcode.F64Floor] = nameof(WasmNumbers.Floor64),
        [Opcode.F32Trunc] = nameof(WasmNumbers.Trunc32),
        [Opcode.F64Trunc] = nameof(WasmNumbers.Trunc64),
        [Opcode.F32Sqrt] = nameof(WasmNumbers.Sqrt32),
        [Opcode.F64Sqrt] = nameof(WasmNumbers.Sqrt64),
        [Opcode.F32Min] = nameof(WasmNumbers.Min32),
        [Opcode.F64Min] = nameof(WasmNumbers.Min64),
        [Opcode.F32Max] = nameof(WasmNumbers.Max32),
        [Opcode.F64Max] = nameof(WasmNumbers.Max64),
        [Opcode.F32Abs] = nameof(WasmNumbers.Abs32),
        [Opcode.F64Abs] = nameof(WasmNumbers.Abs64),
        [Opcode.F32Neg] = nameof(WasmNumbers.Neg32),
        [Opcode.F64Neg] = nameof(WasmNumbers.Neg64),
        [Opcode.F32Copysign] = nameof(WasmNumbers.Copysign32),
        [Opcode.F64Copysign] = nameof(WasmNumbers.Copysign64),
        [Opcode.F32ConvertI32U] = nameof(WasmNumbers.U32ToF32),
        [Opcode.F64ConvertI32U] = nameof(WasmNumbers.U32ToF64),
        [Opcode.F32ConvertI64U] = nameof(WasmNumbers.U64ToF32),
        [Opcode.F64ConvertI64U] = nameof(WasmNumbers.U64ToF64),
        [Opcode.I32TruncF32S] = nameof(WasmNumbers.TruncF32S32),
        [Opcode.I32TruncF32U] = nameof(WasmNumbers.TruncF32U32),
        [Opcode.I32TruncF64S] = nameof(WasmNumbers.TruncF64S32),
        [Opcode.I32TruncF64U] = nameof(WasmNumbers.TruncF64U32),
        [Opcode.I64TruncF32S] = nameof(WasmNumbers.TruncF32S64),
        [Opcode.I64TruncF32U] = nameof(WasmNumbers.TruncF32U64),
        [Opcode.I64TruncF64S] = nameof(WasmNumbers.TruncF64S64),
        [Opcode.I64TruncF64U] = nameof(WasmNumbers.TruncF64U64),
        [Opcode.I32TruncSatF32S] = nameof(WasmNumbers.SatF32S32),
        [Opcode.I32TruncSatF32U] = nameof(WasmNumbers.SatF32U32),
        [Opcode.I32TruncSatF64S] = nameof(WasmNumbers.SatF64S32),
        [Opcode.I32TruncSatF64U] = nameof(WasmNumbers.SatF64U32),
        [Opcode.I64TruncSatF32S] = nameof(WasmNumbers.SatF32S64),
        [Opcode.I64TruncSatF32U] = nameof(WasmNumbers.SatF32U64),
        [Opcode.I64TruncSatF64S] = nameof(WasmNumbers.SatF64S64),
        [Opcode.I64TruncSatF64U] = nameof(WasmNumbers.SatF64U64),
    };

    private static readonly Dictionary<Opcode, (Type Holder, string Name, Type Argument)> BitCasts = new()
    {
        [Opcode.I32ReinterpretF32] = (typeof(BitConverter), nameof(BitConverter.SingleToInt32Bits), typeof(float)),
        [Opcode.I64ReinterpretF64] = (typeof(BitConverter), nameof(BitConverter.DoubleToInt64Bits), typeof(double)),
        [Opcode.F32ReinterpretI32] = (typeof(BitConverter), nameof(BitConverter.Int32BitsToSingle), typeof(int)),
        [Opcode.F64ReinterpretI64] = (typeof(BitConverter), nameof(BitConverter.Int64BitsToDouble), typeof(long)),
    };

    private static readonly Dictionary<Opcode, OpCode> Shifts = new()
    {
        [Opcode.I32Shl] = OpCodes.Shl,
        [Opcode.I32ShrS] = OpCodes.Shr,
        [Opcode.I32ShrU] = OpCodes.Shr_Un,
        [Opcode.I64Shl] = OpCodes.Shl,
        [Opcode.I64ShrS] = OpCodes.Shr,
        [Opcode.I64ShrU] = OpCodes.Shr_Un,
    };

    private static readonly Dictionary<Opcode, OpCode[]> Plain = MakePlain();

    /// <summary>Whether the bits of operands that are not numbers show in the result.</summary>
    public static bool ShowsBits(Opcode code) => code is Opcode.I32ReinterpretF32 or Opcode.I64ReinterpretF64
        or Opcode.F32Copysign or Opcode.F64Copysign or Opcode.F32Neg or Opcode.F64Neg;

    /// <summary>Whether the result, where it is not a number, has bits that the processor chooses.</summary>
    public static bool IsArithmetic(Opcode code) =>
        (code is >= Opcode.F32Ceil and <= Opcode.F32Max or >= Opcode.F64Ceil and <= Opcode.F64Max) || code is Opcode.F32DemoteF64 or Opcode.F64PromoteF32;

    /// <summary>Whether the result is arithmetic or always a number, so that nobody sees its bits become canonical.</summary>
    public static bool IsNeverOrAnyNaN(in Instruction instruction) => instruction.Code switch
    {
        Opcode.F32Const => !float.IsNaN(BitConverter.UInt32BitsToSingle((uint)instruction.Bits)),
        Opcode.F64Const => !double.IsNaN(BitConverter.UInt64BitsToDouble(instruction.Bits)),
        Opcode.F32ConvertI32S or Opcode.F32ConvertI32U or Opcode.F32ConvertI64S or Opcode.F32ConvertI64U
            or Opcode.F64ConvertI32S or Opcode.F64ConvertI32U or Opcode.F64ConvertI64S or Opcode.F64ConvertI64U => true,
        _ => IsArithmetic(instruction.Code),
    };

    /// <summary>Puts a number on IL's stack, bit for bit.</summary>
    public static void EmitConstant(ILGenerator il, WasmType type, ulong bits)
    {
        switch (type)
        {
            case WasmType.I32:
                il.Emit(OpCodes.Ldc_I4, (int)bits);
                break;
            case WasmType.F32:
                float single = BitConverter.UInt32BitsToSingle((uint)bits);
                if (float.IsNaN(single))
                {
                    // .NET's compiler holds constants as doubles, which changes the bits of such ones.
                    il.Emit(OpCodes.Ldc_I4, (int)bits);
                    il.Emit(OpCodes.Call, typeof(WasmNumbers).GetMethod(nameof(WasmNumbers.Constant32))!);
                }
                else
                {
                    il.Emit(OpCodes.Ldc_R4, single);
                }

                break;
            case WasmType.F64:
                double number = BitConverter.UInt64BitsToDouble(bits);
                if (double.IsNaN(number))
                {
                    il.Emit(OpCodes.Ldc_I8, (long)bits);
                    EmitCast(il, Opcode.F64ReinterpretI64);
                }
                else
                {
                    il.Emit(OpCodes.Ldc_R8, number);
                }

                break;
            default:
                il.Emit(OpCodes.Ldc_I8, (long)bits);
                break;
        }
    }

    /// <summary>Code of an instruction whose operands are on IL's stack.</summary>
    public static void Emit(ILGenerator il, Opcode code)
    {
        if (Calls.TryGetValue(code, out string? call))
        {
            il.Emit(OpCodes.Call, typeof(WasmNumbers).GetMethod(call)!);
        }
        else if (Shifts.TryGetValue(code, out OpCode shift))
        {
            // Only the low bits of a count count.
            bool wide = code >= Opcode.I64Clz;
            if (wide)
            {
                il.Emit(OpCodes.Conv_I4);
            }

            il.Emit(OpCodes.Ldc_I4_S, (sbyte)(wide ? 63 : 31));
            il.Emit(OpCodes.And);
            il.Emit(shift);
        }
        else if (BitCasts.ContainsKey(code))
        {
            EmitCast(il, code);
        }
        else
        {
            foreach (OpCode part in Plain[code])
            {
                il.Emit(part);
            }
        }
    }

    private static void EmitCast(ILGenerator il, Opcode code)
    {
        (Type holder, string name, Type argument) = BitCasts[code];
        il.Emit(OpCodes.Call, holder.GetMethod(name, [argument])!);
    }

    private static Dictionary<Opcode, OpCode[]> MakePlain()
    {
        var plain = new Dictionary<Opcode, OpCode[]>
        {
            [Opcode.I32Eqz] = [OpCodes.Ldc_I4_0, OpCodes.Ceq],
            [Opcode.I64Eqz] = [OpCodes.Ldc_I4_0, OpCodes.Conv_I8, OpCodes.Ceq],
            [Opcode.I32WrapI64] = [OpCodes.Conv_I4],
            [Opcode.I64ExtendI32S] = [OpCodes.Conv_I8],
            [Opcode.I64ExtendI32U] = [OpCodes.Conv_U8],
            [Opcode.F32ConvertI32S] = [OpCodes.Conv_R4],
            [Opcode.F32ConvertI64S] = [OpCodes.Conv_R4],
            [Opcode.F64ConvertI32S] = [OpCodes.Conv_R8],
            [Opcode.F64ConvertI64S] = [OpCodes.Conv_R8],
            [Opcode.F32DemoteF64] = [OpCodes.Conv_R4],
            [Opcode.F64PromoteF32] = [OpCodes.Conv_R8],
            [Opcode.I32Extend8S] = [OpCodes.Conv_I1],
            [Opcode.I32Extend16S] = [OpCodes.Conv_I2],
            [Opcode.I64Extend8S] = [OpCodes.Conv_I1, OpCodes.Conv_I8],
            [Opcode.I64Extend16S] = [OpCodes.Conv_I2, OpCodes.Conv_I8],
            [Opcode.I64Extend32S] = [OpCodes.Conv_I4, OpCodes.Conv_I8],
        };

        // Comparisons come in one order, and so do the operations of whole numbers; i64 follows i32 with the same distance.
        OpCode[][] comparisons =
        [
            [OpCodes.Ceq], [OpCodes.Ceq, OpCodes.Ldc_I4_0, OpCodes.Ceq], [OpCodes.Clt], [OpCodes.Clt_Un], [OpCodes.Cgt], [OpCodes.Cgt_Un],
            [OpCodes.Cgt, OpCodes.Ldc_I4_0, OpCodes.Ceq], [OpCodes.Cgt_Un, OpCodes.Ldc_I4_0, OpCodes.Ceq],
            [OpCodes.Clt, OpCodes.Ldc_I4_0, OpCodes.Ceq], [OpCodes.Clt_Un, OpCodes.Ldc_I4_0, OpCodes.Ceq],
        ];
        AddRow(Opcode.I32Eq, comparisons);
        AddRow(Opcode.I64Eq, comparisons);

        // Not greater is less or equal, but for NaN; the unordered comparison sees to that.
        OpCode[][] ofFloats =
        [
            [OpCodes.Ceq], [OpCodes.Ceq, OpCodes.Ldc_I4_0, OpCodes.Ceq], [OpCodes.Clt], [OpCodes.Cgt],
            [OpCodes.Cgt_Un, OpCodes.Ldc_I4_0, OpCodes.Ceq], [OpCodes.Clt_Un, OpCodes.Ldc_I4_0, OpCodes.Ceq],
        ];
        AddRow(Opcode.F32Eq, ofFloats);
        AddRow(Opcode.F64Eq, ofFloats);
        AddRow(Opcode.F32Add, [[OpCodes.Add], [OpCodes.Sub], [OpCodes.Mul], [OpCodes.Div]]);
        AddRow(Opcode.F64Add, [[OpCodes.Add], [OpCodes.Sub], [OpCodes.Mul], [OpCodes.Div]]);
        foreach (bool wide in new[] { false, true })
        {
            Opcode first = wide ? Opcode.I64Add : Opcode.I32Add;
            AddRow(first, [[OpCodes.Add], [OpCodes.Sub], [OpCodes.Mul], [OpCodes.Div], [OpCodes.Div_Un]]);
            plain[first + (Opcode.I32RemU - Opcode.I32Add)] = [OpCodes.Rem_Un];
            AddRow(first + (Opcode.I32And - Opcode.I32Add), [[OpCodes.And], [OpCodes.Or], [OpCodes.Xor]]);
        }

        return plain;

        void AddRow(Opcode first, OpCode[][] codes)
        {
            for (int i = 0; i < codes.Length; i++)
            {
                plain.Add((Opcode)((int)first + i), codes[i]);
            }
        }
    }
}
