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
    private const string DhtFile = "dht";

    private static readonly TimeSpan ProgressInterval = TimeSpan.FromMilliseconds(500);

    private readonly TorrentGetSettings _settings;
    private readonly TorrentRequest _request;
    private readonly TorrentOutput _output;
    private readonly RunClock _clock;
    private readonly TaskCompletionSource<int> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TorrentInfo? _info;
    private string _root = "";
    private volatile bool _complete;
    private volatile bool _wasComplete;

    public TorrentGet(TorrentGetSettings settings, TorrentRequest request, TorrentOutput output, RunClock clock)
    {
        _settings = settings;
        _request = request;
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
        var contacts = new TorrentContacts { Peers = _settings.Peers };
        if (!TorrentSearch.TryBegin(host, finder, _request, contacts, this, out TorrentSearch? search, out problem))
        {
            Tell("error", problem);
            return ExitCode.Failed;
        }

        TorrentSession session = search.Session;
        listener.Start();
        IReadOnlyList<PeerAddress> reachable = LocalAddresses.Reachable(listener.EndPoint);
        _output.Tell(new TorrentEvent
        {
            Event = "started",
            V1 = (_request.File?.Info.InfoHashV1 ?? _request.Magnet?.InfoHashV1)?.ToString(),
            V2 = (_request.File?.Info.InfoHashV2 ?? _request.Magnet?.InfoHashV2)?.ToString(),
            Listen = PeerAddress.From(listener.EndPoint.Address, listener.EndPoint.Port).ToString(),
            Dir = _request.Folder,
            Magnet = Link(reachable).ToString(),
        });
        while (await Task.WhenAny(_ended.Task, Task.Delay(ProgressInterval)).ConfigureAwait(false) != _ended.Task)
        {
            _output.Progress(session.Snapshot, _info?.PieceLength ?? 0);
        }

        Task farewell = finder.DisposeAsync().AsTask();
        await listener.StopAsync().ConfigureAwait(false);
        int exitCode = await _ended.Task.ConfigureAwait(false);
        if (exitCode != ExitCode.Bug)
        {
            await host.RemoveAsync(session).ConfigureAwait(false);
            if (session.Failure is { } late && exitCode == ExitCode.Done)
            {
                Tell("error", late);
                exitCode = ExitCode.Failed;
            }
        }

        await farewell.ConfigureAwait(false);
        _output.Tell(new TorrentEvent
        {
            Event = "stopped",
            Bytes = session.Snapshot.DownloadedBytes,
            Uploaded = session.Snapshot.UploadedBytes,
            Wasted = session.Snapshot.WastedBytes,
        });
        return exitCode;
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

    private TorrentMagnet Link(IReadOnlyList<PeerAddress> reachable)
    {
        string[] peers = [.. reachable.Select(address => address.ToString())];
        return _request.File is { } file ? TorrentMagnet.Of(file, peers) : _request.Magnet! with { Peers = peers };
    }

    private void Tell(string kind, Problem problem) => _output.Tell(new TorrentEvent
    {
        Event = kind,
        Code = problem.Code,
        Reason = problem.Reason,
        Hint = problem.Hint.Length > 0 ? problem.Hint : null,
    });
}
