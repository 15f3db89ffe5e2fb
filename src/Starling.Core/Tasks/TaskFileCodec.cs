using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Linq;
using System.Text;
using Starling.Core.Bencode;
using Starling.Core.Crypto;
using Starling.Core.Primitives;

namespace Starling.Core.Tasks;

/// <summary>Task files as canonical bencoding (docs/task-file.md). The signature is read, not checked: see <see cref="TaskFileSigner"/>.</summary>
public static class TaskFileCodec
{
    /// <summary>Reads a whole task file.</summary>
    /// <param name="bytes">At most <see cref="TaskLimitsOfFormat.MaxTaskFileSize"/> bytes; copied where kept.</param>
    /// <param name="task">The task, with every value within its bounds.</param>
    /// <param name="problem">Code <c>bencode</c> (names the byte) or <c>task-file</c> (names the key).</param>
    public static bool TryDecode(ReadOnlyMemory<byte> bytes, [NotNullWhen(true)] out TaskFile? task, [NotNullWhen(false)] out Problem? problem)
    {
        task = null;
        if (!BReader.TryReadDictionary(bytes, BReaderOptions.File, out BDictionary? dictionary, out problem))
        {
            return false;
        }

        var fields = new TaskFields(dictionary);
        if (dictionary["info"u8] is not BDictionary info)
        {
            problem = new Problem(TaskInfoValidator.ProblemCode, "info: is missing or no dictionary", "This is not a task file.");
            return false;
        }

        if (!TaskInfoCodec.TryDecode(info, out TaskInfo? read, out problem))
        {
            problem = problem with { Reason = $"info.{problem.Reason}" };
            return false;
        }

        task = FromInfoBytes(read, info.Source.ToArray()) with
        {
            Trackers = ReadTrackers(fields),
            InputSources = ReadInputSources(fields, read),
            Nodes = ReadNodes(fields),
            Comment = ReadText(fields, "comment"),
            CreatedBy = ReadText(fields, "created by"),
            CreationDate = fields.Whole("creation date", 0, 1L << 40),
            Signature = fields.Bytes("signature", ISignatureVerifier.SignatureSize) ?? default,
            Secret = fields.Bytes("secret", TaskLimitsOfFormat.SecretSize) ?? default,
        };
        problem = fields.Problem;
        if (problem is null && !task.Signature.IsEmpty && read.Author is null)
        {
            problem = new Problem(TaskInfoValidator.ProblemCode, "signature: there is one, but info names no author", "Get the file again from its author.");
        }

        task = problem is null ? task : null;
        return problem is null;
    }

    /// <summary>Reads the <c>info</c> dictionary alone, as <c>ut_metadata</c> brings it. The caller compares its id with the one that was asked for.</summary>
    public static bool TryDecodeInfo(ReadOnlyMemory<byte> infoBytes, [NotNullWhen(true)] out TaskFile? task, [NotNullWhen(false)] out Problem? problem)
    {
        task = null;
        if (!BReader.TryReadDictionary(infoBytes, BReaderOptions.File, out BDictionary? info, out problem)
            || !TaskInfoCodec.TryDecode(info, out TaskInfo? read, out problem))
        {
            return false;
        }

        task = FromInfoBytes(read, infoBytes.ToArray());
        return true;
    }

    /// <summary>Makes the task file of a description: validated, unsigned, without anything outside of <c>info</c>.</summary>
    public static bool TryMake(TaskInfo info, [NotNullWhen(true)] out TaskFile? task, [NotNullWhen(false)] out Problem? problem)
    {
        task = null;
        problem = TaskInfoValidator.Check(info);
        if (problem is not null)
        {
            return false;
        }

        byte[] bytes = TaskInfoCodec.Encode(info);
        if (bytes.Length > TaskLimitsOfFormat.MaxTaskFileSize)
        {
            problem = new Problem(
                TaskInfoValidator.ProblemCode, $"the task file has {bytes.Length} bytes, more than {TaskLimitsOfFormat.MaxTaskFileSize}", "Use fewer files.");
            return false;
        }

        task = FromInfoBytes(info, bytes);
        return true;
    }

    /// <summary>The bytes of a task file. <see cref="TaskFile.InfoBytes"/> go in as they are, unknown keys included.</summary>
    public static byte[] Encode(TaskFile task)
    {
        ArgumentNullException.ThrowIfNull(task);
        var writer = new BencodeWriter(task.InfoBytes.Length + 1024);
        writer.BeginDictionary();
        WriteTrackers(writer, task.Trackers);
        if (task.Comment is { } comment)
        {
            writer.Text("comment"u8, comment);
        }

        if (task.CreatedBy is { } createdBy)
        {
            writer.Text("created by"u8, createdBy);
        }

        if (task.CreationDate is { } date)
        {
            writer.Integer("creation date"u8, date);
        }

        writer.Key("info"u8);
        writer.Raw(task.InfoBytes.Span);
        WriteInputSources(writer, task.InputSources);
        WriteNodes(writer, task.Nodes);
        if (!task.Secret.IsEmpty)
        {
            writer.Bytes("secret"u8, task.Secret.Span);
        }

        if (!task.Signature.IsEmpty)
        {
            writer.Bytes("signature"u8, task.Signature.Span);
        }

        writer.End();
        return writer.ToArray();
    }

    private static TaskFile FromInfoBytes(TaskInfo info, byte[] bytes) => new() { Info = info, InfoBytes = bytes, Id = Hash256.Of(bytes) };

    private static string? ReadText(TaskFields fields, string key)
    {
        string? text = fields.Text(key);
        if (text?.Length > TaskLimitsOfFormat.MaxCommentLength)
        {
            fields.Refuse(key, $"is longer than {TaskLimitsOfFormat.MaxCommentLength} bytes");
        }

        return text;
    }

    private static void WriteTrackers(BencodeWriter writer, IReadOnlyList<IReadOnlyList<string>> tiers)
    {
        if (tiers.Count == 0)
        {
            return;
        }

        writer.Key("announce-list"u8);
        writer.BeginList();
        foreach (IReadOnlyList<string> tier in tiers)
        {
            writer.BeginList();
            foreach (string url in tier)
            {
                writer.Text(url);
            }

            writer.End();
        }

        writer.End();
    }

    /// <summary>The tiers of <c>announce-list</c>, else the one of <c>announce</c> (BEP 12).</summary>
    internal static List<IReadOnlyList<string>> ReadTrackers(TaskFields fields)
    {
        var tiers = new List<IReadOnlyList<string>>();
        IReadOnlyList<BValue> items = fields.List("announce-list", TaskLimitsOfFormat.MaxTrackers) ?? [];
        int urls = 0;
        for (int i = 0; i < items.Count && fields.Problem is null; i++)
        {
            if (items[i] is not BList { Items: var tier } || (urls += tier.Count) > TaskLimitsOfFormat.MaxTrackers)
            {
                fields.Refuse($"announce-list[{i}]", $"is no list, or there are more than {TaskLimitsOfFormat.MaxTrackers} trackers");
                break;
            }

            var read = new List<string>();
            foreach (BValue item in tier)
            {
                read.Add(ReadTracker(fields, item, $"announce-list[{i}]"));
            }

            tiers.Add(read);
        }

        // The older key counts only where the list is missing (BEP 12).
        if (items.Count == 0 && fields["announce"] is { } announce)
        {
            tiers.Add([ReadTracker(fields, announce, "announce")]);
        }

        return tiers;
    }

    private static string ReadTracker(TaskFields fields, BValue value, string key)
    {
        string url = fields.TextOf(value, key) ?? "";
        if (TaskContacts.CheckTracker(url, key) is { } problem && fields.Problem is null)
        {
            fields.Refuse(key, problem.Reason[(key.Length + 2)..], problem.Hint);
        }

        return url;
    }

    private static void WriteInputSources(BencodeWriter writer, IReadOnlyDictionary<string, InputSource> sources)
    {
        if (sources.Count == 0)
        {
            return;
        }

        writer.Key("inputs"u8);
        writer.BeginDictionary();
        foreach ((byte[] key, InputSource source) in sources.Select(static each => (Encoding.UTF8.GetBytes(each.Key), each.Value)).OrderBy(
            static each => each.Item1, Comparer<byte[]>.Create(static (left, right) => left.AsSpan().SequenceCompareTo(right))))
        {
            writer.Key(key);
            writer.BeginDictionary();
            if (source.Magnet is { } magnet)
            {
                writer.Text("magnet"u8, magnet);
            }

            if (!source.Torrent.IsEmpty)
            {
                writer.Bytes("torrent"u8, source.Torrent.Span);
            }

            writer.End();
        }

        writer.End();
    }

    private static SortedDictionary<string, InputSource> ReadInputSources(TaskFields fields, TaskInfo info)
    {
        var sources = new SortedDictionary<string, InputSource>(StringComparer.Ordinal);
        if (fields.Dictionary("inputs") is not { } named)
        {
            return sources;
        }

        int known = 0;
        foreach (InputSpec input in info.Inputs)
        {
            if (named.Dictionary(input.Name) is not { } source)
            {
                continue;
            }

            known++;
            ReadOnlyMemory<byte> torrent = source["torrent"] is BString { Bytes: var bytes } ? bytes.ToArray() : default;
            string? magnet = source.Text("magnet");
            if (magnet?.Length > MagnetLink.MaxLength)
            {
                source.Refuse("magnet", $"is longer than {MagnetLink.MaxLength} characters");
            }
            else if (torrent.IsEmpty && magnet is null)
            {
                named.Refuse(input.Name, "has neither a magnet link nor a torrent");
            }

            sources.TryAdd(input.Name, new InputSource(torrent, magnet));
        }

        if (known < named.Count)
        {
            fields.Refuse("inputs", "names something that is no input of the task");
        }

        return sources;
    }

    private static void WriteNodes(BencodeWriter writer, IReadOnlyList<string> nodes)
    {
        if (nodes.Count == 0)
        {
            return;
        }

        writer.Key("nodes"u8);
        writer.BeginList();
        foreach (string node in nodes)
        {
            (string host, int port) = TaskContacts.Split(node);
            writer.BeginList();
            writer.Text(host);
            writer.Integer(port);
            writer.End();
        }

        writer.End();
    }

    private static List<string> ReadNodes(TaskFields fields)
    {
        var nodes = new List<string>();
        IReadOnlyList<BValue> items = fields.List("nodes", TaskLimitsOfFormat.MaxNodes) ?? [];
        for (int i = 0; i < items.Count && fields.Problem is null; i++)
        {
            string? node = items[i] is BList { Items: [BString host, BInteger { Value: > 0 and <= ushort.MaxValue } port] } && host.TryGetText(out string? text)
                ? TaskContacts.Join(text, (int)port.Value)
                : null;
            if (node is null || TaskContacts.CheckNode(node, "nodes") is not null)
            {
                fields.Refuse($"nodes[{i}]", "is not a host name and a port", "Write a list of two: host and port.");
                break;
            }

            nodes.Add(node);
        }

        return nodes;
    }
}
