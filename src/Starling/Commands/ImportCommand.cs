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
        var file = new Argument<string>("FILE") { Description = "BitWorker's .rbw" };
        var output = new Option<string?>("-o") { Description = "the task file to write (default: FILE with .starling)", HelpName = "FILE" };
        var command = new Command("import", "Turn BitWorker's .rbw into a task file.") { file, output };
        command.SetAction(parsed => Run(parsed.GetRequiredValue(file), parsed.GetValue(output)));
        return command;
    }

    private static int Run(string path, string? output)
    {
        if (!TaskLoader.TryImport(path, out TaskFile? file, out Problem? problem))
        {
            Console.Error.WriteLine($"starling import: {problem}");
            return ExitCode.Usage;
        }

        string target = output ?? Path.ChangeExtension(path, ".starling");
        if (!TaskFileWriter.TryWrite(target, file, out problem))
        {
            Console.Error.WriteLine($"starling import: {problem}");
            return ExitCode.Failed;
        }

        Console.Out.WriteLine($"{target}  {Quantity.Count(file.Info.PieceCount, "piece")}, {Quantity.Count(file.Info.Files.Count, "file")}, unsigned and open to anyone, as {path} is");
        return ExitCode.Done;
    }
}
