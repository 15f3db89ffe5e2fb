namespace Starling.Core.Wasm;

/// <summary>
/// What a module may hold. Beyond a bound it is refused with the bound named. They follow the limits that browsers agreed on
/// (WebAssembly JavaScript interface, "Implementation-defined limits"), smaller where a run of a piece needs less.
/// </summary>
public static class WasmLimits
{
    /// <summary>Bytes of a module.</summary>
    public const int MaxModuleSize = 64 * 1024 * 1024;

    /// <summary>Function types of a module.</summary>
    public const int MaxTypes = 100_000;

    /// <summary>Parameters of a function or block.</summary>
    public const int MaxParameters = 1_000;

    /// <summary>Results of a function or block.</summary>
    public const int MaxResults = 1_000;

    /// <summary>Imports of a module.</summary>
    public const int MaxImports = 10_000;

    /// <summary>Exports of a module.</summary>
    public const int MaxExports = 100_000;

    /// <summary>Functions of a module, imported ones among them.</summary>
    public const int MaxFunctions = 200_000;

    /// <summary>Tables of a module, imported ones among them.</summary>
    public const int MaxTables = 100;

    /// <summary>Memories of a module, imported ones among them (WebAssembly 1.0).</summary>
    public const int MaxMemories = 1;

    /// <summary>Globals of a module, imported ones among them.</summary>
    public const int MaxGlobals = 100_000;

    /// <summary>Element and data segments of a module, each.</summary>
    public const int MaxSegments = 100_000;

    /// <summary>Elements of one segment.</summary>
    public const int MaxSegmentElements = 1_000_000;

    /// <summary>Bytes of one function's code.</summary>
    public const int MaxBodySize = 2 * 1024 * 1024;

    /// <summary>Locals of a function, its parameters among them.</summary>
    public const int MaxLocals = 50_000;

    /// <summary>Blocks within blocks of one function.</summary>
    public const int MaxNesting = 20_000;

    /// <summary>Operands on the stack of one function at once.</summary>
    public const int MaxOperands = 20_000;

    /// <summary>Targets of one <c>br_table</c>.</summary>
    public const int MaxBranchTargets = 65_520;

    /// <summary>Targets of all <c>br_table</c> of one function.</summary>
    public const int MaxBranchTargetsOfFunction = 1_000_000;

    /// <summary>Bytes of a name of an import, export or custom section.</summary>
    public const int MaxNameLength = 100_000;

    /// <summary>Pages of 64 KiB of a memory.</summary>
    public const int MaxPages = 65_536;

    /// <summary>Elements that a table may have; one that asks for more at its start is refused, growth beyond it fails.</summary>
    public const int MaxTableElements = 1_000_000;

    /// <summary>Bytes of a page.</summary>
    public const int PageSize = 65_536;
}
