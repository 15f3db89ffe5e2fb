using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Metainfo;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Torrents;
using Starling.Runtime.Storage;

namespace Starling.Runtime.Torrents;

/// <summary>
/// The one thread that hashes and writes pieces of all torrents, while their bytes are still in the processor's caches: whole pieces, one write
/// each. Reads for sending happen on the links' own threads.
/// </summary>
internal sealed class TorrentDisk : IAsyncDisposable
{
    private readonly WorkThread<Action> _thread = new("torrent disk", long.MaxValue, int.MaxValue, Work);

    /// <summary>Does this after what waits.</summary>
    public void Add(Action work) => _thread.AddAlways(work);

    /// <summary>Finishes what waits, then ends.</summary>
    public async ValueTask DisposeAsync() => await _thread.EndAsync().ConfigureAwait(false);

    private static void Work(List<Action> waiting)
    {
        foreach (Action work in waiting)
        {
            work();
        }
    }
}

/// <summary>The content of one torrent as the disk thread sees it: checks and writes pieces, and keeps the list of those that are there.</summary>
internal sealed class TorrentContent(TorrentStorage storage, PieceLayers? layers, BlockPool pool, TimeSpan saveInterval)
{
    private readonly byte[] _have = (byte[])storage.Resume.Pieces.Clone();
    private readonly SortedDictionary<int, byte[]> _partial = new(storage.Resume.Partial.ToDictionary(static piece => piece.Piece, static piece => piece.Blocks));
    private readonly Lock _layersGate = new();
    private long _savedMs = Environment.TickCount64;
    private bool _changed;

    /// <summary>To be held while the v2 hashes change.</summary>
    public Lock LayersGate => _layersGate;

    /// <summary>Checks the pieces that an earlier process may have left, and returns all that are there.</summary>
    public PieceBits CheckLeft(Action<int, int> progress, CancellationToken stopping)
    {
        TorrentInfo info = storage.Info;
        var have = new PieceBits(info.PieceCount);
        for (int piece = 0; piece < info.PieceCount; piece++)
        {
            if (TorrentResume.Has(_have, piece))
            {
                have.Add(piece);
            }
        }

        int looked = 0;
        var gate = new Lock();
        try
        {
            Recheck.Run(storage, layers, storage.Resume.Unchecked, Environment.ProcessorCount, (piece, right) =>
            {
                lock (gate)
                {
                    if (right && have.Add(piece))
                    {
                        TorrentResume.Set(_have, piece, true);
                        _changed = true;
                    }

                    progress(++looked, info.PieceCount);
                }
            }, stopping);
        }
        catch (OperationCanceledException)
        {
            // The torrent is being closed.
        }

        return have;
    }

    /// <summary>Writes blocks of an unfinished piece.</summary>
    public Problem? WriteBlocks(int piece, IReadOnlyList<HeldBlock> blocks)
    {
        try
        {
            if (Write(piece, blocks) is { } problem)
            {
                return problem;
            }

            Note(piece, blocks);
        }
        finally
        {
            pool.Return(blocks);
        }

        return SaveNowAndThen();
    }

    /// <summary>Checks a piece whose blocks are all here or written; keeps it when it is right.</summary>
    public Problem? Store(int piece, IReadOnlyList<HeldBlock> blocks, bool wantHashes, out bool good, out IReadOnlyList<Hash256> hashes)
    {
        good = false;
        hashes = [];
        try
        {
            bool whole = blocks.Count == TorrentStorage.BlockCount(storage.Info, piece);
            if (!whole && Write(piece, blocks) is { } unwritten)
            {
                return unwritten;
            }

            PieceVerdict verdict;
            if (whole)
            {
                verdict = Hash(piece, blocks);
            }
            else
            {
                lock (_layersGate)
                {
                    if (storage.Check(piece, layers, out verdict) is { } unread)
                    {
                        return unread;
                    }
                }
            }

            good = verdict == PieceVerdict.Right;
            if ((wantHashes || !good) && HashBlocks(piece, blocks, whole, out hashes) is { } unhashed)
            {
                return unhashed;
            }

            if (good && whole && Write(piece, blocks) is { } problem)
            {
                good = false;
                return problem;
            }
        }
        finally
        {
            pool.Return(blocks);
        }

        TorrentResume.Set(_have, piece, good);
        _partial.Remove(piece);
        _changed = true;
        return SaveNowAndThen();
    }

    /// <summary>Makes what is here durable and known to the next start.</summary>
    public Problem? Save(bool closing)
    {
        _savedMs = Environment.TickCount64;
        if (!_changed && !closing)
        {
            return null;
        }

        _changed = false;
        return storage.SaveResume(_have, [.. _partial.Select(static piece => new PartialPiece(piece.Key, (byte[])piece.Value.Clone()))], closing);
    }

    /// <summary>The hashes of the blocks of a piece that is here, as BEP 52 has them: up to the end of its file. False: it can't be read.</summary>
    public bool HashBlocks(int piece, CancellationToken stopping, out IReadOnlyList<Hash256> leaves)
    {
        var all = new List<Hash256>();
        leaves = all;
        int size = storage.Info.ContentSize(piece);
        var buffer = new byte[Math.Min(size, MerkleTree.BlockSize)];
        for (int begin = 0; begin < size; begin += MerkleTree.BlockSize)
        {
            Span<byte> block = buffer.AsSpan(0, Math.Min(MerkleTree.BlockSize, size - begin));
            if (stopping.IsCancellationRequested || storage.Read(piece, begin, block) is not null)
            {
                return false;
            }

            all.Add(Hash256.Of(block));
        }

        return true;
    }

    private Problem? SaveNowAndThen() => Environment.TickCount64 - _savedMs >= saveInterval.TotalMilliseconds ? Save(closing: false) : null;

    /// <summary>Remembers blocks that were written for the next start.</summary>
    private void Note(int piece, IReadOnlyList<HeldBlock> blocks)
    {
        if (!_partial.TryGetValue(piece, out byte[]? bits))
        {
            _partial.Add(piece, bits = new byte[TorrentResume.SizeOf(TorrentStorage.BlockCount(storage.Info, piece))]);
        }

        foreach (HeldBlock block in blocks)
        {
            TorrentResume.Set(bits, block.Index, true);
        }

        _changed = true;
    }

    private PieceVerdict Hash(int piece, IReadOnlyList<HeldBlock> blocks)
    {
        using var hasher = new PieceHasher(storage.Info, piece);
        for (int i = 0; i < blocks.Count; i++)
        {
            hasher.Append(blocks[i].Data.Used.Span);
        }

        lock (_layersGate)
        {
            return hasher.Verdict(layers);
        }
    }

    private Problem? HashBlocks(int piece, IReadOnlyList<HeldBlock> blocks, bool whole, out IReadOnlyList<Hash256> hashes)
    {
        var all = new Hash256[TorrentStorage.BlockCount(storage.Info, piece)];
        hashes = all;
        var buffer = new byte[whole ? 0 : MerkleTree.BlockSize];
        for (int i = 0; i < all.Length; i++)
        {
            ReadOnlySpan<byte> content;
            if (whole)
            {
                content = blocks[i].Data.Used.Span;
            }
            else
            {
                int begin = i * MerkleTree.BlockSize;
                Span<byte> part = buffer.AsSpan(0, Math.Min(MerkleTree.BlockSize, storage.Info.PieceSize(piece) - begin));
                if (storage.Read(piece, begin, part) is { } problem)
                {
                    return problem;
                }

                content = part;
            }

            all[i] = Hash256.Of(content);
        }

        return null;
    }

    [SuppressMessage("Performance", "CA1859", Justification = "The same list goes to the storage.")]
    private Problem? Write(int piece, IReadOnlyList<HeldBlock> blocks)
    {
        // Blocks that follow each other go out in one write; in a whole piece that is all of them.
        for (int first = 0; first < blocks.Count;)
        {
            var run = new List<ReadOnlyMemory<byte>>(blocks.Count - first);
            int next = first;
            while (next < blocks.Count && blocks[next].Index == blocks[first].Index + (next - first))
            {
                run.Add(blocks[next++].Data.Used);
            }

            if (storage.Write(piece, blocks[first].Index * BlockBuffer.Capacity, run) is { } problem)
            {
                return problem;
            }

            first = next;
        }

        return null;
    }
}
