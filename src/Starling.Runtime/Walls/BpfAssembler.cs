using System;
using System.Buffers.Binary;
using System.Collections.Generic;

namespace Starling.Runtime.Walls;

/// <summary>
/// Writes programs of the kernel's classic packet filter as seccomp(2) takes them: 8 bytes an instruction (<c>struct sock_filter</c>), of which only those that
/// a filter of system calls needs are offered. All tests fall through to the next instruction or skip one or more.
/// </summary>
internal sealed class BpfAssembler
{
    /// <summary>Most instructions that the kernel accepts (BPF_MAXINSNS).</summary>
    public const int MaxInstructions = 4096;

    /// <summary>Bytes of one instruction.</summary>
    public const int InstructionSize = 8;

    private const ushort LoadWord = 0x20;
    private const ushort And = 0x54;
    private const ushort JumpIfEqual = 0x15;
    private const ushort JumpIfGreater = 0x25;
    private const ushort JumpIfAnySet = 0x45;
    private const ushort Return = 0x06;

    private readonly List<byte> _program = [];

    /// <summary>Instructions so far.</summary>
    public int Count => _program.Count / InstructionSize;

    /// <summary>Loads the 32-bit word at <paramref name="offset"/> of <c>struct seccomp_data</c>.</summary>
    public BpfAssembler Load(int offset) => Add(LoadWord, 0, 0, (uint)offset);

    /// <summary>Keeps only these bits of what was loaded.</summary>
    public BpfAssembler Mask(uint bits) => Add(And, 0, 0, bits);

    /// <summary>If it is <paramref name="value"/>, skips <paramref name="yes"/> instructions, else <paramref name="no"/>.</summary>
    public BpfAssembler IfEqual(uint value, byte yes, byte no) => Add(JumpIfEqual, yes, no, value);

    /// <summary>If it is greater than <paramref name="value"/>, skips <paramref name="yes"/> instructions, else <paramref name="no"/>.</summary>
    public BpfAssembler IfGreater(uint value, byte yes, byte no) => Add(JumpIfGreater, yes, no, value);

    /// <summary>If any of these bits is set, skips <paramref name="yes"/> instructions, else <paramref name="no"/>.</summary>
    public BpfAssembler IfAnySet(uint bits, byte yes, byte no) => Add(JumpIfAnySet, yes, no, bits);

    /// <summary>Ends with an action.</summary>
    public BpfAssembler End(uint action) => Add(Return, 0, 0, action);

    /// <summary>The program, in this machine's byte order.</summary>
    public byte[] ToArray() => Count <= MaxInstructions ? [.. _program] : throw new InvalidOperationException($"{Count} instructions are more than {MaxInstructions}");

    private BpfAssembler Add(ushort code, byte yes, byte no, uint value)
    {
        Span<byte> instruction = stackalloc byte[InstructionSize];
        BinaryPrimitives.WriteUInt16LittleEndian(instruction, code);
        instruction[2] = yes;
        instruction[3] = no;
        BinaryPrimitives.WriteUInt32LittleEndian(instruction[4..], value);
        _program.AddRange(instruction);
        return this;
    }
}
