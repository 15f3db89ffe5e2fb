using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Primitives;
using Starling.Runtime.Execution;
using Starling.Runtime.Walls;

namespace Starling.Runtime.Doctor;

/// <summary>
/// Puts up the walls around other people's commands and tries to get out, each way for itself; then what the kernel has of what they are made of.
/// </summary>
internal sealed class WallsCheck : ICheck
{
    private static readonly (string Name, string Holds)[] _subjects =
    [
        ("files", "files of this machine are not there"),
        ("system", "the system's programs can't be changed"),
        ("processes", "other processes are not there"),
        ("network", "there is no network"),
        ("namespaces", "no further namespaces can be made"),
        ("privileges", "no privileges, and none to be had"),
        ("user", "not root"),
        ("seccomp", "the filter of system calls is in force"),
        ("limits", "limits are set"),
        ("memory", "too much memory is not given"),
        ("work", "its own folder can be written"),
    ];

    public string Name => "walls";

    public Task<IReadOnlyList<Finding>> RunAsync(CancellationToken cancellation) => Task.Run<IReadOnlyList<Finding>>(Look, cancellation);

    private List<Finding> Look()
    {
        var findings = new List<Finding>();
        string folder = Directory.CreateTempSubdirectory("starling-walls-").FullName;
        try
        {
            bool holds = WallsProbe.TryOpen(folder, [], out MachineWalls? walls, out Problem? problem, out IReadOnlyList<WallsProbe.Outcome> outcomes);
            findings.Add(holds
                ? new Finding(Name, "commands of tasks", Health.Ok, walls!.ChangesUser ? "walled in; this program is root, so they run as another user" : "walled in")
                : new Finding(
                    Name,
                    "commands of tasks",
                    Health.Warning,
                    $"other people's do not run here without --trust: {problem!.Reason.TrimEnd('.')}; built-in kernels always run",
                    problem.Hint is { Length: > 0 } hint && !hint.Contains("doctor", StringComparison.Ordinal) ? hint.TrimEnd('.') : "Give --trust only to tasks whose commands you would type yourself"));
            foreach (WallsProbe.Outcome outcome in outcomes)
            {
                string seen = outcome.Broken is null ? _subjects.First(subject => subject.Name == outcome.Name).Holds : $"inside, {outcome.Broken}";
                findings.Add(new Finding(Name, outcome.Name, outcome.Broken is null ? Health.Ok : Health.Warning, seen));
            }
        }
        finally
        {
            SlotFolder.TryRemove(folder);
        }

        if (OperatingSystem.IsLinux())
        {
            findings.Add(UserNamespaces());
            findings.Add(Groups());
        }

        return findings;
    }

    private Finding UserNamespaces()
    {
        const string subject = "user namespaces";
        string? most = ProcFile.TryReadText("/proc/sys/user/max_user_namespaces")?.Trim();
        string? unprivileged = ProcFile.TryReadText("/proc/sys/kernel/unprivileged_userns_clone")?.Trim();
        string? restricted = ProcFile.TryReadText("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")?.Trim();
        return most is null or "0" ? new Finding(Name, subject, Health.Warning, "none", "sysctl user.max_user_namespaces=15000")
            : unprivileged == "0" ? new Finding(Name, subject, Health.Warning, "for root only", "sysctl kernel.unprivileged_userns_clone=1")
            : restricted == "1" ? new Finding(
                Name, subject, Health.Warning, "restricted by AppArmor", "sysctl kernel.apparmor_restrict_unprivileged_userns=0, or a profile")
            : new Finding(Name, subject, Health.Ok, $"up to {most}");
    }

    private Finding Groups() => ControlGroups.TryOpen(out string missing) is not null
        ? new Finding(Name, "cgroup v2", Health.Ok, "each run has a control group")
        : new Finding(
            Name,
            "cgroup v2",
            Health.Warning,
            $"no control groups for runs: {missing}; memory and processor time of a run are added up ten times a second instead",
            "Start it in a scope of its own: systemd-run --user --scope -p Delegate=yes starling …");
}
