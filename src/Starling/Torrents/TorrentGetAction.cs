using System;
using System.Diagnostics.CodeAnalysis;
using System.IO;
using System.Text;
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
        if (!TryLoad(settings, out TorrentRequest? request, out Problem? problem))
        {
            if (settings.Json)
            {
                output.Tell(new TorrentEvent
                {
                    Event = "error",
                    Code = problem.Code,
                    Reason = problem.Reason,
                    Hint = problem.Hint.Length > 0 ? problem.Hint : null,
                });
            }
            else
            {
                Console.Error.WriteLine($"starling torrent get: {problem}");
            }

            return ExitCode.Usage;
        }

        var get = new TorrentGet(settings, request, output, clock);
        using var signals = new RunSignals(_ => get.Stop(), () => Environment.Exit(ExitCode.Stopped));
        return get.RunAsync().GetAwaiter().GetResult();
    }

    private static bool TryLoad(TorrentGetSettings settings, [NotNullWhen(true)] out TorrentRequest? request, [NotNullWhen(false)] out Problem? problem)
    {
        request = null;
        string folder = Path.GetFullPath(settings.Dir ?? ".");
        if (settings.Torrent.StartsWith("magnet:", StringComparison.OrdinalIgnoreCase))
        {
            if (!TorrentMagnet.TryParse(settings.Torrent, out TorrentMagnet? magnet, out problem))
            {
                return false;
            }

            // An earlier start has the metadata already.
            TorrentFile? known = TorrentFolder.ReadTorrent(folder, magnet.SwarmHashes[0]);
            request = Request(settings, folder) with
            {
                File = known is not null && magnet.Names(known.Info) ? known : null,
                Magnet = magnet,
                Selection = settings.Select ?? magnet.Selection,
            };
            return true;
        }

        if (!TorrentFileReading.TryRead(settings.Torrent, out TorrentFile? file, out problem))
        {
            return false;
        }

        request = Request(settings, folder) with { File = file, Selection = settings.Select };
        return true;
    }

    private static TorrentRequest Request(TorrentGetSettings settings, string folder) => new()
    {
        Folder = folder,
        DownRate = settings.Down,
        UpRate = settings.Up,
    };
}
