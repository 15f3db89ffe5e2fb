using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.IO;
using System.Text;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Runtime.Execution;
using Starling.Runtime.Machine;
using Starling.Runtime.Storage;

namespace Starling.Runtime.Walls;

/// <summary>
/// Finds out what walls this machine can put around foreign commands, by putting them up and trying to get out. Nothing is concluded from versions or settings:
/// what a probe did not see work is not there.
/// </summary>
public static class WallsProbe
{
    /// <summary>The program that puts the walls up.</summary>
    public const string Program = "bwrap";

    private const long ProbeMemoryBytes = 64 * 1024 * 1024;
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(20);

    // Each line that is printed says one thing and whether it holds. $1: a file of the host, $2: a process of the host.
    private const string Script = """
        say() { if eval "$2" >/dev/null 2>&1; then echo "$1 yes"; else echo "$1 no"; fi; }
        say seccomp 'grep -q "^Seccomp:[[:space:]]*2" /proc/self/status'
        say privileges 'grep -q "^NoNewPrivs:[[:space:]]*1" /proc/self/status && ! grep -E "^Cap(Inh|Prm|Eff|Bnd|Amb):" /proc/self/status | grep -qv "0000000000000000$"'
        say user '[ "$(id -u)" != 0 ]'
        say files '[ ! -e "$HOST_FILE" ] && [ ! -e /root ] && [ ! -e /home ]'
        say system '! ( : > /usr/.starling ) && ! ( : > /.starling ) && ! ( : > /etc/.starling ) && ! ( : > /dev/.starling )'
        say processes '[ ! -e "/proc/$HOST_PROCESS/cwd" ] || [ "$(cat /proc/1/comm)" = bwrap ] && ! kill -0 "$HOST_PROCESS"'
        say network '[ "$(grep -c : /proc/net/dev)" = 1 ]'
        say namespaces '! unshare -U true && ! unshare -m true'
        say work ': > /work/x && [ -e /work/x ]'
        say limits '[ "$(ulimit -c)" = 0 ] && [ "$(ulimit -n)" -le 1024 ]'
        say memory '! head -c 134217728 /dev/zero | tail -c 134217728'
        """;

    private static readonly (string Name, string Broken)[] _expected =
    [
        ("seccomp", "the filter of system calls is not in force"),
        ("privileges", "it has privileges"),
        ("user", "it is root"),
        ("files", "it sees files of this machine"),
        ("system", "it may write to the system's folders"),
        ("processes", "it reaches other processes"),
        ("network", "it has a network"),
        ("namespaces", "it can make namespaces"),
        ("work", "it can't write to its own folder"),
        ("limits", "its limits are not set"),
        ("memory", "its memory is not limited"),
    ];

    /// <summary>What was tried, and how it went.</summary>
    /// <param name="Name">What was tried, in a word.</param>
    /// <param name="Broken">What is wrong; null: it holds.</param>
    public sealed record Outcome(string Name, string? Broken);

    /// <summary>Puts the walls up and tries them.</summary>
    /// <param name="folder">A folder of this program where what the walls need is kept; made if it is not there.</param>
    /// <param name="shown">Further folders of the host that runs may read.</param>
    /// <param name="walls">Walls that hold.</param>
    /// <param name="problem">Why there are none, and what to install or to set.</param>
    public static bool TryOpen(
        string folder, IReadOnlyList<string> shown, [NotNullWhen(true)] out MachineWalls? walls, [NotNullWhen(false)] out Problem? problem) =>
        TryOpen(folder, shown, out walls, out problem, out _);

    /// <summary>Why this machine has no walls; null: it has. Nothing is kept of the trial.</summary>
    public static Problem? Missing()
    {
        string folder = Directory.CreateTempSubdirectory("starling-walls-").FullName;
        try
        {
            return TryOpen(folder, [], out _, out Problem? problem) ? null : problem;
        }
        finally
        {
            SlotFolder.TryRemove(folder);
        }
    }

    /// <summary>Puts the walls up and tries them, and tells each thing that was tried.</summary>
    internal static bool TryOpen(
        string folder,
        IReadOnlyList<string> shown,
        [NotNullWhen(true)] out MachineWalls? walls,
        [NotNullWhen(false)] out Problem? problem,
        out IReadOnlyList<Outcome> outcomes)
    {
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentNullException.ThrowIfNull(shown);
        walls = null;
        outcomes = [];
        try
        {
            problem = Prepare(folder, shown, out MachineWalls? made) ?? Try(made!, folder, out outcomes);
            walls = problem is null ? made : null;
        }
        catch (Exception failure) when (StoreProblem.IsOfTheWorld(failure))
        {
            problem = StoreProblem.OfAccess(failure, TrustRule.Code, $"cannot lay out walls below {folder}");
        }

        return problem is null;
    }

    /// <summary>What to do about bubblewrap's own words of failure.</summary>
    internal static string AdviceOn(string failure) =>
        failure.Contains("max_", StringComparison.Ordinal) || failure.Contains("Creating new namespace failed", StringComparison.Ordinal)
            ? "Switch user namespaces on: sysctl user.max_user_namespaces=15000, outside of any container"
            : failure.Contains("uid map", StringComparison.Ordinal) || failure.Contains("RTM_NEWADDR", StringComparison.Ordinal)
                ? "Ubuntu's AppArmor forbids it: sysctl kernel.apparmor_restrict_unprivileged_userns=0, or a profile for bwrap"
                : failure.Contains("nknown option", StringComparison.Ordinal)
                    ? "Install bubblewrap 0.8 or newer"
                    : failure.Contains("perations not permitted", StringComparison.Ordinal) || failure.Contains("peration not permitted", StringComparison.Ordinal)
                        ? "Run it as an ordinary user, outside of any container that forbids namespaces"
                        : "See 'starling doctor'.";

    private static Problem? Prepare(string folder, IReadOnlyList<string> shown, out MachineWalls? walls)
    {
        walls = null;
        if (!OperatingSystem.IsLinux() || SystemCalls.OfThisMachine is not { } calls)
        {
            return new Problem(TrustRule.Code, "walls around commands exist on 64-bit Linux only, for now (x86-64 and arm64)");
        }

        if (HostPrograms.FindOnPath(Program) is not { } program)
        {
            return new Problem(TrustRule.Code, "bubblewrap, which puts walls around commands, is not installed", "Install the package bubblewrap (version 0.8 or newer).");
        }

        DroppingPrivileges? drop = null;
        if (Environment.IsPrivilegedProcess)
        {
            drop = DroppingPrivileges.Find();
            if (drop is null)
            {
                return new Problem(
                    TrustRule.Code, "this program is root and setpriv, which makes commands another user, is not installed", "Install util-linux, or run as an ordinary user.");
            }
        }

        string etc = Path.Combine(folder, "etc");
        SystemView.WriteEtc(etc);
        walls = new MachineWalls(new Bubblewrap(program, SystemView.OfThisMachine(etc, shown), drop), calls, ControlGroups.TryOpen(out _));
        return null;
    }

    private static Problem? Try(MachineWalls walls, string folder, out IReadOnlyList<Outcome> outcomes)
    {
        outcomes = [];
        string scratch = Path.Combine(folder, $"probe-{Environment.ProcessId}");
        string work = Path.Combine(scratch, "work");
        Directory.CreateDirectory(work);
        try
        {
            using var launcher = new ProcessLauncher("/bin/sh", walls);
            int user = walls.NewUser();
            if (walls.ChangesUser)
            {
                HostileTree.GiveTo(work, user);
            }

            var command = new ShellCommand
            {
                Text = Script,
                Folder = "/",
                Variables =
                [
                    new("HOST_FILE", scratch),
                    new("HOST_PROCESS", Environment.ProcessId.ToString(CultureInfo.InvariantCulture)),
                ],
                Walls = new WallPlan
                {
                    Mounts = [new WallMount(work, WallPlan.WorkFolder, Writable: true)],
                    User = user,
                    Limits = new WallLimits { MemoryBytes = ProbeMemoryBytes, DiskBytes = ProbeMemoryBytes, Processes = 64 },
                },
            };
            if (!launcher.TryStart(command, out ShellProcess? process, out Problem? problem))
            {
                return problem;
            }

            var told = new StringBuilder();
            var errors = new StderrTail();
            ProcessEnd end = process.Run(bytes => told.Append(Encoding.ASCII.GetString(bytes)).Length < StderrTail.Capacity, errors, _patience);
            if (end.Cause == KillCause.Walls)
            {
                string said = errors.ToText();
                return new Problem(TrustRule.Code, $"bubblewrap cannot put up walls here: {(said.Length == 0 ? "it ends without a word" : said)}", AdviceOn(said));
            }

            // Too much memory is refused to a process, or ends the run: what is tried last may also end that way.
            outcomes = Compare(end.Cause == KillCause.Memory ? $"{told}memory yes\n" : told.ToString());
            foreach (Outcome outcome in outcomes)
            {
                if (outcome.Broken is not null)
                {
                    return new Problem(TrustRule.Code, $"the walls around commands do not hold here: {outcome.Broken}", "See 'starling doctor'.");
                }
            }

            return null;
        }
        finally
        {
            SlotFolder.TryRemove(scratch);
        }
    }

    private static List<Outcome> Compare(string told)
    {
        var said = new HashSet<string>(told.Split('\n'), StringComparer.Ordinal);
        var outcomes = new List<Outcome>();
        foreach ((string name, string broken) in _expected)
        {
            outcomes.Add(new Outcome(name, said.Contains($"{name} yes") ? null : broken));
        }

        return outcomes;
    }
}
