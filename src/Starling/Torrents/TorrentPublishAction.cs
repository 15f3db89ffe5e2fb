using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.IO;
using System.Net;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Starling.Display;
using Starling.Core.Metainfo;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Events;
using Starling.Run;
using Starling.Runtime.Discovery;
using Starling.Runtime.Identity;
using Starling.Runtime.Network;
using Starling.Runtime.Torrents;

namespace Starling.Torrents;

/// <summary>What <c>starling torrent publish</c> does.</summary>
internal static class TorrentPublishAction
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static int Run(TorrentPublishSettings settings)
    {
        var clock = new RunClock();
        using var writer = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false));
        var output = new TorrentOutput(writer, settings.Json, terminal: false, clock);
        if (!TryLoad(settings.Torrent, out TorrentMagnet? torrent, out IReadOnlyList<string>? nodes, out Problem? problem))
        {
            Tell(output, settings, problem);
            return ExitCode.Usage;
        }

        // The author's own key, which signs task files too.
        if (!IdentityFile.TryLoadOrCreate(OwnerKeys.Folder, out Ed25519Identity? identity, out problem)
            || !TryOpen(settings.Listen, out UdpPort? udp, out problem))
        {
            Tell(output, settings, problem);
            return ExitCode.Failed;
        }

        using var stop = new CancellationTokenSource();
        using var signals = new RunSignals(_ => stop.Cancel(), () => Environment.Exit(ExitCode.Stopped));
        return PublishAsync(settings, torrent, nodes, identity, udp, output, stop.Token).GetAwaiter().GetResult();
    }

    private static async Task<int> PublishAsync(
        TorrentPublishSettings settings,
        TorrentMagnet torrent,
        IReadOnlyList<string> nodes,
        Ed25519Identity identity,
        UdpPort udp,
        TorrentOutput output,
        CancellationToken stop)
    {
        await using UdpPort owned = udp;
        string? home = Environment.GetEnvironmentVariable("STARLING_HOME");
        await using var finder = new PeerFinder(
            new PeerFinderOptions
            {
                Listener = udp.EndPoint,
                Locally = false,
                AskTrackers = false,
                DhtPort = udp,
                DhtNodes = [.. settings.DhtRouters, .. nodes],
                DhtFile = string.IsNullOrEmpty(home) ? null : Path.Combine(home, TorrentGet.DhtFile),
                Remark = problem => Tell(output, settings, problem),
            },
            new Ed25519Verifier());
        var author = new TorrentAuthor(finder, identity, settings.Salt);
        if (!await author.HasNodesAsync(Patience, stop).ConfigureAwait(false))
        {
            Tell(output, settings, new Problem("dht", "No node of the DHT answers", "Name one with --dht-router HOST:PORT; see 'starling doctor'"));
            return stop.IsCancellationRequested ? ExitCode.Stopped : ExitCode.Failed;
        }

        var link = new MutableMagnet { Key = identity.PublicKey, Salt = settings.Salt, Trackers = torrent.Trackers };
        bool isPublished = false;
        do
        {
            PublishedVersion version = await author.PublishAsync(TorrentPointer.To(torrent), DateTimeOffset.UtcNow.ToUnixTimeSeconds()).ConfigureAwait(false);
            isPublished |= version.Nodes > 0;
            if (version.Nodes > 0)
            {
                output.Tell(new TorrentEvent
                {
                    Event = "published",
                    Sequence = version.Sequence,
                    Nodes = version.Nodes,
                    Magnet = link.ToString(),
                    V1 = torrent.InfoHashV1?.ToString(),
                    V2 = torrent.InfoHashV2?.ToString(),
                });
            }
            else
            {
                string why = version.Refusals.Count == 0 ? "no node took it" : $"nodes refuse it with {string.Join(", ", version.Refusals)}";
                Tell(output, settings, new Problem("not-published", $"Version {version.Sequence} is not published: {why}", settings.Once ? "Try again" : "It is tried again in an hour"));
            }

            if (!settings.Once)
            {
                await Task.Delay(TorrentFeed.PutInterval, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
        while (!settings.Once && !stop.IsCancellationRequested);

        return isPublished ? ExitCode.Done : ExitCode.Failed;
    }

    /// <summary>Where it is asked for, or any free port of all families that there are.</summary>
    private static bool TryOpen(IPEndPoint? wanted, [NotNullWhen(true)] out UdpPort? udp, [NotNullWhen(false)] out Problem? problem) => wanted is not null
        ? UdpPort.TryOpen(wanted, out udp, out problem)
        : UdpPort.TryOpen(new IPEndPoint(IPAddress.IPv6Any, 0), out udp, out problem) || UdpPort.TryOpen(new IPEndPoint(IPAddress.Any, 0), out udp, out problem);

    private static bool TryLoad(
        string text, [NotNullWhen(true)] out TorrentMagnet? torrent, [NotNullWhen(true)] out IReadOnlyList<string>? nodes, [NotNullWhen(false)] out Problem? problem)
    {
        nodes = [];
        torrent = null;
        if (MagnetLink.IsMagnet(text))
        {
            return TorrentMagnet.TryParse(text, out torrent, out problem);
        }

        if (!TorrentFileReading.TryRead(text, out TorrentFile? file, out problem))
        {
            return false;
        }

        if (file.Info.IsPrivate)
        {
            problem = new Problem("private", $"{text} is private: its peers come from its trackers alone, and the DHT is told nothing of it", "Share the .torrent file itself");
            return false;
        }

        nodes = file.Nodes;
        torrent = TorrentMagnet.Of(file, []);
        return true;
    }

    private static void Tell(TorrentOutput output, TorrentPublishSettings settings, Problem problem)
    {
        if (!settings.Json)
        {
            Console.Error.WriteLine($"starling torrent publish: {VisibleText.OfLines(problem.ToString())}");
            return;
        }

        output.Tell(new TorrentEvent { Event = "error", Code = problem.Code, Reason = problem.Reason, Hint = problem.Hint.Length > 0 ? problem.Hint : null });
    }
}
