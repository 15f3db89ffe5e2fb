using System;
using System.Collections.Generic;
using System.IO;
using Microsoft.Win32.SafeHandles;
using Starling.Core.Pieces;

namespace Starling.Runtime.Storage;

/// <summary>Writes what a journal says into a new file: only what is live, in groups of about a megabyte, flushed at the end.</summary>
internal static class JournalRewriter
{
    private const int GroupTarget = 1024 * 1024;

    /// <summary>Writes the file; see <see cref="Journal.Replace"/>.</summary>
    public static SafeFileHandle Write(
        string path, JournalHeader header, JournalContents contents, SafeFileHandle? source, out long length)
    {
        SafeFileHandle file;
        using (FileStream created = new(path, TaskFolder.PrivateFile(FileMode.CreateNew)))
        {
            created.Write(header.Encode());
        }

        file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.Read);
        try
        {
            length = JournalHeader.Size;
            var buffer = new GroupBuffer();
            foreach (ReadOnlyMemory<byte> batch in contents.Batches)
            {
                buffer.AddBatch(batch.Span);
                length = WriteWhenFull(file, header, buffer, length);
            }

            foreach (ResultKey key in Sorted(contents.Accepted))
            {
                buffer.Add(JournalRecordKind.Accepted, key);
                length = WriteWhenFull(file, header, buffer, length);
            }

            foreach (ResultKey key in Sorted(contents.Released))
            {
                buffer.Add(JournalRecordKind.Released, key);
                length = WriteWhenFull(file, header, buffer, length);
            }

            length = WriteHeld(file, header, contents, source, buffer, length);
            RandomAccess.FlushToDisk(file);
            return file;
        }
        catch (Exception failure) when (StoreProblem.IsOfTheWorld(failure))
        {
            file.Dispose();
            File.Delete(path);
            throw;
        }
    }

    private static long WriteHeld(
        SafeFileHandle file, JournalHeader header, JournalContents contents, SafeFileHandle? source, GroupBuffer buffer, long length)
    {
        var inGroup = new List<(ResultKey Key, int Start)>();
        var content = new byte[PieceStoreOptions.InlineThreshold];
        foreach (ResultKey key in Sorted(contents.Held.Keys))
        {
            JournalPlace place = contents.Held[key];
            if (place.IsFile)
            {
                buffer.Add(JournalRecordKind.HeldFile, key);
            }
            else if (source is not null && TryReadInline(source, place, key, content))
            {
                inGroup.Add((key, buffer.AddInline(key, content.AsSpan(0, key.Result.Length))));
            }
            else
            {
                contents.Held.Remove(key);
                contents.DamagedBytes += key.Result.Length;
            }

            if (buffer.Length >= GroupTarget)
            {
                length = Flush();
            }
        }

        return buffer.IsEmpty ? length : Flush();

        long Flush()
        {
            JournalGroup group = WriteGroup(file, header, buffer, length);
            foreach ((ResultKey key, int start) in inGroup)
            {
                contents.Held[key] = new JournalPlace(group.ContentsOffset + start);
            }

            inGroup.Clear();
            return group.End;
        }
    }

    private static long WriteWhenFull(SafeFileHandle file, JournalHeader header, GroupBuffer buffer, long offset) =>
        buffer.Length < GroupTarget ? offset : WriteGroup(file, header, buffer, offset).End;

    private static JournalGroup WriteGroup(SafeFileHandle file, JournalHeader header, GroupBuffer buffer, long offset)
    {
        var group = new JournalGroup(offset, buffer.Records.Length, buffer.Contents.Length, JournalHeader.Size);
        var head = new byte[JournalGroup.HeadSize];
        group.EncodeHead(header.Salt.Span, buffer.Records.Span, buffer.Contents.Span, head);
        RandomAccess.Write(file, [head, buffer.Records, buffer.Contents], offset);
        buffer.Clear();
        return group;
    }

    private static bool TryReadInline(SafeFileHandle source, JournalPlace place, ResultKey key, Span<byte> content)
    {
        Span<byte> wanted = content[..key.Result.Length];
        return FileReading.TryReadAt(source, place.Offset, wanted) && MerkleTree.ResultOf(wanted) == key.Result;
    }

    private static List<ResultKey> Sorted(IEnumerable<ResultKey> keys)
    {
        var sorted = new List<ResultKey>(keys);
        sorted.Sort();
        return sorted;
    }
}
