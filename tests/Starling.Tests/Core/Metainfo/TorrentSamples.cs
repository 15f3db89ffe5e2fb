using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Starling.Core.Bencode;
using Starling.Core.Metainfo;
using Starling.Core.Primitives;

namespace Starling.Tests.Core.Metainfo;

/// <summary>Torrents with known content.</summary>
internal static class TorrentSamples
{
    /// <summary>Files of many kinds: longer than a piece, exactly one, tiny, empty.</summary>
    public static IReadOnlyList<(string Path, byte[] Content)> Tree { get; } =
    [
        ("a.bin", Content(40_000, 5)), ("b/c.bin", Content(16_384, 6)), ("b/d.bin", Content(5, 7)), ("b.txt", Content(70_000, 8)), ("empty", []),
    ];

    /// <summary>The bytes of a linear congruential generator; the script that made the figures of libtorrent has the same.</summary>
    public static byte[] Content(int length, int seed)
    {
        var bytes = new byte[length];
        long state = seed;
        for (int i = 0; i < length; i++)
        {
            state = ((state * 1_103_515_245) + 12_345) & 0x7fffffff;
            bytes[i] = (byte)(state >> 16);
        }

        return bytes;
    }

    public static CreatedTorrent Folder(TorrentVersion version, IReadOnlyList<(string Path, byte[] Content)> files, int pieceLength = 16_384, bool isPrivate = false)
    {
        using var hasher = new FileHasher(pieceLength, version);
        var hashed = new List<HashedFile>();
        foreach ((string path, byte[] content) in files)
        {
            hasher.Append(content);
            hashed.Add(hasher.Complete(path, isLast: hashed.Count == files.Count - 1));
        }

        return CreatedTorrent.OfFolder("tree", pieceLength, hashed, version, isPrivate);
    }

    public static CreatedTorrent Single(TorrentVersion version, string name, byte[] content, int pieceLength = 16_384)
    {
        using var hasher = new FileHasher(pieceLength, version);
        hasher.Append(content);
        return CreatedTorrent.OfFile(hasher.Complete(name, isLast: true), pieceLength, version);
    }

    public static TorrentFile File(this CreatedTorrent torrent) => torrent.TryToFile(out TorrentFile? file, out Problem? problem) ? file : throw new InvalidDataException(problem.ToString());

    /// <summary>The bytes of each piece of a folder's torrent, padding included.</summary>
    public static byte[][] PieceContents(TorrentInfo info, IReadOnlyList<(string Path, byte[] Content)> files)
    {
        Dictionary<string, byte[]> contents = files.ToDictionary(file => info.IsFolder ? $"{info.Name}/{file.Path}" : file.Path, file => file.Content);
        var pieces = new byte[info.PieceCount][];
        for (int piece = 0; piece < pieces.Length; piece++)
        {
            pieces[piece] = new byte[info.PieceSize(piece)];
            int at = 0;
            foreach (FileSlice slice in info.Slices(piece, 0, pieces[piece].Length))
            {
                if (!slice.IsPadding)
                {
                    contents[info.Files[slice.File].Path].AsSpan((int)slice.Offset, slice.Length).CopyTo(pieces[piece].AsSpan(at));
                }

                at += slice.Length;
            }
        }

        return pieces;
    }

    /// <summary>A dictionary in bencoding, from pairs in any order.</summary>
    public static BDictionary Dictionary(params (string Key, BValue Value)[] entries) =>
        new(entries.Select(entry => new KeyValuePair<string, BValue>(entry.Key, entry.Value)));

    /// <summary>A v1 list entry.</summary>
    public static BValue V1File(long length, string attributes, params string[] path)
    {
        List<(string, BValue)> entries = [("length", new BInteger(length)), ("path", new BList([.. path.Select(part => new BString(part))]))];
        if (attributes.Length > 0)
        {
            entries.Add(("attr", new BString(attributes)));
        }

        return Dictionary([.. entries]);
    }

    /// <summary>A v1 <c>info</c> dictionary with as many hashes as its files need.</summary>
    public static byte[] V1Info(string name, int pieceLength, params BValue[] files)
    {
        long total = files.Sum(file => ((BInteger)((BDictionary)file)["length"u8]!).Value);
        int pieces = (int)((total + pieceLength - 1) / pieceLength);
        return Dictionary(
            ("name", new BString(name)), ("piece length", new BInteger(pieceLength)), ("pieces", new BString(new byte[pieces * InfoHash.Size])), ("files", new BList(files))).ToBytes();
    }
}
