using System;
using Starling.Core.Bencode;

namespace Starling.Core.Tasks;

/// <summary>
/// <c>verify</c> of a task file (DESIGN sections 3 and 6): the word <c>own</c> or <c>arbiter</c>, or a dictionary with one of <c>replicas</c>, <c>trust</c> and
/// <c>checker</c>, and the modifiers <c>class</c>, <c>compare</c> and <c>sealed</c> (seconds). A key that is not known refuses the task: skipping it would believe more than the author wants.
/// </summary>
internal static class VerifySpecCodec
{
    private const string Hint = "Use own, arbiter, replicas: 2, trust: 20 or checker: COMMAND.";

    public static void Write(BencodeWriter writer, VerifySpec verify)
    {
        if (verify is VerifySpec.Own or VerifySpec.Arbiter)
        {
            writer.Text(verify is VerifySpec.Own ? "own" : "arbiter");
            return;
        }

        writer.BeginDictionary();
        if (verify is VerifySpec.Checker checker)
        {
            writer.Text("checker"u8, checker.Command);
        }

        if (verify.WithinClass)
        {
            writer.Text("class"u8, TaskInfoValidator.EnvironmentClass);
        }

        if (verify.Compare is { } compare)
        {
            writer.Text("compare"u8, compare);
        }

        if (verify is VerifySpec.Replicas replicas)
        {
            writer.Integer("replicas"u8, replicas.Count);
        }

        if (verify.Sealed is { } time)
        {
            writer.Integer("sealed"u8, (long)time.TotalSeconds);
        }

        if (verify is VerifySpec.Trust trust)
        {
            writer.Integer("trust"u8, trust.Threshold);
        }

        writer.End();
    }

    /// <summary>What it says; null: it was refused.</summary>
    public static VerifySpec? Read(TaskFields fields)
    {
        switch (fields["verify"])
        {
            case null:
                fields.Refuse("verify", "is missing", Hint);
                return null;
            case BString:
                string? word = fields.Text("verify");
                if (word is not null and not "own" and not "arbiter")
                {
                    fields.Refuse("verify", $"'{SafePath.Quoted(word)}' is not known", Hint);
                }

                return word == "arbiter" ? new VerifySpec.Arbiter() : new VerifySpec.Own();
            case BDictionary dictionary:
                return ReadMode(dictionary, fields);
            default:
                fields.Refuse("verify", "is neither a word nor a dictionary");
                return null;
        }
    }

    private static VerifySpec? ReadMode(BDictionary dictionary, TaskFields fields)
    {
        foreach (BEntry entry in dictionary.Entries)
        {
            string key = BString.TryGetText(entry.Key.Span, out string? text) ? text : "?";
            if (key is not ("replicas" or "trust" or "checker" or "class" or "compare" or "sealed"))
            {
                fields.Refuse(
                    "verify",
                    $"'{SafePath.Quoted(key)}' is not known",
                    "Use a newer program for this task; nothing of it runs here, because its results could not be judged.");
            }
        }

        if (fields.Dictionary("verify") is not { } verify)
        {
            return null;
        }

        bool withinClass = verify["class"] is not null;
        if (withinClass && verify.Text("class") is { } word and not TaskInfoValidator.EnvironmentClass)
        {
            verify.Refuse("class", $"'{SafePath.Quoted(word)}' is not known", "Use class: env.");
        }

        int modes = (verify["replicas"] is null ? 0 : 1) + (verify["trust"] is null ? 0 : 1) + (verify["checker"] is null ? 0 : 1);
        if (modes != 1)
        {
            fields.Refuse("verify", modes == 0 ? "names no mode" : "names two modes", Hint);
            return null;
        }

        VerifySpec mode = verify["replicas"] is not null ? new VerifySpec.Replicas(verify.WholeInt32("replicas") ?? 0)
            : verify["trust"] is not null ? new VerifySpec.Trust(verify.WholeInt32("trust") ?? 0)
            : new VerifySpec.Checker(verify.Text("checker") ?? "");
        int? time = verify["sealed"] is null ? null : verify.WholeInt32("sealed");
        return mode with { Sealed = time is { } seconds ? TimeSpan.FromSeconds(seconds) : null, WithinClass = withinClass, Compare = verify["compare"] is null ? null : verify.Text("compare") };
    }
}
