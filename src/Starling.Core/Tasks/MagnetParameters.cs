using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using Starling.Core.Primitives;

namespace Starling.Core.Tasks;

/// <summary>Takes magnet links apart (BEP 9): what links to tasks and links to torrents have in common.</summary>
internal static class MagnetParameters
{
    /// <summary>What every link of the DHT's and v1's kind of topic starts with: the SHA-1 info-hash.</summary>
    public const string TopicV1 = "urn:btih:";

    /// <summary>The topic of v2: a multihash, of which only SHA-256 (<c>12 20</c>) is in use (BEP 52).</summary>
    public const string TopicV2 = "urn:btmh:1220";

    /// <summary>The hint of most problems: shells and chats cut links.</summary>
    public const string CopyHint = "Copy the whole link, in quotes.";

    /// <summary>The decoded values of the parameters whose names are among <paramref name="known"/>, in order; all others are skipped.</summary>
    public static bool TryRead(
        string text, IReadOnlyCollection<string> known, out List<(string Key, string Value)> parameters, [NotNullWhen(false)] out Problem? problem)
    {
        ArgumentNullException.ThrowIfNull(text);
        parameters = [];
        if (text.Length > MagnetLink.MaxLength)
        {
            problem = Wrong($"the link is longer than {MagnetLink.MaxLength} characters", "Leave out trackers and peers.");
            return false;
        }

        if (!text.StartsWith(MagnetLink.Prefix, StringComparison.OrdinalIgnoreCase))
        {
            problem = Wrong($"a link starts with {MagnetLink.Prefix}", "Copy the whole link, in quotes: the shell obeys the & in it.");
            return false;
        }

        string[] parts = text[MagnetLink.Prefix.Length..].Split('&');
        if (parts.Length > MagnetLink.MaxParameters)
        {
            problem = Wrong($"the link has more than {MagnetLink.MaxParameters} parameters", "Leave out trackers and peers.");
            return false;
        }

        foreach (string part in parts)
        {
            int equals = part.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0 || KeyOf(part[..equals], known) is not { } key)
            {
                continue;
            }

            string raw = key == "dn" ? part[(equals + 1)..].Replace('+', ' ') : part[(equals + 1)..];
            if (!TryUnescape(raw, out string? value))
            {
                problem = Wrong($"{key}: '{SafePath.Quoted(raw)}' is not percent-encoded UTF-8", CopyHint);
                return false;
            }

            parameters.Add((key, value));
        }

        problem = null;
        return true;
    }

    /// <summary>The 32 bytes behind <see cref="TopicV2"/>.</summary>
    public static bool TryReadTopicV2(string value, out Hash256 hash)
    {
        hash = default;
        return value.StartsWith(TopicV2, StringComparison.OrdinalIgnoreCase) && Hash256.TryParse(value.AsSpan(TopicV2.Length), out hash);
    }

    public static Problem Wrong(string reason, string hint) => new(MagnetLink.ProblemCode, reason, hint);

    /// <summary>xt.1, tr.2 and the like are how some programs number repeated parameters.</summary>
    private static string? KeyOf(string name, IReadOnlyCollection<string> known)
    {
        string lower = name.ToLowerInvariant();
        foreach (string key in known)
        {
            if (lower == key || (key is "xt" or "tr" or "ws" && lower.Length > 3 && lower.StartsWith(key, StringComparison.Ordinal) && lower[2] == '.'))
            {
                return key;
            }
        }

        return null;
    }

    private static bool TryUnescape(string raw, [NotNullWhen(true)] out string? value)
    {
        value = null;
        var bytes = new byte[Encoding.UTF8.GetMaxByteCount(raw.Length)];
        int length = 0;
        for (int i = 0; i < raw.Length; i++)
        {
            if (raw[i] != '%')
            {
                int size = i + 1 < raw.Length && char.IsSurrogatePair(raw[i], raw[i + 1]) ? 2 : 1;
                if (size == 1 && char.IsSurrogate(raw[i]))
                {
                    return false;
                }

                length += Encoding.UTF8.GetBytes(raw.AsSpan(i, size), bytes.AsSpan(length));
                i += size - 1;
            }
            else if (i + 2 < raw.Length
                && byte.TryParse(raw.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte escaped))
            {
                bytes[length++] = escaped;
                i += 2;
            }
            else
            {
                return false;
            }
        }

        return Bencode.BString.TryGetText(bytes.AsSpan(0, length), out value);
    }
}
