using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Linq;
using Starling.Core.Bencode;
using Starling.Core.Primitives;
using Starling.Core.Tasks;

namespace Starling.Core.Metainfo;

/// <summary>A whole .torrent file: the <c>info</c> dictionary, and beside it where to find peers (BEP 3, 5, 12, 19, 52).</summary>
public sealed record TorrentFile
{
    /// <summary>The torrent itself.</summary>
    public required TorrentInfo Info { get; init; }

    /// <summary>Tracker URLs in tiers (BEP 12); of a file with <c>announce</c> only, one tier of one.</summary>
    public IReadOnlyList<IReadOnlyList<string>> Trackers { get; init; } = [];

    /// <summary>Web seeds (BEP 19): http and https URLs.</summary>
    public IReadOnlyList<string> WebSeeds { get; init; } = [];

    /// <summary>DHT nodes (BEP 5) as <c>host:port</c>.</summary>
    public IReadOnlyList<string> Nodes { get; init; } = [];

    /// <summary>The v2 hashes of pieces; null for v1-only torrents. Incomplete where the file had none: then peers are asked.</summary>
    public PieceLayers? Layers { get; init; }

    /// <summary>A text for people; null: none.</summary>
    public string? Comment { get; init; }

    /// <summary>The program that made the file; null: not told.</summary>
    public string? CreatedBy { get; init; }

    /// <summary>When it was made, in Unix seconds; null: not told.</summary>
    public long? CreationDate { get; init; }

    /// <summary>
    /// Reads a file. What is wrong beside <c>info</c> (a tracker that is no URL, a node without a port) is left out, for the torrent works without it; wrong
    /// <c>piece layers</c> refuse the file.
    /// </summary>
    /// <param name="bytes">At most <see cref="TorrentLimits.MaxTorrentFileSize"/>; kept, not copied.</param>
    /// <param name="file">The torrent.</param>
    /// <param name="problem">Code <c>torrent</c> or <c>bencode</c>.</param>
    public static bool TryRead(ReadOnlyMemory<byte> bytes, [NotNullWhen(true)] out TorrentFile? file, [NotNullWhen(false)] out Problem? problem)
    {
        file = null;
        BReaderOptions options = BReaderOptions.ForeignFile with { MaxSize = TorrentLimits.MaxTorrentFileSize, MaxTokens = TorrentLimits.MaxTokens };
        if (!BReader.TryReadDictionary(bytes, options, out BDictionary? root, out problem))
        {
            return false;
        }

        if (!root.TryGetDictionary("info"u8, out BDictionary? info))
        {
            problem = new Problem(TorrentInfo.ProblemCode, "torrent: 'info' is missing", "This is no .torrent file.");
            return false;
        }

        if (!TorrentInfo.TryRead(info.Source, out TorrentInfo? read, out problem))
        {
            return false;
        }

        PieceLayers? layers = null;
        if (read.HasV2 && !TryReadLayers(root, read, out layers, out problem))
        {
            return false;
        }

        file = new TorrentFile
        {
            Info = read,
            Trackers = TrackersOf(root),
            WebSeeds = WebSeedsOf(root["url-list"u8]),
            Nodes = NodesOf(root["nodes"u8]),
            Layers = layers,
            Comment = root.TryGetText("comment"u8, TaskLimitsOfFormat.MaxCommentLength, out string? comment) ? comment : null,
            CreatedBy = root.TryGetText("created by"u8, TaskLimitsOfFormat.MaxCommentLength, out string? by) ? by : null,
            CreationDate = root.TryGetInteger("creation date"u8, 0, long.MaxValue, out long date) ? date : null,
        };
        problem = null;
        return true;
    }

    /// <summary>The file. The same torrent and contacts give the same bytes.</summary>
    public byte[] ToBytes()
    {
        var writer = new BencodeWriter(Info.Bytes.Length + 1024);
        writer.BeginDictionary();
        if (Trackers.Count > 0 && Trackers[0].Count > 0)
        {
            writer.Text("announce"u8, Trackers[0][0]);
            if (Trackers.Count > 1 || Trackers[0].Count > 1)
            {
                writer.Key("announce-list"u8);
                writer.BeginList();
                foreach (IReadOnlyList<string> tier in Trackers)
                {
                    WriteTexts(writer, tier);
                }

                writer.End();
            }
        }

        if (Comment is not null)
        {
            writer.Text("comment"u8, Comment);
        }

        if (CreatedBy is not null)
        {
            writer.Text("created by"u8, CreatedBy);
        }

        if (CreationDate is { } date)
        {
            writer.Integer("creation date"u8, date);
        }

        writer.Key("info"u8);
        writer.Raw(Info.Bytes.Span);
        if (Nodes.Count > 0)
        {
            WriteNodes(writer);
        }

        if (Layers is not null)
        {
            WriteLayers(writer, Layers);
        }

        if (WebSeeds.Count > 0)
        {
            writer.Key("url-list"u8);
            WriteTexts(writer, WebSeeds);
        }

        writer.End();
        return writer.ToArray();
    }

    /// <summary>Whether a URL can be a web seed: http or https, without user and password.</summary>
    public static bool IsWebSeed(string url)
    {
        ArgumentNullException.ThrowIfNull(url);
        return url.Length <= TaskLimitsOfFormat.MaxUrlLength && Uri.TryCreate(url, UriKind.Absolute, out Uri? uri)
            && uri.Scheme is "http" or "https" && uri.Host.Length > 0 && uri.UserInfo.Length == 0 && uri.Fragment.Length == 0;
    }

    private static bool TryReadLayers(BDictionary root, TorrentInfo info, out PieceLayers layers, [NotNullWhen(false)] out Problem? problem)
    {
        layers = new PieceLayers(info);
        problem = null;
        if (!root.TryGetDictionary("piece layers"u8, out BDictionary? all))
        {
            return true;
        }

        Span<byte> key = stackalloc byte[Hash256.Size];
        foreach (TorrentFileEntry file in info.Files)
        {
            if (file.Length <= info.PieceLength || file.PiecesRoot == Hash256.Zero)
            {
                continue;
            }

            file.PiecesRoot.CopyTo(key);
            if (all[key] is { } found && (found is not BString hashes || !layers.TryAddLayer(file.Index, hashes.Bytes)))
            {
                problem = new Problem(
                    TorrentInfo.ProblemCode, $"torrent: 'piece layers' do not match the root of file {file.Index}", "Get the torrent again, or another one.");
                return false;
            }
        }

        return true;
    }

    private static List<IReadOnlyList<string>> TrackersOf(BDictionary root)
    {
        var seen = new HashSet<string>();
        var tiers = new List<IReadOnlyList<string>>();
        foreach (BValue item in root.TryGetList("announce-list"u8, out BList? list) ? list.Items : [])
        {
            var tier = new List<string>();
            foreach (BValue url in (item as BList)?.Items ?? [])
            {
                AddTracker(url, tier, seen);
            }

            if (tier.Count > 0)
            {
                tiers.Add(tier);
            }
        }

        if (tiers.Count == 0)
        {
            var tier = new List<string>();
            AddTracker(root["announce"u8], tier, seen);
            if (tier.Count > 0)
            {
                tiers.Add(tier);
            }
        }

        return tiers;
    }

    private static void AddTracker(BValue? value, List<string> tier, HashSet<string> seen)
    {
        if (seen.Count < TorrentLimits.MaxTrackers && value is BString { Bytes.Length: <= TaskLimitsOfFormat.MaxUrlLength } bytes
            && bytes.TryGetText(out string? url) && TaskContacts.CheckTracker(url, "announce") is null && seen.Add(url))
        {
            tier.Add(url);
        }
    }

    /// <summary>One URL or a list of them (BEP 19).</summary>
    private static List<string> WebSeedsOf(BValue? value)
    {
        var seeds = new List<string>();
        foreach (BValue item in value switch { BList list => list.Items, { } one => [one], null => [] })
        {
            if (seeds.Count < TorrentLimits.MaxWebSeeds && item is BString { Bytes.Length: <= TaskLimitsOfFormat.MaxUrlLength } bytes
                && bytes.TryGetText(out string? url) && IsWebSeed(url) && !seeds.Contains(url))
            {
                seeds.Add(url);
            }
        }

        return seeds;
    }

    private static List<string> NodesOf(BValue? value)
    {
        var nodes = new List<string>();
        foreach (BValue item in (value as BList)?.Items ?? [])
        {
            if (nodes.Count < TorrentLimits.MaxNodes && item is BList { Items: [BString { Bytes.Length: <= TaskLimitsOfFormat.MaxUrlLength } host, BInteger port] }
                && host.TryGetText(out string? name) && TaskContacts.Join(name, (int)Math.Clamp(port.Value, 0, int.MaxValue)) is var node
                && TaskContacts.CheckNode(node, "nodes") is null && !nodes.Contains(node))
            {
                nodes.Add(node);
            }
        }

        return nodes;
    }

    private static void WriteTexts(BencodeWriter writer, IReadOnlyList<string> texts)
    {
        writer.BeginList();
        foreach (string text in texts)
        {
            writer.Text(text);
        }

        writer.End();
    }

    private void WriteNodes(BencodeWriter writer)
    {
        writer.Key("nodes"u8);
        writer.BeginList();
        foreach (string node in Nodes)
        {
            (string host, int port) = TaskContacts.Split(node);
            writer.BeginList();
            writer.Text(host);
            writer.Integer(port);
            writer.End();
        }

        writer.End();
    }

    private void WriteLayers(BencodeWriter writer, PieceLayers layers)
    {
        writer.Key("piece layers"u8);
        writer.BeginDictionary();
        Hash256 before = Hash256.Zero;
        foreach (TorrentFileEntry file in Info.Files.OrderBy(file => file.PiecesRoot))
        {
            if (file.PiecesRoot != before && layers.TryGetLayer(file.Index, out ReadOnlyMemory<byte> hashes))
            {
                writer.Bytes(file.PiecesRoot.ToArray(), hashes.Span);
                before = file.PiecesRoot;
            }
        }

        writer.End();
    }
}
