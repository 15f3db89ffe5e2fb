using System.Collections.Generic;

namespace Starling.Core.Wasm;

/// <summary>A module while it is read; indices are not yet checked.</summary>
internal sealed class ModuleParts
{
    public List<FunctionType> Types { get; } = [];

    public List<WasmImport> Imports { get; } = [];

    /// <summary>Index of each function's type.</summary>
    public List<int> FunctionTypes { get; } = [];

    public int ImportedFunctions { get; set; }

    public List<TableType> Tables { get; } = [];

    public int ImportedTables { get; set; }

    public List<PageLimits> Memories { get; } = [];

    public int ImportedMemories { get; set; }

    public List<GlobalType> Globals { get; } = [];

    public int ImportedGlobals { get; set; }

    public List<ConstantExpression> GlobalValues { get; } = [];

    public List<WasmExport> Exports { get; } = [];

    public int? Start { get; set; }

    public List<ElementSegment> Elements { get; } = [];

    public int? DataCount { get; set; }

    public List<FunctionBody> Bodies { get; } = [];

    public List<DataSegment> Data { get; } = [];

    /// <summary>Functions that are named outside of bodies.</summary>
    public SortedSet<int> References { get; } = [];
}
