using System;
using System.Collections.Generic;
using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Runtime.InteropServices;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Tasks;

namespace Starling.Runtime.Machine;

/// <summary>One thing that a task needs of a machine, and what this machine has.</summary>
/// <param name="Need">What is needed, as the task says it.</param>
/// <param name="Found">What is here, in words.</param>
/// <param name="IsMet">Whether that is enough.</param>
public sealed record NeedFinding(string Need, string Found, bool IsMet);

/// <summary>Compares a task's <c>needs</c> with this machine. A machine that lacks something only downloads.</summary>
public static class NeedsCheck
{
    private const int MaxVersionOutput = 4096;
    private static readonly TimeSpan VersionPatience = TimeSpan.FromSeconds(5);

    /// <summary>Everything that the task needs, in the order of the task-file documentation; empty: nothing special.</summary>
    /// <param name="needs">The task's needs.</param>
    /// <param name="folder">Where the output goes: its disk counts.</param>
    /// <param name="mayRunPrograms">
    /// Whether programs may be asked for their version; a task that is not trusted names any program, and asking one means running it.
    /// </param>
    public static IReadOnlyList<NeedFinding> Check(NeedsSpec needs, string folder, bool mayRunPrograms)
    {
        ArgumentNullException.ThrowIfNull(needs);
        var findings = new List<NeedFinding>();
        foreach (string program in needs.Programs)
        {
            findings.Add(CheckProgram(program, mayRunPrograms));
        }

        if (needs.Cores > 1)
        {
            int cores = Environment.ProcessorCount;
            findings.Add(new NeedFinding($"{needs.Cores} cores", $"{cores}", cores >= needs.Cores));
        }

        if (needs.MemoryBytes is long memory)
        {
            long available = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
            findings.Add(new NeedFinding($"{MiB(memory)} of memory", MiB(available), available >= memory));
        }

        if (needs.DiskBytes is long disk)
        {
            findings.Add(CheckDisk(disk, folder));
        }

        if (needs.Os is string os)
        {
            findings.Add(new NeedFinding($"operating system {os}", ThisOs, os == ThisOs));
        }

        if (needs.Arch is string arch)
        {
            findings.Add(new NeedFinding($"processor {arch}", ThisArch, arch == ThisArch));
        }

        return findings;
    }

    /// <summary><c>linux</c>, <c>macos</c>, <c>windows</c> or <c>other</c>.</summary>
    public static string ThisOs => OperatingSystem.IsLinux() ? "linux" : OperatingSystem.IsMacOS() ? "macos" : OperatingSystem.IsWindows() ? "windows" : "other";

    /// <summary><c>x64</c>, <c>arm64</c>, …</summary>
    public static string ThisArch => RuntimeInformation.OSArchitecture switch
    {
        Architecture.X64 => "x64",
        Architecture.Arm64 => "arm64",
        Architecture.X86 => "x86",
        Architecture.Arm => "arm",
        _ => "other",
    };

    /// <summary>Full path of a program that the shell would find; null: there is none.</summary>
    public static string? FindOnPath(string name)
    {
        foreach (string folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries))
        {
            string path = Path.Combine(folder, name);
            try
            {
                if (File.Exists(path) && (OperatingSystem.IsWindows() || (File.GetUnixFileMode(path) & AnyExecute) != 0))
                {
                    return path;
                }
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
            {
                // A folder of the path that can't be read has no programs for us.
            }
        }

        return null;
    }

    private static UnixFileMode AnyExecute => UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    private static NeedFinding CheckProgram(string text, bool mayRunPrograms)
    {
        if (!ProgramNeed.TryParse(text, out ProgramNeed? need))
        {
            return new NeedFinding(text, "this can't be understood; write for example ffmpeg >= 5", false);
        }

        if (FindOnPath(need.Name) is not string path)
        {
            return new NeedFinding(text, "not on the path", false);
        }

        if (need.Version is null)
        {
            return new NeedFinding(text, path, true);
        }

        if (!mayRunPrograms)
        {
            return new NeedFinding(text, $"{path}, version not asked: the task is not trusted", true);
        }

        return VersionOf(path) is { } version
            ? new NeedFinding(text, $"{path}, version {Shown(version)}", need.IsMetBy(version))
            : new NeedFinding(text, $"{path}, which does not tell its version", false);
    }

    private static Version? VersionOf(string path)
    {
        foreach (string flag in (ReadOnlySpan<string>)["--version", "-version"])
        {
            if (Ask(path, flag) is string answer && ProgramNeed.FindVersion(answer) is { } version)
            {
                return version;
            }
        }

        return null;
    }

    private static string? Ask(string path, string flag)
    {
        var start = new ProcessStartInfo(path, flag)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            using Process? process = Process.Start(start);
            if (process is null)
            {
                return null;
            }

            process.StandardInput.Close();
            using var patience = new CancellationTokenSource(VersionPatience);
            Task<string> output = ReadStart(process.StandardOutput, patience.Token);
            Task<string> error = ReadStart(process.StandardError, patience.Token);
            string text = output.GetAwaiter().GetResult() + "\n" + error.GetAwaiter().GetResult();
            if (!process.WaitForExit(TimeSpan.FromMilliseconds(200)))
            {
                process.Kill(entireProcessTree: true);
            }

            return text;
        }
        catch (Exception exception) when (exception is Win32Exception or IOException or InvalidOperationException)
        {
            return null;
        }
    }

    private static async Task<string> ReadStart(StreamReader reader, CancellationToken patience)
    {
        var text = new StringBuilder();
        var buffer = new char[1024];
        try
        {
            int read;
            while (text.Length < MaxVersionOutput && (read = await reader.ReadAsync(buffer, patience).ConfigureAwait(false)) > 0)
            {
                text.Append(buffer, 0, read);
            }
        }
        catch (OperationCanceledException)
        {
            // It says nothing more; what it said counts.
        }

        return text.ToString();
    }

    private static NeedFinding CheckDisk(long bytes, string folder)
    {
        string need = $"{MiB(bytes)} of disk";
        try
        {
            string? existing = Path.GetFullPath(folder);
            while (existing is not null && !Directory.Exists(existing))
            {
                existing = Path.GetDirectoryName(existing);
            }

            long free = new DriveInfo(existing ?? "/").AvailableFreeSpace;
            return new NeedFinding(need, $"{MiB(free)} free", free >= bytes);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return new NeedFinding(need, $"{folder} can't be asked: {exception.Message}", false);
        }
    }

    private static string Shown(Version version) => version.Revision > 0 ? version.ToString(4) : version.Build > 0 ? version.ToString(3) : version.ToString(2);

    private static string MiB(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / (1024 * 1024)} MiB");
}
