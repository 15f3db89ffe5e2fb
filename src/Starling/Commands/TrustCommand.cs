using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Globalization;
using System.IO;
using System.Linq;
using Starling.Core.Primitives;
using Starling.Core.Verification;
using Starling.Run;
using Starling.Runtime.Identity;
using Starling.Runtime.Reputation;

namespace Starling.Commands;

/// <summary><c>starling trust</c>: what is known of other identities, why, and what the owner decided about them.</summary>
internal static class TrustCommand
{
    /// <summary>Digits of a key by which one is found, at least: fewer would hit a stranger's by chance.</summary>
    private const int MinPrefix = 8;

    public static Command Build()
    {
        var json = new Option<bool>("--json") { Description = "print one JSON object a line" };
        var command = new Command("trust", "Show what is known of other identities from their results, or decide about one.") { json };
        command.SetAction(parsed => Show(parsed.GetValue(json), parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error));
        command.Add(Decision("allow", "Believe this identity's word alone.", StandingOverride.Allow));
        command.Add(Decision("deny", "Count this identity's word for nothing, and its claims too.", StandingOverride.Deny));
        command.Add(Decision("reset", "Let its results decide again.", StandingOverride.None));
        command.Add(Mine());
        return command;
    }

    private static Command Mine()
    {
        var command = new Command("mine", "Print this machine's own key: what an author names as a member.");
        command.SetAction(parsed =>
        {
            if (IdentityFile.TryLoadOrCreate(OwnerKeys.Folder, out Ed25519Identity? identity, out Problem? problem))
            {
                parsed.InvocationConfiguration.Output.WriteLine(identity.PublicKey);
                return ExitCode.Done;
            }

            parsed.InvocationConfiguration.Error.WriteLine($"starling trust: {problem}");
            return ExitCode.Failed;
        });
        return command;
    }

    private static Command Decision(string name, string description, StandingOverride decision)
    {
        var key = new Argument<string>("KEY") { Description = "64 hexadecimal digits, or the first 8 or more of a key that 'starling trust' shows" };
        var command = new Command(name, description) { key };
        command.SetAction(parsed => Decide(
            parsed.GetRequiredValue(key), decision, parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error));
        return command;
    }

    private static int Show(bool json, TextWriter output, TextWriter error)
    {
        using StandingStore store = Open(error);
        IReadOnlyList<(PublicKey Worker, StandingRecord Record, DateTimeOffset Last)> all = store.All();
        foreach ((PublicKey worker, StandingRecord record, DateTimeOffset last) in all)
        {
            output.WriteLine(json ? TrustLine.Of(worker, record, last).ToJson() : TrustLine.Of(worker, record, last).ToText());
        }

        if (all.Count == 0 && !json)
        {
            output.WriteLine("nothing is known of anybody yet: it is learnt from results of tasks whose swarm is open (verify: replicas, trust)");
        }

        if (store.Damaged > 0)
        {
            error.WriteLine($"starling trust: {store.Damaged} entries of {Path.Combine(OwnerKeys.Folder, StandingStore.FileName)} are damaged and were skipped");
        }

        return ExitCode.Done;
    }

    private static int Decide(string text, StandingOverride decision, TextWriter output, TextWriter error)
    {
        using StandingStore store = Open(error);
        PublicKey[] found = PublicKey.TryParse(text, out PublicKey whole)
            ? [whole]
            : text.Length >= MinPrefix
                ? [.. store.All().Select(entry => entry.Worker).Where(worker => worker.ToString().StartsWith(text, StringComparison.OrdinalIgnoreCase))]
                : [];
        if (found.Length != 1)
        {
            string count = found.Length.ToString(CultureInfo.InvariantCulture);
            error.WriteLine($"starling trust: '{text}' is {(found.Length == 0 ? "no key, nor the beginning of one that is known" : $"the beginning of {count} keys")}. Give all 64 digits.");
            return ExitCode.Usage;
        }

        store.Decide(found[0], decision);
        if (!store.Flush())
        {
            return ExitCode.Failed;
        }

        output.WriteLine(TrustLine.Of(found[0], store.Of(found[0])!.Value, DateTimeOffset.UtcNow).ToText());
        return ExitCode.Done;
    }

    private static StandingStore Open(TextWriter error) => StandingStore.Open(OwnerKeys.Folder, problem => error.WriteLine($"starling trust: {problem}"));
}
