using System;
using System.Collections.Generic;
using System.Globalization;

namespace Starling.Core.Wasm;

/// <summary>Reads sections into <see cref="ModuleParts"/> (specification, "Binary Format / Modules").</summary>
internal static class SectionDecoder
{
    private const byte FunctionForm = 0x60;

    public static void Read(ref WasmReader reader, byte id, ModuleParts parts)
    {
        switch (id)
        {
            case 0:
                reader.Name();
                reader.Span(reader.End - reader.Position);
                break;
            case 1:
                Types(ref reader, parts);
                break;
            case 2:
                Imports(ref reader, parts);
                break;
            case 3:
                for (int left = reader.Count(WasmLimits.MaxFunctions - parts.FunctionTypes.Count, "functions"); left > 0 && !reader.Failed; left--)
                {
                    parts.FunctionTypes.Add(Index(ref reader));
                }

                break;
            case 4:
                for (int left = reader.Count(WasmLimits.MaxTables - parts.Tables.Count, "tables"); left > 0 && !reader.Failed; left--)
                {
                    parts.Tables.Add(Table(ref reader));
                }

                break;
            case 5:
                for (int left = reader.Count(WasmLimits.MaxTables, "memories"); left > 0 && !reader.Failed; left--)
                {
                    parts.Memories.Add(Limits(ref reader));
                }

                break;
            case 6:
                for (int left = reader.Count(WasmLimits.MaxGlobals - parts.Globals.Count, "globals"); left > 0 && !reader.Failed; left--)
                {
                    parts.Globals.Add(Global(ref reader));
                    parts.GlobalValues.Add(SegmentDecoder.Constant(ref reader, parts));
                }

                break;
            case 7:
                for (int left = reader.Count(WasmLimits.MaxExports, "exports"); left > 0 && !reader.Failed; left--)
                {
                    string name = reader.Name();
                    WasmEntity kind = Entity(ref reader);
                    int index = Index(ref reader);
                    parts.Exports.Add(new WasmExport(name, kind, index));
                    if (kind == WasmEntity.Function)
                    {
                        parts.References.Add(index);
                    }
                }

                break;
            case 8:
                parts.Start = Index(ref reader);
                break;
            case 9:
                for (int left = reader.Count(WasmLimits.MaxSegments, "element segments"); left > 0 && !reader.Failed; left--)
                {
                    parts.Elements.Add(SegmentDecoder.Elements(ref reader, parts));
                }

                break;
            case 10:
                Bodies(ref reader, parts);
                break;
            case 11:
                for (int left = reader.Count(WasmLimits.MaxSegments, "data segments"); left > 0 && !reader.Failed; left--)
                {
                    parts.Data.Add(SegmentDecoder.Data(ref reader, parts));
                }

                break;
            default:
                parts.DataCount = (int)Math.Min(reader.U32(), int.MaxValue);
                break;
        }
    }

    /// <summary>An index; those that no list reaches stay out of range.</summary>
    public static int Index(ref WasmReader reader) => (int)Math.Min(reader.U32(), int.MaxValue);

    private static void Types(ref WasmReader reader, ModuleParts parts)
    {
        for (int left = reader.Count(WasmLimits.MaxTypes, "types"); left > 0 && !reader.Failed; left--)
        {
            int at = reader.Position;
            if (reader.Byte() != FunctionForm)
            {
                reader.FailAt(at, WasmReader.Malformed, "a type is not that of a function");
                return;
            }

            WasmType[] parameters = TypeList(ref reader, WasmLimits.MaxParameters, "parameters");
            parts.Types.Add(new FunctionType(parameters, TypeList(ref reader, WasmLimits.MaxResults, "results")));
        }
    }

    private static WasmType[] TypeList(ref WasmReader reader, int most, string what)
    {
        int count = reader.Count(most, what);
        var types = new WasmType[count];
        for (int i = 0; i < count && !reader.Failed; i++)
        {
            types[i] = reader.ValueType();
        }

        return types;
    }

    private static void Imports(ref WasmReader reader, ModuleParts parts)
    {
        for (int left = reader.Count(WasmLimits.MaxImports, "imports"); left > 0 && !reader.Failed; left--)
        {
            string module = reader.Name();
            string name = reader.Name();
            WasmEntity kind = Entity(ref reader);
            int index;
            switch (kind)
            {
                case WasmEntity.Function:
                    index = parts.ImportedFunctions++;
                    parts.FunctionTypes.Add(Index(ref reader));
                    break;
                case WasmEntity.Table:
                    index = parts.ImportedTables++;
                    parts.Tables.Add(Table(ref reader));
                    break;
                case WasmEntity.Memory:
                    index = parts.ImportedMemories++;
                    parts.Memories.Add(Limits(ref reader));
                    break;
                default:
                    index = parts.ImportedGlobals++;
                    parts.Globals.Add(Global(ref reader));
                    break;
            }

            parts.Imports.Add(new WasmImport(module, name, kind, index));
        }

        if (parts.Tables.Count > WasmLimits.MaxTables)
        {
            reader.Fail(WasmReader.Limit, string.Create(CultureInfo.InvariantCulture, $"it has more than {WasmLimits.MaxTables} tables"));
        }
    }

    private static WasmEntity Entity(ref WasmReader reader)
    {
        int at = reader.Position;
        byte kind = reader.Byte();
        if (kind > (byte)WasmEntity.Global)
        {
            reader.FailAt(at, WasmReader.Malformed, "an import or export is neither function, table, memory nor global");
        }

        return (WasmEntity)kind;
    }

    private static TableType Table(ref WasmReader reader)
    {
        WasmType element = reader.ReferenceType();
        return new TableType(element, Limits(ref reader));
    }

    private static PageLimits Limits(ref WasmReader reader)
    {
        int at = reader.Position;
        byte flags = reader.Byte();
        if (flags > 1)
        {
            reader.FailAt(at, WasmReader.Malformed, "limits have flags that this program does not know");
        }

        uint least = reader.U32();
        return new PageLimits(least, flags == 1 ? reader.U32() : null);
    }

    private static GlobalType Global(ref WasmReader reader)
    {
        WasmType type = reader.ValueType();
        int at = reader.Position;
        byte mutability = reader.Byte();
        if (mutability > 1)
        {
            reader.FailAt(at, WasmReader.Malformed, "a global is neither variable nor constant");
        }

        return new GlobalType(type, mutability == 1);
    }

    private static void Bodies(ref WasmReader reader, ModuleParts parts)
    {
        int count = reader.Count(WasmLimits.MaxFunctions, "bodies");
        if (!reader.Failed && count != parts.FunctionTypes.Count - parts.ImportedFunctions)
        {
            reader.Fail(WasmReader.Malformed, "there are not as many bodies as functions");
            return;
        }

        for (int i = 0; i < count && !reader.Failed; i++)
        {
            int size = reader.Count(WasmLimits.MaxBodySize, "bytes of a function");
            int end = reader.Position + size;
            int type = parts.FunctionTypes[parts.ImportedFunctions + i];
            int parameters = type < parts.Types.Count ? parts.Types[type].Parameters.Count : 0;
            var locals = new List<LocalGroup>();
            int localCount = parameters;
            for (int groups = reader.Count(WasmLimits.MaxLocals, "groups of locals"); groups > 0 && !reader.Failed; groups--)
            {
                uint more = reader.U32();
                if (more > (uint)(WasmLimits.MaxLocals - localCount))
                {
                    reader.Fail(WasmReader.Limit, string.Create(CultureInfo.InvariantCulture, $"a function has too many locals; {WasmLimits.MaxLocals} are taken"));
                    return;
                }

                localCount += (int)more;
                locals.Add(new LocalGroup((int)more, reader.ValueType()));
            }

            if (reader.Position >= end)
            {
                reader.Fail(WasmReader.Malformed, "a function ends before its code");
                return;
            }

            parts.Bodies.Add(new FunctionBody(reader.Position, end, locals));
            reader.Span(end - reader.Position);
        }
    }
}
