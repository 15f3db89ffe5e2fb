using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using Starling.Runtime.Machine;
using Starling.Runtime.Storage;

namespace Starling.Runtime.Walls;

/// <summary>
/// Gives up root by <c>setpriv</c> of util-linux, the last step before the command. An image does not have it, so there it is shown with the libraries it needs.
/// </summary>
internal sealed class DroppingPrivileges
{
    /// <summary>Name, in the root, of the folder that it is shown in.</summary>
    public const string FolderName = ".walls";

    private const string Folder = "/" + FolderName;

    private readonly string _program;
    private readonly Lazy<List<string>> _libraries;

    private DroppingPrivileges(string program)
    {
        _program = program;
        _libraries = new Lazy<List<string>>(() => LibrariesOf(program));
    }

    /// <summary>Finds setpriv; null: it is not installed.</summary>
    public static DroppingPrivileges? Find() => HostPrograms.FindOnPath("setpriv") is { } program ? new DroppingPrivileges(program) : null;

    /// <summary>Shows it in an image.</summary>
    public void AddMounts(List<string> arguments)
    {
        arguments.AddRange(["--perms", "0755", "--dir", Folder]);
        Show(arguments, _program, "setpriv");
        foreach (string library in _libraries.Value)
        {
            Show(arguments, library, IsLoader(library) ? "loader" : Path.GetFileName(library));
        }
    }

    /// <summary>The command that becomes <paramref name="user"/> and then the command behind it.</summary>
    public void AddCommand(List<string> arguments, int user, bool inImage)
    {
        string number = user.ToString(CultureInfo.InvariantCulture);
        if (!inImage)
        {
            arguments.Add(_program);
        }
        else if (!_libraries.Value.Exists(IsLoader))
        {
            arguments.Add($"{Folder}/setpriv");
        }
        else
        {
            arguments.AddRange([$"{Folder}/loader", "--library-path", Folder, $"{Folder}/setpriv"]);
        }

        arguments.AddRange(["--reuid", number, "--regid", number, "--clear-groups", "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs", "--"]);
    }

    private static bool IsLoader(string path) => Path.GetFileName(path).StartsWith("ld-", StringComparison.Ordinal);

    private static void Show(List<string> arguments, string source, string name) => arguments.AddRange(["--ro-bind", source, $"{Folder}/{name}"]);

    // ldd prints "name => /path (address)" and "/path (address)"; of a program without libraries it says so and fails.
    private static List<string> LibrariesOf(string program)
    {
        var paths = new List<string>();
        try
        {
            using Process? ldd = Process.Start(new ProcessStartInfo("ldd", program) { RedirectStandardOutput = true, RedirectStandardError = true });
            string told = ldd?.StandardOutput.ReadToEnd() ?? "";
            ldd?.WaitForExit();
            foreach (string line in told.Split('\n'))
            {
                foreach (string word in line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries))
                {
                    if (word[0] == '/' && File.Exists(word))
                    {
                        paths.Add(word);
                    }
                }
            }
        }
        catch (Exception failure) when (failure is System.ComponentModel.Win32Exception || StoreProblem.IsOfTheWorld(failure))
        {
            // Then it is shown alone; the probe of the walls finds out whether that is enough.
        }

        // Before glibc 2.34 names of users are looked up by a library of their own, loaded when it is needed.
        string? library = paths.Find(path => Path.GetFileName(path) == "libc.so.6");
        if (library is not null && Path.Combine(Path.GetDirectoryName(library)!, "libnss_files.so.2") is var names && File.Exists(names))
        {
            paths.Add(names);
        }

        return paths;
    }
}
