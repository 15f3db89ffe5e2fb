using System;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Linq;
using Starling.Core.Primitives;

namespace Starling.Core.Wasm;

/// <summary>
/// Reads and checks a module: WebAssembly 1.0 with sign extension, saturating conversion, bulk memory, multi-value and reference types
/// (that is 2.0 without vectors), in the binary format. Never throws on bad input, allocates in proportion to its length, and names the byte at
/// which it is wrong. What it returns needs no further check.
/// </summary>
public static class ModuleDecoder
{
    private const int CustomSection = 0;
    private const int DataCountSection = 12;

    private static ReadOnlySpan<byte> Header => [0, (byte)'a', (byte)'s', (byte)'m', 1, 0, 0, 0];

    // Sections in the order in which they must come; custom ones are anywhere.
    private static ReadOnlySpan<byte> Order => [1, 2, 3, 4, 5, 6, 7, 8, 9, DataCountSection, 10, 11];

    /// <summary>Reads and checks a module.</summary>
    /// <param name="bytes">The whole module; kept by what is returned.</param>
    /// <param name="module">The module.</param>
    /// <param name="problem">What is wrong, with code <c>wasm:malformed</c>, <c>wasm:invalid</c> or <c>wasm:limit</c>.</param>
    public static bool TryDecode(ReadOnlyMemory<byte> bytes, [NotNullWhen(true)] out WasmModule? module, [NotNullWhen(false)] out Problem? problem)
    {
        module = null;
        if (bytes.Length > WasmLimits.MaxModuleSize)
        {
            problem = new Problem(WasmReader.Limit, string.Create(
                CultureInfo.InvariantCulture, $"the WebAssembly module is refused: it has {bytes.Length} bytes, at most {WasmLimits.MaxModuleSize} are taken"));
            return false;
        }

        var parts = new ModuleParts();
        problem = ReadSections(bytes.Span, parts) ?? ModuleValidator.Check(bytes.Span, parts);
        if (problem is not null)
        {
            return false;
        }

        module = new WasmModule
        {
            Bytes = bytes,
            Types = parts.Types,
            Imports = parts.Imports,
            Functions = [.. parts.FunctionTypes.Select(type => parts.Types[type])],
            ImportedFunctions = parts.ImportedFunctions,
            Tables = parts.Tables,
            ImportedTables = parts.ImportedTables,
            Memories = parts.Memories,
            ImportsMemory = parts.ImportedMemories > 0,
            Globals = parts.Globals,
            ImportedGlobals = parts.ImportedGlobals,
            GlobalValues = parts.GlobalValues,
            Exports = parts.Exports,
            Start = parts.Start,
            Elements = parts.Elements,
            Data = parts.Data,
            Bodies = parts.Bodies,
            References = parts.References,
        };
        return true;
    }

    private static Problem? ReadSections(ReadOnlySpan<byte> bytes, ModuleParts parts)
    {
        var reader = new WasmReader(bytes, 0, bytes.Length);
        if (!bytes.StartsWith(Header))
        {
            reader.Fail(WasmReader.Malformed, bytes.StartsWith(Header[..4]) ? "its version is not 1" : "it does not begin with \\0asm and a version");
            return reader.Problem;
        }

        reader.Span(Header.Length);
        int last = -1;
        while (!reader.AtEnd && !reader.Failed)
        {
            int at = reader.Position;
            byte id = reader.Byte();
            int length = reader.Count(WasmLimits.MaxModuleSize, "bytes of a section");
            if (reader.Failed)
            {
                break;
            }

            int place = Order.IndexOf(id);
            if (id != CustomSection && place < 0)
            {
                reader.FailAt(at, WasmReader.Malformed, string.Create(CultureInfo.InvariantCulture, $"{id} is no section"));
                break;
            }

            if (id != CustomSection && place <= last)
            {
                reader.FailAt(at, WasmReader.Malformed, string.Create(CultureInfo.InvariantCulture, $"section {id} is there twice or not in its place"));
                break;
            }

            last = id == CustomSection ? last : place;
            var section = new WasmReader(bytes, reader.Position, reader.Position + length);
            SectionDecoder.Read(ref section, id, parts);
            if (!section.Failed && !section.AtEnd)
            {
                section.Fail(WasmReader.Malformed, string.Create(CultureInfo.InvariantCulture, $"section {id} is longer than its content"));
            }

            if (section.Problem is { } wrong)
            {
                return wrong;
            }

            reader.Span(length);
        }

        if (!reader.Failed && parts.Bodies.Count != parts.FunctionTypes.Count - parts.ImportedFunctions)
        {
            reader.Fail(WasmReader.Malformed, "there are not as many bodies as functions");
        }

        if (!reader.Failed && parts.DataCount is int count && count != parts.Data.Count)
        {
            reader.Fail(WasmReader.Malformed, "there are not as many data segments as it says before");
        }

        return reader.Problem;
    }
}
