using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Threading;
using Starling.Tests.Runtime.Execution;

namespace Starling.Tests.Runtime.Containers;

/// <summary>A Podman of the test's own, with its own storage, behind a socket.</summary>
public sealed class PodmanService : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly TestFolder _folder = new();
    private readonly Process? _process;

    public PodmanService()
    {
        if (Missing is not null)
        {
            return;
        }

        _process = Start("system", "service", "--time=0", $"unix://{Socket}");
        var watch = Stopwatch.StartNew();
        while (!File.Exists(Socket) && !_process.HasExited && watch.Elapsed < Patience)
        {
            Thread.Sleep(50);
        }
    }

    /// <summary>Why there is none.</summary>
    public static string? Missing { get; } = Find("podman") is null || Find("runc") is null ? "podman and runc are not installed: scripts/install-test-tools.sh" : Busybox.Missing;

    public string Socket => _folder["podman.sock"];

    /// <summary>Runs the command line beside the service; what it prints.</summary>
    public string Ask(params string[] arguments)
    {
        using Process process = Start(arguments);
        string told = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return told;
    }

    public void Dispose()
    {
        if (_process is not null)
        {
            Ask("rm", "--all", "--force");
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit();
            _process.Dispose();
            Ask("umount", "--all");
        }

        try
        {
            _folder.Dispose();
        }
        catch (UnauthorizedAccessException)
        {
            // What Podman's storage leaves behind with permissions of its own.
        }
    }

    private static string? Find(string name) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Append("/usr/sbin").Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);

    private Process Start(params string[] arguments)
    {
        var start = new ProcessStartInfo("podman", [
            "--root", _folder["storage"], "--runroot", _folder["state"], "--storage-driver", "vfs", "--runtime", "runc", "--cgroup-manager", "cgroupfs", "--tmpdir", _folder["tmp"], .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["XDG_RUNTIME_DIR"] = _folder.Path;
        Process process = Process.Start(start)!;
        process.ErrorDataReceived += static (_, _) => { };
        process.BeginErrorReadLine();
        return process;
    }
}

/// <summary>A test against a real Podman; skipped where it is not installed, which it says.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PodmanFactAttribute : FactAttribute
{
    public PodmanFactAttribute() => Skip = PodmanService.Missing;
}
