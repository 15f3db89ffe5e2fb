using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Linq;
using Starling.Commands;
using Starling.Core.Metainfo;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Run;
using Starling.Runtime.Identity;
using Starling.Runtime.Torrents;
using Starling.Torrents;

namespace Starling.Doctor;

/// <summary>What the TASK of <c>doctor</c> says about trackers, nodes, space and needs: of a task or of an ordinary torrent.</summary>
internal sealed record Subject
{
    private const string TorrentExtension = ".torrent";

    public required string FolderName { get; init; }

    public InfoHash? Swarm { get; init; }

    public IReadOnlyList<string> Trackers { get; init; } = [];

    public IReadOnlyList<string> Nodes { get; init; } = [];

    public long? NeededBytes { get; init; }

    public NeedsSpec? Needs { get; init; }

    /// <summary>Whether the task's command would run here, so that its programs may be asked for their version.</summary>
    public bool IsMine { get; init; }

    public static bool TryLoad(string text, [NotNullWhen(true)] out Subject? subject, [NotNullWhen(false)] out Problem? problem)
    {
        if (text.EndsWith(TorrentExtension, StringComparison.OrdinalIgnoreCase))
        {
            bool read = TorrentFileReading.TryRead(text, out TorrentFile? torrent, out problem);
            subject = read ? OfTorrent(torrent!) : null;
            return read;
        }

        if (MagnetLink.IsMagnet(text) && !MagnetLink.TryParse(text, out _, out _) && TorrentMagnet.TryParse(text, out TorrentMagnet? link, out _))
        {
            problem = null;
            subject = new Subject { FolderName = ".", Swarm = link.SwarmHashes[0], Trackers = link.Trackers };
            return true;
        }

        bool loaded = TaskArgument.TryLoad(text, new MagnetInputs(), data: null, out TaskArgument? task, out problem);
        subject = loaded ? OfTask(task!) : null;
        return loaded;
    }

    private static Subject OfTorrent(TorrentFile torrent) => new()
    {
        FolderName = ".",
        Swarm = torrent.Info.SwarmHashes[0],
        Trackers = [.. torrent.Trackers.SelectMany(tier => tier).Distinct()],
        Nodes = torrent.Nodes,
        NeededBytes = torrent.Info.ContentLength,
    };

    private static Subject OfTask(TaskArgument task)
    {
        if (task.File is not { } file)
        {
            return new Subject { FolderName = task.FolderName, Swarm = InfoHash.Of(task.Magnet!.TaskId), Trackers = task.Magnet.Trackers };
        }

        IReadOnlyList<PublicKey> authors = OwnerKeys.All();
        TaskSignature signature = TaskFileSigner.Check(file, new Ed25519Verifier());
        return new Subject
        {
            FolderName = task.FolderName,
            Swarm = InfoHash.Of(file.Id),
            Trackers = [.. file.Trackers.SelectMany(tier => tier).Distinct()],
            Nodes = file.Nodes,

            // Each result once as a piece and once in the output.
            NeededBytes = 2L * file.Info.PieceCount * file.Info.PieceLength,
            Needs = file.Info.Needs,
            IsMine = TrustRule.Check(file, signature, authors.Count > 0 ? authors[0] : default, authors, trust: false) is null,
        };
    }
}
