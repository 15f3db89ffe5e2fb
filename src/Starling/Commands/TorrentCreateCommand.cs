using System;
using System.Collections.Generic;
using System.CommandLine;
using System.CommandLine.Parsing;
using System.Linq;
using System.Numerics;
using System.Threading;
using Starling.Display;
using Starling.Core.Metainfo;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Runtime.Torrents;

namespace Starling.Commands;

/// <summary><c>starling torrent create</c>: a .torrent file of a file or folder.</summary>
internal static class TorrentCreateCommand
{
    private const string Extension = ".torrent";

    public static Command Build()
    {
        var path = new Argument<string>("PATH") { Description = "the file or folder" };
        var output = new Option<string?>("-o") { Description = "the .torrent file to write (default: NAME.torrent)", HelpName = "FILE" };
        var v1 = new Option<bool>("--v1") { Description = "v1 hashes alone: for old clients" };
        var v2 = new Option<bool>("--v2") { Description = "v2 hashes alone" };
        var hybrid = new Option<bool>("--hybrid") { Description = "v1 and v2 hashes (default)" };
        Option<int?> pieceLength = BoundedNumber.Option(
            "--piece-length", CreatedTorrent.MinPieceLength, TorrentLimits.MaxPieceLength, "bytes of a piece, a power of two (default: chosen by the size)", "BYTES");
        var trackers = new Option<string[]>("--tracker") { Description = "a tracker's URL, or several with commas between: equals; may be given many times, first ones are asked first", HelpName = "URL" };
        var seeds = new Option<string[]>("--web-seed") { Description = "an http or https address of the same file or of the folder above; may be given many times", HelpName = "URL" };
        var isPrivate = new Option<bool>("--private") { Description = "peers come from the trackers alone" };
        var command = new Command("create", "Make a .torrent file of a file or folder.") { path, output, v1, v2, hybrid, pieceLength, trackers, seeds, isPrivate };
        command.Validators.Add(result => CheckForm(result, [v1, v2, hybrid], trackers, seeds, isPrivate));
        command.SetAction(parsed => Run(
            parsed.GetRequiredValue(path),
            parsed.GetValue(output),
            new TorrentRecipe
            {
                Version = parsed.GetValue(v1) ? TorrentVersion.V1 : parsed.GetValue(v2) ? TorrentVersion.V2 : TorrentVersion.Hybrid,
                PieceLength = parsed.GetValue(pieceLength),
                IsPrivate = parsed.GetValue(isPrivate),
            },
            [.. (parsed.GetValue(trackers) ?? []).Select(tier => tier.Split(','))],
            parsed.GetValue(seeds) ?? []));
        return command;
    }

    private static void CheckForm(
        CommandResult result, Option<bool>[] versions, Option<string[]> trackers, Option<string[]> seeds, Option<bool> isPrivate)
    {
        if (versions.Count(option => result.GetValue(option)) > 1)
        {
            result.AddError("--v1, --v2 and --hybrid exclude each other.");
        }

        string[] urls = [.. (result.GetValue(trackers) ?? []).SelectMany(tier => tier.Split(','))];
        foreach (string url in urls)
        {
            if (TaskContacts.CheckTracker(url, "--tracker") is { } problem)
            {
                result.AddError(problem.ToString());
            }
        }

        if (urls.Length > TorrentLimits.MaxTrackers)
        {
            result.AddError($"--tracker: give at most {TorrentLimits.MaxTrackers}.");
        }

        string[] seedUrls = result.GetValue(seeds) ?? [];
        foreach (string url in seedUrls.Where(url => !TorrentFile.IsWebSeed(url)))
        {
            result.AddError($"--web-seed: '{SafePath.Quoted(url)}' is no http or https address.");
        }

        if (seedUrls.Length > TorrentLimits.MaxWebSeeds)
        {
            result.AddError($"--web-seed: give at most {TorrentLimits.MaxWebSeeds}.");
        }

        if (result.GetValue(isPrivate) && urls.Length == 0)
        {
            result.AddError("--private: peers of a private torrent come from trackers alone; name one with --tracker.");
        }
    }

    private static int Run(string path, string? output, TorrentRecipe recipe, IReadOnlyList<string[]> trackers, string[] seeds)
    {
        if (recipe.PieceLength is { } length && !BitOperations.IsPow2(length))
        {
            string next = $"{BitOperations.RoundUpToPowerOf2((uint)length)}";
            return Fail(new Problem("piece-length", $"--piece-length {length}: give a power of two, such as {next}"), ExitCode.Usage);
        }

        using var stop = new CancellationTokenSource();
        ConsoleCancelEventHandler onStop = (_, pressed) =>
        {
            pressed.Cancel = true;
            stop.Cancel();
        };
        Console.CancelKeyPress += onStop;
        try
        {
            if (!ContentHasher.TryHash(path, recipe, out CreatedTorrent? created, out _, out Problem? problem, stop.Token)
                || !created.TryToFile(out TorrentFile? file, out problem))
            {
                return Fail(problem, ExitCode.Failed);
            }

            file = file with { Trackers = [.. trackers.Select(tier => (IReadOnlyList<string>)tier)], WebSeeds = seeds, CreatedBy = "Starling" };
            string target = output ?? created.Name + Extension;
            return WholeFile.TryWrite(target, file.ToBytes(), out problem) ? Report(target, file) : Fail(problem, ExitCode.Failed);
        }
        catch (OperationCanceledException)
        {
            Console.Error.WriteLine("starling torrent create: stopped; nothing was written");
            return ExitCode.Stopped;
        }
        finally
        {
            Console.CancelKeyPress -= onStop;
        }
    }

    private static int Report(string target, TorrentFile file)
    {
        TorrentInfo info = file.Info;
        Console.Out.WriteLine(
            $"{target}  {Display.Quantity.Count(info.Files.Count(entry => entry.Kind == TorrentFileKind.Content), "file")}, {Display.Quantity.Count(info.PieceCount, "piece")} of {info.PieceLength} bytes");
        if (info.InfoHashV1 is { } v1)
        {
            Console.Out.WriteLine($"v1 {v1}");
        }

        if (info.InfoHashV2 is { } v2)
        {
            Console.Out.WriteLine($"v2 {v2}");
        }

        Console.Out.WriteLine(TorrentMagnet.Of(file, []).ToString());
        return ExitCode.Done;
    }

    private static int Fail(Problem problem, int exitCode)
    {
        Console.Error.WriteLine($"starling torrent create: {VisibleText.OfLines(problem.ToString())}");
        return exitCode;
    }
}
