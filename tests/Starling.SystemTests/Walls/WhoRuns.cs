using System;
using System.IO;
using System.Runtime.Versioning;

namespace Starling.SystemTests.Walls;

/// <summary>The user as whom the program under test runs.</summary>
public enum WhoRuns
{
    /// <summary>Root, which makes namespaces itself and gives its rights up for runs.</summary>
    Root,

    /// <summary>An ordinary user, whose runs have a user namespace.</summary>
    User,
}

/// <summary>A test for both kinds of users; skipped where the walls, or the rights to be both, are missing.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class BothUsersTheoryAttribute : TheoryAttribute
{
    public BothUsersTheoryAttribute() =>
        Skip = !Environment.IsPrivilegedProcess ? "needs root, to be root and somebody else" : Starling.Tests.Runtime.Walls.WallsFactAttribute.Missing;
}

/// <summary>A copy of the program, and a folder, which an ordinary user may use too.</summary>
[SupportedOSPlatform("linux")]
internal sealed class SharedProgram : IDisposable
{
    /// <summary>The ordinary user.</summary>
    public const string User = "60123";

    public SharedProgram()
    {
        Folder = Directory.CreateTempSubdirectory("starling-escape-").FullName;
        Open(Folder);
        string source = Path.GetDirectoryName(Environment.GetEnvironmentVariable("STARLING_PROGRAM") ?? Path.Combine(AppContext.BaseDirectory, "starling"))!;
        string target = Directory.CreateDirectory(Path.Combine(Folder, "program")).FullName;
        Open(target);
        foreach (string file in Directory.GetFiles(source))
        {
            string name = Path.GetFileName(file);
            if (!name.EndsWith(".pdb", StringComparison.Ordinal) && !name.EndsWith(".xml", StringComparison.Ordinal))
            {
                File.Copy(file, Path.Combine(target, name));
                File.SetUnixFileMode(Path.Combine(target, name), File.GetUnixFileMode(file) | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
            }
        }

        Program = Path.Combine(target, "starling");
        File.SetUnixFileMode(Program, File.GetUnixFileMode(Program) | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
    }

    public string Folder { get; }

    public string Program { get; }

    /// <summary>What to put before a program so that it runs as this user.</summary>
    public static string[] As(WhoRuns who) => who == WhoRuns.Root ? [] : ["setpriv", "--reuid", User, "--regid", User, "--clear-groups", "--"];

    /// <summary>A folder that belongs to this user.</summary>
    public string Home(WhoRuns who)
    {
        string home = Directory.CreateDirectory(Path.Combine(Folder, $"home-{who}-{Guid.NewGuid():N}")).FullName;
        if (who == WhoRuns.User)
        {
            using var chown = System.Diagnostics.Process.Start("chown", [$"{User}:{User}", home]);
            chown.WaitForExit();
        }

        return home;
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    private static void Open(string folder) => File.SetUnixFileMode(
        folder,
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
}
