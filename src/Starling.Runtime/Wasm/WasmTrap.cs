using System;

namespace Starling.Runtime.Wasm;

/// <summary>Why a run of a module ended before its end.</summary>
public enum WasmTrap
{
    /// <summary>None.</summary>
    None,

    /// <summary>The instruction <c>unreachable</c>: what C's <c>abort</c> and Rust's <c>panic</c> become.</summary>
    Unreachable,

    /// <summary>An access outside of the memory.</summary>
    MemoryOutOfBounds,

    /// <summary>An access outside of a table.</summary>
    TableOutOfBounds,

    /// <summary>A call through an element of a table that holds no function.</summary>
    NoFunction,

    /// <summary>A call through a table of a function of another type.</summary>
    WrongFunctionType,

    /// <summary>A whole number was divided by zero.</summary>
    DivideByZero,

    /// <summary>The result of a division or conversion does not fit.</summary>
    IntegerOverflow,

    /// <summary>What is not a number was converted to a whole number.</summary>
    InvalidConversion,

    /// <summary>Functions called each other too deep.</summary>
    StackExhausted,

    /// <summary>The fuel is used up.</summary>
    OutOfFuel,
}

/// <summary>Ends a run of a module; caught where the run was begun.</summary>
internal sealed class WasmTrapException(WasmTrap trap) : Exception
{
    public WasmTrap Trap { get; } = trap;
}

/// <summary>What traps are called, and what compiled code calls to make one.</summary>
public static class WasmTraps
{
    /// <summary>A trap in words, for a sentence such as "the module was stopped: …".</summary>
    public static string Text(this WasmTrap trap) => trap switch
    {
        WasmTrap.Unreachable => "it gave up (unreachable)",
        WasmTrap.MemoryOutOfBounds => "it read or wrote outside of its memory",
        WasmTrap.TableOutOfBounds => "it used an element outside of its table",
        WasmTrap.NoFunction => "it called an element of a table that is no function",
        WasmTrap.WrongFunctionType => "it called a function as one of another type",
        WasmTrap.DivideByZero => "it divided by zero",
        WasmTrap.IntegerOverflow => "a whole number did not fit",
        WasmTrap.InvalidConversion => "it converted what is no number to a whole number",
        WasmTrap.StackExhausted => "its functions called each other too deep",
        WasmTrap.OutOfFuel => "its fuel is used up",
        _ => "nothing stopped it",
    };

    internal static void Unreachable() => throw new WasmTrapException(WasmTrap.Unreachable);

    internal static void OutOfFuel() => throw new WasmTrapException(WasmTrap.OutOfFuel);

    internal static void StackExhausted() => throw new WasmTrapException(WasmTrap.StackExhausted);

    internal static void MemoryOutOfBounds() => throw new WasmTrapException(WasmTrap.MemoryOutOfBounds);

    internal static void TableOutOfBounds() => throw new WasmTrapException(WasmTrap.TableOutOfBounds);

    internal static void NoFunction() => throw new WasmTrapException(WasmTrap.NoFunction);

    internal static void WrongFunctionType() => throw new WasmTrapException(WasmTrap.WrongFunctionType);

    internal static void IntegerOverflow() => throw new WasmTrapException(WasmTrap.IntegerOverflow);

    internal static void InvalidConversion() => throw new WasmTrapException(WasmTrap.InvalidConversion);
}
