using System;
using System.CommandLine;
using System.CommandLine.Parsing;
using System.IO;
using System.Linq;
using Starling.Display;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Run;
using Starling.Runtime.Identity;
using Starling.Runtime.Tasks;
using Starling.Torrents;

namespace Starling.Commands;

/// <summary><c>starling create</c>: a signed task file from YAML, or from one command line.</summary>
internal static class CreateCommand
{
    private const string Extension = ".starling";

    public static Command Build()
    {
        var spec = new Argument<string[]>("SPEC.yaml | -- COMMAND")
        {
            Description = "the task in YAML; or, with -n, the shell command that computes piece $PIECE_IDX",
            Arity = ArgumentArity.OneOrMore,
        };
        Option<int?> pieces = BoundedNumber.Option("-n", 1, TaskLimitsOfFormat.MaxPieces, "number of pieces, for a command given here");
        var inputs = new Option<string[]>("--input") { Description = "a file, folder, .torrent file or magnet link that runs read below $INPUTS; may be given many times", HelpName = "PATH" };
        var merge = new Option<string?>("--merge") { Description = "command that makes $FILE of the pieces (default: joined in order)", HelpName = "CMD" };
        var output = new Option<string?>("-o") { Description = "the task file to write (default: NAME.starling)", HelpName = "FILE" };
        var isPublic = new Option<bool>("--public") { Description = "let anyone join: no secret, results are verified" };
        var members = new Option<string[]>("--member")
        {
            Description = "a key that may take part, nobody else does; may be given many times",
            HelpName = "KEY",
        };
        members.Validators.Add(CheckMembers);
        Option<bool> noDht = RunCommand.NoDhtOption();
        Option<string[]> routers = RunCommand.RouterOption();
        var command = new Command("create", "Make a signed task file, for members only unless --public.")
        {
            spec, pieces, inputs, merge, output, isPublic, members, noDht, routers,
        };
        command.Validators.Add(result => CheckForm(result, spec, pieces, inputs, merge));
        command.SetAction(parsed => Run(
            parsed.GetRequiredValue(spec), parsed.GetValue(pieces), parsed.GetValue(inputs) ?? [], parsed.GetValue(merge), parsed.GetValue(output), parsed.GetValue(isPublic), parsed.GetValue(members) ?? [],
            new MagnetInputs { UseDht = !parsed.GetValue(noDht), DhtRouters = parsed.GetValue(routers) ?? [] }));
        return command;
    }

    private static void CheckForm(CommandResult result, Argument<string[]> spec, Option<int?> pieces, Option<string[]> inputs, Option<string?> merge)
    {
        bool fromCommand = result.GetResult(pieces) is not null;
        if (!fromCommand && (result.GetResult(inputs) is not null || result.GetResult(merge) is not null))
        {
            result.AddError("--input and --merge belong to a command given with -n; in a YAML file write them as 'inputs' and 'merge'.");
        }
        else if (!fromCommand && result.GetResult(spec)?.Tokens.Count > 1)
        {
            result.AddError("one YAML file makes one task; for a command, say how many pieces with -n and put it behind --: starling create -n 64 -- 'COMMAND'");
        }
    }

    private static int Run(string[] spec, int? pieces, string[] inputs, string? merge, string? output, bool isPublic, string[] members, MagnetInputs magnets)
    {
        TaskDraft? draft;
        Func<Problem, Problem>? locate = null;
        Problem? problem = null;
        if (pieces is int count)
        {
            string shell = string.Join(' ', spec);
            draft = new TaskDraft
            {
                Name = output is null ? NameOf(shell) : Path.GetFileNameWithoutExtension(output),
                Run = new RunSpec.Shell(shell),
                Pieces = count,
                InputPaths = inputs,
                Merge = merge,
                Folder = Environment.CurrentDirectory,
            };
        }
        else if (!TaskLoader.TryReadDraft(spec[0], out draft, out locate, out problem))
        {
            return Fail(problem, ExitCode.Usage);
        }

        draft = draft with { Members = [.. draft.Members.Concat(members.Select(ParseKey)).Distinct()] };
        if (!IdentityFile.TryLoadOrCreate(OwnerKeys.Folder, out Ed25519Identity? author, out problem))
        {
            return Fail(problem, ExitCode.Failed);
        }

        if (!TaskAuthor.TryCreate(draft, author, isPublic, magnets.TryFetch, DateTimeOffset.UtcNow, out PreparedTask? prepared, out problem))
        {
            return Fail(locate is null ? problem : locate(problem), ExitCode.Usage);
        }

        string path = output ?? prepared.Task.Info.Name + Extension;
        if (TaskFileWriter.TryWrite(path, prepared.Task, out problem))
        {
            Console.Out.WriteLine($"{path}  {Display.Quantity.Count(prepared.Task.Info.PieceCount, "piece")}, "
                + (isPublic ? "open to anyone"
                    : prepared.Task.Info.Members.Count > 0 ? $"for you and {Display.Quantity.Count(prepared.Task.Info.Members.Count, "member")} by key: nobody else gets in, whoever has the file or link"
                    : "for members: the file and its link hold the secret, give them only to who may take part"));
            Console.Out.WriteLine($"starling run {Quoted(path)}");
            Console.Out.WriteLine($"starling run '{MagnetLink.Of(prepared.Task, []).ToUri()}'");
            return ExitCode.Done;
        }

        return Fail(problem!, ExitCode.Failed);
    }

    private static void CheckMembers(OptionResult result)
    {
        foreach (Token token in result.Tokens)
        {
            if (!PublicKey.TryParse(token.Value, out _))
            {
                result.AddError($"--member {token.Value}: this is no key of 64 hexadecimal digits.");
            }
        }
    }

    private static PublicKey ParseKey(string text) => PublicKey.TryParse(text, out PublicKey key) ? key : throw new InvalidOperationException("checked before");

    private static int Fail(Problem problem, int exitCode)
    {
        Console.Error.WriteLine($"starling create: {VisibleText.OfLines(problem.ToString())}");
        return exitCode;
    }

    /// <summary>The first word of a command, as far as it may be a file's name.</summary>
    private static string NameOf(string shell)
    {
        string word = Path.GetFileName(shell.TrimStart().Split([' ', ';', '\n', '\t', '|', '&', '<', '>', '(', ')'], 2)[0]);
        return word.Length > 0 && word.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_') ? word : "task";
    }

    private static string Quoted(string path) => path.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '/') ? path : $"'{path.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
