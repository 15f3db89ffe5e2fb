using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Globalization;
using System.IO;
using System.Text.Json;
using System.Text.Json.Serialization;
using Starling.Core.Gossip;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Core.Verification;
using Starling.Run;
using Starling.Runtime.Identity;
using Starling.Runtime.Reputation;
using Starling.Torrents;

namespace Starling.Commands;

/// <summary><c>starling delegate</c>: who may judge results of a task in its author's place.</summary>
internal static class DelegateCommand
{
    private const int DefaultDays = 7;
    private const int MaxDays = 3_650;

    public static Command Build()
    {
        var task = new Argument<string>("TASK") { Description = "a signed task file whose mode is 'verify: arbiter'" };
        var key = new Argument<string?>("KEY") { Description = "who may judge: the identity that 'starling run' tells there; without it those who may are listed", Arity = ArgumentArity.ZeroOrOne };
        Option<int?> days = BoundedNumber.Option("--days", 1, MaxDays, $"for how long: 1 to {MaxDays}, {DefaultDays} if it is not said");
        Option<int?> handOn = BoundedNumber.Option(
            "--hand-on", 0, DelegationNotice.MaxDepth, $"how often it may be handed on to further keys, 0 (if it is not said) to {DelegationNotice.MaxDepth}");
        var revoke = new Option<bool>("--revoke") { Description = "take it back: what this key alone attested is not believed any more" };
        var json = new Option<bool>("--json") { Description = "print one JSON object a line" };
        var command = new Command("delegate", "Let other keys judge results of a task in your place, or take that back.") { task, key, days, handOn, revoke, json };
        command.SetAction(parsed =>
        {
            TextWriter error = parsed.InvocationConfiguration.Error;
            if (!TryTask(parsed.GetRequiredValue(task), error, out TaskFile? file, out int code))
            {
                return code;
            }

            var folder = new DelegationFolder(OwnerKeys.Folder);
            if (parsed.GetValue(key) is { } named
                && Delegate(file!, folder, named, parsed.GetValue(days) ?? DefaultDays, parsed.GetValue(handOn) ?? 0, parsed.GetValue(revoke), error) is not ExitCode.Done and int failed)
            {
                return failed;
            }

            List(file!, folder, parsed.GetValue(json), parsed.InvocationConfiguration.Output);
            return ExitCode.Done;
        });
        return command;
    }

    private static bool TryTask(string text, TextWriter error, out TaskFile? file, out int code)
    {
        file = null;
        if (!TaskArgument.TryLoad(text, new MagnetInputs(), null, out TaskArgument? argument, out Problem? problem))
        {
            error.WriteLine($"starling delegate: {problem}");
            code = ExitCode.Failed;
            return false;
        }

        file = argument.File;
        bool fits = file?.Info is { Verify: VerifySpec.Arbiter, Author: not null };
        if (!fits)
        {
            error.WriteLine($"starling delegate: {text} is {(file is null ? "a link" : "no task with 'verify: arbiter' and an author")}. Name the task file that 'starling create' wrote.");
        }

        code = fits ? ExitCode.Done : ExitCode.Usage;
        return fits;
    }

    private static int Delegate(TaskFile file, DelegationFolder folder, string named, int days, int handOn, bool revoke, TextWriter error)
    {
        if (!PublicKey.TryParse(named, out PublicKey to))
        {
            error.WriteLine($"starling delegate: '{named}' is no key: 64 hexadecimal digits are. 'starling run' tells its own as it starts.");
            return ExitCode.Usage;
        }

        if (!IdentityFile.TryLoadOrCreate(OwnerKeys.Folder, out Ed25519Identity? identity, out Problem? problem))
        {
            error.WriteLine($"starling delegate: {problem}");
            return ExitCode.Failed;
        }

        DateTimeOffset now = DateTimeOffset.UtcNow;
        DelegationTable table = TableOf(file, folder, now);
        DelegationNotice notice = DelegationNotice.Sign(
            identity, file.Id, to, now.ToUnixTimeMilliseconds(), revoke ? 0 : now.AddDays(days).ToUnixTimeSeconds(), revoke ? 0 : handOn);
        if (!table.IsNews(notice, now.ToUnixTimeSeconds()))
        {
            error.WriteLine(
                to == file.Info.Author ? "starling delegate: that is the author's own key, whose word counts anyway."
                : table.Count >= DelegationTable.MaxNotices ? $"starling delegate: a task has {DelegationTable.MaxNotices} delegations at most."
                : $"starling delegate: your identity {identity.PublicKey} is not the author of this task, {file.Info.Author}, nor has anybody handed on to it the right to delegate.");
            return ExitCode.Refused;
        }

        if (folder.Add(file.Id, notice.Raw) is { } failure)
        {
            error.WriteLine($"starling delegate: {failure}");
            return ExitCode.Failed;
        }

        return ExitCode.Done;
    }

    private static DelegationTable TableOf(TaskFile file, DelegationFolder folder, DateTimeOffset now) =>
        DelegationTable.Of(file.Info.Author!.Value, file.Id, folder.Read(file.Id), new Ed25519Verifier(), now.ToUnixTimeSeconds());

    private static void List(TaskFile file, DelegationFolder folder, bool json, TextWriter output)
    {
        DateTimeOffset now = DateTimeOffset.UtcNow;
        DelegationTable table = TableOf(file, folder, now);
        IReadOnlyDictionary<PublicKey, int> reach = table.Reach(now.ToUnixTimeSeconds());
        if (!json)
        {
            output.WriteLine($"{file.Info.Author}  the author");
        }

        foreach (DelegationNotice notice in table.InOrder())
        {
            bool counts = reach.ContainsKey(notice.Delegate);
            string until = DateTimeOffset.FromUnixTimeSeconds(Math.Min(notice.Expires, DateTimeOffset.MaxValue.ToUnixTimeSeconds())).ToString("u", CultureInfo.InvariantCulture);
            string state = notice.Expires == 0 ? "taken back" : counts ? $"until {until}" : $"expired {until}, or taken back";
            output.WriteLine(json
                ? JsonSerializer.Serialize(
                    new DelegationLine(notice.Delegate.ToString(), notice.Issuer.ToString(), counts, notice.Expires, notice.Depth), DelegationJson.Default.DelegationLine)
                : $"{notice.Delegate}  {state}, by {notice.Issuer.ToString()[..16]}…{(notice.Depth > 0 ? $", may hand it on {notice.Depth} times" : "")}");
        }
    }
}

/// <summary>A line of <c>starling delegate --json</c>: who may judge, by whose word, whether that counts now, until when (Unix seconds; 0: taken back), and further hand-overs.</summary>
internal sealed record DelegationLine(string Key, string By, bool Counts, long Expires, int HandOn);

/// <summary>Serialises <see cref="DelegationLine"/> without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(DelegationLine))]
internal sealed partial class DelegationJson : JsonSerializerContext;
