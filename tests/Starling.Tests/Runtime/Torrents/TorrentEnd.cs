using System;
using System.Collections.Concurrent;
using System.Linq;
using System.Net;
using System.Threading.Tasks;
using Starling.Core.Engine;
using Starling.Core.Metainfo;
using Starling.Core.Primitives;
using Starling.Core.Torrents;
using Starling.Core.Wire.Mse;
using Starling.Runtime.Discovery;
using Starling.Runtime.Identity;
using Starling.Runtime.Network;
using Starling.Runtime.Torrents;

namespace Starling.Tests.Runtime.Torrents;

/// <summary>A host with one torrent, on loopback.</summary>
internal sealed class TorrentEnd : ITorrentObserver, IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly TaskCompletionSource _complete = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<int> _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<Problem> _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConnectionListener _listener;
    private readonly TorrentHost _host;
    private readonly PeerFinder? _finder;

    public TorrentEnd(TorrentRequest request, MsePolicy encryption = MsePolicy.Off, IPAddress? address = null, bool asksTrackers = false, TimeSpan? saveInterval = null)
    {
        var listening = new LinkTransportOptions
        {
            Listen = new IPEndPoint(address ?? IPAddress.Loopback, 0),
            Refused = (_, problem) => Refusals.Enqueue(problem.Reason),
        };
        Assert.True(ConnectionListener.TryOpen(listening, out ConnectionListener? listener, out _));
        _listener = listener;
        _host = new TorrentHost(new TorrentHostOptions { Encryption = encryption, LocalAddress = address, SaveInterval = saveInterval ?? TimeSpan.FromMinutes(1) }, listener, bug => _failed.TrySetResult(new Problem("bug", bug.ToString())));
        if (asksTrackers)
        {
            var finding = new PeerFinderOptions
            {
                Listener = listener.EndPoint,
                Locally = false,
                Remark = problem => _failed.TrySetResult(problem),
            };
            _finder = new PeerFinder(finding, new Ed25519Verifier());
            Assert.True(TorrentSearch.TryBegin(_host, _finder, request, TorrentContacts.None, this, out TorrentSearch? search, out _));
            Session = search.Session;
        }
        else
        {
            Assert.True(_host.TryAdd(request, this, out TorrentSession? session, out _));
            Session = session;
        }

        listener.Start();
    }

    public TorrentSession Session { get; }

    public ConcurrentQueue<string> Refusals { get; } = [];

    public ConcurrentQueue<DataEvent> Events { get; } = [];

    public PeerAddress Address => PeerAddress.From(_listener.EndPoint.Address, _listener.EndPoint.Port);

    /// <summary>Pieces that were there at the start.</summary>
    public Task<int> StartedAsync() => _started.Task.WaitAsync(Patience);

    public async Task CompleteAsync() => await await Task.WhenAny(_complete.Task, FailAsync()).WaitAsync(Patience);

    public Task<Problem> FailedAsync() => _failed.Task.WaitAsync(Patience);

    public void Meet(params TorrentEnd[] others) => Session.AddPeers([.. others.Select(other => other.Address)], PeerSource.Owner);

    public async ValueTask DisposeAsync()
    {
        if (_finder is not null)
        {
            await _finder.DisposeAsync();
        }

        await _host.DisposeAsync();
        await _listener.DisposeAsync();
    }

    void ITorrentObserver.Known(TorrentInfo info, string folder)
    {
    }

    void ITorrentObserver.Checking(int looked, int pieces)
    {
    }

    void ITorrentObserver.Started(PieceBits have) => _started.TrySetResult(have.Count);

    void ITorrentObserver.Report(DataEvent happened)
    {
        Events.Enqueue(happened);
        if (happened is DataEvent.Complete)
        {
            _complete.TrySetResult();
        }
    }

    void ITorrentObserver.Failed(Problem problem) => _failed.TrySetResult(problem);

    private async Task FailAsync()
    {
        Problem problem = await _failed.Task;
        Assert.Fail(problem.ToString());
    }
}
