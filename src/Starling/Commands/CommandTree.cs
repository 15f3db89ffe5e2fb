using System;
using System.Collections.Generic;
using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.IO;
using System.Linq;

namespace Starling.Commands;

/// <summary>The commands of the program, and what happens to a command line that is none of them.</summary>
internal static class CommandTree
{
    /// <summary>Columns of help text where there is no terminal to ask.</summary>
    public const int HelpWidth = 110;

    public static RootCommand Build()
    {
        var root = new RootCommand(
            "Serverless swarm computing on BitTorrent: split a job into pieces, start it on any number of machines, and each ends with the whole result.")
        {
            CreateCommand.Build(),
            RunCommand.Build(),
            InspectCommand.Build(),
            ImportCommand.Build(),
            TorrentCommand.Build(),
            DoctorCommand.Build(),
            TrustCommand.Build(),
            DelegateCommand.Build(),
            CreditCommand.Build(),
            ConfigCommand.Build(),
            WhyCommand.Build(),
            ModelCommand.Build(),
        };
        foreach (Option option in root.Options)
        {
            if (option is HelpOption { Action: HelpAction help })
            {
                help.MaxWidth = Console.IsOutputRedirected ? HelpWidth : Math.Max(40, Console.WindowWidth - 1);
            }
        }

        return root;
    }

    /// <summary>Parses and runs. Exit code 2 when the line can't be understood, with what is wrong and where to read more.</summary>
    public static int Invoke(IReadOnlyList<string> args, TextWriter output, TextWriter error)
    {
        RootCommand root = Build();
        if (args.Count == 0)
        {
            root.Parse(["--help"]).Invoke(new InvocationConfiguration { Output = error, Error = error });
            return ExitCode.Usage;
        }

        ParseResult parsed = root.Parse(args);
        if (parsed.Errors.Count > 0 && !(parsed.Action is CommandLineAction { ClearsParseErrors: true }))
        {
            string path = PathOf(parsed.CommandResult.Command);
            IEnumerable<string> messages = parsed.CommandResult.Command is RootCommand && parsed.UnmatchedTokens.Count > 0
                ? [$"there is no command or option '{parsed.UnmatchedTokens[0]}'"]
                : parsed.Errors.Select(problem => problem.Message).Distinct();
            foreach (string message in messages)
            {
                error.WriteLine($"{path}: {message}");
            }

            error.WriteLine($"Try '{path} --help'.");
            return ExitCode.Usage;
        }

        return parsed.Invoke(new InvocationConfiguration
        {
            Output = output,
            Error = error,
            EnableDefaultExceptionHandler = false,
            // Signals are the running command's own: the first one ends it gently, and that may take as long as it needs.
            ProcessTerminationTimeout = null,
        });
    }

    private static string PathOf(Command command) =>
        command.Parents.OfType<Command>().FirstOrDefault() is { } parent ? $"{PathOf(parent)} {command.Name}" : "starling";
}
