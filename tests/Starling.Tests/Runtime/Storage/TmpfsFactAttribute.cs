using System;
using System.Diagnostics;
using System.IO;

namespace Starling.Tests.Runtime.Storage;

/// <summary>A test that needs a disk of its own, so small that it can be filled; skipped where mounting is not permitted.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class TmpfsFactAttribute : FactAttribute
{
    public TmpfsFactAttribute()
    {
        using SmallDisk? disk = SmallDisk.TryMount(64 * 1024);
        Skip = disk is null ? "mounting a tmpfs needs root" : null;
    }
}

/// <summary>A mounted tmpfs.</summary>
internal sealed class SmallDisk : IDisposable
{
    private SmallDisk(string path) => Path = path;

    public string Path { get; }

    public static SmallDisk? TryMount(int sizeBytes)
    {
        string path = Directory.CreateTempSubdirectory("starling-disk-").FullName;
        if (Run("mount", "-t", "tmpfs", "-o", $"size={sizeBytes}", "tmpfs", path))
        {
            return new SmallDisk(path);
        }

        Directory.Delete(path);
        return null;
    }

    /// <summary>Makes room on it.</summary>
    public void Grow(int sizeBytes) => Assert.True(Run("mount", "-o", $"remount,size={sizeBytes}", Path));

    public void Dispose()
    {
        Run("umount", Path);
        Directory.Delete(Path);
    }

    private static bool Run(string program, params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
            process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
