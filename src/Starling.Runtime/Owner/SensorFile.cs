using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;

namespace Starling.Runtime.Owner;

/// <summary>Reads the small text files in which Linux shows its sensors. What is missing or may not be read is null.</summary>
internal static class SensorFile
{
    private const int MaxBytes = 64 * 1024;

    /// <summary>The whole text, at most 64 KiB of it.</summary>
    public static string? Text(params ReadOnlySpan<string> path)
    {
        try
        {
            using var file = new FileStream(Path.Combine(path), FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
            byte[] bytes = new byte[MaxBytes];
            int length = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            return System.Text.Encoding.UTF8.GetString(bytes, 0, length);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            return null;
        }
    }

    /// <summary>One whole number.</summary>
    public static long? Number(params ReadOnlySpan<string> path) =>
        long.TryParse(Text(path)?.Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value) ? value : null;

    /// <summary>Folders in a folder, or links to some, by name; none when it can't be read.</summary>
    public static IReadOnlyList<string> Folders(params ReadOnlySpan<string> path)
    {
        try
        {
            string[] folders = Directory.GetDirectories(Path.Combine(path));
            Array.Sort(folders, StringComparer.Ordinal);
            return folders;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>Files in a folder, by name; none when it can't be read.</summary>
    public static IReadOnlyList<string> Files(string folder, string pattern = "*")
    {
        try
        {
            string[] files = Directory.GetFiles(folder, pattern);
            Array.Sort(files, StringComparer.Ordinal);
            return files;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
