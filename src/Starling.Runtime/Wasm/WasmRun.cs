using System;

namespace Starling.Runtime.Wasm;

/// <summary>Turns what ends compiled code into a <see cref="WasmTrap"/>.</summary>
internal static class WasmRun
{
    /// <summary>Runs something that calls compiled code.</summary>
    public static WasmTrap Guarded(Action run)
    {
        try
        {
            run();
            return WasmTrap.None;
        }
        catch (WasmTrapException trap)
        {
            return trap.Trap;
        }
        catch (NullReferenceException)
        {
            // An access outside of a memory (GuardArena).
            return WasmTrap.MemoryOutOfBounds;
        }
        catch (DivideByZeroException)
        {
            return WasmTrap.DivideByZero;
        }
        catch (OverflowException)
        {
            // The least number divided by -1.
            return WasmTrap.IntegerOverflow;
        }
    }
}
