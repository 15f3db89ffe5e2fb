using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;

namespace Starling.Runtime.Walls;

/// <summary>
/// How bubblewrap is told what to do (bwrap(1), 0.8 or later). As an ordinary user a run lives in a user namespace of its own; as root the namespaces are made
/// by root and the run gives up root before it begins, because files and signals of root inside would be root's outside too.
/// </summary>
internal sealed class Bubblewrap
{
    /// <summary>Descriptor on which bubblewrap tells the process it made and how it ended.</summary>
    public const int StatusDescriptor = 10;

    /// <summary>Descriptor on which it waits, all walls up, before the command begins.</summary>
    public const int GateDescriptor = 11;

    /// <summary>Descriptor from which it reads the filter of system calls.</summary>
    public const int FilterDescriptor = 12;

    /// <summary>Descriptor from which it reads its arguments: on the command line a run could read the paths of the host (<c>/proc/1/cmdline</c>).</summary>
    public const int ArgumentsDescriptor = 13;

    /// <summary>The number that runs see as their own user where they have a user namespace.</summary>
    public const int UserInside = 65534;

    /// <summary>Folders in the root that are not taken from an image: they are made anew for each run, or not there at all.</summary>
    public static readonly IReadOnlySet<string> OwnRoots = new HashSet<string>(StringComparer.Ordinal) { "proc", "dev", "sys", "tmp", "run", "work", "in", "state", "chunk", "parts", "part-file", "out", DroppingPrivileges.FolderName };

    private readonly string _program;
    private readonly SystemView _system;
    private readonly DroppingPrivileges? _drop;

    /// <param name="program">Path of bwrap.</param>
    /// <param name="system">What runs see of the system.</param>
    /// <param name="drop">How root is given up; null: this program is not root.</param>
    public Bubblewrap(string program, SystemView system, DroppingPrivileges? drop)
    {
        _program = program;
        _system = system;
        _drop = drop;
    }

    /// <summary>Whether this program is root, and runs are somebody else.</summary>
    public bool DropsPrivileges => _drop is not null;

    /// <summary>The command line: the walls are told by <see cref="ArgumentsOf"/>.</summary>
    /// <param name="plan">What the run sees.</param>
    /// <param name="command">Program and arguments, as the run sees them.</param>
    public string[] CommandLineOf(WallPlan plan, IReadOnlyList<string> command)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(command);
        var line = new List<string> { _program, "--args", Text(ArgumentsDescriptor), "--" };
        _drop?.AddCommand(line, plan.User, plan.Root is not null);
        line.AddRange(command);
        return [.. line];
    }

    /// <summary>What bubblewrap reads from <see cref="ArgumentsDescriptor"/>.</summary>
    /// <param name="plan">What the run sees.</param>
    /// <param name="marker">A variable of bubblewrap's own environment that the run does not get.</param>
    public IReadOnlyList<string> ArgumentsOf(WallPlan plan, string marker)
    {
        ArgumentNullException.ThrowIfNull(plan);
        var arguments = new List<string>(96);
        if (plan.Root is { } root)
        {
            AddImage(arguments, root);
        }
        else
        {
            arguments.AddRange(_system.Arguments);
        }

        arguments.AddRange(["--proc", "/proc", "--dev", "/dev"]);
        if (plan.Root is not null)
        {
            _drop?.AddMounts(arguments);
        }

        var parents = new HashSet<string>(StringComparer.Ordinal) { "/dev" };
        foreach (WallMount mount in plan.Mounts)
        {
            AddParents(arguments, mount.Target, parents);
            arguments.AddRange([mount.Writable ? "--bind" : "--ro-bind", mount.Source, mount.Target]);
        }

        arguments.AddRange(
        [
            "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", WallPlan.WorkFolder,
            "--unshare-ipc", "--unshare-pid", "--unshare-uts", "--unshare-cgroup-try", "--hostname", "task",
            "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--unsetenv", marker,
            "--seccomp", Text(FilterDescriptor), "--json-status-fd", Text(StatusDescriptor), "--block-fd", Text(GateDescriptor),
        ]);
        if (!plan.Network)
        {
            arguments.Add("--unshare-net");
        }

        if (_drop is null)
        {
            arguments.AddRange(["--unshare-user", "--disable-userns", "--uid", Text(UserInside), "--gid", Text(UserInside)]);
        }
        else
        {
            arguments.AddRange(["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", "--cap-add", "CAP_SETPCAP"]);
        }

        return arguments;
    }

    // Folders that bubblewrap makes unasked are for their owner alone, who as root is not who runs.
    private static void AddParents(List<string> arguments, string target, HashSet<string> made)
    {
        for (int end = target.IndexOf('/', 1); end > 0; end = target.IndexOf('/', end + 1))
        {
            if (made.Add(target[..end]))
            {
                arguments.AddRange(["--perms", "0755", "--dir", target[..end]]);
            }
        }
    }

    // Folder by folder, so that further mount points can be made beside them: the root itself stays bubblewrap's own.
    private void AddImage(List<string> arguments, string root)
    {
        foreach (FileSystemInfo entry in Sorted(new DirectoryInfo(root)))
        {
            if (OwnRoots.Contains(entry.Name))
            {
                continue;
            }

            if (entry.Name == "etc" && _drop is not null)
            {
                AddSettings(arguments, entry);
            }
            else
            {
                Show(arguments, entry, "/");
            }
        }
    }

    // Root is given up within the image: the loader and the library of the program that does it read these files, and what an image says there they would do as root.
    private void AddSettings(List<string> arguments, FileSystemInfo settings)
    {
        arguments.AddRange(["--perms", "0755", "--dir", "/etc"]);
        foreach (string name in SystemView.Users)
        {
            arguments.AddRange(["--ro-bind", Path.Combine(_system.Etc, name), "/etc/" + name]);
        }

        if (settings.LinkTarget is null && settings is DirectoryInfo folder)
        {
            foreach (FileSystemInfo entry in Sorted(folder))
            {
                if (entry.Name != "ld.so.preload" && !SystemView.Users.Contains(entry.Name))
                {
                    Show(arguments, entry, "/etc/");
                }
            }
        }
    }

    private static void Show(List<string> arguments, FileSystemInfo entry, string folder)
    {
        if (entry.LinkTarget is { } link)
        {
            arguments.AddRange(["--symlink", link, folder + entry.Name]);
        }
        else
        {
            arguments.AddRange(["--ro-bind", entry.FullName, folder + entry.Name]);
        }
    }

    private static List<FileSystemInfo> Sorted(DirectoryInfo folder)
    {
        var entries = new List<FileSystemInfo>(folder.EnumerateFileSystemInfos());
        entries.Sort((left, right) => string.CompareOrdinal(left.Name, right.Name));
        return entries;
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
