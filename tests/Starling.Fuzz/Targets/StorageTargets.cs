using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Starling.Core.Metainfo;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Torrents;
using Starling.Core.Verification;
using Starling.Fuzz.Engine;
using Starling.Runtime.Reputation;
using Starling.Runtime.Storage;
using Starling.Runtime.Torrents;

namespace Starling.Fuzz.Targets;

/// <summary>Files in a folder that somebody else may have written or damaged, and the heads of web servers' answers.</summary>
internal static class StorageTargets
{
    private const int PieceCount = 500;
    private const int PieceLength = 100_000;

    private static readonly JournalHeader Header = new(Parts.TaskId, Parts.Filled(JournalHeader.SaltSize), 1_767_225_600_000);

    public static FuzzTarget[] All { get; } =
    [
        new()
        {
            Name = "resume-file",
            Covers = [typeof(ResumeFile)],
            Shape = InputShape.Bencode,
            Words = ["clean", "files", "hash", "partial", "parts", "pieces", "saved", "v"],
            Seeds = () => [ResumeSeed(Torrent(), true), ResumeSeed(Torrent(), false)],
            Start = () =>
            {
                TorrentInfo torrent = Torrent();
                return input =>
                {
                    // The check sum is put right, so that what is behind it is reached.
                    byte[] file = [.. Hash256.Of(input.Span).ToArray(), .. input.Span];
                    return ResumeFile.Decode(file, torrent)?.Encode(torrent.SwarmHashes[0])[Hash256.Size..];
                };
            },
        },
        new()
        {
            Name = "parts-file",
            Covers = [typeof(PartsFile)],
            MaxSize = 512,
            Encodes = false,
            Seeds = () => [[0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 1]],
            Start = () => static input =>
            {
                Dictionary<int, int>? slots = PartsFile.Decode(input.Span, PieceCount);
                FuzzFailureException.Unless(slots is null || (slots.Count == input.Length / 8 && slots.Values.Distinct().Count() == slots.Count), "two pieces in one slot");
                return null;
            },
        },
        new()
        {
            Name = "result-name",
            Covers = [typeof(ResultKey)],
            MaxSize = 128,
            IsCanonical = true,
            Seeds = () => [Parts.Latin(new ResultKey(3, new ResultId(70_000, Hash256.Of("x"u8))).FileName)],
            Start = () => static input => ResultKey.TryParse(Encoding.Latin1.GetString(input.Span), out ResultKey key) ? Parts.Latin(key.FileName) : null,
        },
        new()
        {
            Name = "journal-header",
            Covers = [typeof(JournalHeader)],
            MaxSize = 300,
            Seeds = () => [Header.Encode(), [.. Parts.Filled(128), .. Header.Encode()[..128]]],
            Start = () => static input => JournalHeader.TryDecode(input.Span, out JournalHeader? header, out _) ? header!.Encode() : null,
        },
        new()
        {
            Name = "standing",
            Covers = [typeof(StandingEntry)],
            MaxSize = StandingEntry.Size + 4,
            Seeds = () => [Standing(StandingEntryKind.Whole), Standing(StandingEntryKind.Refuted)],
            Start = StandingPass,
        },
        new()
        {
            Name = "delegation-file",
            Covers = [typeof(DelegationFolder)],
            Encodes = false,
            MaxSize = 1024,
            Seeds = () => [[.. DelegationEntry(Parts.Filled(140)), .. DelegationEntry(Parts.Filled(3))]],
            Start = () => static input =>
            {
                long read = 0;
                foreach (ReadOnlyMemory<byte> notice in DelegationFolder.Parse(input))
                {
                    read += notice.Length;
                }

                FuzzFailureException.Unless(read <= input.Length, "more was read than there is");
                return null;
            },
        },
        new()
        {
            Name = "journal",
            Covers = [typeof(JournalReader), typeof(JournalGroup), typeof(JournalRecord)],
            Shape = InputShape.Script,
            Encodes = false,
            MaxSize = 2048,
            Seeds = JournalSeeds,
            Start = JournalPass,

            // Its window of the file.
            FixedAllocation = 160 * 1024,
            QuickInputs = 2_000,
        },
        new()
        {
            Name = "web-seed-head",
            Covers = [typeof(WebSeedClient)],
            Shape = InputShape.Lines,
            Encodes = false,
            MaxSize = 512,
            Words = ["206\n", "200\n", "416\n", "503\n", "Content-Range: bytes ", "0-99/1000", "*/1000", "0-99/*", "Content-Length: ", "Retry-After: ", "\n", "18446744073709551615", "-1", "items "],
            Seeds = () => [Parts.Latin("206\nContent-Range: bytes 100-199/1000\n"), Parts.Latin("200\nContent-Length: 1000\n"), Parts.Latin("503\nRetry-After: 120\n")],
            Start = () => WebSeedHead,
        },
    ];

    private static byte[] DelegationEntry(byte[] notice)
    {
        byte[] body = [(byte)notice.Length, .. notice];
        return [.. body, .. SHA256.HashData(body).AsSpan(0, 8)];
    }

    private static byte[] Standing(StandingEntryKind kind)
    {
        var bytes = new byte[StandingEntry.Size];
        var record = kind == StandingEntryKind.Whole ? new StandingRecord(12, 1, 8, 10, StandingOverride.None) : default;
        new StandingEntry(Parts.Worker.PublicKey, kind, record, 5).Write(bytes);
        return bytes;
    }

    /// <summary>The check value is put right, for nearly no change would leave it so; what was read must give the same state again.</summary>
    private static Pass StandingPass() => static input =>
    {
        if (input.Length < StandingEntry.Size)
        {
            return null;
        }

        byte[] bytes = input[..StandingEntry.Size].ToArray();
        SHA256.HashData(bytes.AsSpan(0, 56)).AsSpan(0, 8).CopyTo(bytes.AsSpan(56));
        if (StandingEntry.TryRead(bytes) is not { } entry)
        {
            return null;
        }

        entry.Write(bytes);
        return bytes;
    };

    private static TorrentInfo Torrent() => TorrentTargets.File(TorrentTargets.Folder(TorrentVersion.Hybrid)).Info;

    private static byte[] ResumeSeed(TorrentInfo torrent, bool isClean) => new ResumeFile
    {
        IsClean = isClean,
        SavedTicks = 638_000_000_000_000_000,
        Pieces = new byte[TorrentResume.SizeOf(torrent.PieceCount)],
        Partial = [new PartialPiece(1, new byte[TorrentResume.SizeOf(TorrentStorage.BlockCount(torrent, 1))])],
        Stamps = [.. Enumerable.Repeat(new FileStamp(5, 6), torrent.Files.Count)],
        Parts = [0, 0, 0, 1, 0, 0, 0, 0],
    }.Encode(torrent.SwarmHashes[0])[Hash256.Size..];

    /// <summary>
    /// A chunk is a group: one byte of flags, one that tells how much of the rest is records, the rest contents. Check values are put right unless the flags say
    /// otherwise: 1 wrong ones, 2 bare bytes in place of a group, 4 bytes of the group cut off, 8 claims that everything before was durable.
    /// </summary>
    private static IEnumerable<byte[]> JournalSeeds()
    {
        var held = new byte[JournalRecord.ResultSize];
        JournalRecord.Encode(JournalRecordKind.HeldInline, new ResultKey(3, new ResultId(5, Hash256.Of("x"u8))), held);
        var file = new byte[JournalRecord.ResultSize];
        JournalRecord.Encode(JournalRecordKind.HeldFile, new ResultKey(4, new ResultId(50_000, Hash256.Of("y"u8))), file);
        var accepted = new byte[JournalRecord.ResultSize];
        JournalRecord.Encode(JournalRecordKind.Accepted, new ResultKey(3, new ResultId(5, Hash256.Of("x"u8))), accepted);
        var dropped = new byte[JournalRecord.ResultSize];
        JournalRecord.Encode(JournalRecordKind.Dropped, new ResultKey(4, new ResultId(50_000, Hash256.Of("y"u8))), dropped);
        var batch = new byte[JournalRecord.BatchHeadSize + 20];
        JournalRecord.EncodeBatch(Parts.Filled(20), batch);
        byte[] first = [0, (byte)(2 * JournalRecord.ResultSize), .. held, .. file, .. Parts.Filled(5)];
        byte[] second = [8, (byte)(batch.Length + (2 * JournalRecord.ResultSize)), .. batch, .. accepted, .. dropped];
        yield return Script.Of(first, second);
        yield return Script.Of(first, [2, 0, .. "SGRPxxxxxxxx"u8], second, [1, 2, 3, 4]);
        yield return Script.Of(first, [4, 30, .. Parts.Filled(40)]);
    }

    private static Pass JournalPass()
    {
        string path = Path.Combine(Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath(), $"starling-fuzz-{Environment.ProcessId}-{Guid.NewGuid():N}");
        SafeFileHandle file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete, FileOptions.DeleteOnClose);
        var bytes = new byte[64 * 1024];
        return script =>
        {
            int length = WriteJournal(script, bytes);
            RandomAccess.SetLength(file, length);
            RandomAccess.Write(file, bytes.AsSpan(0, length), 0);
            JournalContents contents = new JournalReader(file, Header, length, PieceCount, PieceLength).Read();
            FuzzFailureException.Unless(contents.SoundLength >= JournalHeader.Size && contents.SoundLength <= length, $"{contents.SoundLength} sound bytes of {length}");
            FuzzFailureException.Unless(contents.DamagedBytes >= 0 && contents.DamagedBytes <= contents.SoundLength, $"{contents.DamagedBytes} bytes are damaged");
            foreach ((ResultKey key, JournalPlace place) in contents.Held)
            {
                bool fits = key.Piece is >= 0 and < PieceCount && key.Result.Length is >= 0 and <= PieceLength
                    && (place.IsFile || (place.Offset >= JournalHeader.Size && place.Offset + key.Result.Length <= contents.SoundLength));
                FuzzFailureException.Unless(fits, $"piece {key.Piece} of {key.Result.Length} bytes lies at {place.Offset}");
            }

            return null;
        };
    }

    private static int WriteJournal(ReadOnlyMemory<byte> script, byte[] bytes)
    {
        Header.Encode().CopyTo(bytes, 0);
        int at = JournalHeader.Size;
        foreach (ReadOnlyMemory<byte> chunk in new Script(script))
        {
            if (chunk.Length < 2 || at + JournalGroup.HeadSize + chunk.Length > bytes.Length)
            {
                continue;
            }

            int flags = chunk.Span[0];
            ReadOnlySpan<byte> rest = chunk.Span[2..];
            if ((flags & 2) != 0)
            {
                rest.CopyTo(bytes.AsSpan(at));
                at += rest.Length;
                continue;
            }

            ReadOnlySpan<byte> records = rest[..Math.Min(chunk.Span[1], rest.Length)];
            ReadOnlySpan<byte> contents = rest[records.Length..];
            var group = new JournalGroup(at, records.Length, contents.Length, (flags & 8) != 0 ? at : JournalHeader.Size);
            group.EncodeHead(Header.Salt.Span, records, contents, bytes.AsSpan(at));
            if ((flags & 1) != 0 && rest.Length > 0)
            {
                bytes[at + (rest[0] % JournalGroup.HeadSize)] ^= 1;
            }

            records.CopyTo(bytes.AsSpan((int)group.RecordsOffset));
            contents.CopyTo(bytes.AsSpan((int)group.ContentsOffset));
            at = (int)group.End - ((flags & 4) != 0 ? Math.Min(rest.Length, 9) : 0);
        }

        return at;
    }

    /// <summary>The first line is the status, the others are headers.</summary>
    private static byte[]? WebSeedHead(ReadOnlyMemory<byte> input)
    {
        string[] lines = Encoding.Latin1.GetString(input.Span).Split('\n', 20);
        _ = int.TryParse(lines[0], out int status);
        using var response = new HttpResponseMessage((HttpStatusCode)Math.Abs(status % 1000)) { Content = new ByteArrayContent([]) };
        foreach (string line in lines.AsSpan(1))
        {
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon > 0)
            {
                string value = line[(colon + 1)..].Trim();
                _ = response.Content.Headers.TryAddWithoutValidation(line[..colon], value) || response.Headers.TryAddWithoutValidation(line[..colon], value);
            }
        }

        WebSeedClient.Outcome outcome = WebSeedClient.CheckHead(new Uri("http://w.example/f"), response, 100, 1000, 100);
        FuzzFailureException.Unless(outcome.Problem is not null || (int)response.StatusCode == 206, "an answer without the range is taken");
        FuzzFailureException.Unless(outcome.RetryAfter is null || outcome.RetryAfter >= TimeSpan.Zero, "a pause below zero");
        return null;
    }
}
