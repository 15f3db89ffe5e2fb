using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using Starling.Core.Metainfo;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Fuzz.Engine;

namespace Starling.Fuzz.Targets;

internal static class TorrentTargets
{
    private static readonly string[] InfoKeys =
    [
        "name", "name.utf-8", "piece length", "pieces", "length", "files", "path", "path.utf-8", "attr", "p", "l", "h", "x", "symlink path", "private", "meta version", "file tree", "pieces root", "",
        "..", ".pad", "a/b", "CON", ".starling", "source",
    ];

    private static readonly string[] FileKeys =
        [.. InfoKeys, "info", "announce", "announce-list", "url-list", "nodes", "piece layers", "comment", "created by", "creation date", "http://w.example/a", "udp://t.example:1", "httpseeds"];

    private static readonly (string Path, byte[] Content)[] Tree = [("a", Parts.Filled(20_000)), ("b/c", Parts.Filled(3)), ("d", [])];

    public static CreatedTorrent Folder(TorrentVersion version, bool isPrivate = false)
    {
        using var hasher = new FileHasher(16_384, version);
        var hashed = new List<HashedFile>();
        foreach ((string path, byte[] content) in Tree)
        {
            hasher.Append(content);
            hashed.Add(hasher.Complete(path, isLast: hashed.Count == Tree.Length - 1));
        }

        return CreatedTorrent.OfFolder("tree", 16_384, hashed, version, isPrivate);
    }

    /// <summary>A file of sevens.</summary>
    public static CreatedTorrent Single(TorrentVersion version, int length, int pieceLength = 16_384)
    {
        using var hasher = new FileHasher(pieceLength, version);
        hasher.Append(Parts.Filled(length));
        return CreatedTorrent.OfFile(hasher.Complete("x.bin", isLast: true), pieceLength, version);
    }

    public static TorrentFile File(CreatedTorrent torrent) =>
        torrent.TryToFile(out TorrentFile? file, out Problem? problem) ? file : throw new InvalidOperationException(problem.ToString());

    public static FuzzTarget[] All { get; } =
    [
        new()
        {
            Name = "torrent-info",
            Covers = [typeof(TorrentInfo), typeof(TorrentInfoReader), typeof(FileTreeReader), typeof(TorrentPaths)],
            Shape = InputShape.Bencode,
            Words = InfoKeys,
            Seeds = () => [.. Enum.GetValues<TorrentVersion>().Select(version => Folder(version).InfoBytes.ToArray()), Single(TorrentVersion.Hybrid, 50_000).InfoBytes.ToArray()],
            Start = () => static input =>
            {
                if (!TorrentInfo.TryRead(input, out TorrentInfo? info, out _))
                {
                    return null;
                }

                Judge(info);
                return info.Bytes.ToArray();
            },

            // Each beginning of a path is a name that may clash with another; a path has 32 parts at most.
            AllocationPerByte = 1024,
        },
        new()
        {
            Name = "torrent-file",
            Covers = [typeof(TorrentFile), typeof(PieceLayers), typeof(PieceLayer), typeof(FileTreeReader)],
            Shape = InputShape.Bencode,
            Words = FileKeys,
            MaxSize = 2048,
            Seeds = () => [.. Enum.GetValues<TorrentVersion>().Select(version => FullFile(version).ToBytes()), File(Single(TorrentVersion.V2, 50_000)).ToBytes()],
            Start = () => static input => TorrentFile.TryRead(input, out TorrentFile? file, out _) ? file.ToBytes() : null,
            AllocationPerByte = 512,
        },
        new()
        {
            Name = "torrent-magnet",
            Covers = [typeof(TorrentMagnet), typeof(MagnetParameters), typeof(FileSelection), typeof(SafePath)],
            Words = ["magnet:?", "&xt=urn:btmh:1220", "xt=urn:btih:", "&dn=", "&tr=", "&ws=", "&so=", "&x.pe=", "0,2,4-6", "udp%3A%2F%2Ft.example%3A6969", "%2F..", "%00", "%E2%80%AE", "CON.txt", "&xt.1=", "+", "http%3A%2F%2Fw.example%2F"],
            MaxSize = 2048,
            Seeds = () =>
            [
                Parts.Latin($"magnet:?xt=urn:btih:{new string('a', 40)}&xt=urn:btmh:1220{new string('5', 64)}&dn=h%C3%A9.mkv&tr=udp%3A%2F%2Ft.example%3A6969&ws=http%3A%2F%2Fw.example%2F&x.pe=10.0.0.1:6881&so=0,2,4-6"),
                Parts.Latin($"magnet:?xt=urn:btih:{new string('b', 32)}"),
            ],
            Start = () => static input => TorrentMagnet.TryParse(Parts.Text(input), out TorrentMagnet? link, out _) ? Parts.Utf8(link.ToString()) : null,
            AllocationPerByte = 256,
        },
        new()
        {
            Name = "mutable-magnet",
            Covers = [typeof(MutableMagnet)],
            Words = ["magnet:?", "xs=urn:btpk:", "&s=", "&dn=", "&tr=", "&x.pe=", "udp%3A%2F%2Ft.example%3A6969", "%00", "&xs.1="],
            MaxSize = 2048,
            Seeds = () => [Parts.Latin($"magnet:?xs=urn:btpk:{new string('a', 64)}&s=6e&dn=n&tr=udp%3A%2F%2Ft.example%3A6969&x.pe=10.0.0.1:6881")],
            Start = () => static input => MutableMagnet.TryParse(Parts.Text(input), out MutableMagnet? link, out _) ? Parts.Utf8(link.ToString()) : null,
            AllocationPerByte = 256,
        },
        new()
        {
            Name = "torrent-pointer",
            Covers = [typeof(TorrentPointer)],
            Shape = InputShape.Bencode,
            Words = ["ih", "ih2", "2:ih20:", "3:ih232:"],
            MaxSize = 1200,
            Seeds = () => [new TorrentPointer { V2 = Hash256.Of("v2"u8) }.Encode(), new TorrentPointer { V1 = InfoHash.Of(Hash256.Of("v1"u8)), V2 = Hash256.Of("v2"u8) }.Encode()],
            Start = () => static input => TorrentPointer.TryRead(input, out TorrentPointer? pointer) ? pointer.Encode() : null,
        },
        new()
        {
            Name = "file-selection",
            Covers = [typeof(FileSelection)],
            Words = [",", "-", "0-", "199999", "200000", "4294967296", " "],
            MaxSize = 512,
            Seeds = () => [Parts.Latin("0,2,4-6"), Parts.Latin("5")],
            Start = () => static input => FileSelection.TryParse(Parts.Text(input), out FileSelection? selection, out _) ? Parts.Utf8(selection.ToString()) : null,
        },
        new()
        {
            Name = "hash-answer",
            Covers = [typeof(PieceLayers), typeof(PieceLayer), typeof(MerkleTree)],
            Encodes = false,
            MaxSize = 1024,
            Seeds = HashAnswers,
            Start = HashPass,
        },
        new()
        {
            Name = "file-name",
            Covers = [typeof(SafePath)],
            Words = ["CON", ".starling", " ", ".", "Lpt1", "\u202E", "/", "\\", "\0", ".tar.gz", "con.", ":", "\u00e9"],
            MaxSize = 400,
            Seeds = () => [.. new[] { "CON.txt", ".starling", " a. ", "Lpt1 .x", "ordinary name.mkv", "\u202E\0/\\", new string('x', 260) + ".tar" }.Select(Parts.Utf8)],
            Encodes = false,
            Start = () => static input =>
            {
                if (SafePath.Repaired(Encoding.UTF8.GetString(input.Span)) is not { } name)
                {
                    return null;
                }

                FuzzFailureException.Unless(SafePath.IsSafeName(name, out _), $"'{name}' is not safe");
                FuzzFailureException.Unless(SafePath.IsSafeName(SafePath.Numbered(name, 123_456), out _), $"'{name}' with a number is not safe");
                return Parts.Utf8(name);
            },
        },
    ];

    private static TorrentFile FullFile(TorrentVersion version) => File(Folder(version, isPrivate: true)) with
    {
        Trackers = [["udp://t.example:6969", "http://t.example/a"], ["https://t.example/b"]],
        WebSeeds = ["http://w.example/", "https://w.example/b"],
        Nodes = ["h:1", "[2001:db8::1]:2"],
        Comment = "c",
        CreatedBy = "Starling",
        CreationDate = 5,
    };

    /// <summary>What is accepted can be worked with: safe and different paths, pieces that are covered by slices of files.</summary>
    private static void Judge(TorrentInfo info)
    {
        var paths = new List<string>();
        foreach (TorrentFileEntry file in info.Files)
        {
            if (file.Kind == TorrentFileKind.Content)
            {
                FuzzFailureException.Unless(SafePath.IsSafe(file.Path, out _), $"path '{file.Path}' is not safe");
                paths.Add(file.Path);
            }
        }

        FuzzFailureException.Unless(SafePath.FirstClash(paths) is null, "two files have one path");
        Span<int> pieces = [0, info.PieceCount / 3, info.PieceCount / 2, info.PieceCount - 1];
        foreach (int piece in pieces)
        {
            long covered = 0;
            int count = 0;
            foreach (FileSlice slice in info.Slices(piece, 0, info.PieceSize(piece)))
            {
                covered += slice.Length;
                FuzzFailureException.Unless(slice.Offset + slice.Length <= info.Files[slice.File].Length && slice.Length > 0, "a slice lies outside of its file");
                count++;
            }

            FuzzFailureException.Unless(covered == info.PieceSize(piece), $"{count} slices cover {covered} bytes of piece {piece}");
        }
    }

    /// <summary>Base layer, index, length and proof layers, a byte each (the length as a power of two), then hashes.</summary>
    private static IEnumerable<byte[]> HashAnswers()
    {
        TorrentFile file = File(Single(TorrentVersion.V2, 100_000));
        foreach ((byte index, byte power, byte proofs) in new (byte, byte, byte)[] { (0, 3, 0), (0, 1, 2), (4, 2, 1), (2, 1, 2) })
        {
            var range = new HashRange(file.Info.Files[0].PiecesRoot, 0, index, 1 << power, proofs);
            if (file.Layers!.Answer(range) is { } answer)
            {
                yield return [0, index, power, proofs, .. answer];
            }
        }
    }

    private static Pass HashPass()
    {
        TorrentInfo info = File(Single(TorrentVersion.V2, 100_000)).Info;
        return input =>
        {
            ReadOnlySpan<byte> bytes = input.Span;
            if (bytes.Length < 4)
            {
                return null;
            }

            var layers = new PieceLayers(info);
            var range = new HashRange(info.Files[0].PiecesRoot, bytes[0], bytes[1], bytes[2] < 31 ? 1 << bytes[2] : bytes[2], bytes[3]);
            if (layers.TryAdd(range, bytes[4..]))
            {
                byte[]? answer = layers.IsComplete ? layers.Answer(range) : null;
                FuzzFailureException.Unless(answer is null || answer.AsSpan().StartsWith(bytes[4..]) || bytes[4..].StartsWith(answer), "what was taken in is not told again");
            }

            return null;
        };
    }
}
