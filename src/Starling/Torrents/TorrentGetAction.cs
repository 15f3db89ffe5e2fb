using System;
using System.Diagnostics.CodeAnalysis;
using System.IO;
using System.Text;
using Starling.Display;
using Starling.Core.Metainfo;
using Starling.Core.Primitives;
using Starling.Events;
using Starling.Run;
using Starling.Runtime.Torrents;

namespace Starling.Torrents;

/// <summary>What <c>starling torrent get</c> does.</summary>
internal static class TorrentGetAction
{
    public static int Run(TorrentGetSettings settings)
    {
        var clock = new RunClock();
        bool terminal = !Console.IsOutputRedirected && Environment.GetEnvironmentVariable("TERM") is not (null or "" or "dumb");
        using var writer = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false));
        var output = new TorrentOutput(writer, settings.Json, terminal, clock);
        MutableMagnet? feed = null;
        TorrentRequest? request = null;
        bool isFeed = MutableMagnet.IsOne(settings.Torrent);
        Problem? problem;
        if (isFeed ? !TryLoadFeed(settings, out feed, out problem) : !TryLoad(settings, out request, out problem))
        {
            if (settings.Json)
            {
                output.Tell(new TorrentEvent
                {
                    Event = "error",
                    Code = problem!.Code,
                    Reason = problem.Reason,
                    Hint = problem.Hint.Length > 0 ? problem.Hint : null,
                });
            }
            else
            {
                Console.Error.WriteLine($"starling torrent get: {VisibleText.OfLines($"{problem}")}");
            }

            return ExitCode.Usage;
        }

        var get = new TorrentGet(settings, request, feed, output, clock);
        using var signals = new RunSignals(_ => get.Stop(), () => Environment.Exit(ExitCode.Stopped));
        return get.RunAsync().GetAwaiter().GetResult();
    }

    private static bool TryLoadFeed(TorrentGetSettings settings, out MutableMagnet? feed, out Problem? problem)
    {
        if (!MutableMagnet.TryParse(settings.Torrent, out feed, out problem))
        {
            return false;
        }

        problem = settings.UseDht ? null : new Problem("dht", "What this link names is known to the DHT alone", "Leave out --no-dht");
        return problem is null;
    }

    private static bool TryLoad(TorrentGetSettings settings, [NotNullWhen(true)] out TorrentRequest? request, [NotNullWhen(false)] out Problem? problem)
    {
        request = null;
        if (settings.Torrent.StartsWith("magnet:", StringComparison.OrdinalIgnoreCase))
        {
            if (!TorrentMagnet.TryParse(settings.Torrent, out TorrentMagnet? magnet, out problem))
            {
                return false;
            }

            request = settings.RequestOf(magnet);
            return true;
        }

        if (!TorrentFileReading.TryRead(settings.Torrent, out TorrentFile? file, out problem))
        {
            return false;
        }

        request = settings.RequestOf(file);
        return true;
    }
}
