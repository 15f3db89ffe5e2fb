using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;
using Starling.Core.Primitives;
using Starling.Core.Wasm;

namespace Starling.Runtime.Wasm;

/// <summary>What functions share while a module is compiled.</summary>
internal sealed class ModuleCompilation
{
    /// <summary>Bytes of IL of a module: code that grows out of few bytes is stopped here.</summary>
    public const int MaxCode = 512 * 1024 * 1024;

    private const string Name = "Starling.Wasm.Module";

    private ModuleCompilation(WasmEngine engine, WasmModule module, MethodBuilder[] methods)
    {
        Engine = engine;
        Module = module;
        Methods = methods;
        Layout = new InstanceLayout(module);
    }

    public WasmEngine Engine { get; }

    public WasmModule Module { get; }

    public InstanceLayout Layout { get; }

    /// <summary>A method for each function that is not imported.</summary>
    public MethodBuilder[] Methods { get; }

    /// <summary>Bytes of IL that may still be made.</summary>
    public int RoomForCode { get; set; } = MaxCode;

    /// <summary>Compiles a module.</summary>
    public static bool TryCompile(WasmEngine engine, WasmModule module, [NotNullWhen(true)] out CompiledModule? compiled, [NotNullWhen(false)] out Problem? problem)
    {
        compiled = null;
        AssemblyBuilder assembly = AssemblyBuilder.DefineDynamicAssembly(new AssemblyName(Name), AssemblyBuilderAccess.RunAndCollect);
        OpenInternals(assembly);
        TypeBuilder holder = assembly.DefineDynamicModule(Name).DefineType("Functions", TypeAttributes.Public | TypeAttributes.Abstract | TypeAttributes.Sealed);
        var methods = new MethodBuilder[module.Functions.Count - module.ImportedFunctions];
        for (int i = 0; i < methods.Length; i++)
        {
            FunctionType type = module.Functions[module.ImportedFunctions + i];
            methods[i] = holder.DefineMethod(
                NameOf(i), MethodAttributes.Public | MethodAttributes.Static, MethodShape.ReturnOf(type), MethodShape.ParametersOf(type));

            // Compiled once and for good; locals that need it are set to zero by code.
            methods[i].SetImplementationFlags(MethodImplAttributes.AggressiveOptimization);
            methods[i].InitLocals = false;
        }

        var compilation = new ModuleCompilation(engine, module, methods);
        for (int i = 0; i < methods.Length; i++)
        {
            if (!new FunctionCompiler(compilation, module.ImportedFunctions + i).TryCompile())
            {
                problem = new Problem(
                    "wasm:limit", string.Create(CultureInfo.InvariantCulture, $"the WebAssembly module is refused: its code becomes longer than {MaxCode} bytes"));
                return false;
            }
        }

        compiled = new CompiledModule(engine, module, compilation.Layout, holder.CreateType());
        problem = null;
        return true;
    }

    /// <summary>The name of the method of a function, counted without the imported ones.</summary>
    public static string NameOf(int function) => string.Create(CultureInfo.InvariantCulture, $"f{function}");

    /// <summary>What compiled code calls is nobody else's business, so it is internal; this attribute lets the code call it.</summary>
    private static void OpenInternals(AssemblyBuilder assembly) =>
        assembly.SetCustomAttribute(new CustomAttributeBuilder(
            typeof(IgnoresAccessChecksToAttribute).GetConstructor([typeof(string)])!, [typeof(ModuleCompilation).Assembly.GetName().Name!]));
}

/// <summary>A module that can be instantiated any number of times.</summary>
internal sealed class CompiledModule
{
    private readonly Dictionary<int, nint> _code = [];
    private readonly Type _holder;

    public CompiledModule(WasmEngine engine, WasmModule module, InstanceLayout layout, Type holder)
    {
        Engine = engine;
        Module = module;
        Layout = layout;
        _holder = holder;
    }

    public WasmEngine Engine { get; }

    public WasmModule Module { get; }

    public InstanceLayout Layout { get; }

    /// <summary>Address of a function's code; it is compiled to the processor's when it is first called.</summary>
    public nint CodeOf(int function)
    {
        if (!_code.TryGetValue(function, out nint code))
        {
            MethodInfo method = _holder.GetMethod(ModuleCompilation.NameOf(function - Module.ImportedFunctions))!;
            code = method.MethodHandle.GetFunctionPointer();
            _code.Add(function, code);
        }

        return code;
    }
}
