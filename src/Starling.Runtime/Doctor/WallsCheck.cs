using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Starling.Runtime.Execution;
using Starling.Runtime.Machine;
using Starling.Runtime.Storage;

namespace Starling.Runtime.Doctor;

/// <summary>
/// What of walls around other people's commands there is: none in this version, and whether the system has what they will be made of.
/// </summary>
internal sealed class WallsCheck : ICheck
{
    // What this version does not use yet.
    private const string Later = "walls to come";

    private static readonly Version OldestBubblewrap = new(0, 8);

    public string Name => "walls";

    public async Task<IReadOnlyList<Finding>> RunAsync(CancellationToken cancellation)
    {
        var findings = new List<Finding>
        {
            new(
                Name,
                "commands of tasks",
                Health.Warning,
                $"run without walls, with all rights of user {Environment.UserName}: other people's need --trust; built-in kernels always run",
                "Give --trust only to tasks whose commands you would type yourself"),
        };
        if (Environment.IsPrivilegedProcess)
        {
            findings.Add(new Finding(Name, "user", Health.Warning, "this user may do everything, and so may a command", "Run it as an ordinary user"));
        }

        if (OperatingSystem.IsLinux())
        {
            findings.Add(await BubblewrapAsync(cancellation).ConfigureAwait(false));
            findings.Add(UserNamespaces());
            findings.Add(Landlock());
            findings.Add(File.Exists("/proc/sys/kernel/seccomp/actions_avail")
                ? new Finding(Later, "seccomp", Health.Ok, "the kernel has it")
                : new Finding(Later, "seccomp", Health.Warning, "the kernel has none"));
            findings.Add(ControlGroups());
        }

        return findings;
    }

    private static async Task<(int Exit, string Output)?> TryRunAsync(string program, string[] arguments, CancellationToken cancellation)
    {
        try
        {
            return await TrialProgram.RunAsync(program, arguments, cancellation).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is System.ComponentModel.Win32Exception or IOException)
        {
            return null;
        }
    }

    /// <summary>What to do about bubblewrap's own words of failure.</summary>
    internal static string AdviceOn(string failure) =>
        failure.Contains("max_", StringComparison.Ordinal) || failure.Contains("Creating new namespace failed", StringComparison.Ordinal)
            ? "Switch user namespaces on: sysctl user.max_user_namespaces=15000, outside of any container"
            : failure.Contains("uid map", StringComparison.Ordinal) || failure.Contains("RTM_NEWADDR", StringComparison.Ordinal)
                ? "Ubuntu's AppArmor forbids it: sysctl kernel.apparmor_restrict_unprivileged_userns=0, or a profile for bwrap"
                : "";

    private async Task<Finding> BubblewrapAsync(CancellationToken cancellation)
    {
        const string subject = "bubblewrap";
        if (NeedsCheck.FindOnPath("bwrap") is not { } path)
        {
            return new Finding(Later, subject, Health.Warning, "not installed", "Install the package bubblewrap");
        }

        Version? version = await TryRunAsync(path, ["--version"], cancellation).ConfigureAwait(false) is { Exit: 0 } told ? ProgramNeed.FindVersion(told.Output) : null;
        string shown = version?.ToString(3) ?? "of unknown version";
        if (version < OldestBubblewrap)
        {
            return new Finding(Later, subject, Health.Warning, $"{shown}, older than {OldestBubblewrap}", "Install a newer package bubblewrap");
        }

        (int Exit, string Output)? tried = await TryRunAsync(
            path, ["--ro-bind", "/", "/", "--dev", "/dev", "--unshare-all", "--unshare-user", "--die-with-parent", "--cap-drop", "ALL", "true"], cancellation).ConfigureAwait(false);
        return tried is { Exit: 0 } ? new Finding(Later, subject, Health.Ok, $"{shown} works here")
            : new Finding(
                Later, subject, Health.Warning, $"{shown} does not work here: {Line(tried?.Output)}", AdviceOn(tried?.Output ?? ""));
    }

    private Finding UserNamespaces()
    {
        const string subject = "user namespaces";
        string? most = Read("/proc/sys/user/max_user_namespaces");
        string? unprivileged = Read("/proc/sys/kernel/unprivileged_userns_clone");
        string? restricted = Read("/proc/sys/kernel/apparmor_restrict_unprivileged_userns");
        return most is null or "0" ? new Finding(Later, subject, Health.Warning, "none", "sysctl user.max_user_namespaces=15000")
            : unprivileged == "0" ? new Finding(Later, subject, Health.Warning, "for root only", "sysctl kernel.unprivileged_userns_clone=1")
            : restricted == "1" ? new Finding(
                Later, subject, Health.Warning, "restricted by AppArmor", "sysctl kernel.apparmor_restrict_unprivileged_userns=0, or a profile")
            : new Finding(Later, subject, Health.Ok, $"up to {most}");
    }

    private Finding Landlock() => LibC.LandlockVersion() is var version and > 0
        ? new Finding(Later, "landlock", Health.Ok, string.Create(CultureInfo.InvariantCulture, $"version {version}"))
        : new Finding(Later, "landlock", Health.Warning, "the kernel has none, or it is switched off", "Linux 5.13 or later, started with lsm=…,landlock");

    private Finding ControlGroups()
    {
        const string subject = "cgroup v2";
        const string root = "/sys/fs/cgroup";
        string? own = Read("/proc/self/cgroup")?.Split('\n').FirstOrDefault(line => line.StartsWith("0::", StringComparison.Ordinal))?[3..];
        string[] controllers = Read($"{root}{own}/cgroup.controllers")?.Split(' ') ?? [];
        string[] wanted = ["cpu", "memory", "pids"];
        string[] missing = [.. wanted.Where(name => !controllers.Contains(name))];
        const string fix = "Run it as a systemd user service with Delegate=yes";
        return own is null || !File.Exists($"{root}/cgroup.controllers") ? new Finding(Later, subject, Health.Warning, $"not mounted at {root}", "Start the system with cgroup v2 only")
            : missing.Length > 0 ? new Finding(Later, subject, Health.Warning, $"{string.Join(", ", missing)} not given to {own}", fix)
            : !LibC.MayWrite($"{root}{own}") ? new Finding(Later, subject, Health.Warning, $"{own} belongs to somebody else", fix)
            : new Finding(Later, subject, Health.Ok, $"{string.Join(", ", wanted)}");
    }

    private static string? Read(string path)
    {
        try
        {
            return File.ReadAllText(path).Trim();
        }
        catch (Exception exception) when (StoreProblem.IsOfTheWorld(exception))
        {
            return null;
        }
    }

    private static string Line(string? output) => string.IsNullOrWhiteSpace(output) ? "it ends without a word" : output.Trim().Split('\n')[0];
}
