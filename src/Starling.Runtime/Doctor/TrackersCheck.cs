using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Primitives;
using Starling.Core.Trackers;
using Starling.Core.Wire;
using Starling.Runtime.Trackers;

namespace Starling.Runtime.Doctor;

/// <summary>
/// Asks each tracker over each family. The question is a farewell (<c>stopped</c>, no peers wanted), so that no tracker remembers this machine or tells others
/// of it.
/// </summary>
/// <param name="options">The trackers, and the swarm that they are asked about.</param>
/// <param name="listener">Decides the families.</param>
internal sealed class TrackersCheck(ExaminationOptions options, IPEndPoint listener) : ICheck
{
    /// <summary>Trackers asked; further ones are not.</summary>
    public const int MaxTrackers = 32;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan UdpFirstWait = TimeSpan.FromSeconds(2);

    private readonly TaskCompletionSource<IReadOnlyList<RemoteTime>> _times = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<RemoteTime> _seen = [];
    private readonly HttpTrackerClient _http = new(Patience);
    private readonly UdpTrackerClient _udp = new(UdpFirstWait);
    private readonly PeerId _peerId = PeerId.Create(new DeterministicRandom(BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)))));
    private readonly InfoHash _swarm = options.Swarm ?? new InfoHash(RandomNumberGenerator.GetBytes(InfoHash.Size));

    public string Name => "trackers";

    /// <summary>The clocks of trackers; complete when the check is.</summary>
    public Task<IReadOnlyList<RemoteTime>> RemoteTimes => _times.Task;

    public async Task<IReadOnlyList<Finding>> RunAsync(CancellationToken cancellation)
    {
        try
        {
            if (options.Trackers.Count == 0)
            {
                return [new Finding(Name, "", Health.Ok, "none named: name a TASK that has trackers, or one with --tracker URL")];
            }

            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            limit.CancelAfter(Patience);
            Finding[] findings = await Task.WhenAll(options.Trackers.Take(MaxTrackers).Select(text => AskAsync(text, limit.Token))).ConfigureAwait(false);

            // One tracker that answers brings the peers; of the others the owner is told, no more.
            bool oneAnswers = findings.Any(finding => finding.Health == Health.Ok);
            return [.. findings.Select(finding => oneAnswers && finding.Health == Health.Failed ? finding with { Health = Health.Warning } : finding)];
        }
        finally
        {
            lock (_seen)
            {
                _times.TrySetResult([.. _seen]);
            }
        }
    }

    private async Task<Finding> AskAsync(string text, CancellationToken cancellation)
    {
        if (!TrackerUrl.TryParse(text, out TrackerUrl? url, out Problem? problem))
        {
            return new Finding(Name, text, Health.Failed, problem.Reason, problem.Hint);
        }

        long start = Stopwatch.GetTimestamp();
        (TrackerPath Path, TrackerOutcome Outcome)[] ended =
            await Task.WhenAll(TrackerPath.Of(listener).Select(path => AskAsync(url, path, cancellation))).ConfigureAwait(false);
        double ms = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        string[] families = [.. ended.Where(each => each.Outcome.Answer is not null).Select(each => NameOf(each.Path))];
        if (families.Length > 0)
        {
            return new Finding(
                Name, text, Health.Ok, string.Create(CultureInfo.InvariantCulture, $"answers over {string.Join(" and ", families)} within {ms:0} ms"));
        }

        TrackerFailure failure = ended.Select(each => each.Outcome.Failure!).OrderBy(each => each.Refused ? 0 : 1).First();
        string reasons = string.Join("; ", ended
            .Where(each => each.Outcome.Failure!.Refused == failure.Refused)
            .Select(each => $"{NameOf(each.Path)}: {each.Outcome.Failure!.Reason}").Distinct());
        return !failure.Refused
            ? new Finding(Name, text, Health.Failed, $"no answer ({reasons})", "Check the address and whether the tracker is up; peers are found in other ways too")
            : options.Swarm is null
                ? new Finding(Name, text, Health.Ok, $"answers, and refuses a swarm that it does not know ({reasons})")
                : new Finding(Name, text, Health.Failed, $"refuses this swarm ({reasons})", "Ask its owner whether it takes this task, or name another tracker");
    }

    private async Task<(TrackerPath Path, TrackerOutcome Outcome)> AskAsync(TrackerUrl url, TrackerPath path, CancellationToken cancellation)
    {
        TrackerOutcome outcome = url.Scheme == TrackerScheme.Udp
            ? await _udp.AnnounceAsync(url, Request, path, null, cancellation).ConfigureAwait(false)
            : await _http.AnnounceAsync(url, Request, path, cancellation).ConfigureAwait(false);
        if (outcome.Date is { } date)
        {
            lock (_seen)
            {
                _seen.Add(new RemoteTime(url.Host, date - DateTimeOffset.UtcNow));
            }
        }

        return (path, outcome);
    }

    private AnnounceRequest Request(PeerAddress tracker) => new()
    {
        InfoHash = _swarm,
        PeerId = _peerId,
        Port = listener.Port == 0 ? 1 : listener.Port,
        Left = 1,
        Event = AnnounceEvent.Stopped,
        Wanted = 0,
    };

    private static string NameOf(TrackerPath path) => path.Family == AddressFamily.InterNetworkV6 ? "IPv6" : "IPv4";
}
