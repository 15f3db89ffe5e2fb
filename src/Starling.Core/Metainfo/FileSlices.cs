using System;

namespace Starling.Core.Metainfo;

/// <summary>A part of one file.</summary>
/// <param name="File">Index of the file in <see cref="TorrentInfo.Files"/>.</param>
/// <param name="Offset">First byte in the file.</param>
/// <param name="Length">Bytes, at least one.</param>
/// <param name="IsPadding">Whether these are virtual zeros.</param>
public readonly record struct FileSlice(int File, long Offset, int Length, bool IsPadding);

/// <summary>
/// The parts of files that a range of the space of pieces covers, in order and without gaps; used by <c>foreach</c>, allocates nothing.
/// </summary>
public ref struct FileSlices
{
    private readonly TorrentInfo _info;
    private readonly long _end;
    private long _next;
    private int _entry;

    internal FileSlices(TorrentInfo info, long offset, int length)
    {
        _info = info;
        _next = offset;
        _end = offset + length;
        _entry = length == 0 ? 0 : info.FileAt(offset);
    }

    /// <summary>The part that <see cref="MoveNext"/> arrived at.</summary>
    public FileSlice Current { get; private set; }

    /// <summary>The enumerator of a <c>foreach</c>: itself.</summary>
    public readonly FileSlices GetEnumerator() => this;

    /// <summary>Goes to the next part.</summary>
    public bool MoveNext()
    {
        if (_next >= _end)
        {
            return false;
        }

        TorrentFileEntry file = _info.Files[_entry];
        while (file.End <= _next)
        {
            file = _info.Files[++_entry];
        }

        int length = (int)(Math.Min(_end, file.End) - _next);
        Current = new FileSlice(_entry, _next - file.Offset, length, file.IsPadding);
        _next += length;
        return true;
    }
}
