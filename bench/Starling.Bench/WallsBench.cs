using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using Starling.Core.Primitives;
using Starling.Runtime.Execution;
using Starling.Runtime.Walls;

namespace Starling.Bench;

/// <summary>
/// What walls cost: <c>sh -c true</c> within the walls of this program, beside the same in bubblewrap as one would type it (all namespaces, read-only system, bounded temporary folders, the
/// same filter of system calls), started by bash in a loop, and beside no walls at all. In the same round, alternating; to be run as root and as an ordinary user.
/// </summary>
internal static class WallsBench
{
    private const int Rounds = 9;
    private const int RunsPerRound = 40;

    public static int Compare()
    {
        string folder = Directory.CreateTempSubdirectory("starling-bench-").FullName;
        try
        {
            if (!WallsProbe.TryOpen(Path.Combine(folder, "walls"), [], out MachineWalls? walls, out Problem? problem))
            {
                Console.Error.WriteLine(problem);
                return 1;
            }

            string filter = Path.Combine(folder, "filter");
            File.WriteAllBytes(filter, walls.FilterOf(new WallPlan { Limits = Limits }));
            string bare = Path.Combine(folder, "bare.sh");
            File.WriteAllText(bare, BareScript(folder, filter));
            Directory.CreateDirectory(Path.Combine(folder, "work"));
            Directory.CreateDirectory(Path.Combine(folder, "in"));
            using var launcher = new ProcessLauncher("/bin/sh", walls);
            var ratios = new List<double>();
            Console.WriteLine("round   walled ms   bubblewrap ms   no walls ms   walled/bubblewrap");
            for (int round = 0; round < Rounds; round++)
            {
                double own = round % 2 == 0 ? Own(launcher, folder, walled: true) : 0;
                double bubblewrap = Bare(bare);
                own = round % 2 == 0 ? own : Own(launcher, folder, walled: true);
                double plain = Own(launcher, folder, walled: false);
                ratios.Add(own / bubblewrap);
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture, $"{round,5}   {own,9:0.00}   {bubblewrap,13:0.00}   {plain,11:0.00}   {own / bubblewrap,17:0.00}"));
            }

            ratios.Sort();
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"median walled/bubblewrap as {(walls.ChangesUser ? "root" : "an ordinary user")}: {ratios[Rounds / 2]:0.00}"));
            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static WallLimits Limits => new() { MemoryBytes = 1L << 30, DiskBytes = 1L << 30, Processes = 64 };

    private static double Own(ProcessLauncher launcher, string folder, bool walled)
    {
        string work = Path.Combine(folder, "work");
        int user = launcher.Walls!.NewUser();
        if (walled && launcher.Walls.ChangesUser)
        {
            HostileTree.GiveTo(work, user);
        }

        var command = new ShellCommand
        {
            Text = "true",
            Folder = "/",
            Walls = walled
                ? new WallPlan { Mounts = [new WallMount(work, WallPlan.WorkFolder, Writable: true), new WallMount(Path.Combine(folder, "in"), "/in", Writable: false)], User = user, Limits = Limits }
                : null,
        };
        var errors = new StderrTail();
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < RunsPerRound; i++)
        {
            if (!launcher.TryStart(command, out ShellProcess? process, out Problem? problem))
            {
                throw new InvalidOperationException(problem.ToString());
            }

            ProcessEnd end = process.Run(static _ => true, errors, TimeSpan.FromMinutes(1));
            if (!end.IsSuccess)
            {
                throw new InvalidOperationException($"{end} {errors.ToText()}");
            }
        }

        return Stopwatch.GetElapsedTime(start).TotalMilliseconds / RunsPerRound;
    }

    private static double Bare(string script)
    {
        long start = Stopwatch.GetTimestamp();
        using Process bash = Process.Start("/bin/bash", [script]);
        bash.WaitForExit();
        return bash.ExitCode == 0 ? Stopwatch.GetElapsedTime(start).TotalMilliseconds / RunsPerRound : throw new InvalidOperationException("bubblewrap alone failed");
    }

    private static string BareScript(string folder, string filter) => $$"""
        for i in $(seq {{RunsPerRound}}); do
          bwrap --ro-bind /usr /usr --symlink usr/bin /bin --symlink usr/lib /lib --symlink usr/lib64 /lib64 --symlink usr/sbin /sbin \
            --dir /etc --ro-bind-try /etc/alternatives /etc/alternatives --ro-bind-try /etc/ld.so.cache /etc/ld.so.cache \
            --proc /proc --dev /dev --size 16777216 --tmpfs /dev/shm --remount-ro /dev --size 16777216 --tmpfs /tmp \
            --bind {{folder}}/work /work --ro-bind {{folder}}/in /in --remount-ro / --chdir /work \
            --unshare-all --unshare-user --disable-userns --hostname task --uid 65534 --gid 65534 \
            --die-with-parent --new-session --cap-drop ALL --clearenv --setenv PATH /usr/bin:/bin --setenv HOME /work --setenv LANG C --setenv TZ UTC \
            --seccomp 9 --json-status-fd 8 /bin/sh -c true 9<{{filter}} 8>/dev/null || exit 1
        done
        """;
}
