using System;
using System.Collections.Generic;
using System.IO;
using Microsoft.Win32.SafeHandles;

namespace Starling.Runtime.Storage;

/// <summary>Where an inline content lies in the journal; for a content that is a file, the offset is <see cref="InFile"/>.</summary>
internal readonly record struct JournalPlace(long Offset)
{
    /// <summary>The content is a file of its own.</summary>
    public static JournalPlace InFile { get; } = new(-1);

    /// <summary>Whether the content is a file of its own.</summary>
    public bool IsFile => Offset < 0;
}

/// <summary>What a journal says.</summary>
internal sealed class JournalContents
{
    /// <summary>Results that are held, with their places.</summary>
    public Dictionary<ResultKey, JournalPlace> Held { get; } = [];

    /// <summary>Results that are in the output and held no more.</summary>
    public HashSet<ResultKey> Released { get; } = [];

    /// <summary>Results that the policy accepted.</summary>
    public HashSet<ResultKey> Accepted { get; } = [];

    /// <summary>Batches in the order of saving.</summary>
    public List<ReadOnlyMemory<byte>> Batches { get; } = [];

    /// <summary>The end of what is sound; a torn tail may follow.</summary>
    public long SoundLength { get; set; }

    /// <summary>Bytes before <see cref="SoundLength"/> that can't be read though they had been durable.</summary>
    public long DamagedBytes { get; set; }

    /// <summary>Bytes that a rewritten journal would need.</summary>
    public long LiveBytes { get; set; }
}

/// <summary>
/// Reads a journal's records, not its contents: those are checked only where they may be torn, behind the last flush that a later group
/// vouches for.
/// </summary>
internal sealed class JournalReader
{
    private readonly SafeFileHandle _file;
    private readonly JournalHeader _header;
    private readonly long _length;
    private readonly int _pieceCount;
    private readonly int _pieceLength;
    private readonly List<JournalGroup> _groups = [];
    private readonly List<(long Start, long End)> _gaps = [];
    private byte[] _window = new byte[64 * 1024];
    private long _windowStart;
    private int _windowLength;

    public JournalReader(SafeFileHandle file, JournalHeader header, long length, int pieceCount, int pieceLength)
    {
        _file = file;
        _header = header;
        _length = length;
        _pieceCount = pieceCount;
        _pieceLength = pieceLength;
    }

    private ReadOnlySpan<byte> Salt => _header.Salt.Span;

    /// <summary>Reads all of it.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    public JournalContents Read()
    {
        FindGroups();
        var contents = new JournalContents { SoundLength = CutTornTail() };
        foreach ((long start, long end) in _gaps)
        {
            contents.DamagedBytes += end - start;
        }

        foreach (JournalGroup group in _groups)
        {
            Apply(group, contents);
        }

        contents.LiveBytes = JournalHeader.Size + ((long)(contents.Accepted.Count + contents.Released.Count) * JournalRecord.ResultSize);
        foreach ((ResultKey key, JournalPlace place) in contents.Held)
        {
            contents.LiveBytes += JournalRecord.ResultSize + (place.IsFile ? 0 : key.Result.Length);
        }

        foreach (ReadOnlyMemory<byte> batch in contents.Batches)
        {
            contents.LiveBytes += JournalRecord.BatchHeadSize + batch.Length;
        }

        return contents;
    }

    private void FindGroups()
    {
        long offset = JournalHeader.Size;
        while (offset < _length)
        {
            long found = offset;
            JournalGroup group;
            while (!TryReadGroup(found, out group))
            {
                found = NextStart(found + 1);
                if (found < 0)
                {
                    _gaps.Add((offset, _length));
                    return;
                }
            }

            if (found > offset)
            {
                _gaps.Add((offset, found));
            }

            _groups.Add(group);
            offset = group.End;
        }
    }

    /// <summary>
    /// A gap before the furthest flush that any group vouches for is damage; behind it, the first thing that is not whole ends the journal:
    /// nothing there was announced.
    /// </summary>
    private long CutTornTail()
    {
        long synced = JournalHeader.Size;
        foreach (JournalGroup group in _groups)
        {
            synced = Math.Max(synced, group.Synced);
        }

        long end = _groups.Count == 0 ? JournalHeader.Size : _groups[^1].End;
        foreach ((long start, _) in _gaps)
        {
            if (start >= synced)
            {
                end = Math.Min(end, start);
            }
        }

        foreach (JournalGroup group in _groups)
        {
            if (group.Offset >= synced && group.Offset < end && !ContentsAreWhole(group))
            {
                end = group.Offset;
                break;
            }
        }

        _groups.RemoveAll(group => group.Offset >= end);
        _gaps.RemoveAll(gap => gap.Start >= end);
        return end;
    }

    private void Apply(JournalGroup group, JournalContents contents)
    {
        ReadOnlySpan<byte> records = Window(group.RecordsOffset, group.RecordsLength);
        long place = group.ContentsOffset;
        while (!records.IsEmpty && JournalRecord.TryDecode(records, out JournalRecord record))
        {
            ReadOnlySpan<byte> bytes = records[..record.Size];
            records = records[record.Size..];
            if (record.Kind == JournalRecordKind.Batch)
            {
                contents.Batches.Add(bytes[JournalRecord.BatchHeadSize..].ToArray());
                continue;
            }

            if (record.Key.Piece < _pieceCount && record.Key.Result.Length <= _pieceLength)
            {
                Apply(record, new JournalPlace(place), contents);
            }

            place += record.ContentLength;
        }
    }

    private static void Apply(JournalRecord record, JournalPlace place, JournalContents contents)
    {
        switch (record.Kind)
        {
            case JournalRecordKind.HeldInline:
                contents.Released.Remove(record.Key);
                contents.Held[record.Key] = place;
                break;
            case JournalRecordKind.HeldFile:
                contents.Released.Remove(record.Key);
                contents.Held[record.Key] = JournalPlace.InFile;
                break;
            case JournalRecordKind.Dropped:
                contents.Held.Remove(record.Key);
                break;
            case JournalRecordKind.Unaccepted:
                contents.Accepted.Remove(record.Key);
                break;
            case JournalRecordKind.Released:
                contents.Held.Remove(record.Key);
                contents.Released.Add(record.Key);
                break;
            case JournalRecordKind.Accepted:
                contents.Accepted.Add(record.Key);
                break;
        }
    }

    private bool TryReadGroup(long offset, out JournalGroup group)
    {
        if (!JournalGroup.TryDecodeHead(Window(offset, JournalGroup.HeadSize), Salt, offset, out group) || group.End > _length)
        {
            return false;
        }

        ReadOnlySpan<byte> bytes = Window(offset, JournalGroup.HeadSize + group.RecordsLength);
        ReadOnlySpan<byte> records = bytes[JournalGroup.HeadSize..];
        return JournalGroup.Matches(Salt, offset, records, JournalGroup.RecordsCheck(bytes)) && Describe(records, group.ContentsLength);
    }

    /// <summary>Whether these are records and nothing else, with contents of exactly that length: no content lies beyond its group.</summary>
    private static bool Describe(ReadOnlySpan<byte> records, int contentsLength)
    {
        long contents = 0;
        while (!records.IsEmpty)
        {
            if (!JournalRecord.TryDecode(records, out JournalRecord record))
            {
                return false;
            }

            contents += record.ContentLength;
            records = records[record.Size..];
        }

        return contents == contentsLength;
    }

    private bool ContentsAreWhole(JournalGroup group)
    {
        int length = (int)(group.End - group.Offset);
        ReadOnlySpan<byte> bytes = Window(group.Offset, length);
        return bytes.Length == length
            && JournalGroup.Matches(
                Salt, group.Offset, bytes[(JournalGroup.HeadSize + group.RecordsLength)..], JournalGroup.ContentsCheck(bytes));
    }

    /// <summary>The next place, from <paramref name="from"/> on, that looks like the start of a group; -1 when there is none.</summary>
    private long NextStart(long from)
    {
        while (from < _length)
        {
            ReadOnlySpan<byte> bytes = Window(from, (int)Math.Min(32 * 1024, _length - from));
            int found = bytes.IndexOf(JournalGroup.Start);
            if (found >= 0)
            {
                return from + found;
            }

            if (from + bytes.Length >= _length || bytes.Length < JournalGroup.Start.Length)
            {
                return -1;
            }

            from += bytes.Length - (JournalGroup.Start.Length - 1);
        }

        return -1;
    }

    /// <summary>Bytes of the file; fewer than asked for at its end. Valid until the next call.</summary>
    private ReadOnlySpan<byte> Window(long offset, int count)
    {
        count = (int)Math.Min(count, _length - offset);
        if (offset < _windowStart || offset + count > _windowStart + _windowLength)
        {
            if (count > _window.Length)
            {
                _window = new byte[count];
            }

            _windowStart = offset;
            _windowLength = 0;
            int wanted = (int)Math.Min(_window.Length, _length - offset);
            while (_windowLength < wanted)
            {
                int read = RandomAccess.Read(_file, _window.AsSpan(_windowLength, wanted - _windowLength), offset + _windowLength);
                if (read == 0)
                {
                    break;
                }

                _windowLength += read;
            }
        }

        return _window.AsSpan((int)(offset - _windowStart), (int)Math.Min(count, _windowStart + _windowLength - offset));
    }
}
