using System.Linq;
using Starling.Core.Bencode;

namespace Starling.Core.Tasks;

/// <summary>
/// <c>verify</c> of a task file (DESIGN sections 3 and 6): the word <c>own</c> or <c>arbiter</c>, or a dictionary with one of <c>replicas</c> and <c>trust</c>, and
/// the modifier <c>class</c>. A key that is not known refuses the task: skipping it would believe more than the author wants.
/// </summary>
internal static class VerifySpecCodec
{
    private const string Hint = "Use own, arbiter, replicas: 2 or trust: 20.";

    public static void Write(BencodeWriter writer, VerifySpec verify)
    {
        if (verify is VerifySpec.Own or VerifySpec.Arbiter)
        {
            writer.Text(verify is VerifySpec.Own ? "own" : "arbiter");
            return;
        }

        writer.BeginDictionary();
        if (verify.WithinClass)
        {
            writer.Text("class"u8, TaskInfoValidator.EnvironmentClass);
        }

        if (verify is VerifySpec.Replicas replicas)
        {
            writer.Integer("replicas"u8, replicas.Count);
        }
        else if (verify is VerifySpec.Trust trust)
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
            if (key is not ("replicas" or "trust" or "class"))
            {
                bool later = TaskInfoValidator.LaterVerifyKeys.Contains(key);
                fields.Refuse(
                    "verify",
                    later ? $"{key} is not supported by this version" : $"'{SafePath.Quoted(key)}' is not known",
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

        int? replicas = verify.WholeInt32("replicas");
        int? trust = verify.WholeInt32("trust");
        if (replicas is null == trust is null)
        {
            fields.Refuse("verify", replicas is null ? "names no mode" : "names two modes", Hint);
        }

        return trust is { } threshold
            ? new VerifySpec.Trust(threshold) { WithinClass = withinClass }
            : new VerifySpec.Replicas(replicas ?? 0) { WithinClass = withinClass };
    }
}
