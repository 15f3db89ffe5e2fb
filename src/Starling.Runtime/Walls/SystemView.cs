using System;
using System.Collections.Generic;
using System.IO;
using Starling.Runtime.Execution;
using Starling.Runtime.Storage;

namespace Starling.Runtime.Walls;

/// <summary>
/// What every walled run sees of the system: programs and libraries, read-only, and of <c>/etc</c> what programs need to start. Looked up once.
/// </summary>
internal sealed class SystemView
{
    // A system without merged /usr has these as folders, others as links into it.
    private static readonly string[] _roots = ["/bin", "/sbin", "/lib", "/lib64", "/lib32", "/libx32"];

    // Systems that keep all programs in a store of their own.
    private static readonly string[] _stores = ["/nix/store", "/gnu/store"];

    // Settings of programs that hold nothing about this machine's people: where libraries and alternatives lie, fonts, kinds of files, languages.
    private static readonly string[] _settings =
    [
        "alternatives", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "fonts", "mime.types", "magic", "magic.mime", "perl", "python2.7", "python3", "R", "octave.conf",
        "ImageMagick-6", "ImageMagick-7", "ghostscript", "texmf", "papersize", "terminfo", "OpenCL", "vulkan", "clc",
    ];

    private static readonly string[] _settingPrefixes = ["python3.", "java-", "dotnet"];

    /// <summary>Files of <c>/etc</c> that say who is who, always made anew.</summary>
    public static readonly IReadOnlySet<string> Users = new SortedSet<string>(StringComparer.Ordinal) { "passwd", "group", "nsswitch.conf" };

    private const int MaxCopied = 5_000;
    private const int MaxCopiedDepth = 6;
    private const long MaxCopiedBytes = 1024 * 1024;

    private readonly List<string> _arguments = [];

    private SystemView(string etc) => Etc = etc;

    /// <summary>The folder that is <c>/etc</c> in it.</summary>
    public string Etc { get; }

    /// <summary>Bubblewrap's arguments that show it.</summary>
    public IReadOnlyList<string> Arguments => _arguments;

    /// <summary>Looks at this machine.</summary>
    /// <param name="etc">A folder with the <c>/etc</c> that runs get, made by <see cref="WriteEtc"/>.</param>
    /// <param name="more">Further folders that the owner shows to runs, at the same path.</param>
    public static SystemView OfThisMachine(string etc, IReadOnlyList<string> more)
    {
        ArgumentNullException.ThrowIfNull(etc);
        ArgumentNullException.ThrowIfNull(more);
        var view = new SystemView(etc);
        view.Bind("/usr", "/usr");
        foreach (string root in _roots)
        {
            var folder = new DirectoryInfo(root);
            if (folder.LinkTarget is { } link)
            {
                view._arguments.AddRange(["--symlink", link, root]);
            }
            else if (folder.Exists)
            {
                view.Bind(root, root);
            }
        }

        foreach (string store in _stores)
        {
            if (Directory.Exists(store))
            {
                view._arguments.AddRange(["--perms", "0755", "--dir", Path.GetDirectoryName(store)!]);
                view.Bind(store, store);
            }
        }

        view.Bind(etc, "/etc");
        foreach (string folder in more)
        {
            view.Bind(folder, folder);
        }

        return view;
    }

    /// <summary>
    /// Makes the folder that becomes <c>/etc</c>: made-up users, and copies of settings that programs need. Copies, because each further mount makes every run
    /// begin later, by a tenth of a millisecond and more.
    /// </summary>
    /// <exception cref="IOException">It can't be written.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be written.</exception>
    public static void WriteEtc(string folder)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "passwd"), "root:x:0:0:root:/:/bin/sh\ntask:x:65534:65534:task:/work:/bin/sh\n");
        File.WriteAllText(Path.Combine(folder, "group"), "root:x:0:\ntask:x:65534:\n");
        File.WriteAllText(Path.Combine(folder, "hosts"), "127.0.0.1 localhost task\n::1 localhost\n");
        File.WriteAllText(Path.Combine(folder, "nsswitch.conf"), "passwd: files\ngroup: files\nhosts: files dns\n");
        int left = MaxCopied;
        foreach (string name in Settings())
        {
            Copy($"/etc/{name}", Path.Combine(folder, name), depth: 0, ref left);
        }
    }

    // What may not be read, is no file, or is larger than settings are, is left out.
    private static void Copy(string source, string target, int depth, ref int left)
    {
        try
        {
            var file = new FileInfo(source);
            if (--left < 0)
            {
                return;
            }

            if (file.LinkTarget is { } link)
            {
                var copy = new FileInfo(target);
                if (copy.LinkTarget != link)
                {
                    copy.Delete();
                    File.CreateSymbolicLink(target, link);
                }
            }
            else if (Directory.Exists(source))
            {
                Directory.CreateDirectory(target);
                foreach (string entry in depth < MaxCopiedDepth ? Directory.GetFileSystemEntries(source) : [])
                {
                    Copy(entry, Path.Combine(target, Path.GetFileName(entry)), depth + 1, ref left);
                }
            }
            else if (file.Exists && file.Length <= MaxCopiedBytes && (!OperatingSystem.IsLinux() || HostileTree.IsFile(source)))
            {
                var copy = new FileInfo(target);
                if (!copy.Exists || copy.Length != file.Length || copy.LastWriteTimeUtc != file.LastWriteTimeUtc)
                {
                    file.CopyTo(target, overwrite: true);
                }
            }
        }
        catch (Exception failure) when (StoreProblem.IsOfTheWorld(failure))
        {
            // Programs that need it say so.
        }
    }

    private static List<string> Settings()
    {
        var names = new List<string>();
        foreach (string name in _settings)
        {
            if (Path.Exists($"/etc/{name}"))
            {
                names.Add(name);
            }
        }

        try
        {
            foreach (string prefix in _settingPrefixes)
            {
                foreach (string path in Directory.GetFileSystemEntries("/etc", prefix + "*"))
                {
                    string name = Path.GetFileName(path);
                    if (!names.Contains(name))
                    {
                        names.Add(name);
                    }
                }
            }
        }
        catch (Exception failure) when (StoreProblem.IsOfTheWorld(failure))
        {
            // What can't be listed can't be shown; programs that need it say so.
        }

        names.Sort(StringComparer.Ordinal);
        return names;
    }

    private void Bind(string source, string target) => _arguments.AddRange(["--ro-bind", source, target]);
}
