using System;
using System.Diagnostics.CodeAnalysis;
using System.IO;
using Starling.Core.Primitives;

namespace Starling.Commands;

/// <summary>Writes files that a user asked for: whole or not at all.</summary>
internal static class WholeFile
{
    /// <summary>Writes or replaces a file.</summary>
    /// <param name="path">Where.</param>
    /// <param name="bytes">Its content.</param>
    /// <param name="problem">Why not.</param>
    /// <param name="forOwnerAlone">Whether nobody else may read it.</param>
    public static bool TryWrite(string path, ReadOnlySpan<byte> bytes, [NotNullWhen(false)] out Problem? problem, bool forOwnerAlone = false)
    {
        string fresh = path + ".new";
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows() && forOwnerAlone)
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            using (var stream = new FileStream(fresh, options))
            {
                stream.Write(bytes);
            }

            File.Move(fresh, path, overwrite: true);
            problem = null;
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            problem = new Problem("write", $"{path} can't be written: {exception.Message}", "Name another file with -o");
            return false;
        }
    }
}
