using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Reflection.Emit;
using Starling.Core.Primitives;
using Starling.Core.Wasm;

namespace Starling.Runtime.Wasm;

/// <summary>
/// Compiles modules and runs them. What it owns is used by one thread. Two modules of one engine can import from each other, as the test
/// suite wants it; a run of a piece is one module alone with the functions of WASI.
/// </summary>
internal sealed class WasmEngine
{
    private readonly Dictionary<FunctionType, long> _types = [];
    private readonly Dictionary<FunctionType, DynamicMethod> _trampolines = [];

    /// <param name="guarded">False: every access to memory is checked by code, also where <see cref="GuardArena"/> would do.</param>
    public WasmEngine(bool guarded = true)
    {
        Arena = guarded ? GuardArena.Instance : null;
    }

    /// <summary>Where memories lie; null: accesses are checked by code.</summary>
    public GuardArena? Arena { get; }

    /// <summary>Whether inaccessible address space around a memory stands for checks.</summary>
    public bool GuardsMemory => Arena is not null;

    /// <summary>Compiles a module.</summary>
    public bool TryCompile(WasmModule module, [NotNullWhen(true)] out CompiledModule? compiled, [NotNullWhen(false)] out Problem? problem) =>
        ModuleCompilation.TryCompile(this, module, out compiled, out problem);

    /// <summary>The number of a type: equal for equal types.</summary>
    public long NumberOf(FunctionType type)
    {
        if (!_types.TryGetValue(type, out long number))
        {
            number = _types.Count + 1;
            _types.Add(type, number);
        }

        return number;
    }

    /// <summary>Calls a function of any type: arguments and results as bits, in parts of 8 bytes.</summary>
    public unsafe void Call(FunctionType type, in FunctionEntry function, ReadOnlySpan<long> arguments, Span<long> results)
    {
        if (!_trampolines.TryGetValue(type, out DynamicMethod? trampoline))
        {
            trampoline = MakeTrampoline(type);
            _trampolines.Add(type, trampoline);
        }

        var call = trampoline.CreateDelegate<Trampoline>();
        fixed (long* given = arguments)
        {
            fixed (long* taken = results)
            {
                call((nint)given, (nint)taken, function.Code, function.Instance, StackBudget.Whole);
            }
        }
    }

    private static DynamicMethod MakeTrampoline(FunctionType type)
    {
        var method = new DynamicMethod("call", typeof(void), [typeof(nint), typeof(nint), typeof(nint), typeof(nint), typeof(int)], typeof(WasmEngine).Module, skipVisibility: true);
        ILGenerator il = method.GetILGenerator();
        if (type.Results.Count > 0)
        {
            il.Emit(OpCodes.Ldarg_1);
        }

        for (int i = 0; i < type.Parameters.Count; i++)
        {
            EmitPlace(OpCodes.Ldarg_0, 8 * i);
            il.Emit(ValueCode.Load(type.Parameters[i]));
        }

        il.Emit(OpCodes.Ldarg_3);
        il.Emit(OpCodes.Ldarg, (short)4);
        il.Emit(OpCodes.Ldarg_2);
        il.EmitCalli(OpCodes.Calli, System.Reflection.CallingConventions.Standard, MethodShape.ReturnOf(type), MethodShape.ParametersOf(type), null);
        if (type.Results.Count > 0)
        {
            il.Emit(ValueCode.Store(type.Results[0]));
        }

        for (int i = 1; i < type.Results.Count; i++)
        {
            EmitPlace(OpCodes.Ldarg_1, 8 * i);
            EmitPlace(OpCodes.Ldarg_3, InstanceLayout.Results + (8 * (i - 1)));
            il.Emit(ValueCode.Load(type.Results[i]));
            il.Emit(ValueCode.Store(type.Results[i]));
        }

        il.Emit(OpCodes.Ret);
        return method;

        void EmitPlace(OpCode start, int offset)
        {
            il.Emit(start);
            il.Emit(OpCodes.Ldc_I4, offset);
            il.Emit(OpCodes.Conv_I);
            il.Emit(OpCodes.Add);
        }
    }

    private delegate void Trampoline(nint arguments, nint results, nint code, nint instance, int stack);
}
