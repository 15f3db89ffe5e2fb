using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Dht;
using Starling.Core.Metainfo;
using Starling.Core.Primitives;
using Starling.Runtime.Discovery;

namespace Starling.Runtime.Torrents;

/// <summary>
/// Follows what torrent an author names (BEP 46): looks the item up in the DHT until it is there and again every ten minutes, and puts it back every hour, as whoever
/// has it may, so that it outlives the author's machine.
/// </summary>
public sealed class TorrentFeed : IAsyncDisposable
{
    /// <summary>The longest wait between two looks while no version is known.</summary>
    public static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(30);

    /// <summary>The wait between two looks once a version is known.</summary>
    public static readonly TimeSpan PollInterval = TimeSpan.FromMinutes(10);

    /// <summary>The wait between two puts of the version that is known; nodes keep it for two hours.</summary>
    public static readonly TimeSpan PutInterval = TimeSpan.FromHours(1);

    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(1);

    private readonly PeerFinder _finder;
    private readonly MutableMagnet _link;
    private readonly TimeSpan _poll;
    private readonly Action<TorrentVersionNamed> _named;
    private readonly Action<Problem> _remark;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _running;
    private readonly HashSet<string> _told = [];
    private DhtItem? _newest;
    private long _putAt;

    private TorrentFeed(PeerFinder finder, MutableMagnet link, TimeSpan poll, Action<TorrentVersionNamed> named, Action<Problem> remark)
    {
        (_finder, _link, _poll, _named, _remark) = (finder, link, poll, named, remark);
        _running = Task.Run(RunAsync);
    }

    /// <summary>Begins.</summary>
    /// <param name="finder">Has the node of the DHT.</param>
    /// <param name="link">Whose torrent.</param>
    /// <param name="poll">The wait between two looks once a version is known: <see cref="PollInterval"/>.</param>
    /// <param name="named">Gets each version that differs from the one before, one call at a time, from a thread of the pool.</param>
    /// <param name="remark">Told once of what keeps it waiting.</param>
    public static TorrentFeed Follow(
        PeerFinder finder, MutableMagnet link, TimeSpan poll, Action<TorrentVersionNamed> named, Action<Problem> remark)
    {
        ArgumentNullException.ThrowIfNull(finder);
        ArgumentNullException.ThrowIfNull(link);
        return new TorrentFeed(finder, link, poll, named, remark);
    }

    /// <summary>Looks no more. Nothing is told afterwards.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
        _stopping.Dispose();
    }

    private async Task RunAsync()
    {
        TimeSpan retry = FirstRetry;
        while (!_stopping.IsCancellationRequested)
        {
            DhtItem? found = await LookAsync().ConfigureAwait(false);
            if (_stopping.IsCancellationRequested)
            {
                return;
            }

            Take(found);
            if (_newest is { } newest && Stopwatch.GetElapsedTime(_putAt) >= PutInterval)
            {
                _putAt = Stopwatch.GetTimestamp();
                Task put = _finder.PutItemAsync(newest, null);
                await put.WaitAsync(_stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            TimeSpan wait = _newest is null ? retry : _poll;
            retry = retry * 2 < LongestRetry ? retry * 2 : LongestRetry;
            await Task.Delay(wait, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<DhtItem?> LookAsync()
    {
        try
        {
            return await _finder.GetItemAsync(_link.Key, _link.Salt).WaitAsync(_stopping.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    private void Take(DhtItem? found)
    {
        if (found is null)
        {
            if (_newest is null)
            {
                Tell(_finder.DhtNodeCount == 0
                    ? new Problem("dht", "No node of the DHT answers, which alone knows what this link names", "Name one with --dht-router HOST:PORT; it is tried again")
                    : new Problem("no-item", "Nobody in the DHT has an item of this author and salt now", "Ask the author to publish it again; it is looked for until it is there"));
            }
        }
        else if (_newest is null || found.Sequence > _newest.Sequence)
        {
            bool isNew = _newest is null || !found.Value.Span.SequenceEqual(_newest.Value.Span);
            _newest = found;
            _putAt = Stopwatch.GetTimestamp();
            if (!TorrentPointer.TryRead(found.Value, out TorrentPointer? pointer))
            {
                Tell(new Problem("item", $"Version {found.Sequence} of this author's item names no torrent"));
            }
            else if (isNew)
            {
                _named(new TorrentVersionNamed(pointer, found.Sequence));
            }
        }
    }

    private void Tell(Problem problem)
    {
        if (_told.Add(problem.Reason))
        {
            _remark(problem);
        }
    }
}

/// <summary>The torrent that an author names.</summary>
/// <param name="Torrent">Its info-hashes.</param>
/// <param name="Sequence">The version of the item.</param>
public sealed record TorrentVersionNamed(TorrentPointer Torrent, long Sequence);
