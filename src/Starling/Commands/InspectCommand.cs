using System;
using System.CommandLine;
using Starling.Display;
using Starling.Core.Primitives;
using Starling.Inspect;
using Starling.Run;
using Starling.Runtime.Identity;
using Starling.Runtime.Tasks;
using Starling.Torrents;

namespace Starling.Commands;

/// <summary><c>starling inspect</c>: what a task would do on this machine, before it does.</summary>
internal static class InspectCommand
{
    public static Command Build()
    {
        var task = new Argument<string>("TASK") { Description = "a .starling, .yaml, .rbw or .comptorrent file" };
        Option<string?> data = ImportCommand.DataOption();
        var json = new Option<bool>("--json") { Description = "print one JSON object" };
        var command = new Command("inspect", "Show what a task would run here, its needs, limits, verification and signature.") { task, data, json };
        command.SetAction(parsed => Run(parsed.GetRequiredValue(task), parsed.GetValue(data), parsed.GetValue(json)));
        return command;
    }

    private static int Run(string text, string? data, bool json)
    {
        if (!TaskArgument.TryLoad(text, new MagnetInputs(), data is null ? null : new DataFolder(data, Layout: null), out TaskArgument? argument, out Problem? problem))
        {
            Console.Error.WriteLine($"starling inspect: {VisibleText.OfLines(problem.ToString())}");
            return ExitCode.Usage;
        }

        if (argument.File is not { } file)
        {
            Console.Error.WriteLine(
                "starling inspect: a link does not hold the task, only its name and id. Run it with 'starling run': nothing of a foreign task runs without --trust.");
            return ExitCode.Usage;
        }

        TaskDescription description = TaskDescription.Of(file, argument.Inputs, OwnerKeys.All(), new Ed25519Verifier());
        if (json)
        {
            Console.Out.WriteLine(description.ToJson());
        }
        else
        {
            DescriptionText.Write(description, Console.Out);
        }

        return ExitCode.Done;
    }
}
