using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Metainfo;
using Starling.Core.Primitives;
using Starling.Core.Torrents;

namespace Starling.Runtime.Torrents;

/// <summary>
/// Carries out what a <see cref="DataSwarm"/> wants of web seeds (BEP 19): fetches whole pieces, checks them, hands them over as blocks, and says how many more may be asked for.
/// </summary>
internal sealed class WebFetcher : IAsyncDisposable
{
    /// <summary>Bytes of pieces under way; a piece that is longer goes alone.</summary>
    private const long MaxBytes = 64 * 1024 * 1024;

    private readonly TorrentInfo _info;
    private readonly WebSeeds _seeds;
    private readonly BlockPool _pool;
    private readonly Func<int, ReadOnlyMemory<byte>, PieceVerdict> _check;
    private readonly Action<DataInput> _post;
    private readonly ConcurrentDictionary<int, CancellationTokenSource> _cancels = new();
    private readonly CancellationTokenSource _stopping;
    private readonly TaskCompletionSource _allEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Timer _again;
    private int _running = 1;

    /// <param name="info">The torrent.</param>
    /// <param name="urls">Its web seeds.</param>
    /// <param name="pool">Gives the memory of blocks.</param>
    /// <param name="check">Compares a piece with the torrent's hashes; from any thread.</param>
    /// <param name="post">Gets the answers; from any thread.</param>
    /// <param name="remark">Told why a seed is given up; from any thread.</param>
    /// <param name="stopping">Ends all fetches at once; <see cref="DisposeAsync"/> is still due.</param>
    public WebFetcher(
        TorrentInfo info, IReadOnlyList<string> urls, BlockPool pool, Func<int, ReadOnlyMemory<byte>, PieceVerdict> check, Action<DataInput> post, Action<Problem> remark,
        CancellationToken stopping)
    {
        (_info, _pool, _check, _post) = (info, pool, check, post);
        _seeds = new WebSeeds(info, urls, new WebSeedOptions());
        _seeds.Banned += (_, problem) => remark(problem);
        _stopping = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        _again = new Timer(_ => Announce());
    }

    /// <summary>Tells the swarm for the first time what may be asked for.</summary>
    public void Begin() => Announce();

    /// <summary>See <see cref="DataEffect.FetchFromWeb"/>.</summary>
    public async void Fetch(int piece)
    {
        Interlocked.Increment(ref _running);
        var cancel = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        _cancels[piece] = cancel;
        DataInput answer = new DataInput.WebFetchFailed(piece);
        try
        {
            await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            await _pool.RoomAsync().WaitAsync(cancel.Token).ConfigureAwait(false);
            var content = new byte[_info.PieceSize(piece)];
            if (await _seeds.FetchPieceAsync(piece, content, bytes => _check(piece, bytes), cancel.Token).ConfigureAwait(false) is null)
            {
                answer = new DataInput.WebPieceFetched(piece, Cut(content));
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // The swarm does not need it, or this ends.
        }
        finally
        {
            _cancels.TryRemove(new KeyValuePair<int, CancellationTokenSource>(piece, cancel));
            cancel.Dispose();
            if (answer is DataInput.WebFetchFailed)
            {
                // First how many may be asked: else the same piece would be asked for at once, of nobody.
                Announce();
            }

            _post(answer);
            Ended();
        }
    }

    /// <summary>See <see cref="DataEffect.CancelFetch"/>.</summary>
    public void Cancel(int piece)
    {
        if (_cancels.TryGetValue(piece, out CancellationTokenSource? cancel))
        {
            try
            {
                cancel.Cancel();
            }
            catch (ObjectDisposedException)
            {
                // It has just ended.
            }
        }
    }

    /// <summary>Ends all fetches and waits for them.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _again.DisposeAsync().ConfigureAwait(false);
        Ended();
        await _allEnded.Task.ConfigureAwait(false);
        _seeds.Dispose();
        _stopping.Dispose();
    }

    private void Ended()
    {
        if (Interlocked.Decrement(ref _running) == 0)
        {
            _allEnded.TrySetResult();
        }
    }

    /// <summary>Tells the swarm how many pieces may be asked for; while seeds pause, again when the first one may be asked.</summary>
    private void Announce()
    {
        int most = (int)Math.Max(1, MaxBytes / _info.PieceLength);
        _post(new DataInput.WebSeedsReady(Math.Min(most, _seeds.Places)));
        if (_seeds.NextTry is { } wait && !_stopping.IsCancellationRequested)
        {
            try
            {
                _again.Change(wait + TimeSpan.FromMilliseconds(1), Timeout.InfiniteTimeSpan);
            }
            catch (ObjectDisposedException)
            {
                // It ends.
            }
        }
    }

    private HeldBlock[] Cut(ReadOnlyMemory<byte> content)
    {
        var blocks = new HeldBlock[(content.Length + BlockBuffer.Capacity - 1) / BlockBuffer.Capacity];
        for (int i = 0; i < blocks.Length; i++)
        {
            int begin = i * BlockBuffer.Capacity;
            BlockBuffer block = _pool.Rent();
            block.Length = Math.Min(BlockBuffer.Capacity, content.Length - begin);
            content.Slice(begin, block.Length).CopyTo(block.Bytes);
            blocks[i] = new HeldBlock(i, block);
        }

        return blocks;
    }
}
