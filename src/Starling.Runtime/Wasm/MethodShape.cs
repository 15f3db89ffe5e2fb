using System;
using System.Linq;
using Starling.Core.Wasm;

namespace Starling.Runtime.Wasm;

/// <summary>The .NET signature of a function: its parameters, the address of its instance's block, the stack that is left; its first result.</summary>
internal static class MethodShape
{
    public static Type ReturnOf(FunctionType type) => type.Results.Count == 0 ? typeof(void) : ClrTypes.Of(type.Results[0]);

    public static Type[] ParametersOf(FunctionType type) => [.. type.Parameters.Select(ClrTypes.Of), typeof(nint), typeof(int)];
}
