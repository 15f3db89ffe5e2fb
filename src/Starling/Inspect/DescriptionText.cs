using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;
using Starling.Display;
using Starling.Runtime.Machine;

namespace Starling.Inspect;

/// <summary>A task for a person to read before running it. Text of the task is shown with its control characters made visible.</summary>
internal static class DescriptionText
{
    private const int LabelWidth = 14;

    public static void Write(TaskDescription task, TextWriter writer)
    {
        writer.WriteLine(Visible(task.Name));
        Row(writer, "task id", task.Task);
        Row(writer, "runs", RunLines(task.Run));
        Row(writer, "merge", task.Merge is not null ? Command("the command", task.Merge)
            : task.Run.Kind == "kernel" ? ["by the kernel, or its pieces joined in order"] : ["pieces joined in order"]);
        Row(writer, "pieces", $"{task.Pieces}, each at most {Quantity.Bytes(task.PieceLength)}" + (task.Chunks is null ? "" : $": {Visible(task.Chunks)}"));
        Row(writer, "files", [.. task.Files.Select(file => $"{Visible(file.Path)}  ({Quantity.Count(file.Pieces, "piece")})")]);
        Row(writer, "inputs", task.Inputs.Count == 0 ? ["none"] : [.. task.Inputs.Select(input =>
            $"{Visible(input.Name)}  {Quantity.Bytes(input.Length)}  " + (input.Path is null ? "to be fetched" : $"here: {input.Path}"))]);
        Row(writer, "needs", task.Needs.Count == 0 ? ["nothing special"] : [.. task.Needs.Select(NeedLine)]);
        Row(writer, "limits", LimitLine(task.Limits));
        Row(writer, "believed", Visible(task.Verification));
        Row(writer, "done", task.Until == "first" ? "at the first piece with a result in it" : "when all pieces are there");
        Row(writer, "signature", task.Signature switch
        {
            "right" => $"right, by {task.Author}",
            "wrong" => $"WRONG: not by {task.Author}, whom it names",
            _ => "none",
        });
        Row(writer, "who may join", task.Members is { } members ? [$"its author and {Quantity.Count(members.Count, "member")} by key, {(task.IsMember == true ? "this machine among them" : "NOT this machine")}", .. members.Select(member => $"  {member}")]
            : [task.MemberSwarm ? "holders of its file or link: they have the secret" : "anyone"]);
        Row(writer, "trackers", task.Trackers.Count == 0 ? ["none"] : [.. task.Trackers.SelectMany(tier => tier).Select(Visible)]);
        if (task.Comment is not null)
        {
            Row(writer, "comment", Visible(task.Comment));
        }

        if (task.CreatedBy is not null || task.CreationDate is not null)
        {
            string date = task.CreationDate is long seconds and >= 0 and < 253_402_300_800
                ? DateTimeOffset.FromUnixTimeSeconds(seconds).ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture)
                : "";
            Row(writer, "made", $"{Visible(task.CreatedBy ?? "")} {date}".Trim());
        }

        Row(writer, "link", task.Magnet);
        Row(writer, "here", task.WouldCompute ? "this machine would compute it" : $"this machine would not compute it: {Visible(task.WhyNot ?? "")}");
    }

    /// <summary>Control characters and the like as escapes, so that a hostile text can't repaint the terminal or hide a part of itself.</summary>
    public static string Visible(string text)
    {
        var shown = new StringBuilder(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            UnicodeCategory category = Rune.GetUnicodeCategory(rune);
            bool hidden = category is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator
                or UnicodeCategory.ParagraphSeparator or UnicodeCategory.OtherNotAssigned or UnicodeCategory.PrivateUse;
            if (hidden)
            {
                shown.Append(CultureInfo.InvariantCulture, $"\\u{rune.Value:x4}");
            }
            else
            {
                shown.Append(rune.ToString());
            }
        }

        return shown.ToString();
    }

    private static string[] RunLines(RunDescription run) => run.Kind switch
    {
        "kernel" => [$"the built-in kernel {Visible(run.Name!)}", .. run.Parameters!.Select(pair => $"  {Visible(pair.Key)}: {Visible(pair.Value)}")],
        "shell" => Command("the shell command", run.Command!),
        "container" => [.. Command($"in the image {Visible(run.Name!)} the command", run.Command!), $"  image: {Visible(run.Parameters!["digest"])}"],
        _ => [$"{run.Kind} {Visible(run.Name!)}: {Visible(run.Command!)}"],
    };

    private static string[] Command(string what, string command) =>
        [what, .. command.Split('\n').Select(line => "  " + Visible(line.Replace("\t", "    ", StringComparison.Ordinal)))];

    private static string NeedLine(NeedFinding need) => $"{Visible(need.Need)}  {(need.IsMet ? "yes" : "NO")}: {Visible(need.Found)}";

    private static string LimitLine(LimitDescription limits)
    {
        var parts = new List<string> { $"{Quantity.Duration(limits.WallSeconds)} a run" };
        Add(limits.CpuSeconds is double cpu ? $"{Quantity.Duration(cpu)} of processor time" : null);
        Add(limits.MemoryBytes is long memory ? $"{Quantity.Bytes(memory)} of memory" : null);
        Add(limits.DiskBytes is long disk ? $"{Quantity.Bytes(disk)} of disk" : null);
        Add(limits.Processes is int processes ? (processes == 1 ? "1 process" : $"{processes} processes") : null);
        parts.Add(limits.Network == "none" ? "no network" : $"network: {Visible(limits.Network)}");
        return string.Join(", ", parts);

        void Add(string? part)
        {
            if (part is not null)
            {
                parts.Add(part);
            }
        }
    }

    private static void Row(TextWriter writer, string label, params IReadOnlyList<string> lines)
    {
        for (int i = 0; i < lines.Count; i++)
        {
            writer.WriteLine($"  {(i == 0 ? label : "").PadRight(LabelWidth)}{lines[i]}".TrimEnd());
        }
    }
}
