using System;
using System.Collections.Generic;
using System.IO;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Core.Wasm;
using Starling.Runtime.Storage;
using Starling.Runtime.Torrents;
using Starling.Runtime.Wasm.Worker;

namespace Starling.Runtime.Tasks;

/// <summary>
/// The module of a WebAssembly task as its author names it: an input or the path of a file, which becomes one. A module that no machine could run is refused here: otherwise each would find out for itself, piece by piece.
/// </summary>
internal static class AuthoredModule
{
    /// <summary>Names the input in the run.</summary>
    /// <param name="inputs">The inputs so far; the module joins them if it is none of them.</param>
    /// <param name="draft">What the author wrote.</param>
    /// <param name="fetch">Gets what a magnet link names.</param>
    /// <param name="wasm">The run as it was written.</param>
    /// <param name="run">The run as the task has it.</param>
    public static Problem? AddTo(List<AuthoredInput> inputs, TaskDraft draft, FetchMetadata? fetch, RunSpec.Wasm wasm, out RunSpec run)
    {
        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(wasm.Module));
        run = wasm with { Module = name };
        AuthoredInput? module = inputs.Find(input => input.Spec.Name == name);
        if (module is null)
        {
            if (!AuthoredInput.TryRead(wasm.Module, draft, fetch, out module, out Problem? problem))
            {
                return problem;
            }

            inputs.Add(module);
        }

        return module.Here is { } here ? Check(here.Path) : null;
    }

    private static Problem? Check(string path)
    {
        Problem? problem;
        try
        {
            var file = new FileInfo(path);
            problem = !file.Exists ? new Problem(TaskInfoValidator.ProblemCode, "is no file", "Name the module's file.")
                : file.Length > WasmLimits.MaxModuleSize ? WasmProgram.TooLarge(file.Length)
                : WasmProgram.Check(File.ReadAllBytes(path));
        }
        catch (Exception failure) when (StoreProblem.IsOfTheWorld(failure))
        {
            problem = new Problem(TaskInfoValidator.ProblemCode, $"can't be read: {failure.Message}");
        }

        return problem is null ? null : problem with { Code = TaskInfoValidator.ProblemCode, Reason = $"run.wasm: {problem.Reason}" };
    }
}
