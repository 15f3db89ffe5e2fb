using System;
using System.Collections.Generic;
using System.Globalization;
using Starling.Core.Primitives;

namespace Starling.Core.Wasm;

/// <summary>
/// Reads the instructions of a body or a constant expression one by one. A block's type is an index of the module's types where it is not
/// negative, else <see cref="NoResult"/> or a value type's number minus 128.
/// </summary>
internal ref struct InstructionReader
{
    /// <summary>A block that takes and leaves nothing.</summary>
    public const long NoResult = -64;

    private readonly List<uint> _targets = [];
    private WasmReader _reader;
    private int _targetsInAll;

    public InstructionReader(ReadOnlySpan<byte> module, int start, int end)
    {
        _reader = new WasmReader(module, start, end);
    }

    /// <summary>What is wrong; null: nothing so far.</summary>
    public readonly Problem? Problem => _reader.Problem;

    /// <summary>Offset of the next instruction.</summary>
    public readonly int Position => _reader.Position;

    /// <summary>True when all was read.</summary>
    public readonly bool AtEnd => _reader.AtEnd;

    /// <summary>Targets of the last <c>br_table</c>, without its default.</summary>
    public readonly IReadOnlyList<uint> Targets => _targets;

    /// <summary>Notes a failure at the present position.</summary>
    public void Fail(string code, string reason) => _reader.Fail(code, reason);

    /// <summary>Notes a failure.</summary>
    public void FailAt(int position, string code, string reason) => _reader.FailAt(position, code, reason);

    /// <summary>The next instruction; false at a failure, which <see cref="Problem"/> tells.</summary>
    public bool TryRead(out Instruction instruction)
    {
        instruction = default;
        int offset = _reader.Position;
        byte code = _reader.Byte();
        uint prefixed = code == OpcodeTable.Prefix ? _reader.U32() : 0;
        if (_reader.Failed)
        {
            return false;
        }

        OpcodeForm? form = code == OpcodeTable.Prefix ? OpcodeTable.FindPrefixed(prefixed) : OpcodeTable.Find(code);
        if (form is null)
        {
            _reader.FailAt(offset, WasmReader.Malformed, code == OpcodeTable.VectorPrefix ? "vectors (SIMD) are not supported: build it without them"
                : code == OpcodeTable.Prefix ? string.Create(CultureInfo.InvariantCulture, $"0xfc {prefixed} is no instruction that this program knows")
                : string.Create(CultureInfo.InvariantCulture, $"0x{code:x2} is no instruction that this program knows"));
            return false;
        }

        uint a = 0;
        uint b = 0;
        ulong bits = 0;
        switch (form.Immediate)
        {
            case ImmediateKind.BlockType:
                bits = (ulong)BlockType();
                break;
            case ImmediateKind.Index:
                a = _reader.U32();
                break;
            case ImmediateKind.TwoIndices:
                a = _reader.U32();
                b = _reader.U32();
                break;
            case ImmediateKind.IndexAndZero:
                a = _reader.U32();
                Zero();
                break;
            case ImmediateKind.ZeroByte:
                Zero();
                break;
            case ImmediateKind.TwoZeros:
                Zero();
                Zero();
                break;
            case ImmediateKind.BranchTable:
                a = BranchTable();
                b = _reader.U32();
                break;
            case ImmediateKind.Types:
                a = SelectType();
                break;
            case ImmediateKind.ReferenceType:
                a = (uint)_reader.ReferenceType();
                break;
            case ImmediateKind.Memory:
                a = _reader.U32();
                if (a >= 32)
                {
                    _reader.FailAt(offset, WasmReader.Malformed, "an alignment is larger than 2^31");
                }

                bits = _reader.U32();
                break;
            case ImmediateKind.I32:
                bits = (uint)_reader.S32();
                break;
            case ImmediateKind.I64:
                bits = (ulong)_reader.S64();
                break;
            case ImmediateKind.F32:
                bits = _reader.Fixed32();
                break;
            case ImmediateKind.F64:
                bits = _reader.Fixed64();
                break;
            default:
                break;
        }

        instruction = new Instruction(form, offset, a, b, bits);
        return !_reader.Failed;
    }

    private void Zero()
    {
        int at = _reader.Position;
        if (_reader.Byte() != 0)
        {
            _reader.FailAt(at, WasmReader.Malformed, "a memory other than the first is named");
        }
    }

    private long BlockType()
    {
        int at = _reader.Position;
        long type = _reader.S33();
        if (type < NoResult || (type is < 0 and not NoResult && !WasmTypes.IsKnown((byte)(type & 0x7f))))
        {
            _reader.FailAt(at, WasmReader.Malformed, "a block's type is no type");
        }

        return type;
    }

    private uint BranchTable()
    {
        int count = _reader.Count(WasmLimits.MaxBranchTargets, "targets of a br_table");
        _targets.Clear();
        _targetsInAll += count;
        if (_targetsInAll > WasmLimits.MaxBranchTargetsOfFunction)
        {
            _reader.Fail(WasmReader.Limit, string.Create(CultureInfo.InvariantCulture, $"a function has more than {WasmLimits.MaxBranchTargetsOfFunction} targets of br_table"));
            return 0;
        }

        for (int i = 0; i < count && !_reader.Failed; i++)
        {
            _targets.Add(_reader.U32());
        }

        return (uint)count;
    }

    private uint SelectType()
    {
        int at = _reader.Position;
        int count = _reader.Count(WasmLimits.MaxResults, "types of a select");
        if (!_reader.Failed && count != 1)
        {
            _reader.FailAt(at, WasmReader.Invalid, "a select names other than one type");
            return 0;
        }

        return (uint)_reader.ValueType();
    }
}
