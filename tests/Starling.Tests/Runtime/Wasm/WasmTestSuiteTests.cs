using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Threading;
using Starling.Runtime.Wasm;

namespace Starling.Tests.Runtime.Wasm;

/// <summary>
/// The official core test suite, from the folder that <c>WASM_TESTSUITE</c> names: its <c>.wast</c> files, or what wabt's <c>wast2json</c> made of them. docs/wasm.md
/// says where it comes from and which files are left out.
/// </summary>
public sealed class WasmTestSuiteTests
{
    public static TheoryData<string, bool> Files()
    {
        var files = new TheoryData<string, bool>();
        foreach (string file in WasmSuite.Files())
        {
            files.Add(Path.GetFileNameWithoutExtension(file), true);
            files.Add(Path.GetFileNameWithoutExtension(file), false);
        }

        return files;
    }

    [WasmSuiteTheory]
    [MemberData(nameof(Files))]
    public void Suite(string file, bool guarded)
    {
        string path = WasmSuite.Files().First(candidate => Path.GetFileNameWithoutExtension(candidate) == file);
        string? folder = null;
        try
        {
            if (Path.GetExtension(path) == ".wast")
            {
                folder = Directory.CreateTempSubdirectory("starling-wast-").FullName;
                string json = Path.Combine(folder, file + ".json");
                using Process convert = Process.Start(new ProcessStartInfo("wast2json", [path, "-o", json]) { RedirectStandardError = true })!;
                string errors = convert.StandardError.ReadToEnd();
                convert.WaitForExit();
                Assert.True(convert.ExitCode == 0, errors);
                path = json;
            }

            string[] failures = [];
            var thread = new Thread(
                () =>
                {
                    using var suite = new WasmSuite(path, guarded);
                    failures = suite.Run();
                },
                StackBudget.ThreadStackSize);
            thread.Start();
            thread.Join();
            Assert.True(failures.Length == 0, string.Join("\n", failures.Take(20)));
        }
        finally
        {
            if (folder is not null)
            {
                Directory.Delete(folder, recursive: true);
            }
        }
    }
}

/// <summary>A test of the suite's files; skipped, and said so, where the suite is not at hand.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class WasmSuiteTheoryAttribute : TheoryAttribute
{
    public WasmSuiteTheoryAttribute()
    {
        Skip = WasmSuite.Folder is null ? "WASM_TESTSUITE names no folder with the WebAssembly core test suite" : null;
    }
}
