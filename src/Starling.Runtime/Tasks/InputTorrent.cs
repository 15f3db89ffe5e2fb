using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.IO;
using System.Linq;
using Starling.Core.Metainfo;
using Starling.Core.Primitives;
using Starling.Core.Tasks;

namespace Starling.Runtime.Tasks;

/// <summary>An input that is somebody else's torrent: what is known of it. At least one of the two is there.</summary>
/// <param name="File">Its metadata; null: peers tell it.</param>
/// <param name="Magnet">The link, with whom to ask; null: none.</param>
public sealed record InputTorrent(TorrentFile? File, TorrentMagnet? Magnet)
{
    /// <summary>Bytes of the metadata of all inputs that a task file holds; of what is beyond only the link is carried.</summary>
    public const int MaxCarriedBytes = 4 * 1024 * 1024;

    /// <summary>What a task file says of its inputs, by name. What is not the input's is left out, and told.</summary>
    /// <param name="task">The task.</param>
    /// <param name="remark">Told of what is left out.</param>
    public static Dictionary<string, InputTorrent> Of(TaskFile task, Action<Problem>? remark)
    {
        ArgumentNullException.ThrowIfNull(task);
        var torrents = new Dictionary<string, InputTorrent>(StringComparer.Ordinal);
        foreach (InputSpec input in task.Info.Inputs)
        {
            if (task.InputSources.TryGetValue(input.Name, out InputSource? source))
            {
                if (TryRead(input, source, out InputTorrent? torrent, out Problem? problem))
                {
                    torrents.Add(input.Name, torrent);
                }
                else
                {
                    remark?.Invoke(problem);
                }
            }
        }

        return torrents;
    }

    /// <summary>
    /// As a task file carries it: whole while <paramref name="roomBytes"/> suffices, which it lessens; else as a link.
    /// </summary>
    public InputSource ToSource(ref int roomBytes)
    {
        byte[] bytes = File?.ToBytes() ?? [];
        if (bytes.Length > roomBytes && File is { Layers: not null })
        {
            // Peers tell the layers too (BEP 52).
            bytes = (File with { Layers = null }).ToBytes();
        }

        if (bytes.Length > roomBytes)
        {
            return new InputSource(default, (Magnet ?? TorrentMagnet.Of(File!, [])).ToString());
        }

        roomBytes -= bytes.Length;
        return new InputSource(bytes, Magnet?.ToString());
    }

    /// <summary>Absolute paths of the files of a torrent that lies in a folder, in its order.</summary>
    public static IReadOnlyList<string> FilesOf(TorrentInfo info, string folder)
    {
        ArgumentNullException.ThrowIfNull(info);
        return [.. info.Files.Where(static file => file.Kind == TorrentFileKind.Content).Select(file => Path.Combine(folder, file.Path))];
    }

    private static bool TryRead(InputSpec input, InputSource source, [NotNullWhen(true)] out InputTorrent? torrent, [NotNullWhen(false)] out Problem? problem)
    {
        torrent = null;
        TorrentFile? file = null;
        TorrentMagnet? magnet = null;
        if ((!source.Torrent.IsEmpty && !TorrentFile.TryRead(source.Torrent, out file, out problem))
            || (source.Magnet is { } link && !TorrentMagnet.TryParse(link, out magnet, out problem)))
        {
            problem = problem with { Reason = $"input '{SafePath.Quoted(input.Name)}': {problem.Reason}" };
            return false;
        }

        TorrentId? named = file?.Info.Id ?? (magnet?.InfoHashV2 is { } v2 ? new TorrentId(v2) : magnet?.InfoHashV1 is { } v1 && input.Torrent.V1 is not null ? new TorrentId(v1) : null);
        if ((named is not null && named != input.Torrent) || (file is not null && magnet is not null && !magnet.Names(file.Info)))
        {
            problem = new Problem("input", $"input '{SafePath.Quoted(input.Name)}': the torrent that the task file holds for it is another one", "The task file is wrong: ask its author");
            return false;
        }

        problem = null;
        torrent = new InputTorrent(file, magnet);
        return true;
    }
}
