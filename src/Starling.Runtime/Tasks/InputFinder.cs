using System;
using System.Collections.Generic;
using System.IO;
using Starling.Core.Metainfo;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Runtime.Torrents;

namespace Starling.Runtime.Tasks;

/// <summary>Finds the inputs of a task by name in folders of this machine, and takes only what has the right content.</summary>
public static class InputFinder
{
    /// <summary>Code of the problem with an input that is not here.</summary>
    public const string ProblemCode = "input-missing";

    /// <summary>Looks for inputs; reads each candidate whole to compare its hash.</summary>
    /// <param name="inputs">Those that are wanted.</param>
    /// <param name="folders">Absolute paths of folders, the first that has the right content wins.</param>
    /// <param name="torrents">What is known of inputs that are torrents of somebody else (<see cref="InputTorrent.Of"/>).</param>
    public static (IReadOnlyList<LocalInput> Here, IReadOnlyList<MissingInput> Missing) Find(
        IReadOnlyList<InputSpec> inputs, IReadOnlyList<string> folders, IReadOnlyDictionary<string, InputTorrent> torrents)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(folders);
        ArgumentNullException.ThrowIfNull(torrents);
        var found = new List<LocalInput>();
        var missing = new List<MissingInput>();
        foreach (InputSpec input in inputs)
        {
            string reason = "is not on this machine";
            LocalInput? local = null;
            for (int i = 0; i < folders.Count && local is null; i++)
            {
                local = TryTake(input, Path.Combine(folders[i], input.Name), torrents.GetValueOrDefault(input.Name)?.File, ref reason);
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

        return (found, missing);
    }

    private static LocalInput? TryTake(InputSpec input, string path, TorrentFile? known, ref string reason)
    {
        if (!File.Exists(path) && !Directory.Exists(path))
        {
            return null;
        }

        if (known is not null)
        {
            string folder = Path.GetDirectoryName(path)!;
            if (ContentCheck.TryVerify(known, folder, out TorrentFile? whole, out string fault))
            {
                return new LocalInput(input, path, InputTorrent.FilesOf(known.Info, folder), () => whole);
            }

            reason = $"is at {path}, but {fault}";
            return null;
        }

        // A file of another length needs no hashing.
        bool isOtherFile = File.Exists(path) && new FileInfo(path).Length != input.Length;
        if (isOtherFile || !ContentHasher.TryHash(path, out CreatedTorrent? torrent, out IReadOnlyList<string> files, out _))
        {
            reason = $"is at {path}, but has another content or cannot be read";
            return null;
        }

        if (torrent.InfoHash != input.Torrent.V2)
        {
            reason = $"is at {path}, but has another content";
            return null;
        }

        return LocalInput.Of(input, path, files, torrent);
    }
}
