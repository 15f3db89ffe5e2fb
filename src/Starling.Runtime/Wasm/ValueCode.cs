using System.Reflection.Emit;
using Starling.Core.Wasm;

namespace Starling.Runtime.Wasm;

/// <summary>IL that reads and writes whole values through an address.</summary>
internal static class ValueCode
{
    public static OpCode Load(WasmType type) => type switch
    {
        WasmType.I32 => OpCodes.Ldind_I4,
        WasmType.F32 => OpCodes.Ldind_R4,
        WasmType.F64 => OpCodes.Ldind_R8,
        _ => OpCodes.Ldind_I8,
    };

    public static OpCode Store(WasmType type) => type switch
    {
        WasmType.I32 => OpCodes.Stind_I4,
        WasmType.F32 => OpCodes.Stind_R4,
        WasmType.F64 => OpCodes.Stind_R8,
        _ => OpCodes.Stind_I8,
    };
}
