using System;
using System.Buffers;

namespace Starling.Runtime.Storage;

/// <summary>Gathers the records and contents of the next group. Used by one thread.</summary>
internal sealed class GroupBuffer
{
    private const int KeptCapacity = 1024 * 1024;

    private ArrayBufferWriter<byte> _records = new();
    private ArrayBufferWriter<byte> _contents = new();

    /// <summary>The records so far.</summary>
    public ReadOnlyMemory<byte> Records => _records.WrittenMemory;

    /// <summary>The contents so far.</summary>
    public ReadOnlyMemory<byte> Contents => _contents.WrittenMemory;

    /// <summary>Whether there is nothing to write.</summary>
    public bool IsEmpty => _records.WrittenCount == 0;

    /// <summary>Bytes gathered.</summary>
    public int Length => _records.WrittenCount + _contents.WrittenCount;

    /// <summary>Adds a record without content.</summary>
    public void Add(JournalRecordKind kind, ResultKey key)
    {
        JournalRecord.Encode(kind, key, _records.GetSpan(JournalRecord.ResultSize));
        _records.Advance(JournalRecord.ResultSize);
    }

    /// <summary>Adds a result with its content.</summary>
    /// <returns>Where among the contents it starts.</returns>
    public int AddInline(ResultKey key, ReadOnlySpan<byte> content)
    {
        Add(JournalRecordKind.HeldInline, key);
        int start = _contents.WrittenCount;
        _contents.Write(content);
        return start;
    }

    /// <summary>Adds a batch.</summary>
    public void AddBatch(ReadOnlySpan<byte> batch)
    {
        int size = JournalRecord.BatchHeadSize + batch.Length;
        JournalRecord.EncodeBatch(batch, _records.GetSpan(size));
        _records.Advance(size);
    }

    /// <summary>Empties it; a rare large group does not keep its memory.</summary>
    public void Clear()
    {
        _records = Cleared(_records);
        _contents = Cleared(_contents);
    }

    private static ArrayBufferWriter<byte> Cleared(ArrayBufferWriter<byte> buffer)
    {
        if (buffer.Capacity > KeptCapacity)
        {
            return new ArrayBufferWriter<byte>();
        }

        buffer.ResetWrittenCount();
        return buffer;
    }
}
