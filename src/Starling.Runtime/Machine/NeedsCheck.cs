using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
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
    /// <summary>Everything that the task needs, in the order of the task-file documentation; empty: nothing special.</summary>
    /// <param name="needs">The task's needs.</param>
    /// <param name="folder">Where the output goes: its disk counts.</param>
    /// <param name="programs">What the task's command would find; null: what is in its image, which is looked at when that is unpacked.</param>
    public static IReadOnlyList<NeedFinding> Check(NeedsSpec needs, string folder, IPrograms? programs)
    {
        ArgumentNullException.ThrowIfNull(needs);
        var findings = new List<NeedFinding>();
        foreach (string program in needs.Programs)
        {
            findings.Add(programs is null ? new NeedFinding(program, "looked for in the image once it is unpacked", true) : CheckProgram(program, programs));
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

    /// <summary>Everything that is not met, in words, such as <c>gcc (here: not on the path), 8 cores (here: 2)</c>; null: all is.</summary>
    public static string? Unmet(IEnumerable<NeedFinding> findings)
    {
        string text = string.Join(", ", findings.Where(static finding => !finding.IsMet).Select(static finding => $"{finding.Need} (here: {finding.Found})"));
        return text.Length == 0 ? null : text;
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

    private static NeedFinding CheckProgram(string text, IPrograms programs)
    {
        if (!ProgramNeed.TryParse(text, out ProgramNeed? need))
        {
            return new NeedFinding(text, "this can't be understood; write for example ffmpeg >= 5", false);
        }

        if (programs.Find(need.Name) is not string path)
        {
            return new NeedFinding(text, "not on the path", false);
        }

        if (need.Version is null)
        {
            return new NeedFinding(text, path, true);
        }

        if (programs.WhyNotAsked is { } reason)
        {
            return new NeedFinding(text, $"{path}, version not asked: {reason}", true);
        }

        return ProgramNeed.VersionOf(programs, path) is { } version
            ? new NeedFinding(text, $"{path}, version {ProgramNeed.Shown(version)}", need.IsMetBy(version))
            : new NeedFinding(text, $"{path}, which does not tell its version", false);
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

    private static string MiB(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / (1024 * 1024)} MiB");
}
