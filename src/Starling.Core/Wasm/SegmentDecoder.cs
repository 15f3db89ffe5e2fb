using System.Collections.Generic;
using System.Globalization;

namespace Starling.Core.Wasm;

/// <summary>Reads constant expressions and what segments hold.</summary>
internal static class SegmentDecoder
{
    private const byte Global = 0x23;
    private const byte I32Const = 0x41;
    private const byte I64Const = 0x42;
    private const byte F32Const = 0x43;
    private const byte F64Const = 0x44;
    private const byte RefNull = 0xd0;
    private const byte RefFunc = 0xd2;
    private const byte End = 0x0b;

    /// <summary>One constant instruction and the end.</summary>
    public static ConstantExpression Constant(ref WasmReader reader, ModuleParts parts)
    {
        int at = reader.Position;
        ConstantExpression value = default;
        byte code = reader.Byte();
        switch (code)
        {
            case I32Const:
                value = new ConstantExpression(ConstantKind.Number, WasmType.I32, (uint)reader.S32());
                break;
            case I64Const:
                value = new ConstantExpression(ConstantKind.Number, WasmType.I64, (ulong)reader.S64());
                break;
            case F32Const:
                value = new ConstantExpression(ConstantKind.Number, WasmType.F32, reader.Fixed32());
                break;
            case F64Const:
                value = new ConstantExpression(ConstantKind.Number, WasmType.F64, reader.Fixed64());
                break;
            case RefNull:
                value = new ConstantExpression(ConstantKind.Null, reader.ReferenceType(), 0);
                break;
            case RefFunc:
                int function = SectionDecoder.Index(ref reader);
                parts.References.Add(function);
                value = new ConstantExpression(ConstantKind.Function, WasmType.FuncRef, (uint)function);
                break;
            case Global:
                int index = SectionDecoder.Index(ref reader);
                if (!reader.Failed && (index >= parts.ImportedGlobals || parts.Globals[index].IsMutable))
                {
                    reader.FailAt(at, WasmReader.Invalid, "a constant expression names a global that is not imported or not constant");
                    break;
                }

                value = new ConstantExpression(ConstantKind.Global, reader.Failed ? WasmType.I32 : parts.Globals[index].Type, (uint)index);
                break;
            default:
                reader.FailAt(at, WasmReader.Invalid, string.Create(CultureInfo.InvariantCulture, $"a constant expression begins with 0x{code:x2}"));
                break;
        }

        int rest = reader.Position;
        if (!reader.Failed && reader.Byte() != End)
        {
            reader.FailAt(rest, WasmReader.Invalid, "a constant expression is more than one instruction");
        }

        return value;
    }

    /// <summary>One element segment.</summary>
    public static ElementSegment Elements(ref WasmReader reader, ModuleParts parts)
    {
        const int NotActive = 1;
        const int NamesTable = 2;
        const int HasExpressions = 4;
        int at = reader.Position;
        uint flags = reader.U32();
        if (flags > 7)
        {
            reader.FailAt(at, WasmReader.Malformed, "an element segment is of a kind that this program does not know");
        }

        SegmentMode mode = (flags & NotActive) == 0 ? SegmentMode.Active : (flags & NamesTable) == 0 ? SegmentMode.Passive : SegmentMode.Declarative;
        int table = mode == SegmentMode.Active && (flags & NamesTable) != 0 ? SectionDecoder.Index(ref reader) : 0;
        ConstantExpression offset = mode == SegmentMode.Active ? Constant(ref reader, parts) : default;
        WasmType type = WasmType.FuncRef;
        if ((flags & (NotActive | NamesTable)) != 0)
        {
            if ((flags & HasExpressions) != 0)
            {
                type = reader.ReferenceType();
            }
            else if (reader.Byte() != 0)
            {
                reader.Fail(WasmReader.Malformed, "elements are no functions");
            }
        }

        int count = reader.Count(WasmLimits.MaxSegmentElements, "elements");
        var items = new List<ConstantExpression>();
        for (int i = 0; i < count && !reader.Failed; i++)
        {
            if ((flags & HasExpressions) != 0)
            {
                items.Add(Constant(ref reader, parts));
                continue;
            }

            int function = SectionDecoder.Index(ref reader);
            parts.References.Add(function);
            items.Add(new ConstantExpression(ConstantKind.Function, WasmType.FuncRef, (uint)function));
        }

        return new ElementSegment(mode, table, offset, type, items);
    }

    /// <summary>One data segment.</summary>
    public static DataSegment Data(ref WasmReader reader, ModuleParts parts)
    {
        int at = reader.Position;
        uint flags = reader.U32();
        if (flags > 2)
        {
            reader.FailAt(at, WasmReader.Malformed, "a data segment is of a kind that this program does not know");
        }

        int memory = flags == 2 ? SectionDecoder.Index(ref reader) : 0;
        if (flags != 1 && memory >= parts.Memories.Count)
        {
            reader.FailAt(at, WasmReader.Invalid, "a data segment is for a memory that is not there");
        }

        ConstantExpression offset = flags == 1 ? default : Constant(ref reader, parts);
        int length = reader.Count(WasmLimits.MaxModuleSize, "bytes of data");
        int start = reader.Position;
        reader.Span(length);
        return new DataSegment(flags == 1 ? SegmentMode.Passive : SegmentMode.Active, offset, start, length);
    }
}
