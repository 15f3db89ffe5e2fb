using System;
using System.Collections.Generic;
using System.Linq;

namespace Starling.Core.Wasm;

/// <summary>What follows an instruction's number.</summary>
public enum ImmediateKind : byte
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>A block's type.</summary>
    BlockType,

    /// <summary>One index.</summary>
    Index,

    /// <summary>Two indices.</summary>
    TwoIndices,

    /// <summary>An index, and the memory, which is 0.</summary>
    IndexAndZero,

    /// <summary>The memory, which is 0.</summary>
    ZeroByte,

    /// <summary>Two memories, which are 0.</summary>
    TwoZeros,

    /// <summary>Targets and the default.</summary>
    BranchTable,

    /// <summary>A list of types, of which one is taken.</summary>
    Types,

    /// <summary>A reference type.</summary>
    ReferenceType,

    /// <summary>Alignment and offset of an access to memory.</summary>
    Memory,

    /// <summary>A number.</summary>
    I32,

    /// <summary>A number.</summary>
    I64,

    /// <summary>A number.</summary>
    F32,

    /// <summary>A number.</summary>
    F64,
}

/// <summary>Form of an instruction.</summary>
/// <param name="Code">Its number.</param>
/// <param name="Immediate">What follows it.</param>
/// <param name="Width">Bytes that it reads or writes in memory; 0: none.</param>
/// <param name="Pops">Operands, the first pushed first; null when they depend on what is around.</param>
/// <param name="Push">Its result; <see cref="WasmType.Unknown"/>: none, or it depends on what is around.</param>
public sealed record OpcodeForm(Opcode Code, ImmediateKind Immediate, int Width, IReadOnlyList<WasmType>? Pops, WasmType Push);

/// <summary>Forms of all instructions that are known.</summary>
public static class OpcodeTable
{
    private const int PrefixedStart = 256;
    private const int PrefixedCount = 18;
    private static readonly OpcodeForm?[] Forms = Make();

    /// <summary>Number that begins the instructions of two parts.</summary>
    public const byte Prefix = 0xfc;

    /// <summary>First byte of the instructions for vectors, none of which are known.</summary>
    public const byte VectorPrefix = 0xfd;

    /// <summary>The form of an instruction; null: it is not known here.</summary>
    public static OpcodeForm? Find(byte code) => Forms[code];

    /// <summary>The form of an instruction after the prefix; null: it is not known here.</summary>
    public static OpcodeForm? FindPrefixed(uint code) => code < PrefixedCount ? Forms[PrefixedStart + code] : null;

    /// <summary>The form of an instruction that exists.</summary>
    public static OpcodeForm Of(Opcode code) => ((int)code < PrefixedStart ? Find((byte)code) : FindPrefixed((uint)code & 0xff)) ?? throw new ArgumentOutOfRangeException(nameof(code));

    private static OpcodeForm?[] Make()
    {
        var forms = new OpcodeForm?[PrefixedStart + PrefixedCount];

        // Operands and result: i32 i, i64 l, f32 f, f64 d.
        Add(Opcode.Unreachable, ImmediateKind.None, 0, null);
        Add(Opcode.Nop, ImmediateKind.None, 0, ":");
        Add(Opcode.Block, ImmediateKind.BlockType, 0, null);
        Add(Opcode.Loop, ImmediateKind.BlockType, 0, null);
        Add(Opcode.If, ImmediateKind.BlockType, 0, null);
        Add(Opcode.Else, ImmediateKind.None, 0, null);
        Add(Opcode.End, ImmediateKind.None, 0, null);
        Add(Opcode.Br, ImmediateKind.Index, 0, null);
        Add(Opcode.BrIf, ImmediateKind.Index, 0, null);
        Add(Opcode.BrTable, ImmediateKind.BranchTable, 0, null);
        Add(Opcode.Return, ImmediateKind.None, 0, null);
        Add(Opcode.Call, ImmediateKind.Index, 0, null);
        Add(Opcode.CallIndirect, ImmediateKind.TwoIndices, 0, null);
        Add(Opcode.Drop, ImmediateKind.None, 0, null);
        Add(Opcode.Select, ImmediateKind.None, 0, null);
        Add(Opcode.SelectTyped, ImmediateKind.Types, 0, null);
        Add(Opcode.LocalGet, ImmediateKind.Index, 0, null);
        Add(Opcode.LocalSet, ImmediateKind.Index, 0, null);
        Add(Opcode.LocalTee, ImmediateKind.Index, 0, null);
        Add(Opcode.GlobalGet, ImmediateKind.Index, 0, null);
        Add(Opcode.GlobalSet, ImmediateKind.Index, 0, null);
        Add(Opcode.TableGet, ImmediateKind.Index, 0, null);
        Add(Opcode.TableSet, ImmediateKind.Index, 0, null);
        Add(Opcode.I32Load, ImmediateKind.Memory, 4, "i:i");
        Add(Opcode.I64Load, ImmediateKind.Memory, 8, "i:l");
        Add(Opcode.F32Load, ImmediateKind.Memory, 4, "i:f");
        Add(Opcode.F64Load, ImmediateKind.Memory, 8, "i:d");
        Add(Opcode.I32Load8S, ImmediateKind.Memory, 1, "i:i");
        Add(Opcode.I32Load8U, ImmediateKind.Memory, 1, "i:i");
        Add(Opcode.I32Load16S, ImmediateKind.Memory, 2, "i:i");
        Add(Opcode.I32Load16U, ImmediateKind.Memory, 2, "i:i");
        Add(Opcode.I64Load8S, ImmediateKind.Memory, 1, "i:l");
        Add(Opcode.I64Load8U, ImmediateKind.Memory, 1, "i:l");
        Add(Opcode.I64Load16S, ImmediateKind.Memory, 2, "i:l");
        Add(Opcode.I64Load16U, ImmediateKind.Memory, 2, "i:l");
        Add(Opcode.I64Load32S, ImmediateKind.Memory, 4, "i:l");
        Add(Opcode.I64Load32U, ImmediateKind.Memory, 4, "i:l");
        Add(Opcode.I32Store, ImmediateKind.Memory, 4, "ii:");
        Add(Opcode.I64Store, ImmediateKind.Memory, 8, "il:");
        Add(Opcode.F32Store, ImmediateKind.Memory, 4, "if:");
        Add(Opcode.F64Store, ImmediateKind.Memory, 8, "id:");
        Add(Opcode.I32Store8, ImmediateKind.Memory, 1, "ii:");
        Add(Opcode.I32Store16, ImmediateKind.Memory, 2, "ii:");
        Add(Opcode.I64Store8, ImmediateKind.Memory, 1, "il:");
        Add(Opcode.I64Store16, ImmediateKind.Memory, 2, "il:");
        Add(Opcode.I64Store32, ImmediateKind.Memory, 4, "il:");
        Add(Opcode.MemorySize, ImmediateKind.ZeroByte, 0, ":i");
        Add(Opcode.MemoryGrow, ImmediateKind.ZeroByte, 0, "i:i");
        Add(Opcode.I32Const, ImmediateKind.I32, 0, ":i");
        Add(Opcode.I64Const, ImmediateKind.I64, 0, ":l");
        Add(Opcode.F32Const, ImmediateKind.F32, 0, ":f");
        Add(Opcode.F64Const, ImmediateKind.F64, 0, ":d");
        Add(Opcode.I32Eqz, ImmediateKind.None, 0, "i:i");
        Add(Opcode.I32Eq, ImmediateKind.None, 0, "ii:i");
        Add(Opcode.I32Ne, ImmediateKind.None, 0, "ii:i");
        Add(Opcode.I32LtS, ImmediateKind.None, 0, "ii:i");
        Add(Opcode.I32LtU, ImmediateKind.None, 0, "ii:i");
        Add(Opcode.I32GtS, ImmediateKind.None, 0, "ii:i");
        Add(Opcode.I32GtU, ImmediateKind.None, 0, "ii:i");
        Add(Opcode.I32LeS, ImmediateKind.None, 0, "ii:i");
        Add(Opcode.I32LeU, ImmediateKind.None, 0, "ii:i");
        Add(Opcode.I32GeS, ImmediateKind.None, 0, "ii:i");
        Add(Opcode.I32GeU, ImmediateKind.None, 0, "ii:i");
        Add(Opcode.I64Eqz, ImmediateKind.None, 0, "l:i");
        Add(Opcode.I64Eq, ImmediateKind.None, 0, "ll:i");
        Add(Opcode.I64Ne, ImmediateKind.None, 0, "ll:i");
        Add(Opcode.I64LtS, ImmediateKind.None, 0, "ll:i");
        Add(Opcode.I64LtU, ImmediateKind.None, 0, "ll:i");
        Add(Opcode.I64GtS, ImmediateKind.None, 0, "ll:i");
        Add(Opcode.I64GtU, ImmediateKind.None, 0, "ll:i");
        Add(Opcode.I64LeS, ImmediateKind.None, 0, "ll:i");
        Add(Opcode.I64LeU, ImmediateKind.None, 0, "ll:i");
        Add(Opcode.I64GeS, ImmediateKind.None, 0, "ll:i");
        Add(Opcode.I64GeU, ImmediateKind.None, 0, "ll:i");
        Add(Opcode.F32Eq, ImmediateKind.None, 0, "ff:i");
        Add(Opcode.F32Ne, ImmediateKind.None, 0, "ff:i");
        Add(Opcode.F32Lt, ImmediateKind.None, 0, "ff:i");
        Add(Opcode.F32Gt, ImmediateKind.None, 0, "ff:i");
        Add(Opcode.F32Le, ImmediateKind.None, 0, "ff:i");
        Add(Opcode.F32Ge, ImmediateKind.None, 0, "ff:i");
        Add(Opcode.F64Eq, ImmediateKind.None, 0, "dd:i");
        Add(Opcode.F64Ne, ImmediateKind.None, 0, "dd:i");
        Add(Opcode.F64Lt, ImmediateKind.None, 0, "dd:i");
        Add(Opcode.F64Gt, ImmediateKind.None, 0, "dd:i");
        Add(Opcode.F64Le, ImmediateKind.None, 0, "dd:i");
        Add(Opcode.F64Ge, ImmediateKind.None, 0, "dd:i");
        Add(Opcode.I32Clz, ImmediateKind.None, 0, "i:i");
        Add(Opcode.I32Ctz, ImmediateKind.None, 0, "i:i");
        Add(Opcode.I32Popcnt, ImmediateKind.None, 0, "i:i");
        Add(Opcode.I32Add, ImmediateKind.None, 0, "ii:i");
        Add(Opcode.I32Sub, ImmediateKind.None, 0, "ii:i");
        Add(Opcode.I32Mul, ImmediateKind.None, 0, "ii:i");
        Add(Opcode.I32DivS, ImmediateKind.None, 0, "ii:i");
        Add(Opcode.I32DivU, ImmediateKind.None, 0, "ii:i");
        Add(Opcode.I32RemS, ImmediateKind.None, 0, "ii:i");
        Add(Opcode.I32RemU, ImmediateKind.None, 0, "ii:i");
        Add(Opcode.I32And, ImmediateKind.None, 0, "ii:i");
        Add(Opcode.I32Or, ImmediateKind.None, 0, "ii:i");
        Add(Opcode.I32Xor, ImmediateKind.None, 0, "ii:i");
        Add(Opcode.I32Shl, ImmediateKind.None, 0, "ii:i");
        Add(Opcode.I32ShrS, ImmediateKind.None, 0, "ii:i");
        Add(Opcode.I32ShrU, ImmediateKind.None, 0, "ii:i");
        Add(Opcode.I32Rotl, ImmediateKind.None, 0, "ii:i");
        Add(Opcode.I32Rotr, ImmediateKind.None, 0, "ii:i");
        Add(Opcode.I64Clz, ImmediateKind.None, 0, "l:l");
        Add(Opcode.I64Ctz, ImmediateKind.None, 0, "l:l");
        Add(Opcode.I64Popcnt, ImmediateKind.None, 0, "l:l");
        Add(Opcode.I64Add, ImmediateKind.None, 0, "ll:l");
        Add(Opcode.I64Sub, ImmediateKind.None, 0, "ll:l");
        Add(Opcode.I64Mul, ImmediateKind.None, 0, "ll:l");
        Add(Opcode.I64DivS, ImmediateKind.None, 0, "ll:l");
        Add(Opcode.I64DivU, ImmediateKind.None, 0, "ll:l");
        Add(Opcode.I64RemS, ImmediateKind.None, 0, "ll:l");
        Add(Opcode.I64RemU, ImmediateKind.None, 0, "ll:l");
        Add(Opcode.I64And, ImmediateKind.None, 0, "ll:l");
        Add(Opcode.I64Or, ImmediateKind.None, 0, "ll:l");
        Add(Opcode.I64Xor, ImmediateKind.None, 0, "ll:l");
        Add(Opcode.I64Shl, ImmediateKind.None, 0, "ll:l");
        Add(Opcode.I64ShrS, ImmediateKind.None, 0, "ll:l");
        Add(Opcode.I64ShrU, ImmediateKind.None, 0, "ll:l");
        Add(Opcode.I64Rotl, ImmediateKind.None, 0, "ll:l");
        Add(Opcode.I64Rotr, ImmediateKind.None, 0, "ll:l");
        Add(Opcode.F32Abs, ImmediateKind.None, 0, "f:f");
        Add(Opcode.F32Neg, ImmediateKind.None, 0, "f:f");
        Add(Opcode.F32Ceil, ImmediateKind.None, 0, "f:f");
        Add(Opcode.F32Floor, ImmediateKind.None, 0, "f:f");
        Add(Opcode.F32Trunc, ImmediateKind.None, 0, "f:f");
        Add(Opcode.F32Nearest, ImmediateKind.None, 0, "f:f");
        Add(Opcode.F32Sqrt, ImmediateKind.None, 0, "f:f");
        Add(Opcode.F32Add, ImmediateKind.None, 0, "ff:f");
        Add(Opcode.F32Sub, ImmediateKind.None, 0, "ff:f");
        Add(Opcode.F32Mul, ImmediateKind.None, 0, "ff:f");
        Add(Opcode.F32Div, ImmediateKind.None, 0, "ff:f");
        Add(Opcode.F32Min, ImmediateKind.None, 0, "ff:f");
        Add(Opcode.F32Max, ImmediateKind.None, 0, "ff:f");
        Add(Opcode.F32Copysign, ImmediateKind.None, 0, "ff:f");
        Add(Opcode.F64Abs, ImmediateKind.None, 0, "d:d");
        Add(Opcode.F64Neg, ImmediateKind.None, 0, "d:d");
        Add(Opcode.F64Ceil, ImmediateKind.None, 0, "d:d");
        Add(Opcode.F64Floor, ImmediateKind.None, 0, "d:d");
        Add(Opcode.F64Trunc, ImmediateKind.None, 0, "d:d");
        Add(Opcode.F64Nearest, ImmediateKind.None, 0, "d:d");
        Add(Opcode.F64Sqrt, ImmediateKind.None, 0, "d:d");
        Add(Opcode.F64Add, ImmediateKind.None, 0, "dd:d");
        Add(Opcode.F64Sub, ImmediateKind.None, 0, "dd:d");
        Add(Opcode.F64Mul, ImmediateKind.None, 0, "dd:d");
        Add(Opcode.F64Div, ImmediateKind.None, 0, "dd:d");
        Add(Opcode.F64Min, ImmediateKind.None, 0, "dd:d");
        Add(Opcode.F64Max, ImmediateKind.None, 0, "dd:d");
        Add(Opcode.F64Copysign, ImmediateKind.None, 0, "dd:d");
        Add(Opcode.I32WrapI64, ImmediateKind.None, 0, "l:i");
        Add(Opcode.I32TruncF32S, ImmediateKind.None, 0, "f:i");
        Add(Opcode.I32TruncF32U, ImmediateKind.None, 0, "f:i");
        Add(Opcode.I32TruncF64S, ImmediateKind.None, 0, "d:i");
        Add(Opcode.I32TruncF64U, ImmediateKind.None, 0, "d:i");
        Add(Opcode.I64ExtendI32S, ImmediateKind.None, 0, "i:l");
        Add(Opcode.I64ExtendI32U, ImmediateKind.None, 0, "i:l");
        Add(Opcode.I64TruncF32S, ImmediateKind.None, 0, "f:l");
        Add(Opcode.I64TruncF32U, ImmediateKind.None, 0, "f:l");
        Add(Opcode.I64TruncF64S, ImmediateKind.None, 0, "d:l");
        Add(Opcode.I64TruncF64U, ImmediateKind.None, 0, "d:l");
        Add(Opcode.F32ConvertI32S, ImmediateKind.None, 0, "i:f");
        Add(Opcode.F32ConvertI32U, ImmediateKind.None, 0, "i:f");
        Add(Opcode.F32ConvertI64S, ImmediateKind.None, 0, "l:f");
        Add(Opcode.F32ConvertI64U, ImmediateKind.None, 0, "l:f");
        Add(Opcode.F32DemoteF64, ImmediateKind.None, 0, "d:f");
        Add(Opcode.F64ConvertI32S, ImmediateKind.None, 0, "i:d");
        Add(Opcode.F64ConvertI32U, ImmediateKind.None, 0, "i:d");
        Add(Opcode.F64ConvertI64S, ImmediateKind.None, 0, "l:d");
        Add(Opcode.F64ConvertI64U, ImmediateKind.None, 0, "l:d");
        Add(Opcode.F64PromoteF32, ImmediateKind.None, 0, "f:d");
        Add(Opcode.I32ReinterpretF32, ImmediateKind.None, 0, "f:i");
        Add(Opcode.I64ReinterpretF64, ImmediateKind.None, 0, "d:l");
        Add(Opcode.F32ReinterpretI32, ImmediateKind.None, 0, "i:f");
        Add(Opcode.F64ReinterpretI64, ImmediateKind.None, 0, "l:d");
        Add(Opcode.I32Extend8S, ImmediateKind.None, 0, "i:i");
        Add(Opcode.I32Extend16S, ImmediateKind.None, 0, "i:i");
        Add(Opcode.I64Extend8S, ImmediateKind.None, 0, "l:l");
        Add(Opcode.I64Extend16S, ImmediateKind.None, 0, "l:l");
        Add(Opcode.I64Extend32S, ImmediateKind.None, 0, "l:l");
        Add(Opcode.RefNull, ImmediateKind.ReferenceType, 0, null);
        Add(Opcode.RefIsNull, ImmediateKind.None, 0, null);
        Add(Opcode.RefFunc, ImmediateKind.Index, 0, null);
        Add(Opcode.I32TruncSatF32S, ImmediateKind.None, 0, "f:i");
        Add(Opcode.I32TruncSatF32U, ImmediateKind.None, 0, "f:i");
        Add(Opcode.I32TruncSatF64S, ImmediateKind.None, 0, "d:i");
        Add(Opcode.I32TruncSatF64U, ImmediateKind.None, 0, "d:i");
        Add(Opcode.I64TruncSatF32S, ImmediateKind.None, 0, "f:l");
        Add(Opcode.I64TruncSatF32U, ImmediateKind.None, 0, "f:l");
        Add(Opcode.I64TruncSatF64S, ImmediateKind.None, 0, "d:l");
        Add(Opcode.I64TruncSatF64U, ImmediateKind.None, 0, "d:l");
        Add(Opcode.MemoryInit, ImmediateKind.IndexAndZero, 0, "iii:");
        Add(Opcode.DataDrop, ImmediateKind.Index, 0, ":");
        Add(Opcode.MemoryCopy, ImmediateKind.TwoZeros, 0, "iii:");
        Add(Opcode.MemoryFill, ImmediateKind.ZeroByte, 0, "iii:");
        Add(Opcode.TableInit, ImmediateKind.TwoIndices, 0, "iii:");
        Add(Opcode.ElemDrop, ImmediateKind.Index, 0, ":");
        Add(Opcode.TableCopy, ImmediateKind.TwoIndices, 0, "iii:");
        Add(Opcode.TableGrow, ImmediateKind.Index, 0, null);
        Add(Opcode.TableSize, ImmediateKind.Index, 0, ":i");
        Add(Opcode.TableFill, ImmediateKind.Index, 0, null);
        return forms;

        void Add(Opcode code, ImmediateKind immediate, int width, string? signature)
        {
            WasmType[]? pops = signature is null ? null : [.. signature[..signature.IndexOf(':', StringComparison.Ordinal)].Select(TypeOf)];
            WasmType push = signature is null || signature.EndsWith(':') ? WasmType.Unknown : TypeOf(signature[^1]);
            int place = (int)code < PrefixedStart ? (int)code : PrefixedStart + ((int)code & 0xff);
            forms[place] = new OpcodeForm(code, immediate, width, pops, push);
        }
    }

    private static WasmType TypeOf(char letter) => letter switch
    {
        'i' => WasmType.I32,
        'l' => WasmType.I64,
        'f' => WasmType.F32,
        _ => WasmType.F64,
    };
}
