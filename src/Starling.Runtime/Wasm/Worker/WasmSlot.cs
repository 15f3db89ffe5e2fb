using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Starling.Core.Engine;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Core.Wasm;
using Starling.Runtime.Engine;
using Starling.Runtime.Execution;
using Starling.Runtime.Walls;

namespace Starling.Runtime.Wasm.Worker;

/// <summary>
/// Runs the pieces of a task in WebAssembly on one slot: in a worker that stays for the next piece, and that is started anew after it was ended.
/// Used by the slot's thread.
/// </summary>
internal sealed class WasmSlot(RunContext context, RunPlace place) : IDisposable
{
    /// <summary>Memory that the worker itself takes: .NET, its compiler, the compiled module.</summary>
    public const long WorkerBytes = 1024L * 1024 * 1024;

    private const string RuntimeInside = "/dotnet";
    private const string ProgramInside = "/starling";
    private const string ModuleInside = "/module.wasm";
    private const string ProgramName = "starling";
    private const string HostName = "dotnet";

    private readonly RunSpec.Wasm _run = (RunSpec.Wasm)context.Task.Run;
    private readonly StderrTail _errors = new();
    private WasmWorker? _worker;
    private string? _inputs;
    private string _module = "";

    /// <summary>Runs a piece.</summary>
    /// <param name="piece">Its index.</param>
    /// <param name="chunk">Its part of an input on the host; null: none.</param>
    /// <param name="sink">Takes its output.</param>
    /// <param name="watch">Gets the process that a kill of this run has to end.</param>
    /// <param name="isKilled">Whether a kill was asked for.</param>
    public JobOutcome Run(int piece, string? chunk, IOutputSink sink, Action<ShellProcess> watch, Func<bool> isKilled)
    {
        long start = System.Diagnostics.Stopwatch.GetTimestamp();
        if (_worker is not { IsAlive: true } && !TryStart(out Problem? problem))
        {
            return Failed(problem!);
        }

        watch(_worker!.Process);
        _errors.Clear();
        RunLimits limits = context.Task.Limits;
        WasmRunEnd ended = _worker.Run(RequestOf(piece, chunk), sink.TryWrite, _errors, limits.Wall, limits.Cpu);
        string? errorFile = context.Errors.Save(StderrFolder.NameOf(piece), _errors);
        string what = $"the run of piece {piece}";
        TimeSpan elapsed = System.Diagnostics.Stopwatch.GetElapsedTime(start);
        return ended switch
        {
            { WroteTooMuch: true } => Failed(RunOutcome.TooLong(context.Task, what)),
            { UsedTooMuchCpu: true } => Failed(RunOutcome.TooMuchCpu(context.Task, what)),
            { TookTooLong: true } => Failed(RunOutcome.TooSlow(context.Task, what)),
            { End: { Problem: { } told } } => Failed(told with { Reason = $"{what}: {told.Reason}" }),
            { End: { Status: 0 } end } => new JobOutcome.Succeeded(sink.Complete()) { Elapsed = elapsed, Usage = new RunUsage { Fuel = end.Fuel } },
            { End: { } end } => Failed(RunOutcome.ProblemOf(context.Task, what, new ProcessEnd(0, end.Status, KillCause.None, elapsed), errorFile)),
            _ when isKilled() => new JobOutcome.Killed { Elapsed = elapsed },
            _ => Lost(ended.Process!.Value, what),
        };

        JobOutcome.Failed Failed(Problem reason) => new(reason, _errors.ToText()) { Elapsed = System.Diagnostics.Stopwatch.GetElapsedTime(start) };

        JobOutcome.Failed Lost(ProcessEnd end, string run)
        {
            Problem cause = RunOutcome.ProblemOf(context.Task, $"{run}: its WebAssembly worker", end, null);
            return Failed(RunOutcome.WithErrors(cause, cause.Code, _worker!.OwnErrors.ToText(), 1000));
        }
    }

    /// <summary>Ends the worker.</summary>
    public void Dispose() => _worker?.End();

    private bool TryStart(out Problem? problem)
    {
        // The thread of the one before has told its end; nothing of it is left.
        _worker = null;
        place.Begin();
        string runtime = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
        string program = Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory);
        if (!context.Options.Inputs.TryGetValue(_run.Module, out InputPlace? module))
        {
            problem = new Problem(InputFolder.Code, $"input '{_run.Module}' of the task is not on this machine", "Wait until it is downloaded.");
            return false;
        }

        string runtimeSeen = place.Show(runtime, RuntimeInside);
        string programSeen = place.Show(program, ProgramInside);
        _module = place.Show(module.Path, ModuleInside);
        _inputs = context.Inputs.Show(place);
        context.Inputs.ShowChunks(place);
        string host = Path.Combine(runtimeSeen, HostName);
        string[] command = File.Exists(Path.Combine(runtime, HostName))
            ? [host, "exec", Path.Combine(programSeen, $"{ProgramName}.dll"), WasmServer.Argument]
            : [Path.Combine(programSeen, ProgramName), WasmServer.Argument];
        KeyValuePair<string, string?>[] variables =
        [
            new("DOTNET_ROOT", runtimeSeen),
            new("DOTNET_EnableWriteXorExecute", "0"),
            new("DOTNET_TieredPGO", "0"),
            new("DOTNET_gcServer", "0"),
            new("DOTNET_GCHeapHardLimit", "0x10000000"),
            new("DOTNET_EnableDiagnostics", "0"),
        ];
        if (!place.TryStartServer("the WebAssembly worker", command, variables, WorkerBytes, out ShellProcess? process, out problem))
        {
            return false;
        }

        _worker = new WasmWorker(process);
        return true;
    }

    private WasmRequest RequestOf(int piece, string? chunk)
    {
        string[] inputs = [.. context.Task.Inputs.Where(input => context.Options.Inputs.ContainsKey(input.Name)).SelectMany(input => (string[])[input.Name, PathOf(input.Name)])];
        RunLimits limits = context.Task.Limits;
        long memory = limits.MemoryBytes ?? DefaultLimits.MemoryBytes;
        return new WasmRequest
        {
            Module = _module,
            Arguments = [_run.Module, .. _run.Arguments],
            Variables = VariablesOf(piece, chunk),
            Inputs = inputs,
            Chunk = context.Inputs.PathOfChunk(place, chunk),
            Fuel = limits.Fuel ?? long.MaxValue,
            Pages = (uint)Math.Min(memory / WasmLimits.PageSize, WasmLimits.MaxPages),
            Seed = SeedOf(piece),
        };
    }

    /// <summary>Those of every run; a module sees the same on all machines, so it has one core whatever the owner grants.</summary>
    private string[] VariablesOf(int piece, string? chunk) =>
    [
        .. RunVariables.Of(context, piece, "/in", chunk is null ? null : "/chunk", null)
            .Where(variable => variable.Value is not null)
            .Select(variable => variable.Key == "SLOTS" ? "SLOTS=1" : $"{variable.Key}={variable.Value}"),
    ];

    private string PathOf(string input) => place.IsWalled ? $"{_inputs}/{input}" : context.Options.Inputs[input].Path;

    private byte[] SeedOf(int piece)
    {
        Span<byte> bytes = stackalloc byte[Hash256.Size + 4];
        context.TaskId.CopyTo(bytes);
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(bytes[Hash256.Size..], piece);
        return SHA256.HashData(bytes);
    }
}
