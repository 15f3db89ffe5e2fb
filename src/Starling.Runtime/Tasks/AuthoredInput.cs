using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.IO;
using System.Linq;
using Starling.Core.Metainfo;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Runtime.Torrents;

namespace Starling.Runtime.Tasks;

/// <summary>An input as its author names it: a path on disk, a .torrent file or a magnet link.</summary>
/// <param name="Spec">What the task says of it.</param>
/// <param name="FileCount">Files in it.</param>
/// <param name="IsFolder">Whether it is a folder rather than one file.</param>
/// <param name="Here">Where it lies; null: it is a torrent, whose data need not be here.</param>
/// <param name="Torrent">The torrent of somebody else; null: a path.</param>
internal sealed record AuthoredInput(InputSpec Spec, int FileCount, bool IsFolder, LocalInput? Here, InputTorrent? Torrent)
{
    private const string ProblemCode = "input";
    private const string TorrentExtension = ".torrent";

    /// <summary>Reads one entry of <c>inputs</c>.</summary>
    /// <param name="entry">Path, or link.</param>
    /// <param name="draft">Whose entry it is.</param>
    /// <param name="fetch">Gets what a link names; null: links can't be followed.</param>
    /// <param name="input">The input.</param>
    /// <param name="problem">Why not.</param>
    public static bool TryRead(
        string entry, TaskDraft draft, FetchMetadata? fetch, [NotNullWhen(true)] out AuthoredInput? input, [NotNullWhen(false)] out Problem? problem)
    {
        bool isRead = MagnetLink.IsMagnet(entry) ? TryReadLink(entry, draft.Nodes, fetch, out input, out problem)
            : Path.GetExtension(entry).Equals(TorrentExtension, StringComparison.OrdinalIgnoreCase) ? TryReadTorrent(PathOf(entry, draft), out input, out problem)
            : TryReadPath(PathOf(entry, draft), out input, out problem);
        problem = problem is null ? null : new Problem(ProblemCode, $"input {problem.Reason}", problem.Hint);
        return isRead;
    }

    private static string PathOf(string entry, TaskDraft draft) => Path.GetFullPath(Path.Combine(draft.Folder, entry));

    private static bool TryReadPath(string path, [NotNullWhen(true)] out AuthoredInput? input, [NotNullWhen(false)] out Problem? problem)
    {
        input = null;
        if (!File.Exists(path) && !Directory.Exists(path))
        {
            problem = new Problem(ProblemCode, $"'{SafePath.Quoted(path)}': there is no such file or folder", "Paths of inputs start at the folder of the task file.");
            return false;
        }

        if (!ContentHasher.TryHash(path, out CreatedTorrent? torrent, out IReadOnlyList<string> files, out problem))
        {
            return false;
        }

        if (torrent.Length == 0)
        {
            problem = new Problem(ProblemCode, $"'{SafePath.Quoted(path)}': is empty", "Leave it out, or put something into it: a torrent has at least one byte.");
            return false;
        }

        var spec = new InputSpec(torrent.Name, new TorrentId(torrent.InfoHash), torrent.Length);
        input = new AuthoredInput(spec, files.Count, Directory.Exists(path), LocalInput.Of(spec, path, files, torrent), null);
        return true;
    }

    private static bool TryReadTorrent(string path, [NotNullWhen(true)] out AuthoredInput? input, [NotNullWhen(false)] out Problem? problem)
    {
        input = null;
        if (!TorrentFileReading.TryRead(path, out TorrentFile? torrent, out problem))
        {
            return false;
        }

        input = Of(torrent, null);
        return true;
    }

    private static bool TryReadLink(
        string text, IReadOnlyList<string> nodes, FetchMetadata? fetch, [NotNullWhen(true)] out AuthoredInput? input, [NotNullWhen(false)] out Problem? problem)
    {
        input = null;
        if (!TorrentMagnet.TryParse(text, out TorrentMagnet? link, out problem))
        {
            return false;
        }

        if (link.Selection is not null || fetch is null)
        {
            problem = link.Selection is not null
                ? new Problem(ProblemCode, "magnet link: it selects files (so=), but an input is a whole torrent", "Leave so= out.")
                : new Problem(ProblemCode, "magnet link: its metadata can't be fetched here", "Give the .torrent file.");
            return false;
        }

        if (!fetch(link, nodes, out TorrentFile? torrent, out problem))
        {
            return false;
        }

        // Whom to ask stays with the link.
        input = Of(torrent with { Trackers = [], WebSeeds = [] }, link);
        return true;
    }

    private static AuthoredInput Of(TorrentFile torrent, TorrentMagnet? link)
    {
        TorrentInfo info = torrent.Info;
        int files = info.Files.Count(static file => file.Kind == TorrentFileKind.Content);
        return new AuthoredInput(new InputSpec(info.Name, info.Id, info.ContentLength), files, info.IsFolder, null, new InputTorrent(torrent, link));
    }
}
