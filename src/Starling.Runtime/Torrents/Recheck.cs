using System;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Metainfo;
using Starling.Core.Primitives;

namespace Starling.Runtime.Torrents;

/// <summary>Checks many pieces of a torrent on the disk.</summary>
public static class Recheck
{
    /// <summary>Checks the pieces whose bits are set in <paramref name="wanted"/>.</summary>
    /// <param name="storage">The files.</param>
    /// <param name="layers">The v2 hashes; null for v1-only torrents.</param>
    /// <param name="wanted">One bit a piece: <see cref="TorrentResume.Unchecked"/>, or all.</param>
    /// <param name="threads">Pieces at a time.</param>
    /// <param name="done">Told after each piece, from any thread: its number, and whether it is right.</param>
    /// <param name="cancel">Ends it by <see cref="OperationCanceledException"/>.</param>
    /// <returns>Null, or the first problem of the disk; the pieces that were told are true all the same.</returns>
    public static Problem? Run(TorrentStorage storage, PieceLayers? layers, ReadOnlyMemory<byte> wanted, int threads, Action<int, bool> done, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(storage);
        ArgumentNullException.ThrowIfNull(done);
        Problem? problem = null;
        var options = new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancel };
        Parallel.For(0, storage.Info.PieceCount, options, (piece, loop) =>
        {
            if (!TorrentResume.Has(wanted.Span, piece))
            {
                return;
            }

            if (storage.Check(piece, layers, out PieceVerdict verdict) is { } failed)
            {
                Interlocked.CompareExchange(ref problem, failed, null);
                loop.Stop();
                return;
            }

            done(piece, verdict == PieceVerdict.Right);
        });
        return problem;
    }

    /// <summary>One bit for every piece of a torrent.</summary>
    public static byte[] All(TorrentInfo info)
    {
        ArgumentNullException.ThrowIfNull(info);
        var bits = new byte[TorrentResume.SizeOf(info.PieceCount)];
        for (int piece = 0; piece < info.PieceCount; piece++)
        {
            TorrentResume.Set(bits, piece, true);
        }

        return bits;
    }
}
