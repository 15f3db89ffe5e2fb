namespace Starling.Core.Wasm;

/// <summary>One instruction of a body.</summary>
/// <param name="Form">Which.</param>
/// <param name="Offset">Where it begins in the module.</param>
/// <param name="A">First index, number of targets, type of <c>select</c> or <c>ref.null</c>, or alignment (power of two).</param>
/// <param name="B">Second index, or the default of a <c>br_table</c>.</param>
/// <param name="Bits">Bits of a number, a block's type (see <see cref="InstructionReader"/>), or the offset of an access to memory.</param>
internal readonly record struct Instruction(OpcodeForm Form, int Offset, uint A, uint B, ulong Bits)
{
    /// <summary>Its number.</summary>
    public Opcode Code => Form.Code;

    /// <summary>A block's type.</summary>
    public long BlockType => (long)Bits;
}
