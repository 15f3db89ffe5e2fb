using System;
using System.Globalization;
using System.IO;
using Starling.Core.Primitives;

namespace Starling.Runtime.Storage;

/// <summary>Turns what the disk says into what a person can act on.</summary>
internal static class StoreProblem
{
    /// <summary>A failed write of <paramref name="neededBytes"/> below <paramref name="folder"/>.</summary>
    public static Problem OfWrite(Exception failure, string folder, long neededBytes)
    {
        if (!IsDiskFull(failure))
        {
            return OfAccess(failure, "disk-error", $"cannot write below {folder}");
        }

        long free = FreeBytes(folder);
        long missing = Math.Max(neededBytes - free, 1);
        return new Problem(
            "disk-full",
            $"the disk is full below {folder}: {Size(neededBytes)} to write, {Size(free)} free, {Size(missing)} missing",
            "Free that much there, or start with --dir on a larger disk; what is stored is kept, and work goes on when there is room.");
    }

    /// <summary>A folder or file that can't be made, opened or read; <paramref name="code"/> unless it is a matter of permissions.</summary>
    public static Problem OfAccess(Exception failure, string code, string what) => failure switch
    {
        UnauthorizedAccessException => new Problem(
            "folder-denied", $"{what}: permission denied", "Give this user write access to it, or choose another folder with --dir."),
        _ => new Problem(code, $"{what}: {failure.Message}", "Check the disk and the folder's permissions, or choose another with --dir."),
    };

    /// <summary>Whether this exception is the disk's, and not a bug of ours.</summary>
    public static bool IsOfTheWorld(Exception failure) => failure is IOException or UnauthorizedAccessException;

    /// <summary>No space, no quota or no larger file allowed (errno on Unix, Win32 codes on Windows).</summary>
    public static bool IsDiskFull(Exception failure)
    {
        if (failure is not IOException)
        {
            return false;
        }

        int code = failure.HResult;
        if (OperatingSystem.IsWindows())
        {
            return (code & 0xFFFF) is 0x70 or 0x27;
        }

        const int noSpace = 28;
        const int tooLarge = 27;
        int quota = OperatingSystem.IsMacOS() ? 69 : 122;
        return code == noSpace || code == tooLarge || code == quota;
    }

    private static long FreeBytes(string folder)
    {
        try
        {
            return new DriveInfo(folder).AvailableFreeSpace;
        }
        catch (Exception failure) when (IsOfTheWorld(failure) || failure is ArgumentException)
        {
            return 0;
        }
    }

    private static string Size(long bytes) => bytes switch
    {
        >= 1L << 30 => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 30):0.0} GiB"),
        >= 1L << 20 => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 20):0.0} MiB"),
        >= 1L << 10 => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 10):0.0} KiB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes} B"),
    };
}
