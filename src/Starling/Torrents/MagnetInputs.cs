using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.IO;
using System.Linq;
using Starling.Commands;
using Starling.Core.Metainfo;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Run;
using Starling.Runtime.Identity;
using Starling.Runtime.Torrents;

namespace Starling.Torrents;

/// <summary>
/// The metadata of inputs that a task names by magnet link: from the owner's folder, where it is kept once it was fetched, so that the same task opens without anybody; else from peers.
/// </summary>
internal sealed class MagnetInputs
{
    /// <summary>Torrents kept; the one that was written first goes.</summary>
    private const int MaxKept = 256;

    private const string DhtFile = "dht";
    private const string KeptFolder = "torrents";

    public bool UseDht { get; init; } = true;

    /// <summary><c>HOST:PORT</c> each.</summary>
    public IReadOnlyList<string> DhtRouters { get; init; } = [];

    /// <summary>See <see cref="FetchMetadata"/>.</summary>
    public bool TryFetch(TorrentMagnet link, IReadOnlyList<string> nodes, [NotNullWhen(true)] out TorrentFile? torrent, [NotNullWhen(false)] out Problem? problem)
    {
        string folder = Path.Combine(OwnerKeys.Folder, KeptFolder);
        foreach (InfoHash hash in link.SwarmHashes)
        {
            if (TorrentFileReading.TryRead(Path.Combine(folder, $"{hash}.torrent"), out torrent, out _) && link.Names(torrent.Info))
            {
                problem = null;
                return true;
            }
        }

        string? home = Environment.GetEnvironmentVariable("STARLING_HOME");
        var options = new MetadataFetcherOptions
        {
            UseDht = UseDht,
            DhtNodes = [.. DhtRouters, .. nodes],
            DhtFile = string.IsNullOrEmpty(home) ? null : Path.Combine(Path.GetFullPath(home), DhtFile),
        };
        Console.Error.WriteLine(
            $"fetching the metadata of '{SafePath.Quoted(link.Name ?? link.SwarmHashes[0].ToString())}', for {options.Timeout.TotalSeconds:0} s at most");
        (torrent, problem) = MetadataFetcher.FetchAsync(link, options, new Ed25519Verifier()).GetAwaiter().GetResult();
        if (torrent is null)
        {
            problem ??= new Problem(MetadataFetcher.ProblemCode, "the metadata did not come");
            return false;
        }

        Keep(folder, torrent);
        problem = null;
        return true;
    }

    /// <summary>What can't be kept is fetched again.</summary>
    private static void Keep(string folder, TorrentFile torrent)
    {
        try
        {
            Directory.CreateDirectory(folder);
            foreach (FileInfo old in new DirectoryInfo(folder).EnumerateFiles().OrderByDescending(file => file.LastWriteTimeUtc).Skip(MaxKept - torrent.Info.SwarmHashes.Count))
            {
                old.Delete();
            }

            foreach (InfoHash hash in torrent.Info.SwarmHashes)
            {
                WholeFile.TryWrite(Path.Combine(folder, $"{hash}.torrent"), torrent.ToBytes(), out _);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // A full disk, or a folder of somebody else.
        }
    }
}
