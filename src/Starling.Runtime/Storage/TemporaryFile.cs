using System;
using System.IO;
using Microsoft.Win32.SafeHandles;

namespace Starling.Runtime.Storage;

/// <summary>A file that becomes a stored result by being renamed, or goes.</summary>
internal static class TemporaryFile
{
    /// <summary>
    /// Makes it. It is read-only for everybody but this handle, because a merge gets hard links of stored results: a command that writes to its
    /// inputs shall fail instead of changing what this peer has announced.
    /// </summary>
    public static SafeFileHandle Create(string path)
    {
        File.Delete(path);
        SafeFileHandle file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Read);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(file, UnixFileMode.UserRead);
        }

        return file;
    }

    /// <summary>Deletes it; when that fails, the next start of the program does.</summary>
    public static void Delete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception failure) when (StoreProblem.IsOfTheWorld(failure))
        {
        }
    }
}
