using System;
using System.Buffers;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.IO;
using System.Threading;
using Microsoft.Win32.SafeHandles;
using Starling.Core.Metainfo;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Torrents;
using Starling.Runtime.Storage;

namespace Starling.Runtime.Torrents;

/// <summary>
/// The files of one torrent: reads and writes by piece, checks pieces, and keeps over restarts what was checked. All calls do their work before they return; all may be made
/// by any number of threads at once. Padding is zeros that nobody stores.
/// </summary>
/// <remarks>
/// Who downloads keeps the state of pieces; this class only brings it to the disk (<see cref="SaveResume"/>) and back (<see cref="Resume"/>). A piece counts
/// after a crash when its bytes were flushed before the state that names it, which <see cref="SaveResume"/> sees to.
/// </remarks>
public sealed class TorrentStorage : IDisposable
{
    private const int CheckBuffer = 1024 * 1024;

    private readonly TorrentFolder _folder;
    private readonly TorrentStorageOptions _options;
    private readonly OpenFiles _files;
    private readonly PartsFile _parts;
    private readonly ResumeState _state;

    /// <summary>By file: whether its bytes lie in the file itself; otherwise in the parts file.</summary>
    private readonly bool[] _inPlace;

    private readonly Lock _dirtyLock = new();
    private HashSet<int> _dirty = [];

    private TorrentStorage(TorrentInfo info, TorrentFolder folder, TorrentStorageOptions options, ResumeState state)
    {
        Info = info;
        _folder = folder;
        _options = options;
        _state = state;
        _inPlace = state.InPlace;
        _parts = new PartsFile(folder.Parts, info.PieceLength, state.Slots);
        _files = new OpenFiles(options.MaxOpenFiles, Open);
        Resume = state.Found;
    }

    /// <summary>The torrent.</summary>
    public TorrentInfo Info { get; }

    /// <summary>Absolute path of the download folder.</summary>
    public string Root => _folder.Root;

    /// <summary>What was known when it was opened.</summary>
    public TorrentResume Resume { get; }

    /// <summary>Files that are open now.</summary>
    public int OpenFileCount => _files.Count;

    /// <summary>Opens or makes the storage of a torrent; empty files are made at once, others when their first byte comes.</summary>
    /// <param name="info">The torrent.</param>
    /// <param name="directory">The download folder; a torrent of many files has its own folder in it.</param>
    /// <param name="options">How it is kept.</param>
    /// <param name="storage">To be disposed; it holds the lock of the torrent in that folder.</param>
    /// <param name="problem">Why not.</param>
    public static bool TryOpen(
        TorrentInfo info, string directory, TorrentStorageOptions options, [NotNullWhen(true)] out TorrentStorage? storage, [NotNullWhen(false)] out Problem? problem)
    {
        ArgumentNullException.ThrowIfNull(info);
        ArgumentNullException.ThrowIfNull(options);
        storage = null;
        if (!TorrentFolder.TryOpen(directory, info, options.StateFolder, out TorrentFolder? folder, out problem))
        {
            return false;
        }

        var opened = new TorrentStorage(info, folder, options, ResumeState.Load(info, folder, options));
        problem = opened.MakeEmptyFiles() ?? opened.MoveParts();
        if (problem is not null)
        {
            opened.Dispose();
            return false;
        }

        storage = opened;
        return true;
    }

    /// <summary>Blocks of 16 KiB in a piece, the last one may be shorter.</summary>
    public static int BlockCount(TorrentInfo info, int piece)
    {
        ArgumentNullException.ThrowIfNull(info);
        return (info.PieceSize(piece) + MerkleTree.BlockSize - 1) / MerkleTree.BlockSize;
    }

    /// <summary>Saves the .torrent file beside the state, for a later start by its link.</summary>
    public Problem? SaveTorrent(TorrentFile torrent) => _folder.SaveTorrent(torrent);

    /// <summary>Whether a piece holds bytes of a wanted file.</summary>
    public bool IsWanted(int piece)
    {
        foreach (FileSlice slice in Info.Slices(piece, 0, Info.PieceSize(piece)))
        {
            if (!slice.IsPadding && (_options.Wanted is null || _options.Wanted[slice.File]))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// Reads a part of a piece; null, or why it could not be read (<see cref="StorageProblem.MissingCode"/>: it is not there). The gap between a file of a v2-only torrent and the next
    /// piece reads as zeros.
    /// </summary>
    public Problem? Read(int piece, int begin, Span<byte> destination)
    {
        if (!Info.HasV1 && (long)begin + destination.Length <= Info.PieceLength)
        {
            int there = Math.Clamp(Info.PieceSize(piece) - begin, 0, destination.Length);
            destination[there..].Clear();
            destination = destination[..there];
            begin = there == 0 ? 0 : begin;
        }

        int done = 0;
        foreach (FileSlice slice in Info.Slices(piece, begin, destination.Length))
        {
            Span<byte> part = destination.Slice(done, slice.Length);
            if (slice.IsPadding)
            {
                part.Clear();
            }
            else if (ReadSlice(slice, piece, begin + done, part) is { } problem)
            {
                return problem;
            }

            done += slice.Length;
        }

        return null;
    }

    /// <summary>Writes a part of a piece. What failed may be partly written: the piece is not whole until all its parts were.</summary>
    public Problem? Write(int piece, int begin, ReadOnlyMemory<byte> content) => Write(piece, begin, [content]);

    /// <summary>Writes parts that follow each other in a piece; where they lie in one file by one call of the system.</summary>
    public Problem? Write(int piece, int begin, IReadOnlyList<ReadOnlyMemory<byte>> parts)
    {
        ArgumentNullException.ThrowIfNull(parts);
        long length = 0;
        foreach (ReadOnlyMemory<byte> part in parts)
        {
            length += part.Length;
        }

        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Info.PieceSize(piece), nameof(parts));
        if (_state.BeforeWrite(_parts.Encode) is { } unsaved)
        {
            return unsaved;
        }

        int done = 0;
        foreach (FileSlice slice in Info.Slices(piece, begin, (int)length))
        {
            if (!slice.IsPadding && WriteSlice(slice, piece, begin + done, Cut(parts, done, slice.Length)) is { } problem)
            {
                return problem;
            }

            done += slice.Length;
        }

        return null;
    }

    /// <summary>
    /// Reads a piece and compares it with the torrent's hashes. Missing bytes make it <see cref="PieceVerdict.Wrong"/>; a problem is the disk's.
    /// Takes 1 MiB of memory, however long the piece.
    /// </summary>
    public Problem? Check(int piece, PieceLayers? layers, out PieceVerdict verdict)
    {
        verdict = PieceVerdict.Wrong;
        int size = Info.PieceSize(piece);
        using var hasher = new PieceHasher(Info, piece);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(Math.Min(size, CheckBuffer));
        try
        {
            for (int begin = 0; begin < size;)
            {
                Span<byte> part = buffer.AsSpan(0, Math.Min(Math.Min(size - begin, buffer.Length), CheckBuffer));
                if (Read(piece, begin, part) is { } problem)
                {
                    return problem.Code == StorageProblem.MissingCode ? null : problem;
                }

                hasher.Append(part);
                begin += part.Length;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        verdict = hasher.Verdict(layers);
        return null;
    }

    /// <summary>Makes everything that was written durable.</summary>
    public Problem? Flush()
    {
        HashSet<int> dirty;
        lock (_dirtyLock)
        {
            dirty = _dirty;
            _dirty = [];
        }

        Problem? problem = null;
        foreach (int file in dirty)
        {
            problem ??= OnFile(file, forWriting: true, handle =>
            {
                RandomAccess.FlushToDisk(handle);
                _state.Stamp(file, new FileStamp(RandomAccess.GetLength(handle), File.GetLastWriteTimeUtc(handle).Ticks));
            });
        }

        try
        {
            _parts.Flush();
        }
        catch (Exception failure) when (StorageProblem.IsOfTheWorld(failure))
        {
            problem ??= StorageProblem.OfWrite(failure, _folder.Parts, 0);
        }

        if (problem is not null)
        {
            lock (_dirtyLock)
            {
                _dirty.UnionWith(dirty);
            }
        }

        return problem;
    }

    /// <summary>
    /// Flushes the files, then saves which pieces are there. To be called every minute or so while pieces come: what came after the last call is downloaded
    /// again when the process is killed.
    /// </summary>
    /// <param name="pieces">One bit a checked piece, as in <c>bitfield</c>.</param>
    /// <param name="partial">Blocks of unfinished pieces; those beyond <see cref="TorrentResume.MaxPartial"/> are not kept.</param>
    /// <param name="closing">Whether nothing will be written any more: then any later change of a file is noticed at the next start.</param>
    public Problem? SaveResume(ReadOnlySpan<byte> pieces, IReadOnlyList<PartialPiece> partial, bool closing)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(pieces.Length, TorrentResume.SizeOf(Info.PieceCount), nameof(pieces));
        ArgumentNullException.ThrowIfNull(partial);
        Problem? problem = Flush() ?? _state.Save(pieces, partial, closing, _parts.Encode());
        if (problem is null)
        {
            _parts.Saved();
        }

        return problem;
    }

    /// <summary>Closes all files and gives the torrent back to other processes. Nothing is saved: see <see cref="SaveResume"/>.</summary>
    public void Dispose()
    {
        _files.Dispose();
        _parts.Dispose();
        _folder.Dispose();
    }

    private static List<ReadOnlyMemory<byte>> Cut(IReadOnlyList<ReadOnlyMemory<byte>> parts, int from, int length)
    {
        var cut = new List<ReadOnlyMemory<byte>>(parts.Count);
        foreach (ReadOnlyMemory<byte> part in parts)
        {
            if (from < part.Length && length > 0)
            {
                ReadOnlyMemory<byte> taken = part.Slice(from, Math.Min(length, part.Length - from));
                cut.Add(taken);
                length -= taken.Length;
                from = 0;
            }
            else
            {
                from = Math.Max(0, from - part.Length);
            }
        }

        return cut;
    }

    private Problem? ReadSlice(FileSlice slice, int piece, int begin, Span<byte> destination)
    {
        string path = _inPlace[slice.File] ? Path.Combine(_folder.Root, Info.Files[slice.File].Path) : _folder.Parts;
        try
        {
            if (!_inPlace[slice.File])
            {
                return _parts.TryRead(piece, begin, destination) ? null : StorageProblem.Missing(path);
            }

            using OpenFiles.Lease lease = _files.Borrow(slice.File, forWriting: false);
            return FileReading.TryReadAt(lease.Handle, slice.Offset, destination) ? null : StorageProblem.Missing(path);
        }
        catch (UnsafePathException)
        {
            return StorageProblem.Link(path);
        }
        catch (Exception failure) when (StorageProblem.IsOfTheWorld(failure))
        {
            return StorageProblem.OfRead(failure, path);
        }
    }

    private Problem? WriteSlice(FileSlice slice, int piece, int begin, IReadOnlyList<ReadOnlyMemory<byte>> content)
    {
        if (_inPlace[slice.File])
        {
            Problem? problem = OnFile(slice.File, forWriting: true, handle => RandomAccess.Write(handle, content, slice.Offset));
            lock (_dirtyLock)
            {
                _dirty.Add(slice.File);
            }

            return problem;
        }

        try
        {
            _parts.Write(piece, begin, content);
            return null;
        }
        catch (Exception failure) when (StorageProblem.IsOfTheWorld(failure))
        {
            return StorageProblem.OfWrite(failure, _folder.Parts, slice.Length);
        }
    }

    private Problem? OnFile(int file, bool forWriting, Action<SafeFileHandle> use)
    {
        string path = Path.Combine(_folder.Root, Info.Files[file].Path);
        try
        {
            using OpenFiles.Lease lease = _files.Borrow(file, forWriting);
            use(lease.Handle);
            return null;
        }
        catch (UnsafePathException)
        {
            return StorageProblem.Link(path);
        }
        catch (Exception failure) when (StorageProblem.IsOfTheWorld(failure))
        {
            return StorageProblem.OfWrite(failure, path, Info.Files[file].Length);
        }
    }

    /// <summary>Called by <see cref="_files"/>, one file at a time.</summary>
    private SafeFileHandle Open(int file, bool forWriting)
    {
        TorrentFileEntry entry = Info.Files[file];
        const FileShare share = FileShare.ReadWrite | FileShare.Delete;
        if (!_folder.TryPathOf(entry, out string path, out _))
        {
            throw new UnsafePathException(path);
        }

        if (!forWriting)
        {
            return File.OpenHandle(path, FileMode.Open, FileAccess.Read, share, FileOptions.RandomAccess);
        }

        bool isNew = !File.Exists(path);
        if (isNew)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        }

        SafeFileHandle handle = File.OpenHandle(
            path, isNew ? FileMode.CreateNew : FileMode.Open, FileAccess.ReadWrite, share, FileOptions.RandomAccess, isNew && _options.Preallocate ? entry.Length : 0);
        try
        {
            if (RandomAccess.GetLength(handle) != entry.Length)
            {
                RandomAccess.SetLength(handle, entry.Length);
            }

            lock (_dirtyLock)
            {
                _dirty.Add(file);
            }

            return handle;
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    private Problem? MakeEmptyFiles()
    {
        foreach (TorrentFileEntry file in Info.Files)
        {
            if (file is { Length: 0, Kind: TorrentFileKind.Content } && _inPlace[file.Index] && !_state.IsThere(file.Index)
                && OnFile(file.Index, forWriting: true, static _ => { }) is { } problem)
            {
                return problem;
            }
        }

        return null;
    }

    /// <summary>Puts into their files what the parts file has of files that have become wanted.</summary>
    private Problem? MoveParts()
    {
        foreach (int piece in _parts.Pieces)
        {
            bool needed = false;
            int begin = 0;
            foreach (FileSlice slice in Info.Slices(piece, 0, Info.PieceSize(piece)))
            {
                needed |= !slice.IsPadding && !_inPlace[slice.File];
                if (!slice.IsPadding && _inPlace[slice.File] && _state.WasElsewhere(slice.File) && MovePart(piece, begin, slice) is { } problem)
                {
                    return problem;
                }

                begin += slice.Length;
            }

            if (!needed)
            {
                _parts.Free(piece);
            }
        }

        return null;
    }

    private Problem? MovePart(int piece, int begin, FileSlice slice)
    {
        var content = new byte[slice.Length];
        try
        {
            if (!_parts.TryRead(piece, begin, content))
            {
                return null;
            }
        }
        catch (Exception failure) when (StorageProblem.IsOfTheWorld(failure))
        {
            return StorageProblem.OfRead(failure, _folder.Parts);
        }

        return OnFile(slice.File, forWriting: true, handle => RandomAccess.Write(handle, content, slice.Offset));
    }
}
