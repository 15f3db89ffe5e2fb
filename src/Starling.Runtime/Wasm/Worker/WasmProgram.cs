using System;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Linq;
using Starling.Core.Primitives;
using Starling.Core.Wasm;
using Starling.Runtime.Wasm.Wasi;

namespace Starling.Runtime.Wasm.Worker;

/// <summary>A compiled module that can be run as a program: it exports <c>_start</c>.</summary>
internal sealed class WasmProgram
{
    private const string EntryName = "_start";

    private readonly CompiledModule _module;
    private readonly int _entry;

    private WasmProgram(CompiledModule module, int entry)
    {
        _module = module;
        _entry = entry;
    }

    /// <summary>Reads, checks and compiles a module.</summary>
    public static bool TryLoad(WasmEngine engine, ReadOnlyMemory<byte> bytes, [NotNullWhen(true)] out WasmProgram? program, [NotNullWhen(false)] out Problem? problem)
    {
        program = null;
        if (!TryOpen(bytes, out WasmModule? module, out int entry, out problem) || !engine.TryCompile(module, out CompiledModule? compiled, out problem))
        {
            return false;
        }

        program = new WasmProgram(compiled, entry);
        return true;
    }

    /// <summary>What of a module no machine could run; null: nothing is to be seen without running it.</summary>
    public static Problem? Check(ReadOnlyMemory<byte> bytes)
    {
        if (!TryOpen(bytes, out WasmModule? module, out _, out Problem? problem))
        {
            return problem;
        }

        var functions = new WasiFunctions();
        foreach (WasmImport import in module.Imports)
        {
            if (!functions.TryFind(import, out WasmExternal? external))
            {
                return WasmInstance.NotOffered(import);
            }

            if (import.Kind != WasmEntity.Function || external is not WasmExternal.Host host || !host.Type.Equals(module.Functions[import.Index]))
            {
                return WasmInstance.OfAnotherType(import);
            }
        }

        return null;
    }

    /// <summary>A file that is too long to be read.</summary>
    /// <param name="length">Bytes in it.</param>
    public static Problem TooLarge(long length) => new(
        "wasm:limit", string.Create(CultureInfo.InvariantCulture, $"the WebAssembly module is refused: it has {length} bytes, at most {WasmLimits.MaxModuleSize} are taken"));

    /// <summary>Runs it once, from a memory of its own. To be called on a thread with a stack of <see cref="StackBudget.ThreadStackSize"/>.</summary>
    public WasmEnd Run(WasiWorld world, InstanceLimits limits)
    {
        if (!WasmInstance.TryCreate(_module, new WasiFunctions(), limits, out WasmInstance? instance, out Problem? problem))
        {
            return new WasmEnd(0, 0, problem);
        }

        using (instance)
        {
            using var host = new WasiHost(world);
            instance.Host = host;
            int status = 0;
            WasmTrap trap;
            try
            {
                trap = instance.Start();
                trap = trap == WasmTrap.None ? instance.Call(_entry, [], []) : trap;
            }
            catch (WasiExitException exit)
            {
                trap = WasmTrap.None;
                status = exit.Code;
            }
            catch (WasiOutputException)
            {
                return new WasmEnd(0, 0, new Problem("limit:output", "the module wrote more than its worker may hand on"));
            }

            // What the last segment cost may be more than was left.
            trap = trap == WasmTrap.None && instance.Fuel < 0 ? WasmTrap.OutOfFuel : trap;
            return trap switch
            {
                WasmTrap.None => new WasmEnd(status, limits.Fuel - instance.Fuel, null),
                WasmTrap.OutOfFuel => new WasmEnd(0, limits.Fuel, new Problem(
                    "limit:fuel", string.Create(CultureInfo.InvariantCulture, $"the module used more fuel than 'limits.fuel' of the task allows, {limits.Fuel} units"),
                    "Raise it, or make the pieces smaller.")),
                _ => new WasmEnd(0, Math.Clamp(limits.Fuel - instance.Fuel, 0, limits.Fuel), new Problem($"trap:{CodeOf(trap)}", $"the module was stopped: {trap.Text()}")),
            };
        }
    }

    private static bool TryOpen(ReadOnlyMemory<byte> bytes, [NotNullWhen(true)] out WasmModule? module, out int entry, [NotNullWhen(false)] out Problem? problem)
    {
        entry = 0;
        if (!ModuleDecoder.TryDecode(bytes, out module, out problem))
        {
            return false;
        }

        WasmExport? start = module.Exports.FirstOrDefault(static export => export.Name == EntryName && export.Kind == WasmEntity.Function);
        if (start is null || !module.Functions[start.Index].Equals(FunctionType.Empty))
        {
            problem = new Problem(
                "wasm:start", "the WebAssembly module is no program: it exports no function '_start' that takes and returns nothing",
                "Build it as a WASI command, for example with clang --target=wasm32-wasi.");
            return false;
        }

        entry = start.Index;
        return true;
    }

    private static string CodeOf(WasmTrap trap) => string.Concat(trap.ToString().Select((letter, at) => char.IsUpper(letter) ? (at > 0 ? "-" : "") + char.ToLowerInvariant(letter) : letter.ToString()));
}
