using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Engine;
using Starling.Core.Metainfo;
using Starling.Core.Primitives;
using Starling.Core.Torrents;
using Starling.Core.Trackers;

namespace Starling.Runtime.Torrents;

/// <summary>
/// One torrent of a <see cref="TorrentHost"/>: its swarm, its files and its links. Made by <see cref="TorrentHost.TryAdd"/>; ended by
/// <see cref="TorrentHost.RemoveAsync"/>.
/// </summary>
public sealed class TorrentSession
{
    private readonly TorrentHost _host;
    private readonly TorrentRequest _request;
    private readonly ITorrentObserver _observer;
    private readonly DataSwarm _swarm;
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TorrentStorage? _storage;
    private TorrentContent? _content;
    private PieceLayers? _layers;
    private IReadOnlyList<string> _webSeeds = [];
    private WebFetcher? _web;
    private Problem? _failure;
    private Task _hashing = Task.CompletedTask;
    private PieceLayout? _layout;
    private long _left = -1;
    private int _links;
    private volatile DataSnapshot _snapshot = new();

    internal TorrentSession(TorrentHost host, TorrentRequest request, ITorrentObserver observer, DataSwarmOptions options)
    {
        _host = host;
        _request = request;
        _observer = observer;
        _swarm = new DataSwarm(options);
        Pool = host.Pool;
    }

    /// <summary>The torrent; null while a magnet link's peers have not told it.</summary>
    public TorrentInfo? Info => _storage?.Info;

    /// <summary>The latest view, renewed twice a second while something happens.</summary>
    public DataSnapshot Snapshot => _snapshot;

    /// <summary>Bytes of the whole torrent, unwanted files included, that are not here; null before what was here has been checked.</summary>
    public long? Left => Interlocked.Read(ref _left) is var left and >= 0 ? left : null;

    /// <summary>Whether the whole torrent was here from the start.</summary>
    public bool WasComplete { get; private set; }

    /// <summary>Why it can't go on; null while it can.</summary>
    public Problem? Failure => Volatile.Read(ref _failure);

    internal BlockPool Pool { get; }

    private bool IsPrivate => (_request.File?.Info ?? Info) is { IsPrivate: true };

    internal TorrentRequest Request => _request;

    /// <summary>The 20-byte names of its swarms, all of them once the metadata is known.</summary>
    internal IReadOnlyList<InfoHash> SwarmHashes => Info?.SwarmHashes ?? _request.SwarmHashes;

    internal Instant NextWake => _swarm.NextWake;

    internal Instant SnapshotAt { get; private set; }

    /// <summary>Links of this torrent.</summary>
    internal int LinksOpen => Volatile.Read(ref _links);

    internal void LinkOpened() => Interlocked.Increment(ref _links);

    internal void LinkClosed() => Interlocked.Decrement(ref _links);

    /// <summary>Names peers to connect to; safe from every thread.</summary>
    public void AddPeers(IReadOnlyList<PeerAddress> peers, PeerSource source)
    {
        ArgumentNullException.ThrowIfNull(peers);
        if (peers.Count > 0 && FoundPeers.MayUse(source, IsPrivate))
        {
            Post(new DataInput.PeersFound(peers, source));
        }
    }

    /// <summary>Changes how much pieces are wanted: those of a range that something waits for come first. Safe from every thread.</summary>
    public void Prioritise(IReadOnlyList<(int Piece, PiecePriority Priority)> changes) => Post(new DataInput.PrioritiesChanged(changes));

    /// <summary>Changes the rate limits, bytes a second, 0: none. Safe from every thread.</summary>
    public void SetRates(long down, long up) => Post(new DataInput.RatesChanged(down, up));

    /// <summary>Ends as soon as links may read on: the disk and the host's thread have caught up.</summary>
    internal Task RoomAsync() => _host.IsBehind ? _host.CatchUpAsync() : Pool.RoomAsync();

    internal void Post(DataInput input) => _host.Post(this, input);

    /// <summary>Reads a block to send; null, or why not. Safe from every thread.</summary>
    internal Problem? Read(BlockRange block, Span<byte> destination) =>
        _storage is { } storage ? storage.Read(block.Piece, block.Begin, destination) : new Problem("closed", "the torrent is closed");

    internal void ReadFailed(Problem problem)
    {
        if (!_stopping.IsCancellationRequested)
        {
            Fail(problem);
        }
    }

    /// <summary>Opens the files; on any thread, once the metadata is known.</summary>
    internal void Open(TorrentFile file)
    {
        TorrentPlace? place = _request.File is null ? _request.Locate?.Invoke(file) : null;
        file = place?.Torrent ?? file;
        TorrentInfo info = file.Info;
        bool[]? wanted = _request.Selection is { } selection
            ? [.. Enumerable.Range(0, info.Files.Count).Select(selection.Contains)] : null;
        var options = new TorrentStorageOptions
        {
            Wanted = wanted,
            StateFolder = place?.StateFolder ?? _request.StateFolder,
            IsChecked = place is not null || _request.IsChecked,
        };
        if (!TorrentStorage.TryOpen(info, place?.Folder ?? _request.Folder, options, out TorrentStorage? storage, out Problem? problem))
        {
            Fail(problem);
            return;
        }

        _layers = file.Layers ?? (info.HasV2 ? new PieceLayers(info) : null);
        _webSeeds = [.. file.WebSeeds.Concat(_request.Magnet?.WebSeeds ?? []).Distinct()];
        _content = new TorrentContent(storage, _layers, Pool, _host.SaveInterval);
        _storage = storage;
        if (_request.File is null)
        {
            _host.List(this);
        }

        _observer.Known(info, storage.Root);
        if (_request.File is null && storage.SaveTorrent(file) is { } unsaved)
        {
            Fail(unsaved);
            return;
        }

        _host.Disk.Add(() => Check(storage));
    }

    /// <summary>One step of the swarm, and what it wants done; on the host's thread.</summary>
    internal void Step(DataInput input, Instant now, bool more)
    {
        IReadOnlyList<DataEffect> effects;
        if (_layers is { IsComplete: false } && _content is { } content)
        {
            // The disk's thread reads the hashes that peers are still telling.
            lock (content.LayersGate)
            {
                effects = _swarm.Step(input, now, more);
            }
        }
        else
        {
            effects = _swarm.Step(input, now, more);
        }

        for (int i = 0; i < effects.Count; i++)
        {
            Execute(effects[i]);
        }

        if (input is DataInput.StopRequested)
        {
            // Its last view: what came and went in all.
            TakeSnapshot(now);
        }
    }

    internal void TakeSnapshot(Instant now)
    {
        SnapshotAt = now;
        _snapshot = _swarm.Snapshot(now, withPeers: true);
    }

    /// <summary>Its links are closed and its disk work is done: saves and closes the files.</summary>
    internal async Task CloseAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _hashing.ConfigureAwait(false);
        _host.Disk.Add(() =>
        {
            if (_content?.Save(closing: true) is { } problem)
            {
                Fail(problem);
            }

            TorrentStorage? storage = _storage;
            storage?.Dispose();
            _closed.TrySetResult();
        });
        await _closed.Task.ConfigureAwait(false);
        if (_web is not null)
        {
            await _web.DisposeAsync().ConfigureAwait(false);
        }

        _stopping.Dispose();
    }

    private void Check(TorrentStorage storage)
    {
        PieceBits have = _content!.CheckLeft(_observer.Checking, _stopping.Token);
        if (_stopping.IsCancellationRequested)
        {
            return;
        }

        var skipped = new List<int>();
        for (int piece = 0; _request.Selection is not null && piece < storage.Info.PieceCount; piece++)
        {
            if (!storage.IsWanted(piece))
            {
                skipped.Add(piece);
            }
        }

        TorrentKnowledge knowledge = TorrentKnowledge.Of(storage.Info, _layers);
        _layout = knowledge.Layout;
        WasComplete = have.IsFull;
        Interlocked.Exchange(ref _left, BytesMissing(have, _layout));
        _observer.Started(have);
        Post(new DataInput.Opened(knowledge, have) { Skipped = skipped, Partial = storage.Resume.Partial });
        if (!WasComplete && _webSeeds.Count > 0)
        {
            _web = new WebFetcher(
                storage.Info, _webSeeds, Pool, CheckPiece, Post, problem => _observer.Report(new DataEvent.WebSeedGivenUp(problem)), _stopping.Token);
            _web.Begin();
        }
    }

    private PieceVerdict CheckPiece(int piece, ReadOnlyMemory<byte> content)
    {
        using var hasher = new PieceHasher(_storage!.Info, piece);
        hasher.Append(content.Span);
        lock (_content!.LayersGate)
        {
            return hasher.Verdict(_layers);
        }
    }

    private static long BytesMissing(PieceBits have, PieceLayout layout)
    {
        long missing = 0;
        for (int piece = 0; piece < have.Length; piece++)
        {
            missing += have[piece] ? 0 : layout.LengthOf(piece);
        }

        return missing;
    }

    private void Execute(DataEffect effect)
    {
        switch (effect)
        {
            case DataEffect.Send send: _host.Find(send.Link)?.Send(send.Bytes); break;
            case DataEffect.SendBlocks send: _host.Find(send.Link)?.SendBlocks(send.Blocks); break;
            case DataEffect.StorePiece store: OnDisk(store.Blocks, () => Store(store)); break;
            case DataEffect.WriteBlocks write: OnDisk(write.Blocks, () => Write(write)); break;
            case DataEffect.HashBlocks hash: _hashing = Task.Run(() => HashBlocks(hash.Piece)); break;
            case DataEffect.Release release: Pool.Return(release.Blocks); break;
            case DataEffect.Connect connect: _host.Connect(this, connect.Address); break;
            case DataEffect.CloseLink close: _host.CloseLink(close.Link, close.Reason); break;
            case DataEffect.OpenTorrent open: Learn(open.InfoBytes); break;
            case DataEffect.FetchFromWeb fetch: _web!.Fetch(fetch.Piece); break;
            case DataEffect.CancelFetch cancel: _web!.Cancel(cancel.Piece); break;
            case DataEffect.Report report: Tell(report.Event); break;
            default: throw new NotSupportedException($"No way to carry out {effect.GetType().Name}.");
        }
    }

    private void OnDisk(IReadOnlyList<HeldBlock> blocks, Action work)
    {
        long bytes = BlockPool.LengthOf(blocks);
        Pool.Queue(bytes);
        _host.Disk.Add(() =>
        {
            work();
            Pool.Queue(-bytes);
        });
    }

    private void Learn(ReadOnlyMemory<byte> infoBytes)
    {
        if (!TorrentInfo.TryRead(infoBytes, out TorrentInfo? info, out Problem? problem))
        {
            Fail(problem);
        }
        else if (!_request.Magnet!.Names(info))
        {
            Fail(new Problem("torrent", "The torrent that peers tell is not the one that the link names"));
        }
        else
        {
            var file = new TorrentFile
            {
                Info = info,
                Trackers = [.. _request.Magnet.Trackers.Select(tracker => (IReadOnlyList<string>)[tracker])],
                WebSeeds = _request.Magnet.WebSeeds,
            };
            if (_request.MetadataOnly is { } wanted)
            {
                wanted(file);
            }
            else
            {
                _host.Disk.Add(() => Open(file));
            }
        }
    }

    private void Store(DataEffect.StorePiece store)
    {
        Problem? problem = _content!.Store(store.Piece, store.Blocks, store.WantBlockHashes, out bool good, out IReadOnlyList<Hash256> hashes);
        if (problem is not null)
        {
            Fail(problem);
        }

        Post(new DataInput.PieceChecked(store.Piece, good, hashes));
    }

    /// <summary>Not on the disk's thread: what comes in goes first.</summary>
    private void HashBlocks(int piece)
    {
        bool read = _content!.HashBlocks(piece, _stopping.Token, out IReadOnlyList<Hash256> leaves);
        Post(new DataInput.BlocksHashed(piece, read ? leaves : []));
    }

    private void Write(DataEffect.WriteBlocks write)
    {
        if (_content!.WriteBlocks(write.Piece, write.Blocks) is { } problem)
        {
            Fail(problem);
        }
    }

    private void Tell(DataEvent happened)
    {
        if (happened is DataEvent.Failed failed)
        {
            _observer.Failed(failed.Problem);
        }
        else
        {
            if (happened is DataEvent.PieceReady ready)
            {
                Interlocked.Add(ref _left, -_layout!.LengthOf(ready.Piece));
            }

            _observer.Report(happened);
        }
    }

    private void Fail(Problem problem)
    {
        if (Interlocked.CompareExchange(ref _failure, problem, null) is null)
        {
            Post(new DataInput.StorageFailed(problem));
        }
    }
}
