using System;
using System.Collections.Generic;
using System.Globalization;
using Starling.Core.Primitives;

namespace Starling.Core.Wasm;

/// <summary>Checks what a module says against itself (specification, "Validation / Modules"), and the code of its functions.</summary>
internal static class ModuleValidator
{
    public static Problem? Check(ReadOnlySpan<byte> module, ModuleParts parts) =>
        CheckEntities(parts) ?? CheckSegments(parts) ?? CheckExports(parts) ?? CheckBodies(module, parts);

    private static Problem? CheckEntities(ModuleParts parts)
    {
        foreach (int type in parts.FunctionTypes)
        {
            if (type >= parts.Types.Count)
            {
                return Invalid($"a function has type {type}; there are {parts.Types.Count}");
            }
        }

        foreach (TableType table in parts.Tables)
        {
            if (table.Limits.Maximum < table.Limits.Minimum)
            {
                return Invalid($"a table's maximum is less than its minimum");
            }

            if (table.Limits.Minimum > WasmLimits.MaxTableElements)
            {
                return new Problem(WasmReader.Limit, Text($"a table begins with {table.Limits.Minimum} elements; at most {WasmLimits.MaxTableElements} are taken"));
            }
        }

        if (parts.Memories.Count > WasmLimits.MaxMemories)
        {
            return Invalid($"it has {parts.Memories.Count} memories; there may be one");
        }

        foreach (PageLimits memory in parts.Memories)
        {
            if (memory.Minimum > WasmLimits.MaxPages || memory.Maximum > WasmLimits.MaxPages)
            {
                return Invalid($"its memory has more than {WasmLimits.MaxPages} pages (4 GiB)");
            }

            if (memory.Maximum < memory.Minimum)
            {
                return Invalid($"its memory's maximum is less than its minimum");
            }
        }

        for (int i = 0; i < parts.GlobalValues.Count; i++)
        {
            if (parts.GlobalValues[i].Type != parts.Globals[parts.ImportedGlobals + i].Type)
            {
                return Invalid($"global {parts.ImportedGlobals + i} begins with a value of another type");
            }
        }

        foreach (int function in parts.References)
        {
            if (function >= parts.FunctionTypes.Count)
            {
                return Invalid($"function {function} is named; there are {parts.FunctionTypes.Count}");
            }
        }

        return null;
    }

    private static Problem? CheckSegments(ModuleParts parts)
    {
        foreach (ElementSegment segment in parts.Elements)
        {
            if (segment.Mode == SegmentMode.Active)
            {
                if (segment.Table >= parts.Tables.Count)
                {
                    return Invalid($"an element segment is for table {segment.Table}; there are {parts.Tables.Count}");
                }

                if (segment.Offset.Type != WasmType.I32 || parts.Tables[segment.Table].Element != segment.Type)
                {
                    return Invalid($"an element segment is not of its table's type, or its offset is no i32");
                }
            }

            foreach (ConstantExpression item in segment.Items)
            {
                if (item.Type != segment.Type)
                {
                    return Invalid($"an element is not of its segment's type");
                }
            }
        }

        foreach (DataSegment segment in parts.Data)
        {
            if (segment.Mode == SegmentMode.Active && segment.Offset.Type != WasmType.I32)
            {
                return Invalid($"a data segment's offset is no i32");
            }
        }

        return null;
    }

    private static Problem? CheckExports(ModuleParts parts)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (WasmExport export in parts.Exports)
        {
            int count = export.Kind switch
            {
                WasmEntity.Function => parts.FunctionTypes.Count,
                WasmEntity.Table => parts.Tables.Count,
                WasmEntity.Memory => parts.Memories.Count,
                _ => parts.Globals.Count,
            };
            if (export.Index >= count)
            {
                return Invalid($"it exports {export.Kind} {export.Index}; there are {count}");
            }

            if (!names.Add(export.Name))
            {
                return Invalid($"two exports have one name");
            }
        }

        if (parts.Start is int start
            && (start >= parts.FunctionTypes.Count || !parts.Types[parts.FunctionTypes[start]].Equals(FunctionType.Empty)))
        {
            return Invalid($"the function that starts it is not there, or takes or returns something");
        }

        return null;
    }

    private static Problem? CheckBodies(ReadOnlySpan<byte> module, ModuleParts parts)
    {
        var validator = new FunctionValidator(parts);
        for (int i = 0; i < parts.Bodies.Count; i++)
        {
            FunctionType type = parts.Types[parts.FunctionTypes[parts.ImportedFunctions + i]];
            if (!validator.TryCheck(module, type, parts.Bodies[i], out FunctionBody body, out Problem? problem))
            {
                return problem! with { Reason = Text($"{problem.Reason} (function {parts.ImportedFunctions + i})") };
            }

            parts.Bodies[i] = body;
        }

        return null;
    }

    private static Problem Invalid(FormattableString reason) =>
        new(WasmReader.Invalid, $"the WebAssembly module is refused: {reason.ToString(CultureInfo.InvariantCulture)}");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
