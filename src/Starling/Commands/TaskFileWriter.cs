using System;
using System.IO;
using Starling.Core.Primitives;
using Starling.Core.Tasks;

namespace Starling.Commands;

/// <summary>Writes task files: whole or not at all, and for the owner alone when they hold a secret.</summary>
internal static class TaskFileWriter
{
    public static bool TryWrite(string path, TaskFile task, out Problem? problem)
    {
        string fresh = path + ".new";
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows() && task.IsMemberSwarm)
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            using (var stream = new FileStream(fresh, options))
            {
                stream.Write(TaskFileCodec.Encode(task));
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
