using System;
using System.Collections.Generic;
using System.IO;
using Microsoft.Win32.SafeHandles;

namespace Starling.Runtime.Storage;

/// <summary>
/// The open journal of one folder: groups are appended, then flushed. After a failed write the file is cut back; where that fails too, or
/// a flush failed (then the system may have forgotten what was not written), it is <see cref="Broken"/> until it was rewritten.
/// </summary>
internal sealed class Journal : IDisposable
{
    private readonly string _path;
    private readonly StoreFailPoint? _failPoint;
    private readonly byte[] _head = new byte[JournalGroup.HeadSize];
    private long _synced;

    private Journal(string path, SafeFileHandle file, JournalHeader header, long length, StoreFailPoint? failPoint)
    {
        _path = path;
        _failPoint = failPoint;
        File = file;
        Header = header;
        Length = length;
        _synced = length;
    }

    /// <summary>The file; another one after a rewrite, then this one is closed.</summary>
    public SafeFileHandle File { get; private set; }

    /// <summary>What the file starts with.</summary>
    public JournalHeader Header { get; private set; }

    /// <summary>The end of the last group that was written whole.</summary>
    public long Length { get; private set; }

    /// <summary>Whether it must be rewritten before anything else can be.</summary>
    public bool Broken { get; private set; }

    /// <summary>Whether something was written since the last flush.</summary>
    public bool IsDirty => Length > _synced;

    /// <summary>Takes over a file that was read up to <paramref name="soundLength"/>: what follows is cut off, the rest is flushed.</summary>
    public static Journal Continue(string path, SafeFileHandle file, JournalHeader header, long soundLength, StoreFailPoint? failPoint)
    {
        if (RandomAccess.GetLength(file) > soundLength)
        {
            RandomAccess.SetLength(file, soundLength);
        }

        // A killed process may have left records that only the system's memory knows: they must last before they are believed.
        RandomAccess.FlushToDisk(file);
        return new Journal(path, file, header, soundLength, failPoint);
    }

    /// <summary>Writes a journal with this content in the place of the old one, if any.</summary>
    /// <param name="path">Path of the journal.</param>
    /// <param name="header">What it starts with.</param>
    /// <param name="contents">What it says; the places of inline contents become those in the new file, and unsound ones are taken out.</param>
    /// <param name="source">The file that the inline contents come from; null when there are none.</param>
    /// <param name="failPoint">Sees the steps.</param>
    public static Journal Replace(
        string path, JournalHeader header, JournalContents contents, SafeFileHandle? source, StoreFailPoint? failPoint)
    {
        string fresh = path + ".new";
        System.IO.File.Delete(fresh);
        failPoint?.Invoke(StoreStep.WriteNewJournal, fresh);
        SafeFileHandle file = JournalRewriter.Write(fresh, header, contents, source, out long length);
        try
        {
            failPoint?.Invoke(StoreStep.PlaceNewJournal, path);
            System.IO.File.Move(fresh, path, overwrite: true);
            NativeFiles.FlushFolder(Path.GetDirectoryName(path)!);
        }
        catch (Exception failure) when (StoreProblem.IsOfTheWorld(failure))
        {
            file.Dispose();
            throw;
        }

        return new Journal(path, file, header, length, failPoint);
    }

    /// <summary>Writes one group behind the others, not yet durable.</summary>
    /// <exception cref="IOException">Nothing of it counts.</exception>
    public JournalGroup Append(GroupBuffer buffer)
    {
        var group = new JournalGroup(Length, buffer.Records.Length, buffer.Contents.Length, _synced);
        group.EncodeHead(Header.Salt.Span, buffer.Records.Span, buffer.Contents.Span, _head);
        try
        {
            _failPoint?.Invoke(StoreStep.WriteJournal, _path);
            IReadOnlyList<ReadOnlyMemory<byte>> parts = buffer.Contents.IsEmpty
                ? [_head, buffer.Records]
                : [_head, buffer.Records, buffer.Contents];
            RandomAccess.Write(File, parts, Length);
        }
        catch (Exception failure) when (StoreProblem.IsOfTheWorld(failure))
        {
            CutBack();
            throw;
        }

        Length = group.End;
        return group;
    }

    /// <summary>Makes everything that was appended durable.</summary>
    /// <param name="before">The length to go back to when it fails: what came after does not count then.</param>
    /// <exception cref="IOException">Nothing that was appended since <paramref name="before"/> counts.</exception>
    public void Flush(long before)
    {
        try
        {
            _failPoint?.Invoke(StoreStep.FlushJournal, _path);
            RandomAccess.FlushToDisk(File);
        }
        catch (Exception failure) when (StoreProblem.IsOfTheWorld(failure))
        {
            Length = before;
            CutBack();
            Broken = true;
            throw;
        }

        _synced = Length;
    }

    /// <summary>Writes everything that is sound into a new file after a failure.</summary>
    /// <returns>What it says, with the new places.</returns>
    public JournalContents Rewrite(int pieceCount, int pieceLength)
    {
        JournalContents contents = new JournalReader(File, Header, Length, pieceCount, pieceLength).Read();
        using Journal replaced = Replace(_path, JournalHeader.Create(Header.TaskId, Header.Log), contents, File, _failPoint);
        SafeFileHandle old = File;
        (File, Header, Length, _synced) = (replaced.Release(), replaced.Header, replaced.Length, replaced.Length);
        Broken = false;
        old.Dispose();
        return contents;
    }

    /// <inheritdoc/>
    public void Dispose() => File?.Dispose();

    private SafeFileHandle Release()
    {
        SafeFileHandle file = File;
        File = null!;
        return file;
    }

    private void CutBack()
    {
        try
        {
            RandomAccess.SetLength(File, Length);
        }
        catch (Exception failure) when (StoreProblem.IsOfTheWorld(failure))
        {
            Broken = true;
        }
    }
}
