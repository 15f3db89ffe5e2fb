using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using System.Threading.Tasks;
using Starling.Core.Metainfo;
using Starling.Core.Primitives;
using Starling.Core.Torrents;
using Starling.Events;
using Starling.Runtime.Discovery;
using Starling.Runtime.Identity;
using Starling.Runtime.Network;
using Starling.Runtime.Torrents;

namespace Starling.Torrents;

/// <summary>One <c>starling torrent get</c>, from the open port to the exit code.</summary>
internal sealed class TorrentGet : ITorrentObserver
{
    /// <summary>Where known nodes are kept, in <c>$STARLING_HOME</c>.</summary>
    public const string DhtFile = "dht";

    private static readonly TimeSpan ProgressInterval = TimeSpan.FromMilliseconds(500);

    private readonly TorrentGetSettings _settings;
    private readonly TorrentRequest? _first;
    private readonly MutableMagnet? _feed;
    private readonly TorrentOutput _output;
    private readonly RunClock _clock;
    private readonly TaskCompletionSource<int> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly NewestVersion _newest = new();
    private readonly List<DataSnapshot> _before = [];
    private TorrentInfo? _info;
    private string _root = "";
    private volatile bool _complete;
    private volatile bool _wasComplete;

    /// <param name="settings">The command line.</param>
    /// <param name="first">The torrent; null: whatever <paramref name="feed"/> names.</param>
    /// <param name="feed">The link to whatever an author names; null: there is none.</param>
    /// <param name="output">Where events go.</param>
    /// <param name="clock">Their times.</param>
    public TorrentGet(TorrentGetSettings settings, TorrentRequest? first, MutableMagnet? feed, TorrentOutput output, RunClock clock)
    {
        _settings = settings;
        _first = first;
        _feed = feed;
        _output = output;
        _clock = clock;
    }

    /// <summary>Ends it; whether that is a success depends on what is here by then.</summary>
    public void Stop() => _ended.TrySetResult(_complete ? ExitCode.Done : ExitCode.Stopped);

    public async Task<int> RunAsync()
    {
        var listening = new LinkTransportOptions
        {
            Listen = _settings.Listen,
            Refused = (_, problem) => Tell("refused", problem),
        };
        if (!ConnectionListener.TryOpenBoth(listening, out ConnectionListener? listener, out UdpPort? udp, out Problem? problem))
        {
            Tell("error", problem!);
            return ExitCode.Failed;
        }

        await using UdpPort? datagrams = udp;
        if (problem is not null)
        {
            Tell("refused", problem);
        }

        await using ConnectionListener port = listener;
        await using UtpEndpoint? utp = udp is null ? null : UtpEndpoint.Start(udp);
        if (utp is not null)
        {
            listener.Accept(utp);
        }

        var hosting = new TorrentHostOptions { Encryption = _settings.Encryption, Utp = utp, HasDhtNode = _settings.UseDht && udp is not null };
        await using var host = new TorrentHost(hosting, listener, Crashed);
        await using var finder = new PeerFinder(Finding(listener.EndPoint, udp), new Ed25519Verifier());
        TorrentSearch? search = null;
        if (_first is not null && (search = TryBegin(host, finder, _first)) is null)
        {
            return ExitCode.Failed;
        }

        listener.Start();
        TellStarted(listener.EndPoint);
        TorrentFeed? feed = _feed is null ? null : TorrentFeed.Follow(finder, _feed, _settings.FeedPoll, _newest.Take, failed => Tell("refused", failed));
        while (await NextAsync(search).ConfigureAwait(false) is { } version)
        {
            if (search is not null)
            {
                await search.DisposeAsync().ConfigureAwait(false);
                await RemoveAsync(host, search).ConfigureAwait(false);
            }

            _output.Tell(new TorrentEvent
            {
                Event = "version",
                Sequence = version.Sequence,
                V1 = version.Torrent.V1?.ToString(),
                V2 = version.Torrent.V2?.ToString(),
            });
            if ((search = TryBegin(host, finder, _settings.RequestOf(_feed!.At(version.Torrent)))) is null)
            {
                _ended.TrySetResult(ExitCode.Failed);
            }
        }

        if (feed is not null)
        {
            await feed.DisposeAsync().ConfigureAwait(false);
        }

        Task farewell = finder.DisposeAsync().AsTask();
        await listener.StopAsync().ConfigureAwait(false);
        int exitCode = await _ended.Task.ConfigureAwait(false);
        if (exitCode != ExitCode.Bug)
        {
            await RemoveAsync(host, search).ConfigureAwait(false);
            if (search?.Session.Failure is { } late && exitCode == ExitCode.Done)
            {
                Tell("error", late);
                exitCode = ExitCode.Failed;
            }
        }

        await farewell.ConfigureAwait(false);
        _output.Tell(new TorrentEvent
        {
            Event = "stopped",
            Bytes = _before.Sum(view => view.DownloadedBytes),
            Uploaded = _before.Sum(view => view.UploadedBytes),
            Wasted = _before.Sum(view => view.WastedBytes),
        });
        return exitCode;
    }

    /// <summary>Shows how far it is until it ends (null) or the author names another torrent.</summary>
    private async Task<TorrentVersionNamed?> NextAsync(TorrentSearch? search)
    {
        Task<TorrentVersionNamed> newer = _newest.NextAsync();
        while (!_ended.Task.IsCompleted && !newer.IsCompleted)
        {
            if (search is not null)
            {
                _output.Progress(search.Session.Snapshot, _info?.PieceLength ?? 0);
            }

            await Task.WhenAny(_ended.Task, newer, Task.Delay(ProgressInterval)).ConfigureAwait(false);
        }

        return _ended.Task.IsCompleted ? null : await newer.ConfigureAwait(false);
    }

    private TorrentSearch? TryBegin(TorrentHost host, PeerFinder finder, TorrentRequest request)
    {
        (_info, _complete, _wasComplete) = (null, false, false);
        var contacts = new TorrentContacts { Peers = _settings.Peers };
        if (TorrentSearch.TryBegin(host, finder, request, contacts, this, out TorrentSearch? search, out Problem? problem))
        {
            return search;
        }

        Tell("error", problem);
        return null;
    }

    /// <summary>Ends a torrent; what came and went counts on.</summary>
    private async Task RemoveAsync(TorrentHost host, TorrentSearch? search)
    {
        if (search is not null)
        {
            await host.RemoveAsync(search.Session).ConfigureAwait(false);
            _before.Add(search.Session.Snapshot);
        }
    }

    private void TellStarted(IPEndPoint listening)
    {
        string[] reachable = [.. LocalAddresses.Reachable(listening).Select(address => address.ToString())];
        _output.Tell(new TorrentEvent
        {
            Event = "started",
            V1 = (_first?.File?.Info.InfoHashV1 ?? _first?.Magnet?.InfoHashV1)?.ToString(),
            V2 = (_first?.File?.Info.InfoHashV2 ?? _first?.Magnet?.InfoHashV2)?.ToString(),
            Listen = PeerAddress.From(listening.Address, listening.Port).ToString(),
            Dir = Path.GetFullPath(_settings.Dir ?? "."),
            Magnet = _feed is not null ? (_feed with { Peers = reachable }).ToString()
                : _first!.File is { } file ? TorrentMagnet.Of(file, reachable).ToString()
                : (_first.Magnet! with { Peers = reachable }).ToString(),
        });
    }

    void ITorrentObserver.Known(TorrentInfo info, string folder)
    {
        _info = info;
        _root = folder;
        _output.Tell(new TorrentEvent { Event = "opened", Name = info.Name, Pieces = info.PieceCount, Bytes = info.ContentLength, Dir = folder });
    }

    void ITorrentObserver.Checking(int looked, int pieces)
    {
    }

    void ITorrentObserver.Started(PieceBits have)
    {
        _wasComplete = have.IsFull;
        _output.Tell(new TorrentEvent { Event = "checked", Have = have.Count, Pieces = have.Length });
    }

    void ITorrentObserver.Report(DataEvent happened)
    {
        switch (happened)
        {
            case DataEvent.PieceReady ready:
                _output.Tell(new TorrentEvent { Event = "piece", Piece = ready.Piece });
                break;
            case DataEvent.Swarm swarm:
                _output.Tell(new TorrentEvent { Event = "swarm", Connected = swarm.Connected });
                break;
            case DataEvent.Refused refused:
                Tell("refused", refused.Problem);
                break;
            case DataEvent.WebSeedGivenUp given:
                Tell("refused", given.Problem);
                break;
            case DataEvent.Complete:
                Complete();
                break;
            default:
                break;
        }
    }

    void ITorrentObserver.Failed(Problem problem)
    {
        Tell("error", problem);
        _ended.TrySetResult(ExitCode.Failed);
    }

    private void Complete()
    {
        _complete = true;
        _output.Tell(new TorrentEvent
        {
            Event = "complete",
            Seconds = RunClock.Round(_clock.Elapsed),
            Output = [_info!.IsFolder ? Path.Combine(_root, _info.Name) : Path.Combine(_root, _info.Files[0].Path)],
        });

        // What was here already is shared; what was asked for and came is enough, unless more is asked for.
        if (_settings.Exit || (!_settings.Seed && !_wasComplete))
        {
            _ended.TrySetResult(ExitCode.Done);
        }
    }

    private PeerFinderOptions Finding(IPEndPoint listener, UdpPort? udp)
    {
        string? home = Environment.GetEnvironmentVariable("STARLING_HOME");
        return new PeerFinderOptions
        {
            Listener = listener,
            DhtPort = _settings.UseDht ? udp : null,
            DhtNodes = _settings.DhtRouters,
            DhtFile = string.IsNullOrEmpty(home) ? null : Path.Combine(home, DhtFile),
            Remark = failed => Tell("refused", failed),
        };
    }

    private void Crashed(Exception bug)
    {
        Tell("error", new Problem("bug", $"This is a bug: {bug.Message}"));
        Console.Error.WriteLine(bug);
        _ended.TrySetResult(ExitCode.Bug);
    }

    private void Tell(string kind, Problem problem) => _output.Tell(new TorrentEvent
    {
        Event = kind,
        Code = problem.Code,
        Reason = problem.Reason,
        Hint = problem.Hint.Length > 0 ? problem.Hint : null,
    });
}
