using System;
using System.Collections.Generic;
using System.IO;
using Starling.Core.Metainfo;
using Starling.Core.Primitives;
using Starling.Core.Tasks;

namespace Starling.Runtime.Tasks;

/// <summary>Finds the inputs of a task by name in folders of this machine, and takes only what has the right content.</summary>
public static class InputFinder
{
    /// <summary>Code of the problem with an input that is not here.</summary>
    public const string ProblemCode = "input-missing";

    /// <summary>Looks for every input of <paramref name="task"/>; reads each candidate whole to compare its hash.</summary>
    /// <param name="task">The task.</param>
    /// <param name="folders">Absolute paths of folders, the first that has the right content wins.</param>
    public static PreparedTask Find(TaskFile task, IReadOnlyList<string> folders)
    {
        ArgumentNullException.ThrowIfNull(task);
        ArgumentNullException.ThrowIfNull(folders);
        var found = new List<LocalInput>();
        var missing = new List<MissingInput>();
        foreach (InputSpec input in task.Info.Inputs)
        {
            string reason = "is not on this machine";
            LocalInput? local = null;
            for (int i = 0; i < folders.Count && local is null; i++)
            {
                local = TryTake(input, Path.Combine(folders[i], input.Name), ref reason);
            }

            if (local is not null)
            {
                found.Add(local);
            }
            else
            {
                missing.Add(new MissingInput(input, new Problem(
                    ProblemCode,
                    $"input '{SafePath.Quoted(input.Name)}' ({input.Length} bytes) {reason}",
                    "It is fetched from peers that have it; what lies beside the task file need not be.")));
            }
        }

        return new PreparedTask(task, found, missing);
    }

    private static LocalInput? TryTake(InputSpec input, string path, ref string reason)
    {
        if (!File.Exists(path) && !Directory.Exists(path))
        {
            return null;
        }

        // A file of another length needs no hashing.
        bool isOtherFile = File.Exists(path) && new FileInfo(path).Length != input.Length;
        if (isOtherFile || !InputHasher.TryHash(path, out CreatedTorrent? torrent, out IReadOnlyList<string> files, out _))
        {
            reason = $"is at {path}, but has another content or cannot be read";
            return null;
        }

        if (torrent.InfoHash != input.InfoHash)
        {
            reason = $"is at {path}, but has another content";
            return null;
        }

        return new LocalInput(input, path, files, torrent);
    }
}
