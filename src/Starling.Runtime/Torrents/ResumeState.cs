using System;
using System.Collections.Generic;
using System.IO;
using System.Threading;
using Starling.Core.Metainfo;
using Starling.Core.Primitives;
using Starling.Core.Torrents;
using Starling.Runtime.Storage;

namespace Starling.Runtime.Torrents;

/// <summary>
/// Compares the saved state of a torrent with its files at the start, and saves it again. Thread-safe after <see cref="Load"/>.
/// </summary>
/// <remarks>
/// After a clean end, size and date of each file must be those that were saved; pieces of other files are checked again. After a kill, files that were being written have later dates: they are
/// believed when they changed within <see cref="KillWindow"/> of the last save, for what the saved state names had been flushed before. What else was written to them is checked.
/// </remarks>
internal sealed class ResumeState
{
    /// <summary>How long after the last save a killed process may have written to files. Longer than any pause between saves while pieces come.</summary>
    public static readonly TimeSpan KillWindow = TimeSpan.FromMinutes(10);

    private readonly Lock _lock = new();
    private readonly TorrentInfo _info;
    private readonly TorrentFolder _folder;
    private readonly TimeProvider _clock;
    private readonly FileStamp[] _stamps;
    private readonly bool[] _wasElsewhere;
    private byte[] _savedPieces;
    private IReadOnlyList<PartialPiece> _savedPartial;

    /// <summary>Whether the saved state says that files are being written.</summary>
    private volatile bool _saysWriting;

    private ResumeState(
        TorrentInfo info, TorrentFolder folder, TimeProvider clock, bool[] inPlace, FileStamp[] stamps, bool[] wasElsewhere, TorrentResume found, Dictionary<int, int> slots)
    {
        _info = info;
        _folder = folder;
        _clock = clock;
        InPlace = inPlace;
        _stamps = stamps;
        _wasElsewhere = wasElsewhere;
        Found = found;
        Slots = slots;
        _savedPieces = (byte[])found.Pieces.Clone();
        _savedPartial = found.Partial;
    }

    /// <summary>By file: whether its bytes lie in the file itself.</summary>
    public bool[] InPlace { get; }

    /// <summary>What is known of the pieces.</summary>
    public TorrentResume Found { get; }

    /// <summary>Slots of the parts file.</summary>
    public Dictionary<int, int> Slots { get; }

    /// <summary>Whether a file was there at the start.</summary>
    public bool IsThere(int file) => _stamps[file].IsThere;

    /// <summary>Whether the parts of a file lay in the parts file when the state was saved.</summary>
    public bool WasElsewhere(int file) => _wasElsewhere[file];

    /// <summary>Looks at all files, and compares them with what was saved.</summary>
    public static ResumeState Load(TorrentInfo info, TorrentFolder folder, TorrentStorageOptions options)
    {
        var stamps = new FileStamp[info.Files.Count];
        var inPlace = new bool[stamps.Length];
        for (int i = 0; i < stamps.Length; i++)
        {
            TorrentFileEntry file = info.Files[i];
            stamps[i] = file.Kind == TorrentFileKind.Content ? StampOf(Path.Combine(folder.Root, file.Path)) : FileStamp.Absent;
            inPlace[i] = file.Kind == TorrentFileKind.Content && (stamps[i].IsThere || options.Wanted is null || options.Wanted[i]);
        }

        int size = TorrentResume.SizeOf(info.PieceCount);
        ResumeFile? saved = ResumeFile.Read(folder.Resume, info);
        var slots = saved is null ? null : PartsFile.Decode(saved.Parts, info.PieceCount);
        saved = slots is null ? null : saved;
        var pieces = saved?.Pieces ?? new byte[size];
        if (options.IsChecked)
        {
            pieces.AsSpan().Fill(0xFF);
        }

        ClearSpare(pieces, info.PieceCount);
        var doubtful = new byte[size];
        var wasElsewhere = new bool[stamps.Length];
        for (int i = 0; i < stamps.Length; i++)
        {
            if (info.Files[i] is not { Length: > 0, Kind: TorrentFileKind.Content })
            {
                continue;
            }

            FileStamp before = saved?.Stamps[i] ?? FileStamp.Absent;
            wasElsewhere[i] = saved is not null && !before.IsThere;
            bool isKnown = options.IsChecked
                ? stamps[i].Size == info.Files[i].Length
                : IsAsSaved(saved, before, stamps[i], info.Files[i].Length, inPlace[i]);
            if (isKnown)
            {
                if (saved is { IsClean: false } && stamps[i].IsThere && inPlace[i])
                {
                    DoubtWritten(info, i, folder, pieces, saved.Partial, doubtful);
                }

                continue;
            }

            (int first, int count) = info.PiecesOf(i);
            for (int piece = first; piece < first + count; piece++)
            {
                TorrentResume.Set(pieces, piece, false);

                // What the parts file has of a file that has become wanted moves into it, and is looked at again.
                bool hasBytes = stamps[i].IsThere || (slots is not null && inPlace[i] && slots.ContainsKey(piece));
                TorrentResume.Set(doubtful, piece, hasBytes || TorrentResume.Has(doubtful, piece));
            }
        }

        var partial = new List<PartialPiece>();
        foreach (PartialPiece piece in saved?.Partial ?? [])
        {
            if (!TorrentResume.Has(pieces, piece.Piece) && !TorrentResume.Has(doubtful, piece.Piece) && !LostBytes(info, piece.Piece, stamps, inPlace))
            {
                partial.Add(piece);
            }
        }

        return new ResumeState(info, folder, options.Clock, inPlace, stamps, wasElsewhere, new TorrentResume(pieces, doubtful, partial), slots ?? [])
        {
            _saysWriting = saved is { IsClean: false },
        };
    }

    /// <summary>Before the first write: from now on dates of files change, so the saved state must say so.</summary>
    /// <param name="parts">Gives the slots of the parts file.</param>
    public Problem? BeforeWrite(Func<byte[]> parts)
    {
        if (_saysWriting)
        {
            return null;
        }

        lock (_lock)
        {
            return _saysWriting ? null : SaveLocked(_savedPieces, _savedPartial, isClean: false, parts());
        }
    }

    /// <summary>Size and date of a file after it was flushed.</summary>
    public void Stamp(int file, FileStamp stamp)
    {
        lock (_lock)
        {
            _stamps[file] = stamp;
        }
    }

    public Problem? Save(ReadOnlySpan<byte> pieces, IReadOnlyList<PartialPiece> partial, bool isClean, byte[] parts)
    {
        lock (_lock)
        {
            return SaveLocked(pieces.ToArray(), partial, isClean, parts);
        }
    }

    /// <summary>Whether what the saved state says about a file's pieces still holds.</summary>
    private static bool IsAsSaved(ResumeFile? saved, FileStamp before, FileStamp now, long length, bool inPlace)
    {
        if (saved is null || !now.IsThere)
        {
            // Nothing to check: without the file its pieces are simply not there, unless they lie in the parts file.
            return saved is not null && !before.IsThere && !inPlace;
        }

        if (saved.IsClean)
        {
            return before == now;
        }

        bool sizeFits = now.Size == length || now.Size == before.Size;
        long earliest = before.IsThere ? before.Ticks : saved.SavedTicks - KillWindow.Ticks;
        return before == now || (sizeFits && now.Ticks >= earliest && now.Ticks <= saved.SavedTicks + KillWindow.Ticks);
    }

    /// <summary>After a kill: what was written since the last save is there, but nobody vouches for it. Pieces in holes of a sparse file were not written.</summary>
    private static void DoubtWritten(
        TorrentInfo info, int file, TorrentFolder folder, byte[] pieces, IReadOnlyList<PartialPiece> partial, byte[] doubtful)
    {
        TorrentFileEntry entry = info.Files[file];
        var unfinished = new HashSet<int>();
        foreach (PartialPiece piece in partial)
        {
            unfinished.Add(piece.Piece);
        }

        foreach ((long start, long end) in NativeFiles.WrittenParts(Path.Combine(folder.Root, entry.Path), entry.Length))
        {
            (int first, int count) = info.PiecesOf(file);
            long origin = info.StartOf(first) - entry.Offset;
            int last = (int)Math.Min(first + count - 1, first + ((end - 1 - origin) / info.PieceLength));
            for (int piece = first + (int)((start - origin) / info.PieceLength); piece <= last; piece++)
            {
                if (!TorrentResume.Has(pieces, piece) && !unfinished.Contains(piece))
                {
                    TorrentResume.Set(doubtful, piece, true);
                }
            }
        }
    }

    private static bool LostBytes(TorrentInfo info, int piece, FileStamp[] stamps, bool[] inPlace)
    {
        foreach (FileSlice slice in info.Slices(piece, 0, info.PieceSize(piece)))
        {
            if (!slice.IsPadding && inPlace[slice.File] && !stamps[slice.File].IsThere)
            {
                return true;
            }
        }

        return false;
    }

    private static void ClearSpare(byte[] bits, int count)
    {
        for (int i = count; i < bits.Length * 8; i++)
        {
            TorrentResume.Set(bits, i, false);
        }
    }

    private static FileStamp StampOf(string path)
    {
        var file = new FileInfo(path);
        return file.Exists ? new FileStamp(file.Length, file.LastWriteTimeUtc.Ticks) : FileStamp.Absent;
    }

    private Problem? SaveLocked(byte[] pieces, IReadOnlyList<PartialPiece> partial, bool isClean, byte[] parts)
    {
        var kept = new List<PartialPiece>(partial);
        if (kept.Count > TorrentResume.MaxPartial)
        {
            kept.RemoveRange(TorrentResume.MaxPartial, kept.Count - TorrentResume.MaxPartial);
        }

        var file = new ResumeFile
        {
            IsClean = isClean,
            SavedTicks = _clock.GetUtcNow().UtcTicks,
            Pieces = pieces,
            Partial = kept,
            Stamps = _stamps,
            Parts = parts,
        };
        Problem? problem = _folder.Save(_folder.Resume, file.Encode(_info.SwarmHashes[0]));
        if (problem is null)
        {
            _savedPieces = pieces;
            _savedPartial = kept;
            _saysWriting = !isClean;
        }

        return problem;
    }
}
