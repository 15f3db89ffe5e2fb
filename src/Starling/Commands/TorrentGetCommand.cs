using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Net;
using Starling.Core.Metainfo;
using Starling.Core.Primitives;
using Starling.Core.Wire.Mse;
using Starling.Torrents;

namespace Starling.Commands;

/// <summary><c>starling torrent get</c>: this program as an ordinary BitTorrent client.</summary>
internal static class TorrentGetCommand
{
    public static Command Build()
    {
        var torrent = new Argument<string>("TORRENT") { Description = "a .torrent file, or a magnet link (to a torrent, or to whatever an author names)" };
        var dir = new Option<string?>("--dir") { Description = "folder for the files (default: this one)", HelpName = "DIR" };
        Option<IPEndPoint?> listen = RunCommand.ListenOption();
        Option<string[]> peers = RunCommand.PeerOption();
        var seed = new Option<bool>("--seed") { Description = "share after it is complete, until stopped" };
        var exit = new Option<bool>("--exit") { Description = "leave when it is complete, even when it was from the start" };
        var encryption = new Option<MsePolicy>("--encryption")
        {
            Description = "encryption of connections: prefer, require or off",
            HelpName = "prefer|require|off",
            CustomParser = ParseEncryption,
            DefaultValueFactory = _ => MsePolicy.Prefer,
        };
        var select = new Option<FileSelection?>("--select")
        {
            Description = "the files that are wanted, by number (default: all)",
            HelpName = "0,2-4",
            CustomParser = ParseSelection,
        };
        Option<long> down = RateOption("--down", "bytes a second to fetch at most, like 500K or 2M");
        Option<long> up = RateOption("--up", "bytes a second to send at most");
        Option<bool> noDht = RunCommand.NoDhtOption();
        Option<string[]> routers = RunCommand.RouterOption();
        var json = new Option<bool>("--json") { Description = "print one JSON object per event and line" };
        var command = new Command("get", "Fetch a torrent, or check and share what is here of it.")
        {
            torrent, dir, listen, peers, seed, exit, encryption, select, down, up, noDht, routers, json,
        };
        command.SetAction(parsed => TorrentGetAction.Run(new TorrentGetSettings
        {
            Torrent = parsed.GetRequiredValue(torrent),
            Dir = parsed.GetValue(dir),
            Listen = parsed.GetValue(listen),
            Peers = parsed.GetValue(peers) ?? [],
            Seed = parsed.GetValue(seed),
            Exit = parsed.GetValue(exit),
            Encryption = parsed.GetValue(encryption),
            Select = parsed.GetValue(select),
            Down = parsed.GetValue(down),
            Up = parsed.GetValue(up),
            UseDht = !parsed.GetValue(noDht),
            DhtRouters = parsed.GetValue(routers) ?? [],
            Json = parsed.GetValue(json),
        }));
        return command;
    }

    /// <summary>Reads bytes a second: a number, alone or with K, M or G (of 1024).</summary>
    public static bool TryParseRate(string text, out long bytesPerSecond)
    {
        int shift = text.Length == 0 ? 0 : char.ToUpperInvariant(text[^1]) switch { 'K' => 10, 'M' => 20, 'G' => 30, _ => 0 };
        string digits = shift > 0 ? text[..^1] : text;
        bytesPerSecond = 0;
        if (!long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out long number) || number > (1L << 40) >> shift)
        {
            return false;
        }

        bytesPerSecond = number << shift;
        return true;
    }

    private static Option<long> RateOption(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "RATE",
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            if (!TryParseRate(text, out long rate))
            {
                result.AddError($"{name} {text}: give bytes a second, like 500000, 500K or 2M; 0 for no limit.");
            }

            return rate;
        },
    };

    private static MsePolicy ParseEncryption(ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        switch (text)
        {
            case "prefer": return MsePolicy.Prefer;
            case "require": return MsePolicy.Require;
            case "off": return MsePolicy.Off;
            default:
                result.AddError($"--encryption {text}: give prefer, require or off.");
                return MsePolicy.Prefer;
        }
    }

    private static FileSelection? ParseSelection(ArgumentResult result)
    {
        if (FileSelection.TryParse(result.Tokens[0].Value, out FileSelection? selection, out Problem? problem))
        {
            return selection;
        }

        result.AddError($"--select {problem}");
        return null;
    }
}
