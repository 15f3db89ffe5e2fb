using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using Starling.Core.Metainfo;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Core.Torrents;
using Starling.Runtime.Tasks;
using Starling.Runtime.Torrents;

namespace Starling.Runtime.Engine;

/// <summary>One input of a task: what of it is here.</summary>
internal sealed class TaskInput(TaskInputs owner, InputSpec spec, string path, FoundInput? here) : ITorrentObserver
{
    private readonly Lock _gate = new();
    private TorrentInfo? _info;
    private PieceBits? _have;
    private IReadOnlyList<string> _files = here is null ? [] : InputTorrent.FilesOf(here.Torrent.Info, System.IO.Path.GetDirectoryName(here.Path)!);
    private volatile bool _isWhole = here is not null;

    /// <summary>What the task says of it.</summary>
    public InputSpec Spec => spec;

    /// <summary>Absolute path of the file or folder.</summary>
    public string Path => path;

    /// <summary>Where it was found; null: it is fetched.</summary>
    public FoundInput? Here => here;

    /// <summary>Whether it was found on this machine.</summary>
    public bool IsHere => here is not null;

    /// <summary>Whether all of it is here.</summary>
    public bool IsWhole => _isWhole;

    /// <summary>Its data swarm; null: not begun.</summary>
    public TorrentSession? Session { get; set; }

    /// <summary>Absolute paths of its files in the order of the torrent; empty while that is not known.</summary>
    public IReadOnlyList<string> Files => Volatile.Read(ref _files);

    /// <summary>Bytes that are here, about.</summary>
    public long BytesHere
    {
        get
        {
            lock (_gate)
            {
                return _isWhole ? spec.Length : _have is { } have && _info is { } info ? Math.Min(spec.Length, (long)have.Count * info.PieceLength) : 0;
            }
        }
    }

    /// <summary>Whether part <paramref name="part"/> is here: the chunk of <paramref name="size"/> bytes, or with 0 the file of that number.</summary>
    public bool HasPart(int part, long size)
    {
        if (_isWhole)
        {
            return true;
        }

        lock (_gate)
        {
            if (_info is not { } info || _have is not { } have || !TryRangeOf(info, part, size, out long start, out long end))
            {
                return false;
            }

            for (long piece = start / info.PieceLength; piece * info.PieceLength < end; piece++)
            {
                if (!have[(int)piece])
                {
                    return false;
                }
            }

            return true;
        }
    }

    /// <summary>The parts that hold bytes of a torrent piece.</summary>
    public (int First, int Count) PartsTouched(int piece, long size, int parts)
    {
        lock (_gate)
        {
            // Which files a piece touches is known, but parts by file are few enough to look at them all.
            if (_info is not { } info || size == 0)
            {
                return (0, parts);
            }

            long start = (long)piece * info.PieceLength;
            long first = Math.Min(start / size, parts);
            long last = Math.Min((start + info.PieceLength - 1) / size, parts - 1);
            return ((int)first, (int)Math.Max(0, last - first + 1));
        }
    }

    void ITorrentObserver.Known(TorrentInfo info, string folder)
    {
        if (!string.Equals(info.Name, spec.Name, StringComparison.Ordinal) || info.ContentLength != spec.Length)
        {
            owner.Remark(new Problem(
                "input", $"input '{SafePath.Quoted(spec.Name)}' is called otherwise, or has another length, in its torrent than in the task",
                "The task file is wrong: ask its author"));
            return;
        }

        lock (_gate)
        {
            _info = info;
            Volatile.Write(ref _files, InputTorrent.FilesOf(info, folder));
        }
    }

    void ITorrentObserver.Checking(int looked, int pieces)
    {
        // Nothing runs before; the display shows what is there.
    }

    void ITorrentObserver.Started(PieceBits have)
    {
        lock (_gate)
        {
            _ = PieceBits.TryRead(have.Bytes.Span, have.Length, out _have);
            _isWhole |= _info is not null && have.Count == have.Length;
        }

        for (int piece = 0; piece < have.Length; piece++)
        {
            if (have[piece])
            {
                owner.Advance(this, piece);
                if (_isWhole)
                {
                    return;
                }
            }
        }
    }

    void ITorrentObserver.Report(DataEvent happened)
    {
        if (happened is DataEvent.WebSeedGivenUp given)
        {
            owner.Remark(given.Problem with { Reason = $"input '{SafePath.Quoted(spec.Name)}': {given.Problem.Reason}" });
        }

        if (happened is not DataEvent.PieceReady ready)
        {
            return;
        }

        lock (_gate)
        {
            if (_have is not { } have || _info is null)
            {
                return;
            }

            have.Add(ready.Piece);
            _isWhole |= have.Count == have.Length;
        }

        owner.Advance(this, ready.Piece);
    }

    void ITorrentObserver.Failed(Problem problem) => owner.Remark(problem with { Reason = $"input '{SafePath.Quoted(spec.Name)}': {problem.Reason}" });

    private static bool TryRangeOf(TorrentInfo info, int part, long size, out long start, out long end)
    {
        if (size > 0)
        {
            start = part * size;
            end = Math.Min(start + size, info.ContentLength);
            return start < end;
        }

        TorrentFileEntry? file = info.Files.Where(static candidate => candidate.Kind == TorrentFileKind.Content).ElementAtOrDefault(part);
        start = file?.Offset ?? 0;
        end = start + (file?.Length ?? 0);
        return file is not null;
    }
}
