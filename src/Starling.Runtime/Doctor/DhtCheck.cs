using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Dht;
using Starling.Core.Primitives;
using Starling.Runtime.Identity;
using Starling.Runtime.Network;

namespace Starling.Runtime.Doctor;

/// <summary>Joins the DHT by the nodes that are known, for a few seconds, announcing nothing.</summary>
/// <param name="options">The nodes.</param>
/// <param name="udp">The examination's port; null: it has none.</param>
internal sealed class DhtCheck(ExaminationOptions options, UdpPort? udp) : ICheck
{
    // After the first answer, how long the table may fill before it is counted.
    private static readonly TimeSpan Filling = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(50);

    public string Name => "DHT";

    public async Task<IReadOnlyList<Finding>> RunAsync(CancellationToken cancellation)
    {
        if (udp is null)
        {
            return [new Finding(Name, "nodes", Health.Failed, "no UDP port, no DHT", "See the finding of the UDP port")];
        }

        string? file = options.NodeFiles.FirstOrDefault(path => NodeFile.Read(path).Length > 0);
        if (file is null && options.Nodes.Count == 0)
        {
            return
            [
                new Finding(
                    Name,
                    "nodes",
                    Health.Warning,
                    "nobody to begin with: no node is named, and none is saved from an earlier run",
                    "Name one with --dht-router HOST:PORT. Peers that are found in another way bring nodes too"),
            ];
        }

        var problems = new List<Problem>();
        long start = Stopwatch.GetTimestamp();
        await using DhtService service = DhtService.Start(
            new DhtServiceOptions { Nodes = options.Nodes, File = file, IsReadOnly = true, Failed = problems.Add }, udp, new Ed25519Verifier());
        if (!await AnswersAsync(service, start, cancellation).ConfigureAwait(false))
        {
            string asked = string.Join(", ", options.Nodes.Concat(file is null ? [] : [$"those saved in {file}"]));
            return
            [
                new Finding(
                    Name,
                    "nodes",
                    Health.Failed,
                    string.Create(CultureInfo.InvariantCulture, $"none of the nodes to begin with answered within {options.DhtPatience.TotalSeconds:0.#} s: {asked}")
                        + string.Concat(problems.Select(problem => $"; {problem.Reason}")),
                    "Name a node that is up with --dht-router HOST:PORT, and let UDP through this machine's firewall"),
            ];
        }

        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        await Task.Delay(Filling, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return
        [
            .. await CountAsync(service, cancellation).ConfigureAwait(false),
            new Finding(
                Name,
                "nodes",
                Health.Ok,
                string.Create(CultureInfo.InvariantCulture, $"the first node answered after {seconds:0.0} s; {service.NodeCount} known {Filling.TotalSeconds:0} s later")),
        ];
    }

    /// <summary>How many peers the DHT knows of the task or torrent, if one is named.</summary>
    private async Task<IReadOnlyList<Finding>> CountAsync(DhtService service, CancellationToken cancellation)
    {
        if (options.Swarm is not { } swarm)
        {
            return [];
        }

        DhtEffect.Scraped? counted = await service.ScrapeAsync(swarm).WaitAsync(cancellation).ConfigureAwait(false);
        return
        [
            new Finding(
                Name,
                "swarm",
                Health.Ok,
                string.Create(CultureInfo.InvariantCulture, $"about {counted?.Seeds ?? 0:0} peers with everything and {counted?.Peers ?? 0:0} others are announced")),
        ];
    }

    private async Task<bool> AnswersAsync(DhtService service, long start, CancellationToken cancellation)
    {
        while (service.NodeCount == 0 && Stopwatch.GetElapsedTime(start) < options.DhtPatience)
        {
            await Task.Delay(Look, cancellation).ConfigureAwait(false);
        }

        return service.NodeCount > 0;
    }
}
