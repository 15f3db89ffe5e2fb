using Starling.Core.Wasm;

namespace Starling.Runtime.Wasm;

/// <summary>
/// How deep functions may call each other: counted from the code alone, so that it is the same on every processor, and far below what the
/// thread's real stack holds (<see cref="ThreadStackSize"/>).
/// </summary>
internal static class StackBudget
{
    /// <summary>Units that a run begins with.</summary>
    public const int Whole = 4 * 1024 * 1024;

    /// <summary>Bytes of the stack of a thread that runs modules.</summary>
    public const int ThreadStackSize = 64 * 1024 * 1024;

    private const int Frame = 64;
    private const int Value = 8;
    private const int CodePerUnit = 16;

    /// <summary>What a call of a function takes while it runs. One that calls nothing takes nothing.</summary>
    public static int CostOf(int locals, FunctionBody body) => Frame + (Value * (locals + body.MaxOperands)) + ((body.End - body.Start) / CodePerUnit);
}
