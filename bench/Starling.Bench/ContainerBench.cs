using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Formats.Tar;
using System.Globalization;
using System.IO;
using System.Security.Cryptography;
using System.Text;
using System.Threading;
using Starling.Core.Images;
using Starling.Core.Primitives;
using Starling.Runtime.Containers;
using Starling.Runtime.Execution;
using Starling.Runtime.Machine;
using Starling.Runtime.Walls;

namespace Starling.Bench;

/// <summary>
/// What a run in a container image costs once the image is unpacked: <c>sh -c true</c> in an image of busybox within the walls, beside bubblewrap by hand on the same folder, and beside <c>podman run</c> where it is installed; and how long unpacking
/// takes.
/// </summary>
internal static class ContainerBench
{
    private const int Rounds = 9;
    private const int RunsPerRound = 40;
    private const int PodmanRuns = 9;
    private const string Busybox = "/bin/busybox";

    private static WallLimits Limits => new() { MemoryBytes = 1L << 30, DiskBytes = 1L << 30, Processes = 64 };

    public static int Compare()
    {
        string folder = Directory.CreateTempSubdirectory("starling-bench-").FullName;
        try
        {
            if (!File.Exists(Busybox))
            {
                Console.Error.WriteLine("busybox-static is not installed");
                return 1;
            }

            if (!WallsProbe.TryOpen(Path.Combine(folder, "walls"), [], out MachineWalls? walls, out Problem? problem))
            {
                Console.Error.WriteLine(problem);
                return 1;
            }

            string archive = Path.Combine(folder, "image.tar");
            ImageDigest digest = WriteImage(archive);
            long start = Stopwatch.GetTimestamp();
            if (!new ImageCache(Path.Combine(folder, "images"), new ImageOptions()).TryUse(archive, digest, NeedsCheck.ThisArch, CancellationToken.None, out UnpackedImage? image, out problem))
            {
                Console.Error.WriteLine(problem);
                return 1;
            }

            using UnpackedImage held = image;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"unpacking {new FileInfo(archive).Length / 1024} KiB: {Stopwatch.GetElapsedTime(start).TotalMilliseconds:0.0} ms"));
            Directory.CreateDirectory(Path.Combine(folder, "work"));
            string bare = Path.Combine(folder, "bare.sh");
            File.WriteAllText(bare, BareScript(folder, image.Root));
            using var launcher = new ProcessLauncher("/bin/sh", walls);
            var (own, byHand) = (new List<double>(), new List<double>());
            for (int round = 0; round < Rounds; round++)
            {
                own.Add(Own(launcher, folder, image.Root));
                byHand.Add(Bash(bare) / RunsPerRound);
            }

            Console.WriteLine($"a run in the image, within the walls: {Middle(own)} ms");
            Console.WriteLine($"bubblewrap by hand on the same folder: {Middle(byHand)} ms");
            Podman(folder, archive, digest);
            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string Middle(List<double> times)
    {
        times.Sort();
        return string.Create(CultureInfo.InvariantCulture, $"{times[times.Count / 2]:0.0} (from {times[0]:0.0} to {times[^1]:0.0})");
    }

    private static double Own(ProcessLauncher launcher, string folder, string root)
    {
        string work = Path.Combine(folder, "work");
        int user = launcher.Walls!.NewUser();
        if (launcher.Walls.ChangesUser)
        {
            HostileTree.GiveTo(work, user);
        }

        var command = new ShellCommand
        {
            Text = "true",
            Folder = "/",
            Walls = new WallPlan { Mounts = [new WallMount(work, WallPlan.WorkFolder, Writable: true)], Root = root, User = user, Limits = Limits },
        };
        var errors = new StderrTail();
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < RunsPerRound; i++)
        {
            ProcessEnd end = launcher.TryStart(command, out ShellProcess? process, out Problem? problem)
                ? process.Run(static _ => true, errors, TimeSpan.FromMinutes(1))
                : throw new InvalidOperationException(problem.ToString());
            if (!end.IsSuccess)
            {
                throw new InvalidOperationException($"{end} {errors.ToText()}");
            }
        }

        return Stopwatch.GetElapsedTime(start).TotalMilliseconds / RunsPerRound;
    }

    /// <summary>With storage of its own, and what a machine without the right to raise limits needs.</summary>
    private static void Podman(string folder, string archive, ImageDigest digest)
    {
        string podman = $"podman --root {folder}/storage --runroot {folder}/state --storage-driver vfs --runtime runc --cgroup-manager cgroupfs";
        string script = Path.Combine(folder, "podman.sh");
        File.WriteAllText(script, $"command -v podman runc >/dev/null && {podman} load -q -i {archive} >/dev/null 2>&1");
        if (HostPrograms.FindOnPath("podman") is null || Bash(script) < 0)
        {
            Console.WriteLine("podman run: not measured, podman or runc is not installed");
            return;
        }

        var times = new List<double>();
        File.WriteAllText(script, $"{podman} run --rm --network none --read-only --cap-drop all --security-opt no-new-privileges --ulimit nofile=1024:1024 --ulimit nproc=4096:4096 {digest.Hash} sh -c true");
        for (int i = 0; i < PodmanRuns; i++)
        {
            times.Add(Bash(script));
        }

        Console.WriteLine($"podman run: {Middle(times)} ms");
    }

    /// <summary>Milliseconds; -1: it failed.</summary>
    private static double Bash(string script)
    {
        long start = Stopwatch.GetTimestamp();
        using Process bash = Process.Start("/bin/bash", [script]);
        bash.WaitForExit();
        return bash.ExitCode == 0 ? Stopwatch.GetElapsedTime(start).TotalMilliseconds : -1;
    }

    private static string BareScript(string folder, string root) => $$"""
        for i in $(seq {{RunsPerRound}}); do
          bwrap --ro-bind {{root}}/bin /bin --proc /proc --dev /dev --remount-ro /dev --size 16777216 --tmpfs /tmp --bind {{folder}}/work /work --remount-ro / --chdir /work \
            --unshare-all --unshare-user --disable-userns --hostname task --uid 65534 --gid 65534 --die-with-parent --new-session --cap-drop ALL --clearenv --setenv PATH /bin /bin/sh -c true || exit 1
        done
        """;

    private static ImageDigest WriteImage(string path)
    {
        byte[] layer = Tar(("bin/busybox", File.ReadAllBytes(Busybox), null), ("bin/sh", [], "busybox"), ("bin/true", [], "busybox"));
        string architecture = NeedsCheck.ThisArch == "x64" ? "amd64" : NeedsCheck.ThisArch;
        byte[] config = Encoding.UTF8.GetBytes(
            $"{{\"architecture\":\"{architecture}\",\"os\":\"linux\",\"config\":{{\"Env\":[\"PATH=/bin\"]}},\"rootfs\":{{\"type\":\"layers\",\"diff_ids\":[\"sha256:{Convert.ToHexStringLower(SHA256.HashData(layer))}\"]}}}}");
        byte[] manifest = "[{\"Config\":\"config.json\",\"RepoTags\":[\"starling-bench:1\"],\"Layers\":[\"layer.tar\"]}]"u8.ToArray();
        File.WriteAllBytes(path, Tar(("layer.tar", layer, null), ("config.json", config, null), ("manifest.json", manifest, null)));
        return new ImageDigest(Hash256.Of(config));
    }

    private static byte[] Tar(params (string Name, byte[] Content, string? Link)[] files)
    {
        var archive = new MemoryStream();
        using (var writer = new TarWriter(archive, TarEntryFormat.Ustar, leaveOpen: true))
        {
            foreach ((string name, byte[] content, string? link) in files)
            {
                writer.WriteEntry(link is null
                    ? new UstarTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(content), Mode = (UnixFileMode)0x1ED }
                    : new UstarTarEntry(TarEntryType.SymbolicLink, name) { LinkName = link });
            }
        }

        return archive.ToArray();
    }
}
