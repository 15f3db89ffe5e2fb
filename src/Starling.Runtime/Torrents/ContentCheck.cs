using System;
using System.Diagnostics.CodeAnalysis;
using System.IO;
using System.Threading;
using Starling.Core.Metainfo;
using Starling.Core.Primitives;
using Starling.Runtime.Storage;

namespace Starling.Runtime.Torrents;

/// <summary>Compares files on disk with a torrent that they are said to be, without touching them.</summary>
public static class ContentCheck
{
    private const int BufferSize = 1024 * 1024;

    /// <summary>Whether all files of a torrent lie in a folder, whole and right. Reads them once.</summary>
    /// <param name="torrent">The torrent.</param>
    /// <param name="folder">Absolute path of the folder that holds its file, or its own folder.</param>
    /// <param name="whole">The torrent with all of its v2 hashes, which the content itself tells.</param>
    /// <param name="reason">Why not.</param>
    /// <param name="cancel">Ends it by <see cref="OperationCanceledException"/>.</param>
    public static bool TryVerify(
        TorrentFile torrent, string folder, [NotNullWhen(true)] out TorrentFile? whole, out string reason, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(torrent);
        whole = null;
        TorrentInfo info = torrent.Info;
        try
        {
            foreach (TorrentFileEntry entry in info.Files)
            {
                if (entry.Kind == TorrentFileKind.Content && Fault(folder, entry) is { } fault)
                {
                    reason = fault;
                    return false;
                }
            }

            PieceLayers? layers = info.HasV2 ? new PieceLayers(info) : null;
            reason = "has another content";
            if (layers is null ? !IsRightV1(info, folder, cancel) : !IsRightV2(info, folder, layers, cancel))
            {
                return false;
            }

            whole = torrent with { Layers = layers };
            return true;
        }
        catch (Exception failure) when (StorageProblem.IsOfTheWorld(failure))
        {
            reason = $"cannot be read: {failure.Message}";
            return false;
        }
    }

    private static string? Fault(string folder, TorrentFileEntry entry)
    {
        string path = folder;
        foreach (string part in entry.Path.Split('/'))
        {
            path = Path.Combine(path, part);
            if (new FileInfo(path).LinkTarget is not null)
            {
                return "is reached over a symbolic link";
            }
        }

        var file = new FileInfo(path);
        return !file.Exists ? "is not all there" : file.Length != entry.Length ? "has another length" : null;
    }

    /// <summary>The roots of all files; together they are what the v2 info-hash names (BEP 52).</summary>
    private static bool IsRightV2(TorrentInfo info, string folder, PieceLayers layers, CancellationToken cancel)
    {
        using var hasher = new FileHasher(info.PieceLength, TorrentVersion.V2);
        var buffer = new byte[BufferSize];
        foreach (TorrentFileEntry entry in info.Files)
        {
            if (entry.Kind != TorrentFileKind.Content || entry.Length == 0)
            {
                continue;
            }

            using (FileStream file = Open(folder, entry))
            {
                for (int count; (count = file.Read(buffer)) > 0;)
                {
                    cancel.ThrowIfCancellationRequested();
                    hasher.Append(buffer.AsSpan(0, count));
                }
            }

            HashedFile hashed = hasher.Complete(entry.Path, isLast: false);
            var layer = new byte[hashed.PieceLayer.Count * Hash256.Size];
            for (int i = 0; i < hashed.PieceLayer.Count; i++)
            {
                hashed.PieceLayer[i].CopyTo(layer.AsSpan(i * Hash256.Size));
            }

            if (hashed.Length != entry.Length || hashed.PiecesRoot != entry.PiecesRoot || (layer.Length > 0 && !layers.TryAddLayer(entry.Index, layer)))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsRightV1(TorrentInfo info, string folder, CancellationToken cancel)
    {
        var buffer = new byte[BufferSize];
        FileStream? file = null;
        int open = -1;
        try
        {
            for (int piece = 0; piece < info.PieceCount; piece++)
            {
                using var hasher = new PieceHasher(info, piece);
                foreach (FileSlice slice in info.Slices(piece, 0, info.PieceSize(piece)))
                {
                    if (!slice.IsPadding && slice.File != open)
                    {
                        file?.Dispose();
                        (file, open) = (Open(folder, info.Files[slice.File]), slice.File);
                    }

                    for (int left = slice.Length; left > 0;)
                    {
                        cancel.ThrowIfCancellationRequested();
                        Span<byte> part = buffer.AsSpan(0, Math.Min(left, buffer.Length));
                        if (slice.IsPadding)
                        {
                            part.Clear();
                        }
                        else if (!FileReading.TryReadAt(file!.SafeFileHandle, slice.Offset + slice.Length - left, part))
                        {
                            return false;
                        }

                        hasher.Append(part);
                        left -= part.Length;
                    }
                }

                if (hasher.Verdict(null) != PieceVerdict.Right)
                {
                    return false;
                }
            }

            return true;
        }
        finally
        {
            file?.Dispose();
        }
    }

    private static FileStream Open(string folder, TorrentFileEntry entry) =>
        new(Path.Combine(folder, entry.Path), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
}
