using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using Starling.Display;
using Starling.Runtime.Machine;

namespace Starling.Inspect;

/// <summary>A task for a person to read before running it. Text of the task is shown with its control characters made visible.</summary>
internal static class DescriptionText
{
    private const int LabelWidth = 14;

    public static void Write(TaskDescription task, TextWriter writer)
    {
        writer.WriteLine(VisibleText.Of(task.Name));
        Row(writer, "task id", task.Task);
        Row(writer, "runs", RunLines(task.Run));
        Row(writer, "merge", task.Merge is not null ? Command("the command", task.Merge)
            : task.Run.Kind == "kernel" ? ["by the kernel, or its pieces joined in order"] : ["pieces joined in order"]);
        Row(writer, "pieces", $"{task.Pieces}, each at most {Quantity.Bytes(task.PieceLength)}" + (task.Chunks is null ? "" : $": {VisibleText.Of(task.Chunks)}"));
        Row(writer, "files", [.. task.Files.Select(file => $"{VisibleText.Of(file.Path)}  ({Quantity.Count(file.Pieces, "piece")})")]);
        Row(writer, "inputs", task.Inputs.Count == 0 ? ["none"] : [.. task.Inputs.Select(input =>
            $"{VisibleText.Of(input.Name)}  {Quantity.Bytes(input.Length)}  " + (input.Path is null ? "to be fetched" : $"here: {input.Path}"))]);
        Row(writer, "needs", task.Needs.Count == 0 ? ["nothing special"] : [.. task.Needs.Select(NeedLine)]);
        Row(writer, "limits", LimitLine(task.Limits));
        Row(writer, "believed", VisibleText.Of(task.Verification));
        Row(writer, "done", task.Until == "first" ? "at the first piece with a result in it" : "when all pieces are there");
        Row(writer, "signature", task.Signature switch
        {
            "right" => $"right, by {task.Author}",
            "wrong" => $"WRONG: not by {task.Author}, whom it names",
            _ => "none",
        });
        Row(writer, "who may join", task.Members is { } members ? [$"its author and {Quantity.Count(members.Count, "member")} by key, {(task.IsMember == true ? "this machine among them" : "NOT this machine")}", .. members.Select(member => $"  {member}")]
            : [task.MemberSwarm ? "holders of its file or link: they have the secret" : "anyone"]);
        Row(writer, "trackers", task.Trackers.Count == 0 ? ["none"] : [.. task.Trackers.SelectMany(tier => tier).Select(VisibleText.Of)]);
        if (task.Comment is not null)
        {
            Row(writer, "comment", VisibleText.Of(task.Comment));
        }

        if (task.CreatedBy is not null || task.CreationDate is not null)
        {
            string date = task.CreationDate is long seconds and >= 0 and < 253_402_300_800
                ? DateTimeOffset.FromUnixTimeSeconds(seconds).ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture)
                : "";
            Row(writer, "made", $"{VisibleText.Of(task.CreatedBy ?? "")} {date}".Trim());
        }

        Row(writer, "link", task.Magnet);
        Row(writer, "here", task.WouldCompute ? $"this machine would compute it{(task.Walled ? ", within walls" : "")}" : $"this machine would not compute it: {VisibleText.Of(task.WhyNot ?? "")}");
    }

    private static string[] RunLines(RunDescription run) => run.Kind switch
    {
        "kernel" => [$"the built-in kernel {VisibleText.Of(run.Name!)}", .. run.Parameters!.Select(pair => $"  {VisibleText.Of(pair.Key)}: {VisibleText.Of(pair.Value)}")],
        "shell" => Command("the shell command", run.Command!),
        "container" => [.. Command($"in the image {VisibleText.Of(run.Name!)} the command", run.Command!), $"  image: {VisibleText.Of(run.Parameters!["digest"])}"],
        _ => [$"{run.Kind} {VisibleText.Of(run.Name!)}: {VisibleText.Of(run.Command!)}"],
    };

    private static string[] Command(string what, string command) =>
        [what, .. command.Split('\n').Select(line => "  " + VisibleText.Of(line.Replace("\t", "    ", StringComparison.Ordinal)))];

    private static string NeedLine(NeedFinding need) => $"{VisibleText.Of(need.Need)}  {(need.IsMet ? "yes" : "NO")}: {VisibleText.Of(need.Found)}";

    private static string LimitLine(LimitDescription limits)
    {
        var parts = new List<string> { $"{Quantity.Duration(limits.WallSeconds)} a run" };
        Add(limits.CpuSeconds is double cpu ? $"{Quantity.Duration(cpu)} of processor time" : null);
        Add(limits.Fuel is long fuel ? $"{fuel} units of fuel" : null);
        Add(limits.MemoryBytes is long memory ? $"{Quantity.Bytes(memory)} of memory" : null);
        Add(limits.DiskBytes is long disk ? $"{Quantity.Bytes(disk)} of disk" : null);
        Add(limits.Processes is int processes ? (processes == 1 ? "1 process" : $"{processes} processes") : null);
        parts.Add(limits.Network == "none" ? "no network" : $"network: {VisibleText.Of(limits.Network)}");
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
