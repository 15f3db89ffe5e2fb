using System.Diagnostics.CodeAnalysis;
using Starling.Core.Wasm;

namespace Starling.Runtime.Wasm;

/// <summary>Something that an instance gives to others or takes from them.</summary>
internal abstract record WasmExternal
{
    private WasmExternal()
    {
    }

    /// <summary>A function of an instance.</summary>
    /// <param name="Type">Its type.</param>
    /// <param name="Entry">Address of its <see cref="FunctionEntry"/>.</param>
    public sealed record Function(FunctionType Type, nint Entry) : WasmExternal;

    /// <summary>A function of this program: a static method in the form of <see cref="MethodShape"/>, called with the block of the instance that imports it.</summary>
    public sealed record Host(FunctionType Type, nint Code) : WasmExternal;

    /// <summary>A table.</summary>
    public sealed record Table(WasmTable Value) : WasmExternal;

    /// <summary>A memory.</summary>
    public sealed record Memory(LinearMemory Value) : WasmExternal;

    /// <summary>A global, by the address of its 8 bytes.</summary>
    public sealed record Global(GlobalType Type, nint Address) : WasmExternal;
}

/// <summary>Where a module's imports come from.</summary>
internal interface IWasmImports
{
    /// <summary>Finds what a module imports; whether it has the right type is checked by the caller.</summary>
    bool TryFind(WasmImport import, [NotNullWhen(true)] out WasmExternal? external);
}
