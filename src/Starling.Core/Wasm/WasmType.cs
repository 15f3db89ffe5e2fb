namespace Starling.Core.Wasm;

/// <summary>A value type, with its number in the binary format.</summary>
public enum WasmType : byte
{
    /// <summary>A value of no known type: the validator's stack in unreachable code.</summary>
    Unknown = 0,

    /// <summary>A reference to something of the host.</summary>
    ExternRef = 0x6f,

    /// <summary>A reference to a function.</summary>
    FuncRef = 0x70,

    /// <summary>A double.</summary>
    F64 = 0x7c,

    /// <summary>A single.</summary>
    F32 = 0x7d,

    /// <summary>64 bits.</summary>
    I64 = 0x7e,

    /// <summary>32 bits.</summary>
    I32 = 0x7f,
}

/// <summary>Kinds of <see cref="WasmType"/>.</summary>
public static class WasmTypes
{
    /// <summary>True for numbers of the binary format that name a value type known here.</summary>
    public static bool IsKnown(byte number) => (WasmType)number is WasmType.I32 or WasmType.I64 or WasmType.F32 or WasmType.F64 or WasmType.FuncRef or WasmType.ExternRef;

    /// <summary>True for references.</summary>
    public static bool IsReference(this WasmType type) => type is WasmType.FuncRef or WasmType.ExternRef;

    /// <summary>True for floating point.</summary>
    public static bool IsFloat(this WasmType type) => type is WasmType.F32 or WasmType.F64;
}
