using System;
using System.Collections.Generic;
using System.IO;
using System.Security.Cryptography;
using System.Threading;
using Starling.Core.Gossip;
using Starling.Core.Primitives;
using Starling.Core.Verification;
using Starling.Runtime.Storage;

namespace Starling.Runtime.Reputation;

/// <summary>
/// The notices of delegation that the owner signed, or heard from peers: a file a task in <c>delegations/</c> of the owner's folder. An entry is its length (1 byte),
/// the notice, and the first 8 bytes of SHA-256 over both; what is torn or damaged ends the file, and is not written again. Each change writes the whole file beside and renames it, one process at a time.
/// </summary>
/// <param name="ownerFolder">The owner's folder.</param>
public sealed class DelegationFolder(string ownerFolder)
{
    /// <summary>Name of the folder within the owner's.</summary>
    public const string Name = "delegations";

    /// <summary>Entries of one task that are read; what was taken back and renewed stays in the file, so there may be more than count.</summary>
    public const int MaxEntries = 16 * DelegationTable.MaxNotices;

    private const int CheckSize = 8;
    private const int MaxAttempts = 200;
    private const int MaxEntry = 1 + DelegationNotice.MaxSize + CheckSize;

    private static readonly TimeSpan AttemptEvery = TimeSpan.FromMilliseconds(20);

    /// <summary>The notices of one task, as they were signed, in the order of writing; none when there is no file or it can't be read.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Read(Hash256 taskId)
    {
        try
        {
            using FileStream file = File.OpenRead(PathOf(taskId));
            var bytes = new byte[(int)Math.Min(file.Length, (long)MaxEntries * MaxEntry)];
            file.ReadExactly(bytes);
            return Parse(bytes);
        }
        catch (Exception failure) when (StoreProblem.IsOfTheWorld(failure))
        {
            return [];
        }
    }

    /// <summary>The whole entries at the start of what a file holds.</summary>
    public static IReadOnlyList<ReadOnlyMemory<byte>> Parse(ReadOnlyMemory<byte> bytes)
    {
        var notices = new List<ReadOnlyMemory<byte>>();
        while (bytes.Length > 1 + CheckSize && notices.Count < MaxEntries)
        {
            int length = bytes.Span[0];
            if (length > DelegationNotice.MaxSize
                || bytes.Length < 1 + length + CheckSize
                || !SHA256.HashData(bytes.Span[..(1 + length)]).AsSpan(0, CheckSize).SequenceEqual(bytes.Span.Slice(1 + length, CheckSize)))
            {
                break;
            }

            notices.Add(bytes.Slice(1, length));
            bytes = bytes[(1 + length + CheckSize)..];
        }

        return notices;
    }

    /// <summary>Adds a notice, durably.</summary>
    /// <returns>Why it could not be kept; null: it is.</returns>
    public Problem? Add(Hash256 taskId, ReadOnlyMemory<byte> notice)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(notice.Length, DelegationNotice.MaxSize);
        string path = PathOf(taskId);
        try
        {
            Directory.CreateDirectory(Path.Combine(ownerFolder, Name));
            using FileStream gate = Enter(path + ".lock");
            IReadOnlyList<ReadOnlyMemory<byte>> kept = Read(taskId);
            Write(path, [.. kept.Count >= MaxEntries ? Newest(kept) : kept, notice]);
            return null;
        }
        catch (Exception failure) when (StoreProblem.IsOfTheWorld(failure))
        {
            return StoreProblem.OfWrite(failure, path, MaxEntry);
        }
    }

    /// <summary>
    /// What each issuer said last about each key; if that alone is too much, the newer half. Else whoever may delegate could say so much that what the author took back
    /// is forgotten.
    /// </summary>
    private static List<ReadOnlyMemory<byte>> Newest(IReadOnlyList<ReadOnlyMemory<byte>> kept)
    {
        var last = new Dictionary<(PublicKey Issuer, PublicKey Delegate), (long Serial, int Place)>();
        for (int i = 0; i < kept.Count; i++)
        {
            if (DelegationNotice.TryDecode(kept[i], out DelegationNotice? notice)
                && (!last.TryGetValue((notice.Issuer, notice.Delegate), out (long Serial, int Place) before) || notice.Serial > before.Serial))
            {
                last[(notice.Issuer, notice.Delegate)] = (notice.Serial, i);
            }
        }

        var places = new List<int>(last.Count);
        foreach ((_, int place) in last.Values)
        {
            places.Add(place);
        }

        places.Sort();
        return places.GetRange(Math.Max(0, places.Count - (MaxEntries / 2)), Math.Min(places.Count, MaxEntries / 2)).ConvertAll(place => kept[place]);
    }

    /// <summary>One process at a time changes the file.</summary>
    private static FileStream Enter(string path)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None);
            }
            catch (IOException) when (attempt < MaxAttempts)
            {
                Thread.Sleep(AttemptEvery);
            }
        }
    }

    private static void Write(string path, IReadOnlyList<ReadOnlyMemory<byte>> notices)
    {
        using (FileStream file = File.Create(path + ".new"))
        {
            foreach (ReadOnlyMemory<byte> notice in notices)
            {
                file.Write(EntryOf(notice.Span));
            }

            file.Flush(flushToDisk: true);
        }

        File.Move(path + ".new", path, overwrite: true);
    }

    private static byte[] EntryOf(ReadOnlySpan<byte> notice)
    {
        byte[] body = [(byte)notice.Length, .. notice];
        return [.. body, .. SHA256.HashData(body).AsSpan(0, CheckSize)];
    }

    private string PathOf(Hash256 taskId) => Path.Combine(ownerFolder, Name, taskId.ToString());
}
