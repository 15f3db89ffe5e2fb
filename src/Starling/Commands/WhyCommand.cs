using System;
using System.CommandLine;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.Json;
using Starling.Core.Owner;
using Starling.Core.Primitives;
using Starling.Display;
using Starling.Run;
using Starling.Runtime.Owner;

namespace Starling.Commands;

/// <summary><c>starling why</c>: for each task or piece that does not run, a code, a reason and a fix. A running process is asked; of others it is told what can be seen from outside.</summary>
internal static class WhyCommand
{
    public static Command Build()
    {
        var target = new Argument<string?>("DIR|TASK")
        {
            Description = "a task's folder, file, name or the first 8 or more digits of its id; without it, all that are open",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var piece = new Argument<int?>("PIECE") { Description = "one piece, whatever becomes of it", Arity = ArgumentArity.ZeroOrOne };
        piece.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && (!int.TryParse(result.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out _)))
            {
                result.AddError($"'{result.Tokens[0].Value}' is no number of a piece: they count from 0.");
            }
        });
        var json = new Option<bool>("--json") { Description = "print one JSON object a task and line" };
        var command = new Command("why", "Say why a task, or a piece of it, does not run, and what to do about it.") { target, piece, json };
        command.SetAction(parsed => Run(
            parsed.GetValue(target), parsed.GetValue(piece), parsed.GetValue(json), parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error));
        return command;
    }

    private static int Run(string? target, int? piece, bool json, TextWriter output, TextWriter error)
    {
        OwnerPlace place = OwnerKeys.Place;
        RunningTask[] open = [.. TaskRegistry.Read(place.RunningFolder).Where(task => target is null || IsMeant(task, target))];
        if (open.Length == 0 && target is not null)
        {
            if (!UnopenedTask.TryExplain(target, place, out WhyAnswer? answer, out Problem? problem))
            {
                error.WriteLine($"starling why: {problem}");
                return ExitCode.Usage;
            }

            Write(answer, json, output);
            return ExitCode.Done;
        }

        if (open.Length == 0 && !json)
        {
            output.WriteLine("No task is open: nothing runs. 'starling run TASK' opens one; 'starling why TASK' tells what would keep it from running.");
        }

        int exitCode = ExitCode.Done;
        foreach (RunningTask task in open)
        {
            if (WhySocket.Ask(place.RunningFolder, task.Pid, piece) is { } answer)
            {
                Write(answer, json, output);
            }
            else
            {
                error.WriteLine($"starling why: process {task.Pid}, which has {task.Dir} open, does not answer. It may be stopped or ending; ask again.");
                exitCode = ExitCode.Failed;
            }
        }

        return exitCode;
    }

    /// <summary>By its folder, one around it (of several local peers), its id or its name.</summary>
    private static bool IsMeant(RunningTask task, string target) =>
        task.Demand.Name == target
        || (target.Length >= TaskRule.MinIdDigits && task.Demand.Id.StartsWith(target, StringComparison.OrdinalIgnoreCase))
        || IsWithin(task.Dir, Path.TrimEndingDirectorySeparator(Path.GetFullPath(target)))
        || (File.Exists(target) && UnopenedTask.IdOf(target) == task.Demand.Id);

    private static bool IsWithin(string dir, string folder) =>
        dir == folder || (Path.GetDirectoryName(dir) == folder && Path.GetFileName(dir).StartsWith("peer-", StringComparison.Ordinal));

    private static void Write(WhyAnswer answer, bool json, TextWriter output)
    {
        if (json)
        {
            output.WriteLine(JsonSerializer.Serialize(answer, WhyJson.Default.WhyAnswer));
            return;
        }

        string name = answer.Name.Length == 0 ? "a task whose file is still to come" : answer.Name;
        output.WriteLine($"{name} ({answer.Task[..16]}…) in {answer.Dir}");
        output.WriteLine(
            answer.Pid is null ? $"  {answer.Finished} of {Quantity.Count(answer.Pieces, "piece")} finished"
            : $"  {answer.Finished} of {Quantity.Count(answer.Pieces, "piece")} finished, {answer.Running} running, {answer.Slots} of {Quantity.Count(answer.Wanted, "slot")}");
        foreach (WhyLine line in answer.Lines)
        {
            string what = line.First is null ? "" : line.First == line.Last ? $"piece {line.First}: " : $"pieces {line.First} to {line.Last}: ";
            output.WriteLine($"  {line.Code,-18} {what}{line.Reason}{(line.Fix.Length == 0 ? "" : $". {line.Fix}")}");
        }

        if (answer.HasMore)
        {
            output.WriteLine("  … and more: name a piece to ask about it");
        }

        if (answer.Lines.Count == 0)
        {
            output.WriteLine(answer.Finished == answer.Pieces && answer.Pieces > 0 ? "  everything is finished" : "  nothing keeps it from running");
        }
    }
}
