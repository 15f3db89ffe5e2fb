using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using Starling.Core.Primitives;

namespace Starling.Core.Tasks;

/// <summary>
/// A link to a task: <c>magnet:?xt=urn:btmh:1220&lt;64 hex digits&gt;&amp;dn=…&amp;tr=…&amp;x.pe=host:port&amp;x.secret=&lt;64 hex digits&gt;</c>
/// (BEP 9, BEP 52, DESIGN section 4). The secret of a member swarm is the program's own addition.
/// </summary>
public sealed record MagnetLink
{
    /// <summary>Characters of a link.</summary>
    public const int MaxLength = 16_384;

    /// <summary>Parameters of a link.</summary>
    public const int MaxParameters = 256;

    /// <summary>Trackers, and peers, of a link.</summary>
    public const int MaxContacts = 64;

    /// <summary>What every link starts with.</summary>
    public const string Prefix = "magnet:?";

    /// <summary>Code of the problems of links.</summary>
    public const string ProblemCode = "magnet";

    private const string Topic = MagnetParameters.TopicV2;
    private const string ShortTopic = MagnetParameters.TopicV1;
    private const int ShortIdSize = 20;

    private static readonly string[] Known = ["xt", "dn", "tr", "x.pe", "x.secret", "x.members"];

    /// <summary>The task id.</summary>
    public required Hash256 TaskId { get; init; }

    /// <summary>The task's name, as the link tells it, until the task itself is here; null where there is none that could be a folder.</summary>
    public string? Name { get; init; }

    /// <summary>Tracker URLs.</summary>
    public IReadOnlyList<string> Trackers { get; init; } = [];

    /// <summary>Peers as <c>host:port</c>.</summary>
    public IReadOnlyList<string> Peers { get; init; } = [];

    /// <summary>The 32-byte secret of a member swarm; empty: an open task.</summary>
    public ReadOnlyMemory<byte> Secret { get; init; }

    /// <summary>Whether the task names its members by key: who follows the link does so under the owner's own identity.</summary>
    public bool NamesMembers { get; init; }

    /// <summary>Whether <paramref name="text"/> is meant to be a magnet link.</summary>
    public static bool IsMagnet(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.StartsWith("magnet:", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>The link of a task.</summary>
    /// <param name="task">The task; all its trackers go in, up to <see cref="MaxContacts"/>.</param>
    /// <param name="peers">Where peers are known to listen, as <c>host:port</c>.</param>
    public static MagnetLink Of(TaskFile task, IReadOnlyList<string> peers)
    {
        ArgumentNullException.ThrowIfNull(task);
        var trackers = new List<string>();
        foreach (IReadOnlyList<string> tier in task.Trackers)
        {
            trackers.AddRange(tier);
        }

        return new MagnetLink
        {
            TaskId = task.Id,
            Name = task.Info.Name,
            Trackers = trackers.Count > MaxContacts ? trackers[..MaxContacts] : trackers,
            Peers = peers,
            Secret = task.Secret,
            NamesMembers = task.Info.Members.Count > 0,
        };
    }

    /// <summary>Reads a link. Parameters that are not known are skipped; known ones that are wrong are refused.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out MagnetLink? link, [NotNullWhen(false)] out Problem? problem)
    {
        link = null;
        if (!MagnetParameters.TryRead(text, Known, out List<(string Key, string Value)> parameters, out problem))
        {
            return false;
        }

        var draft = new Draft();
        foreach ((string key, string value) in parameters)
        {
            problem = draft.Add(key, value);
            if (problem is not null)
            {
                return false;
            }
        }

        problem = draft.Finish(out link);
        return problem is null;
    }

    /// <summary>The link, with the secret: whoever has it is a member.</summary>
    public string ToUri() => Format(withSecret: true);

    /// <summary>The link without the secret, so that it may go into a log.</summary>
    public override string ToString() => Format(withSecret: false);

    private static Problem Wrong(string reason, string hint) => MagnetParameters.Wrong(reason, hint);

    private string Format(bool withSecret)
    {
        var uri = new StringBuilder(Prefix).Append("xt=").Append(Topic).Append(TaskId.ToString());
        if (Name is not null)
        {
            uri.Append("&dn=").Append(Uri.EscapeDataString(Name));
        }

        foreach (string tracker in Trackers)
        {
            uri.Append("&tr=").Append(Uri.EscapeDataString(tracker));
        }

        foreach (string peer in Peers)
        {
            // Colons and brackets stay: BEP 9 writes addresses plainly, and people read them.
            uri.Append("&x.pe=").Append(peer);
        }

        if (NamesMembers)
        {
            uri.Append("&x.members=1");
        }

        if (withSecret && !Secret.IsEmpty)
        {
            uri.Append("&x.secret=").Append(Convert.ToHexStringLower(Secret.Span));
        }

        return uri.ToString();
    }

    /// <summary>What was read of a link so far.</summary>
    private sealed class Draft
    {
        private readonly List<string> _trackers = [];
        private readonly List<string> _peers = [];
        private Hash256? _id;
        private string? _shortId;
        private string? _name;
        private byte[]? _secret;
        private bool _namesMembers;

        public Problem? Add(string key, string value) => key switch
        {
            "xt" => AddTopic(value),
            "dn" => AddName(value),
            "tr" => AddContact(_trackers, value, TaskContacts.CheckTracker(value, key)),
            "x.pe" => AddContact(_peers, value, TaskContacts.CheckNode(value, key)),
            "x.members" => AddMembers(value),
            _ => AddSecret(value),
        };

        public Problem? Finish(out MagnetLink? link)
        {
            link = null;
            if (_id is not { } id)
            {
                return Wrong(
                    $"the link has no xt={Topic}…",
                    _shortId is null ? MagnetParameters.CopyHint : "This is the link of an ordinary torrent, not of a task.");
            }

            if (_shortId is not null && !id.ToString().StartsWith(_shortId, StringComparison.Ordinal))
            {
                return Wrong("xt names two different things", "This is the link of an ordinary torrent, not of a task.");
            }

            link = new MagnetLink { TaskId = id, Name = _name, Trackers = _trackers, Peers = _peers, Secret = _secret, NamesMembers = _namesMembers };
            return null;
        }

        private Problem? AddTopic(string value)
        {
            if (value.StartsWith(ShortTopic, StringComparison.OrdinalIgnoreCase))
            {
                _shortId = value[ShortTopic.Length..].ToLowerInvariant();
                return _shortId.Length == 2 * ShortIdSize || _shortId.Length == 32
                    ? null
                    : Wrong("xt: urn:btih has 40 hexadecimal digits", MagnetParameters.CopyHint);
            }

            if (!value.StartsWith("urn:btmh:", StringComparison.OrdinalIgnoreCase))
            {
                return null;
            }

            if (!MagnetParameters.TryReadTopicV2(value, out Hash256 id))
            {
                return Wrong("xt: urn:btmh is followed by 1220 and 64 hexadecimal digits", MagnetParameters.CopyHint);
            }

            bool other = _id is { } known && known != id;
            _id = id;
            return other ? Wrong("xt names two different tasks", "Give one task a link.") : null;
        }

        private Problem? AddName(string value)
        {
            // Only a suggestion: one that could not be a folder is not worth refusing the task.
            _name ??= SafePath.IsSafeName(value, out _) ? value : null;
            return null;
        }

        private static Problem? AddContact(List<string> contacts, string value, Problem? fault)
        {
            if (fault is not null)
            {
                return fault with { Code = ProblemCode };
            }

            if (contacts.Count == MaxContacts)
            {
                return Wrong($"the link names more than {MaxContacts} trackers or peers", "Leave some out.");
            }

            if (!contacts.Contains(value))
            {
                contacts.Add(value);
            }

            return null;
        }

        private Problem? AddMembers(string value)
        {
            _namesMembers = value == "1";
            return _namesMembers ? null : Wrong("x.members is 1, or is left out", MagnetParameters.CopyHint);
        }

        private Problem? AddSecret(string value)
        {
            if (!Hash256.TryParse(value, out Hash256 secret))
            {
                // The value is not repeated: it may be most of a real secret.
                return Wrong("x.secret has 64 hexadecimal digits", MagnetParameters.CopyHint);
            }

            byte[] bytes = secret.ToArray();
            bool other = _secret is not null && !_secret.AsSpan().SequenceEqual(bytes);
            _secret = bytes;
            return other ? Wrong("x.secret stands twice", "Keep one of them.") : null;
        }
    }
}
