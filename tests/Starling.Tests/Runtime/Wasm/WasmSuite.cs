using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.Json;
using Starling.Core.Primitives;
using Starling.Core.Wasm;
using Starling.Runtime.Wasm;

namespace Starling.Tests.Runtime.Wasm;

/// <summary>Carries out one file of the test suite in the form of <c>wast2json</c>, and tells what is not as it says.</summary>
internal sealed class WasmSuite : IDisposable
{
    /// <summary>Files of proposals that this program does not have; docs/wasm.md names them.</summary>
    private static readonly string[] LeftOut = ["simd_"];

    private readonly string _folder;
    private readonly JsonElement[] _commands;
    private readonly WasmEngine _engine;
    private readonly List<string> _failures = [];
    private readonly List<WasmInstance> _instances = [];
    private readonly Dictionary<string, WasmInstance> _named = [];
    private readonly Dictionary<string, IExports> _registered = [];
    private readonly SpecTest _specTest;
    private WasmInstance? _current;

    public WasmSuite(string path, bool guarded)
    {
        _folder = Path.GetDirectoryName(path)!;
        _engine = new WasmEngine(guarded);
        _commands = [.. JsonDocument.Parse(File.ReadAllBytes(path)).RootElement.GetProperty("commands").EnumerateArray()];
        _specTest = new SpecTest(_engine);
        _registered["spectest"] = _specTest;
    }

    public static string? Folder => Environment.GetEnvironmentVariable("WASM_TESTSUITE") is { Length: > 0 } folder ? folder : null;

    public static IEnumerable<string> Files()
    {
        if (Folder is null)
        {
            return [];
        }

        string[] json = Directory.GetFiles(Folder, "*.json");
        return (json.Length > 0 ? json : Directory.GetFiles(Folder, "*.wast"))
            .Where(file => !LeftOut.Any(start => Path.GetFileName(file).StartsWith(start, StringComparison.Ordinal)))
            .Order(StringComparer.Ordinal);
    }

    public string[] Run()
    {
        foreach (JsonElement command in _commands)
        {
            string? failure;
            try
            {
                failure = Carry(command);
            }
            catch (Exception bug) when (bug is not OutOfMemoryException)
            {
                failure = bug.ToString();
            }

            if (failure is not null)
            {
                _failures.Add($"line {command.GetProperty("line").GetInt32()}: {command.GetProperty("type").GetString()}: {failure}");
            }
        }

        return [.. _failures];
    }

    public void Dispose()
    {
        foreach (WasmInstance instance in _instances)
        {
            instance.Dispose();
        }

        _specTest.Dispose();
    }

    private string? Carry(JsonElement command)
    {
        switch (command.GetProperty("type").GetString())
        {
            case "module":
                _current = null;
                string? failure = Instantiate(command, out WasmTrap trap);
                if (failure is null && trap != WasmTrap.None)
                {
                    failure = $"starting ended with {trap}";
                }

                return failure;
            case "register":
                _registered[command.GetProperty("as").GetString()!] = new InstanceExports(InstanceOf(command));
                return null;
            case "action" or "assert_return":
                return CheckReturn(command);
            case "assert_trap" or "assert_exhaustion":
                WasmTrap ended = Act(command.GetProperty("action"), out _);
                return Matches(ended, command.GetProperty("text").GetString()!) ? null : $"ended with {ended}, not '{command.GetProperty("text")}'";
            case "assert_uninstantiable":
                string? refused = Instantiate(command, out WasmTrap starting);
                return refused ?? (Matches(starting, command.GetProperty("text").GetString()!) ? null : $"starting ended with {starting}");
            case "assert_unlinkable":
                return Instantiate(command, out _) is { } reason && reason.Contains("wasm:import", StringComparison.Ordinal) ? null : "was linked";
            case "assert_malformed" or "assert_invalid":
                if (command.GetProperty("module_type").GetString() == "text")
                {
                    return null; // Modules in the text format are wabt's business.
                }

                bool taken = ModuleDecoder.TryDecode(File.ReadAllBytes(Path.Combine(_folder, command.GetProperty("filename").GetString()!)), out _, out Problem? problem);
                string text = command.GetProperty("text").GetString()!;
                return taken ? $"was taken as valid: {text}" : problem!.Code == "wasm:limit" && text != "too many locals" ? problem.Reason : null;
            default:
                return "is not known";
        }
    }

    private string? Instantiate(JsonElement command, out WasmTrap trap)
    {
        trap = WasmTrap.None;
        byte[] bytes = File.ReadAllBytes(Path.Combine(_folder, command.GetProperty("filename").GetString()!));
        if (!ModuleDecoder.TryDecode(bytes, out WasmModule? module, out Problem? problem)
            || !_engine.TryCompile(module, out CompiledModule? compiled, out problem)
            || !WasmInstance.TryCreate(compiled, new Registry(_registered), InstanceLimits.None, out WasmInstance? instance, out problem))
        {
            return $"{problem.Code}: {problem.Reason}";
        }

        // What it put into tables of others stays there even when its start fails.
        _instances.Add(instance);
        trap = instance.Start();
        if (trap == WasmTrap.None)
        {
            _current = instance;
            if (command.TryGetProperty("name", out JsonElement name))
            {
                _named[name.GetString()!] = instance;
            }
        }

        return null;
    }

    private WasmInstance InstanceOf(JsonElement owner) =>
        owner.TryGetProperty("module", out JsonElement module) ? _named[module.GetString()!]
        : owner.TryGetProperty("name", out JsonElement name) ? _named[name.GetString()!]
        : _current ?? throw new InvalidOperationException("there is no module");

    private WasmTrap Act(JsonElement action, out (WasmType Type, long Bits)[] results)
    {
        WasmInstance instance = InstanceOf(action);
        string field = action.GetProperty("field").GetString()!;
        WasmExternal external = instance.Export(field) ?? throw new InvalidOperationException($"no export {field}");
        if (external is WasmExternal.Global global)
        {
            results = [(global.Type.Type, ReadGlobal(global))];
            return WasmTrap.None;
        }

        var function = (WasmExternal.Function)external;
        int index = instance.Module.Module.Exports.First(export => export.Name == field).Index;
        long[] arguments = [.. action.GetProperty("args").EnumerateArray().Select(argument => Bits(argument.GetProperty("type").GetString()!, argument.GetProperty("value").GetString()!))];
        var bits = new long[function.Type.Results.Count];
        WasmTrap trap = instance.Call(index, arguments, bits);
        results = [.. function.Type.Results.Zip(bits)];
        return trap;
    }

    private static unsafe long ReadGlobal(WasmExternal.Global global) => *(long*)global.Address;

    private string? CheckReturn(JsonElement command)
    {
        WasmTrap trap = Act(command.GetProperty("action"), out (WasmType Type, long Bits)[] results);
        if (trap != WasmTrap.None)
        {
            return $"ended with {trap}";
        }

        JsonElement[] due = [.. command.GetProperty("expected").EnumerateArray()];
        if (command.GetProperty("type").GetString() == "action")
        {
            return null;
        }

        if (due.Length != results.Length)
        {
            return $"gave {results.Length} results, not {due.Length}";
        }

        for (int i = 0; i < due.Length; i++)
        {
            string value = due[i].TryGetProperty("value", out JsonElement given) ? given.GetString()! : "";
            if (!Equal(results[i].Type, results[i].Bits, due[i].GetProperty("type").GetString()!, value))
            {
                return $"{command.GetProperty("action")} gave {results[i].Type} {results[i].Bits:x}, not {value}";
            }
        }

        return null;
    }

    private static bool Equal(WasmType type, long bits, string dueType, string due)
    {
        // What arithmetic makes is always the one canonical NaN: more than the suite asks for.
        if (due is "nan:canonical" or "nan:arithmetic")
        {
            return type == WasmType.F32 ? ((uint)bits & 0x7fffffff) == 0x7fc00000 : (bits & long.MaxValue) == 0x7ff8000000000000;
        }

        long wanted = Bits(dueType, due);
        return type is WasmType.I32 or WasmType.F32 ? (uint)bits == (uint)wanted : bits == wanted;
    }

    private static long Bits(string type, string value) => type switch
    {
        // The address of a function is anything but 0.
        "externref" => value == "null" ? 0 : (long)ulong.Parse(value, CultureInfo.InvariantCulture) + 1,
        "funcref" => 0,
        _ => (long)ulong.Parse(value, CultureInfo.InvariantCulture),
    };

    private static bool Matches(WasmTrap trap, string text) => trap switch
    {
        WasmTrap.Unreachable => text == "unreachable",
        WasmTrap.MemoryOutOfBounds => text == "out of bounds memory access",
        WasmTrap.TableOutOfBounds => text is "out of bounds table access" or "undefined element" || text.StartsWith("undefined", StringComparison.Ordinal),
        WasmTrap.NoFunction => text.StartsWith("uninitialized", StringComparison.Ordinal),
        WasmTrap.WrongFunctionType => text == "indirect call type mismatch",
        WasmTrap.DivideByZero => text == "integer divide by zero",
        WasmTrap.IntegerOverflow => text == "integer overflow",
        WasmTrap.InvalidConversion => text == "invalid conversion to integer",
        WasmTrap.StackExhausted => text == "call stack exhausted",
        _ => false,
    };

    private sealed class Registry(Dictionary<string, IExports> modules) : IWasmImports
    {
        public bool TryFind(WasmImport import, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out WasmExternal? external)
        {
            external = modules.TryGetValue(import.Module, out IExports? exports) ? exports.Find(import) : null;
            return external is not null;
        }
    }

    private sealed class InstanceExports(WasmInstance instance) : IExports
    {
        public WasmExternal? Find(WasmImport import) => instance.Export(import.Name);
    }
}

/// <summary>What a registered module lends.</summary>
internal interface IExports
{
    WasmExternal? Find(WasmImport import);
}

/// <summary>The module <c>spectest</c> that the suite imports from.</summary>
internal sealed unsafe class SpecTest : IExports, IDisposable
{
    private readonly Dictionary<string, WasmExternal> _exports = [];
    private readonly List<IDisposable> _owned = [];
    private readonly long* _globals = (long*)System.Runtime.InteropServices.NativeMemory.AllocZeroed(32);

    public SpecTest(WasmEngine engine)
    {
        _globals[0] = 666;
        _globals[1] = 666;
        _globals[2] = BitConverter.SingleToUInt32Bits(666.6f);
        _globals[3] = BitConverter.DoubleToInt64Bits(666.6);
        _exports["global_i32"] = new WasmExternal.Global(new GlobalType(WasmType.I32, false), (nint)_globals);
        _exports["global_i64"] = new WasmExternal.Global(new GlobalType(WasmType.I64, false), (nint)(_globals + 1));
        _exports["global_f32"] = new WasmExternal.Global(new GlobalType(WasmType.F32, false), (nint)(_globals + 2));
        _exports["global_f64"] = new WasmExternal.Global(new GlobalType(WasmType.F64, false), (nint)(_globals + 3));
        var table = new WasmTable(new TableType(WasmType.FuncRef, new PageLimits(10, 20)));
        LinearMemory memory = LinearMemory.TryCreate(new PageLimits(1, 2), WasmLimits.MaxPages, engine.Arena)!;
        _owned.Add(table);
        _owned.Add(memory);
        _exports["table"] = new WasmExternal.Table(table);
        _exports["memory"] = new WasmExternal.Memory(memory);
        Add("print", (delegate*<nint, int, void>)&Print);
        Add("print_i32", (delegate*<int, nint, int, void>)&Print, WasmType.I32);
        Add("print_i64", (delegate*<long, nint, int, void>)&Print, WasmType.I64);
        Add("print_f32", (delegate*<float, nint, int, void>)&Print, WasmType.F32);
        Add("print_f64", (delegate*<double, nint, int, void>)&Print, WasmType.F64);
        Add("print_i32_f32", (delegate*<int, float, nint, int, void>)&Print, WasmType.I32, WasmType.F32);
        Add("print_f64_f64", (delegate*<double, double, nint, int, void>)&Print, WasmType.F64, WasmType.F64);
    }

    public WasmExternal? Find(WasmImport import) => _exports.GetValueOrDefault(import.Name);

    public void Dispose()
    {
        _owned.ForEach(owned => owned.Dispose());
        System.Runtime.InteropServices.NativeMemory.Free(_globals);
    }

    private static void Print(nint instance, int stack)
    {
    }

    private static void Print(int value, nint instance, int stack)
    {
    }

    private static void Print(long value, nint instance, int stack)
    {
    }

    private static void Print(float value, nint instance, int stack)
    {
    }

    private static void Print(double value, nint instance, int stack)
    {
    }

    private static void Print(int first, float second, nint instance, int stack)
    {
    }

    private static void Print(double first, double second, nint instance, int stack)
    {
    }

    private void Add(string name, void* code, params WasmType[] parameters) => _exports[name] = new WasmExternal.Host(new FunctionType(parameters, []), (nint)code);
}
