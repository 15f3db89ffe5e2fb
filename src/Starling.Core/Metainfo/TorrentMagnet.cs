using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Linq;
using System.Text;
using Starling.Core.Primitives;
using Starling.Core.Tasks;

namespace Starling.Core.Metainfo;

/// <summary>
/// A link to a torrent: <c>magnet:?xt=urn:btih:…&amp;xt=urn:btmh:1220…&amp;dn=…&amp;tr=…&amp;ws=…&amp;x.pe=host:port&amp;so=0,2-4</c> (BEP 9, 19, 52, 53); one of the two
/// <c>xt</c> is enough.
/// </summary>
public sealed record TorrentMagnet
{
    private const int HexLength = 2 * InfoHash.Size;
    private const int Base32Length = 32;
    private const string Base32 = "abcdefghijklmnopqrstuvwxyz234567";

    private static readonly string[] Known = ["xt", "dn", "tr", "ws", "x.pe", "so"];

    /// <summary>The v1 info-hash; null where the link has none.</summary>
    public InfoHash? InfoHashV1 { get; init; }

    /// <summary>The v2 info-hash; null where the link has none.</summary>
    public Hash256? InfoHashV2 { get; init; }

    /// <summary>The torrent's name until the torrent is here, safe by <see cref="SafePath"/>; null where there is none.</summary>
    public string? Name { get; init; }

    /// <summary>Tracker URLs.</summary>
    public IReadOnlyList<string> Trackers { get; init; } = [];

    /// <summary>Web seeds.</summary>
    public IReadOnlyList<string> WebSeeds { get; init; } = [];

    /// <summary>Peers as <c>host:port</c>.</summary>
    public IReadOnlyList<string> Peers { get; init; } = [];

    /// <summary>The files that are wanted; null: all.</summary>
    public FileSelection? Selection { get; init; }

    /// <summary>The 20-byte names of its swarms, as <see cref="TorrentInfo.SwarmHashes"/>.</summary>
    public IReadOnlyList<InfoHash> SwarmHashes => (InfoHashV1, InfoHashV2) switch
    {
        ({ } v1, { } v2) => [v1, InfoHash.Of(v2)],
        ({ } v1, null) => [v1],
        (null, { } v2) => [InfoHash.Of(v2)],
        _ => [],
    };

    /// <summary>Whether a torrent is the one that the link names: each hash of the link must be its own.</summary>
    public bool Names(TorrentInfo info)
    {
        ArgumentNullException.ThrowIfNull(info);
        return (InfoHashV1 is null || InfoHashV1 == info.InfoHashV1) && (InfoHashV2 is null || InfoHashV2 == info.InfoHashV2);
    }

    /// <summary>The link of a torrent.</summary>
    /// <param name="file">The torrent; its trackers and web seeds go in, up to <see cref="MagnetLink.MaxContacts"/> each.</param>
    /// <param name="peers">Where peers are known to listen, as <c>host:port</c>.</param>
    public static TorrentMagnet Of(TorrentFile file, IReadOnlyList<string> peers)
    {
        ArgumentNullException.ThrowIfNull(file);
        return new TorrentMagnet
        {
            InfoHashV1 = file.Info.InfoHashV1,
            InfoHashV2 = file.Info.InfoHashV2,
            Name = file.Info.Name,
            Trackers = [.. file.Trackers.SelectMany(tier => tier).Take(MagnetLink.MaxContacts)],
            WebSeeds = [.. file.WebSeeds.Take(MagnetLink.MaxContacts)],
            Peers = peers,
        };
    }

    /// <summary>
    /// Reads a link. Trackers, web seeds and peers that are none, and those beyond <see cref="MagnetLink.MaxContacts"/>, are left out, for other programs know
    /// kinds that this one does not; wrong hashes and selections are refused.
    /// </summary>
    /// <param name="text">The link.</param>
    /// <param name="magnet">What it says.</param>
    /// <param name="problem">Code <c>magnet</c> or <c>selection</c>.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out TorrentMagnet? magnet, [NotNullWhen(false)] out Problem? problem)
    {
        magnet = null;
        if (!MagnetParameters.TryRead(text, Known, out List<(string Key, string Value)> parameters, out problem))
        {
            return false;
        }

        var draft = new TorrentMagnet();
        var trackers = new List<string>();
        var seeds = new List<string>();
        var peers = new List<string>();
        foreach ((string key, string value) in parameters)
        {
            switch (key)
            {
                case "xt":
                    problem = AddTopic(ref draft, value);
                    break;
                case "dn":
                    draft = draft with { Name = draft.Name ?? SafePath.Repaired(value) };
                    break;
                case "tr":
                    AddContact(trackers, value, TaskContacts.CheckTracker(value, key) is null);
                    break;
                case "ws":
                    AddContact(seeds, value, TorrentFile.IsWebSeed(value));
                    break;
                case "x.pe":
                    AddContact(peers, value, TaskContacts.CheckNode(value, key) is null);
                    break;
                default:
                    FileSelection.TryParse(value, out FileSelection? selection, out problem);
                    draft = draft with { Selection = selection };
                    break;
            }

            if (problem is not null)
            {
                return false;
            }
        }

        if (draft.InfoHashV1 is null && draft.InfoHashV2 is null)
        {
            problem = MagnetParameters.Wrong($"the link has neither xt={MagnetParameters.TopicV1}… nor xt={MagnetParameters.TopicV2}…", MagnetParameters.CopyHint);
            return false;
        }

        magnet = draft with { Trackers = trackers, WebSeeds = seeds, Peers = peers };
        return true;
    }

    /// <summary>The link.</summary>
    public override string ToString()
    {
        var uri = new StringBuilder(MagnetLink.Prefix);
        if (InfoHashV1 is { } v1)
        {
            uri.Append("xt=").Append(MagnetParameters.TopicV1).Append(v1.ToString());
        }

        if (InfoHashV2 is { } v2)
        {
            uri.Append(InfoHashV1 is null ? "xt=" : "&xt=").Append(MagnetParameters.TopicV2).Append(v2.ToString());
        }

        Append(uri, "&dn=", Name is null ? [] : [Uri.EscapeDataString(Name)]);
        Append(uri, "&tr=", Trackers.Select(Uri.EscapeDataString));
        Append(uri, "&ws=", WebSeeds.Select(Uri.EscapeDataString));
        Append(uri, "&x.pe=", Peers);
        Append(uri, "&so=", Selection is null ? [] : [Selection.ToString()]);
        return uri.ToString();
    }

    private static void Append(StringBuilder uri, string key, IEnumerable<string> values)
    {
        foreach (string value in values)
        {
            uri.Append(key).Append(value);
        }
    }

    private static Problem? AddTopic(ref TorrentMagnet draft, string value)
    {
        if (value.StartsWith(MagnetParameters.TopicV1, StringComparison.OrdinalIgnoreCase))
        {
            if (!TryReadTopicV1(value.AsSpan(MagnetParameters.TopicV1.Length), out InfoHash hash))
            {
                return MagnetParameters.Wrong("xt: urn:btih is followed by 40 hexadecimal digits or 32 of base 32", MagnetParameters.CopyHint);
            }

            bool other = draft.InfoHashV1 is { } known && known != hash;
            draft = draft with { InfoHashV1 = hash };
            return other ? TwoTorrents() : null;
        }

        if (!value.StartsWith("urn:btmh:", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        if (!MagnetParameters.TryReadTopicV2(value, out Hash256 v2))
        {
            return MagnetParameters.Wrong("xt: urn:btmh is followed by 1220 and 64 hexadecimal digits", MagnetParameters.CopyHint);
        }

        bool otherV2 = draft.InfoHashV2 is { } knownV2 && knownV2 != v2;
        draft = draft with { InfoHashV2 = v2 };
        return otherV2 ? TwoTorrents() : null;
    }

    private static Problem TwoTorrents() => MagnetParameters.Wrong("xt names two different torrents", "Give each torrent a link of its own.");

    private static bool TryReadTopicV1(ReadOnlySpan<char> text, out InfoHash hash)
    {
        hash = default;
        if (text.Length == HexLength)
        {
            return InfoHash.TryParse(text, out hash);
        }

        if (text.Length != Base32Length)
        {
            return false;
        }

        // 32 digits of five bits are 20 bytes exactly.
        Span<byte> bytes = stackalloc byte[InfoHash.Size];
        int held = 0;
        int bits = 0;
        int written = 0;
        foreach (char c in text)
        {
            int digit = Base32.IndexOf(char.ToLowerInvariant(c), StringComparison.Ordinal);
            if (digit < 0)
            {
                return false;
            }

            held = ((held << 5) | digit) & 0xFFFF;
            bits += 5;
            if (bits >= 8)
            {
                bits -= 8;
                bytes[written++] = (byte)(held >> bits);
            }
        }

        hash = new InfoHash(bytes);
        return true;
    }

    private static void AddContact(List<string> contacts, string value, bool isOne)
    {
        if (isOne && contacts.Count < MagnetLink.MaxContacts && !contacts.Contains(value))
        {
            contacts.Add(value);
        }
    }
}
