using System;
using System.CommandLine;
using System.IO;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Display;
using Starling.Runtime.Tasks;

namespace Starling.Commands;

/// <summary><c>starling import</c>: a task file of another program as one of this.</summary>
internal static class ImportCommand
{
    public static Command Build()
    {
        var file = new Argument<string>("FILE") { Description = "BitWorker's .rbw, or CompTorrent's .comptorrent" };
        Option<string?> data = DataOption();
        var output = new Option<string?>("-o") { Description = "the task file to write (default: FILE with .starling)", HelpName = "FILE" };
        var command = new Command("import", "Turn the file of BitWorker or of CompTorrent into a task file.") { file, data, output };
        command.SetAction(parsed => Run(parsed.GetRequiredValue(file), parsed.GetValue(data), parsed.GetValue(output)));
        return command;
    }

    /// <summary><c>--data</c>.</summary>
    public static Option<string?> DataOption() => new("--data") { Description = "the folder that holds the chunks of a .comptorrent file", HelpName = "DIR" };

    private static int Run(string path, string? data, string? output)
    {
        string target = output ?? Path.ChangeExtension(path, ".starling");
        string beside = Path.GetDirectoryName(Path.GetFullPath(target))!;
        if (!TaskLoader.TryImport(path, data is null ? null : new DataFolder(data, (_, _) => beside), out PreparedTask? prepared, out Problem? problem))
        {
            Console.Error.WriteLine($"starling import: {VisibleText.OfLines(problem.ToString())}");
            return ExitCode.Usage;
        }

        if (!TaskFileWriter.TryWrite(target, prepared.Task, out problem))
        {
            Console.Error.WriteLine($"starling import: {VisibleText.OfLines(problem.ToString())}");
            return ExitCode.Failed;
        }

        TaskInfo info = prepared.Task.Info;
        Console.Out.WriteLine($"{target}  {Quantity.Count(info.PieceCount, "piece")}, {Quantity.Count(info.Files.Count, "file")}, unsigned and open to anyone, as {path} is");
        foreach (LocalInput input in prepared.Inputs)
        {
            Console.Out.WriteLine($"{input.Path}  an input of it, shared from there: keep the two together");
        }

        return ExitCode.Done;
    }
}
