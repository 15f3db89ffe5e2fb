using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using Starling.Core.Primitives;
using Starling.Core.Tasks;

namespace Starling.Core.Metainfo;

/// <summary>
/// A link to whatever torrent an author names at the moment: <c>magnet:?xs=urn:btpk:&lt;64 hex digits&gt;&amp;s=&lt;hex&gt;</c> (BEP 46). The torrent itself is named by a mutable
/// item of the DHT under that key and salt (<see cref="TorrentPointer"/>).
/// </summary>
public sealed record MutableMagnet
{
    /// <summary>Bytes of the longest salt (BEP 44).</summary>
    public const int MaxSaltSize = 64;

    private const string Topic = "urn:btpk:";

    private static readonly string[] Known = ["xs", "s", "xt", "dn", "tr", "x.pe"];

    /// <summary>Whose torrents.</summary>
    public required PublicKey Key { get; init; }

    /// <summary>Which of the author's torrents; at most <see cref="MaxSaltSize"/> bytes.</summary>
    public ReadOnlyMemory<byte> Salt { get; init; }

    /// <summary>Tracker URLs, for every version.</summary>
    public IReadOnlyList<string> Trackers { get; init; } = [];

    /// <summary>Peers as <c>host:port</c>.</summary>
    public IReadOnlyList<string> Peers { get; init; } = [];

    /// <summary>Whether <paramref name="text"/> is meant to be such a link: it names a key and no torrent.</summary>
    public static bool IsOne(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return MagnetParameters.TryRead(text, Known, out List<(string Key, string Value)> parameters, out _)
            && parameters.Exists(each => each.Key == "xs" && IsTopic(each.Value)) && !parameters.Exists(each => each.Key == "xt");
    }

    /// <summary>Reads a link. Trackers and peers that are none, and those beyond <see cref="MagnetLink.MaxContacts"/>, are left out.</summary>
    /// <param name="text">The link.</param>
    /// <param name="magnet">What it says.</param>
    /// <param name="problem">Code <c>magnet</c>.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out MutableMagnet? magnet, [NotNullWhen(false)] out Problem? problem)
    {
        magnet = null;
        if (!MagnetParameters.TryRead(text, Known, out List<(string Key, string Value)> parameters, out problem))
        {
            return false;
        }

        PublicKey? found = null;
        byte[] salt = [];
        var trackers = new List<string>();
        var peers = new List<string>();
        foreach ((string name, string value) in parameters)
        {
            switch (name)
            {
                case "xs" when IsTopic(value):
                    if (!PublicKey.TryParse(value[Topic.Length..], out PublicKey key) || (found is { } other && other != key))
                    {
                        problem = MagnetParameters.Wrong($"xs: {Topic} is followed by one key of 64 hexadecimal digits", MagnetParameters.CopyHint);
                        return false;
                    }

                    found = key;
                    break;
                case "s":
                    if (!TryReadSalt(value, out salt))
                    {
                        problem = MagnetParameters.Wrong($"s: the salt is at most {MaxSaltSize} bytes in hexadecimal digits", MagnetParameters.CopyHint);
                        return false;
                    }

                    break;
                case "tr" when TaskContacts.CheckTracker(value, name) is null && trackers.Count < MagnetLink.MaxContacts:
                    trackers.Add(value);
                    break;
                case "x.pe" when TaskContacts.CheckNode(value, name) is null && peers.Count < MagnetLink.MaxContacts:
                    peers.Add(value);
                    break;
                default:
                    break;
            }
        }

        if (found is not { } author)
        {
            problem = MagnetParameters.Wrong($"the link has no xs={Topic}…", MagnetParameters.CopyHint);
            return false;
        }

        magnet = new MutableMagnet { Key = author, Salt = salt, Trackers = trackers, Peers = peers };
        return true;
    }

    /// <summary>The torrent that the author names at the moment, with the trackers and peers of this link.</summary>
    public TorrentMagnet At(TorrentPointer pointer)
    {
        ArgumentNullException.ThrowIfNull(pointer);
        return new TorrentMagnet { InfoHashV1 = pointer.V1, InfoHashV2 = pointer.V2, Trackers = Trackers, Peers = Peers };
    }

    /// <summary>The link.</summary>
    public override string ToString()
    {
        var uri = new StringBuilder(MagnetLink.Prefix).Append("xs=").Append(Topic).Append(Key.ToString());
        if (!Salt.IsEmpty)
        {
            uri.Append("&s=").Append(Convert.ToHexStringLower(Salt.Span));
        }

        foreach (string tracker in Trackers)
        {
            uri.Append("&tr=").Append(Uri.EscapeDataString(tracker));
        }

        foreach (string peer in Peers)
        {
            uri.Append("&x.pe=").Append(peer);
        }

        return uri.ToString();
    }

    private static bool IsTopic(string value) => value.StartsWith(Topic, StringComparison.OrdinalIgnoreCase);

    private static bool TryReadSalt(string value, out byte[] salt)
    {
        salt = [];
        if (value.Length % 2 != 0 || value.Length > 2 * MaxSaltSize)
        {
            return false;
        }

        salt = new byte[value.Length / 2];
        return Convert.FromHexString(value, salt, out _, out _) == System.Buffers.OperationStatus.Done;
    }
}
