using System;
using System.Diagnostics.CodeAnalysis;
using System.IO;
using Starling.Core.Metainfo;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Runtime.Execution;
using Starling.Runtime.Storage;
using Starling.Runtime.Torrents;

namespace Starling.Runtime.Engine;

/// <summary>
/// Makes a finished output an ordinary torrent, the same one at every peer: people who never heard of tasks can fetch it. What is seeded are second names
/// of the output files below <c>.starling/published</c>, so that it stays what it was when the output is merged anew.
/// </summary>
internal static class OutputPublisher
{
    private const string Folder = "published";

    /// <summary>Lays out the output files of a task and makes their torrent. Reads them once.</summary>
    /// <param name="task">The task; its one file's name, or its own name where it has several, names the torrent.</param>
    /// <param name="pathOf">Absolute path of an output file by its number.</param>
    /// <param name="privateFolder">The task's <c>.starling</c>.</param>
    /// <param name="published">The torrent.</param>
    /// <param name="request">What seeds it.</param>
    /// <param name="problem">Why not.</param>
    public static bool TryLayOut(
        TaskInfo task,
        Func<int, string> pathOf,
        string privateFolder,
        [NotNullWhen(true)] out PublishedOutput? published,
        [NotNullWhen(true)] out TorrentRequest? request,
        [NotNullWhen(false)] out Problem? problem)
    {
        published = null;
        request = null;
        string folder = Path.Combine(privateFolder, Folder);
        string name = task.Files.Count == 1 ? Path.GetFileName(task.Files[0].Path) : task.Name;
        string content = Path.Combine(folder, name);
        try
        {
            SlotFolder.Remove(content);
            for (int file = 0; file < task.Files.Count; file++)
            {
                string link = task.Files.Count == 1 ? content : Path.Combine(content, task.Files[file].Path);
                Directory.CreateDirectory(Path.GetDirectoryName(link)!);
                if (!NativeFiles.TryLink(pathOf(file), link))
                {
                    File.Copy(pathOf(file), link);
                }
            }

            if (!ContentHasher.TryHash(content, out CreatedTorrent? created, out _, out problem) || !created.TryToFile(out TorrentFile? torrent, out problem))
            {
                return false;
            }

            string path = Path.Combine(folder, $"{name}.torrent");
            File.WriteAllBytes(path, torrent.ToBytes());
            request = new TorrentRequest { File = torrent, Folder = folder, StateFolder = Path.Combine(folder, "state"), IsChecked = true };
            published = new PublishedOutput(torrent, path);
            return true;
        }
        catch (Exception failure) when (StoreProblem.IsOfTheWorld(failure))
        {
            problem = StoreProblem.OfAccess(failure, "publish", $"cannot lay out the output below {folder}");
            return false;
        }
    }
}

/// <summary>An output as a torrent.</summary>
/// <param name="Torrent">The torrent.</param>
/// <param name="Path">Absolute path of the .torrent file.</param>
internal sealed record PublishedOutput(TorrentFile Torrent, string Path);
