using System.Collections.Generic;

namespace Starling.Core.Wasm;

/// <summary>What a block's type means.</summary>
internal static class BlockTypes
{
    private static readonly FunctionType I32 = new([], [WasmType.I32]);
    private static readonly FunctionType I64 = new([], [WasmType.I64]);
    private static readonly FunctionType F32 = new([], [WasmType.F32]);
    private static readonly FunctionType F64 = new([], [WasmType.F64]);
    private static readonly FunctionType FuncRef = new([], [WasmType.FuncRef]);
    private static readonly FunctionType ExternRef = new([], [WasmType.ExternRef]);

    /// <summary>The type of a block as <see cref="InstructionReader"/> gives it; null when the module has no such type.</summary>
    public static FunctionType? Of(long type, IReadOnlyList<FunctionType> types) => type switch
    {
        >= 0 => type < types.Count ? types[(int)type] : null,
        InstructionReader.NoResult => FunctionType.Empty,
        _ => (WasmType)(byte)(type & 0x7f) switch
        {
            WasmType.I32 => I32,
            WasmType.I64 => I64,
            WasmType.F32 => F32,
            WasmType.F64 => F64,
            WasmType.FuncRef => FuncRef,
            _ => ExternRef,
        },
    };
}
