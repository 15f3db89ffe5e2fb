using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using Starling.Core.Bencode;
using Starling.Core.Primitives;

namespace Starling.Core.Tasks;

/// <summary>
/// Reads BitWorker's task files (<c>.rbw</c>) into ours: unsigned, open, <c>replicas: 2</c>. The same file makes the same task everywhere.
/// Where the original departs from what it documents, the documentation counts: the pieces of a file are its length divided by the piece
/// length, rounded up per file; <c>info.length</c> works; <c>announce-list</c> is used (docs/task-file.md lists the differences).
/// </summary>
public static class RbwFile
{
    /// <summary>Reads the file, or says which key is wrong and what to do.</summary>
    public static bool TryImport(ReadOnlyMemory<byte> bytes, [NotNullWhen(true)] out TaskFile? task, [NotNullWhen(false)] out Problem? problem)
    {
        task = null;
        if (!BReader.TryReadDictionary(bytes, BReaderOptions.ForeignFile, out BDictionary? dictionary, out problem))
        {
            return false;
        }

        var fields = new TaskFields(dictionary);
        string command = fields.RequiredText("command", "It says how a piece is computed; without it there is nothing to run.");
        string? merge = fields.Text("complete command");
        TaskFields? info = fields.Dictionary("info");
        if (info is null)
        {
            fields.Refuse("info", "is missing", "This is not a task file of BitWorker.");
            problem = fields.Problem!;
            return false;
        }

        string name = info.RequiredText("name", "It becomes the name of the task.");
        long pieceLength = info.Whole("piece length", 1, TaskLimitsOfFormat.MaxPieceLength) ?? 0;
        if (pieceLength == 0)
        {
            info.Refuse("piece length", "is missing", "It bounds the size of a result and sets the number of pieces.");
        }

        List<OutputFile> files = ReadFiles(info, name, Math.Max(pieceLength, 1));
        List<IReadOnlyList<string>> trackers = TaskFileCodec.ReadTrackers(fields);
        problem = fields.Problem;
        if (problem is not null)
        {
            return false;
        }

        var made = new TaskInfo
        {
            Name = name,
            Run = new RunSpec.Shell(command),
            Files = files,
            Merge = string.IsNullOrWhiteSpace(merge) ? null : merge,
            PieceLength = (int)pieceLength,
            Verify = new VerifySpec.Replicas(TaskLimitsOfFormat.MinReplicas),
        };
        if (!TaskFileCodec.TryMake(made, out task, out problem))
        {
            return false;
        }

        task = task with { Trackers = trackers };
        return true;
    }

    private static List<OutputFile> ReadFiles(TaskFields info, string name, long pieceLength)
    {
        var files = new List<OutputFile>();
        IReadOnlyList<BValue>? items = info.List("files", TaskLimitsOfFormat.MaxFiles);
        if (items is null)
        {
            files.Add(new OutputFile(name, Pieces(info, pieceLength)));
            return files;
        }

        for (int i = 0; i < items.Count && info.Problem is null; i++)
        {
            if (info.DictionaryOf(items[i], $"files[{i}]") is { } file)
            {
                files.Add(new OutputFile(ReadPath(file), Pieces(file, pieceLength)));
            }
        }

        return files;
    }

    /// <summary>⌈length / piece length⌉. A file without pieces could never be computed.</summary>
    private static int Pieces(TaskFields fields, long pieceLength)
    {
        if (fields["length"] is null)
        {
            fields.Refuse("length", "is missing", "It sets how many pieces the file has.");
        }

        long length = fields.Whole("length", 1, long.MaxValue) ?? 1;
        long pieces = ((length - 1) / pieceLength) + 1;
        if (pieces > TaskLimitsOfFormat.MaxPieces)
        {
            fields.Refuse("length", $"makes {pieces} pieces, more than {TaskLimitsOfFormat.MaxPieces}", "Use a larger piece length.");
        }

        return (int)Math.Min(pieces, TaskLimitsOfFormat.MaxPieces);
    }

    /// <summary>A list of parts, each a plain name: a slash in a part is how a path leaves the folder.</summary>
    private static string ReadPath(TaskFields file)
    {
        List<string> parts = file.Texts("path", TaskLimitsOfFormat.MaxPathDepth);
        foreach (string part in parts)
        {
            if (!SafePath.IsSafeName(part, out string? fault))
            {
                file.Refuse("path", $"'{SafePath.Quoted(part)}' {fault}", "Each part of the path is one plain name.");
            }
        }

        if (parts.Count == 0)
        {
            file.Refuse("path", "is missing or empty", "Every file has a path.");
        }

        return string.Join('/', parts);
    }
}
