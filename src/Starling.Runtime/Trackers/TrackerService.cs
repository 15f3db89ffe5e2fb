using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using System.Security.Cryptography;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Primitives;
using Starling.Core.Trackers;
using Starling.Core.Wire;

namespace Starling.Runtime.Trackers;

/// <summary>
/// Tells the trackers of one swarm that this peer is there, and reports the peers that they name. Works in the background from
/// <see cref="Start"/> on; ending it says goodbye, within a bounded time.
/// </summary>
public sealed class TrackerService : IAsyncDisposable
{
    /// <summary>Announces under way at once; further ones wait.</summary>
    public const int MaxParallel = 8;

    private readonly TrackerServiceOptions _options;
    private readonly AnnounceSchedule _schedule;
    private readonly IReadOnlyList<TrackerPath> _paths;
    private readonly HttpTrackerClient _http;
    private readonly UdpTrackerClient _udp;
    private readonly PeerId _peerId;
    private readonly uint _key = BinaryPrimitives.ReadUInt32LittleEndian(RandomNumberGenerator.GetBytes(sizeof(uint)));
    private readonly CancellationTokenSource _stopping = new();
    private readonly SemaphoreSlim _changed = new(0, 1);
    private readonly SemaphoreSlim _places;
    private readonly Lock _gate = new();
    private readonly HashSet<Task> _announces = [];
    private readonly HashSet<(string Tracker, string Kind)> _told = [];
    private readonly Task _running;
    private volatile int _mappedPort;
    private int _disposed;

    private TrackerService(TrackerServiceOptions options, IReadOnlyList<IReadOnlyList<TrackerUrl>> tiers)
    {
        _options = options;
        _places = options.Places ?? new SemaphoreSlim(MaxParallel, MaxParallel);
        _paths = TrackerPath.Of(options.Listener);
        _http = new HttpTrackerClient(options.HttpTime);
        _udp = new UdpTrackerClient(options.UdpFirstWait);
        var random = new DeterministicRandom(BinaryPrimitives.ReadUInt64LittleEndian(RandomNumberGenerator.GetBytes(sizeof(ulong))));
        _peerId = PeerId.Create(random);
        _schedule = new AnnounceSchedule(tiers, options.Schedule, random, options.IsComplete);
        _running = Task.Run(RunAsync);
    }

    /// <summary>Every tracker as it stands.</summary>
    public IReadOnlyList<TrackerState> States
    {
        get
        {
            lock (_gate)
            {
                return _schedule.States;
            }
        }
    }

    /// <summary>Begins; null when no tier names a tracker that can be asked. Addresses that are none are told and left out.</summary>
    public static TrackerService? Start(TrackerServiceOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var tiers = new List<IReadOnlyList<TrackerUrl>>();
        foreach (IReadOnlyList<string> tier in options.Tiers)
        {
            var urls = new List<TrackerUrl>();
            foreach (string text in tier)
            {
                if (TrackerUrl.TryParse(text, out TrackerUrl? url, out Problem? problem))
                {
                    urls.Add(url);
                }
                else
                {
                    options.Remark?.Invoke(problem);
                }
            }

            tiers.Add(urls);
        }

        return tiers.Any(tier => tier.Count > 0) ? new TrackerService(options, tiers) : null;
    }

    /// <summary>How many peers are connected; with few, trackers are asked earlier.</summary>
    public void Connected(int peers) => Change(schedule => schedule.Connected(peers));

    /// <summary>The last missing byte is here; <paramref name="wasHere"/>: it turned out that none was missing from the start.</summary>
    public void Completed(bool wasHere = false) => Change(schedule => schedule.Completed(Now(), wasHere));

    /// <summary>The router forwards this port to the listener: trackers on the Internet are told it. 0: none is forwarded any more.</summary>
    public void Mapped(int port)
    {
        if (Interlocked.Exchange(ref _mappedPort, port) != port)
        {
            Change(schedule => schedule.TellAgain(Now()));
        }
    }

    /// <summary>Asks the trackers of the swarm for its counts (BEP 48); one that fails is left out.</summary>
    public async Task<IReadOnlyList<(TrackerUrl Tracker, ScrapeCounts Counts)>> ScrapeAsync(CancellationToken cancellation)
    {
        IReadOnlyList<InfoHash> swarm = [_options.InfoHash];
        var counts = new List<(TrackerUrl, ScrapeCounts)>();
        foreach (TrackerUrl tracker in States.Select(state => state.Url))
        {
            foreach (TrackerPath path in _paths)
            {
                ScrapeCounts? found = tracker.Scheme == TrackerScheme.Udp
                    ? (await _udp.ScrapeAsync(tracker, swarm, path, cancellation).ConfigureAwait(false)).Counts?.FirstOrDefault()
                    : (await _http.ScrapeAsync(tracker, swarm, path, cancellation).ConfigureAwait(false)).Counts is [var first, ..] ? first.Counts : null;
                if (found is { } known)
                {
                    counts.Add((tracker, known));
                    break;
                }
            }
        }

        return counts;
    }

    /// <summary>Ends it: announces under way are dropped, trackers that know this peer are told that it leaves. No peer is reported afterwards.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        await _stopping.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
        Task[] announces;
        IReadOnlyList<TrackerAnnounce> farewells;
        lock (_gate)
        {
            announces = [.. _announces];
            farewells = _schedule.Stop();
        }

        await Task.WhenAll(announces).ConfigureAwait(false);
        if (farewells.Count > 0)
        {
            using var limit = new CancellationTokenSource(_options.FarewellTime);
            await Task.WhenAll(farewells.SelectMany(farewell => _paths.Select(path => AskAsync(farewell, path, _options.FarewellTime / 4, limit.Token))))
                .ConfigureAwait(false);
        }
    }

    private static Instant Now() => new(Stopwatch.GetElapsedTime(0).Ticks);

    private void Change(Action<AnnounceSchedule> change)
    {
        lock (_gate)
        {
            change(_schedule);
        }

        Nudge();
    }

    private void Nudge()
    {
        try
        {
            _changed.Release();
        }
        catch (SemaphoreFullException)
        {
            // It is awake already.
        }
    }

    private async Task RunAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            TimeSpan wait;
            lock (_gate)
            {
                foreach (TrackerAnnounce announce in _schedule.Due(Now()))
                {
                    Begin(announce);
                }

                Instant next = _schedule.NextDue;
                TimeSpan left = next == Instant.Never ? TimeSpan.FromHours(1) : next - Now();
                wait = left > TimeSpan.FromHours(1) ? TimeSpan.FromHours(1) : left < TimeSpan.FromMilliseconds(1) ? TimeSpan.FromMilliseconds(1) : left;
            }

            try
            {
                await _changed.WaitAsync(wait, _stopping.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private void Begin(TrackerAnnounce announce)
    {
        Task task = Task.Run(() => AnnounceAsync(announce));
        _announces.Add(task);
        _ = task.ContinueWith(
            ended =>
            {
                lock (_gate)
                {
                    _announces.Remove(ended);
                }
            },
            TaskScheduler.Default);
    }

    /// <summary>Asks over every family; the first answer counts for the schedule, the peers of each are reported as they come.</summary>
    private async Task AnnounceAsync(TrackerAnnounce announce)
    {
        bool reported = false;
        TrackerFailure? failure = null;
        try
        {
            await _places.WaitAsync(_stopping.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return;
        }

        try
        {
            List<Task<TrackerOutcome>> asked = [.. _paths.Select(path => AskAsync(announce, path, null, _stopping.Token))];
            while (asked.Count > 0)
            {
                Task<TrackerOutcome> ended = await Task.WhenAny(asked).ConfigureAwait(false);
                asked.Remove(ended);
                TrackerOutcome outcome = await ended.ConfigureAwait(false);
                if (_stopping.IsCancellationRequested)
                {
                    continue;
                }

                if (outcome.Answer is { } answer)
                {
                    Take(announce, answer, outcome.Tracker, first: !reported);
                    reported = true;
                }
                else if (failure is null || outcome.Failure is { Refused: true } || (outcome.Tracker != default && !failure.Refused))
                {
                    // A family in which the tracker has no address says least.
                    failure = outcome.Failure;
                }
            }
        }
        finally
        {
            _places.Release();
        }

        if (!reported && !_stopping.IsCancellationRequested)
        {
            TrackerFailure why = failure ?? new TrackerFailure("it can't be reached");
            Change(schedule => schedule.Failed(announce.Tracker, why, Now()));
            Tell(announce.Url, "failure", new Problem(
                "tracker",
                $"The tracker {announce.Url} {(why.Refused ? "refuses" : "brings no peers")}: {why.Reason}",
                why.Refused
                    ? "Ask its owner whether it takes this task, or name another tracker or --peer HOST:PORT"
                    : "It is asked again by itself; check the address, or name peers with --peer HOST:PORT"));
        }
    }

    private void Take(TrackerAnnounce announce, AnnounceAnswer answer, PeerAddress tracker, bool first)
    {
        if (first)
        {
            Change(schedule => schedule.Succeeded(announce.Tracker, answer, Now()));
        }

        IReadOnlyList<PeerAddress> peers = FoundPeers.Usable(answer.Peers, tracker);
        if (peers.Count > 0)
        {
            _options.Found(announce.Url, peers);
        }

        if (answer.Warning is { } warning)
        {
            Tell(announce.Url, "warning", new Problem("tracker-warning", $"The tracker {announce.Url} warns: {warning}"));
        }
    }

    private void Tell(TrackerUrl tracker, string kind, Problem problem)
    {
        lock (_gate)
        {
            if (!_told.Add((tracker.Text, kind)))
            {
                return;
            }
        }

        _options.Remark?.Invoke(problem);
    }

    private Task<TrackerOutcome> AskAsync(TrackerAnnounce announce, TrackerPath path, TimeSpan? hurry, CancellationToken cancellation) =>
        announce.Url.Scheme == TrackerScheme.Udp
            ? _udp.AnnounceAsync(announce.Url, address => Request(announce, address), path, hurry, cancellation)
            : _http.AnnounceAsync(announce.Url, address => Request(announce, address), path, cancellation);

    private AnnounceRequest Request(TrackerAnnounce announce, PeerAddress tracker)
    {
        TransferTotals totals = _options.Totals();
        int mapped = _mappedPort;
        return new AnnounceRequest
        {
            InfoHash = _options.InfoHash,
            PeerId = _peerId,

            // A tracker inside the local network tells others the inner address, for which the inner port is right.
            Port = mapped != 0 && AddressScopes.Of(tracker) == AddressScope.Public ? mapped : _options.Listener.Port,
            Uploaded = totals.Uploaded,
            Downloaded = totals.Downloaded,
            Left = totals.Left,
            Event = announce.Event,
            Key = _key,
            Wanted = announce.Event == AnnounceEvent.Stopped ? 0 : AnnounceRequest.DefaultWanted,
            TrackerId = announce.TrackerId,
        };
    }
}
