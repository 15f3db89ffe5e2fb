using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Starling.Core.Bencode;
using Starling.Core.Pieces;
using Starling.Core.Primitives;

namespace Starling.Core.Metainfo;

/// <summary>Which hashes a torrent has.</summary>
public enum TorrentVersion
{
    /// <summary>v1 and v2 in one <c>info</c> dictionary: old and new clients share it. Files are aligned by padding (BEP 47).</summary>
    Hybrid,

    /// <summary>SHA-1 of pieces alone (BEP 3); files follow each other without padding.</summary>
    V1,

    /// <summary>SHA-256 Merkle trees alone (BEP 52).</summary>
    V2,
}

/// <summary>A torrent made here: v1 (BEP 3), v2 (BEP 52), or both. The same name and files give the same bytes on every machine.</summary>
public sealed class CreatedTorrent
{
    /// <summary>The shortest piece: one block.</summary>
    public const int MinPieceLength = MerkleTree.BlockSize;

    /// <summary>The longest piece that is chosen; who makes a torrent may ask for up to <see cref="TorrentLimits.MaxPieceLength"/>.</summary>
    public const int MaxPieceLength = 16 * 1024 * 1024;

    /// <summary>Pieces that a torrent should not have more of, where longer pieces are to be had.</summary>
    public const int WantedPieces = 2_048;

    private readonly IReadOnlyList<HashedFile> _files;

    private CreatedTorrent(TorrentVersion version, string name, int pieceLength, IReadOnlyList<HashedFile> files, byte[] info, long length)
    {
        Version = version;
        Name = name;
        PieceLength = pieceLength;
        _files = files;
        InfoBytes = info;
        InfoHash = Hash256.Of(info);
        Length = length;
    }

    /// <summary>Which hashes it has.</summary>
    public TorrentVersion Version { get; }

    /// <summary>Name of the file or folder.</summary>
    public string Name { get; }

    /// <summary>Bytes of a piece.</summary>
    public int PieceLength { get; }

    /// <summary>Bytes of all files, padding not counted.</summary>
    public long Length { get; }

    /// <summary>The canonical <c>info</c> dictionary.</summary>
    public ReadOnlyMemory<byte> InfoBytes { get; }

    /// <summary>The v2 info-hash: SHA-256 of <see cref="InfoBytes"/>; it names nothing where there are no v2 hashes.</summary>
    public Hash256 InfoHash { get; }

    /// <summary>The v1 info-hash: SHA-1 of <see cref="InfoBytes"/>, 20 bytes; it names nothing where there are no v1 hashes.</summary>
    public byte[] V1InfoHash => SHA1.HashData(InfoBytes.Span);

    /// <summary>The length of pieces for <paramref name="totalLength"/> bytes: the smallest power of two that makes at most <see cref="WantedPieces"/>.</summary>
    public static int PieceLengthFor(long totalLength)
    {
        int length = MinPieceLength;
        while (length < MaxPieceLength && totalLength > (long)length * WantedPieces)
        {
            length *= 2;
        }

        return length;
    }

    /// <summary>The order of the files of a torrent, that of the v2 file tree: part by part, by raw bytes.</summary>
    public static int ComparePaths(string left, string right)
    {
        ArgumentNullException.ThrowIfNull(left);
        ArgumentNullException.ThrowIfNull(right);

        // A slash below every other byte makes the comparison go part by part.
        byte[] leftBytes = Encoding.UTF8.GetBytes(left.Replace('/', '\0'));
        return leftBytes.AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(right.Replace('/', '\0')));
    }

    /// <summary>The torrent of one file called <paramref name="file"/>'s path.</summary>
    /// <param name="file">Hashed for the same <paramref name="version"/>.</param>
    /// <param name="pieceLength">A power of two.</param>
    /// <param name="version">Which hashes it has.</param>
    /// <param name="isPrivate">Whether peers may come from trackers alone (BEP 27).</param>
    public static CreatedTorrent OfFile(HashedFile file, int pieceLength, TorrentVersion version = TorrentVersion.Hybrid, bool isPrivate = false)
    {
        ArgumentNullException.ThrowIfNull(file);
        return Make(version, file.Path, pieceLength, [file], isFolder: false, isPrivate);
    }

    /// <summary>The torrent of a folder.</summary>
    /// <param name="name">The folder's name.</param>
    /// <param name="pieceLength">A power of two.</param>
    /// <param name="files">At least one, in the order of <see cref="ComparePaths"/>, hashed in this order for the same <paramref name="version"/>.</param>
    /// <param name="version">Which hashes it has.</param>
    /// <param name="isPrivate">Whether peers may come from trackers alone (BEP 27).</param>
    public static CreatedTorrent OfFolder(
        string name, int pieceLength, IReadOnlyList<HashedFile> files, TorrentVersion version = TorrentVersion.Hybrid, bool isPrivate = false) =>
        Make(version, name, pieceLength, files, isFolder: true, isPrivate);

    /// <summary>The .torrent file without trackers and the like; they are added by <c>with</c>.</summary>
    /// <param name="torrent">The file.</param>
    /// <param name="problem">What is made here can be outside of <see cref="TorrentLimits"/> in one way: it holds no bytes at all.</param>
    public bool TryToFile([NotNullWhen(true)] out TorrentFile? torrent, [NotNullWhen(false)] out Problem? problem)
    {
        torrent = null;
        if (!TorrentInfo.TryRead(InfoBytes, out TorrentInfo? info, out problem))
        {
            return false;
        }

        PieceLayers? layers = null;
        if (info.HasV2)
        {
            layers = new PieceLayers(info);
            int next = 0;
            foreach (TorrentFileEntry entry in info.Files)
            {
                if (!entry.IsPadding && _files[next++] is { PieceLayer.Count: > 0 } file && !layers.TryAddLayer(entry.Index, Bytes(file.PieceLayer)))
                {
                    throw new InvalidOperationException($"The layer of {file.Path} does not lead to its root.");
                }
            }
        }

        torrent = new TorrentFile { Info = info, Layers = layers };
        return true;
    }

    private static byte[] Bytes(IReadOnlyList<Hash256> layer)
    {
        var bytes = new byte[layer.Count * Hash256.Size];
        for (int i = 0; i < layer.Count; i++)
        {
            layer[i].CopyTo(bytes.AsSpan(i * Hash256.Size));
        }

        return bytes;
    }

    private static CreatedTorrent Make(
        TorrentVersion version, string name, int pieceLength, IReadOnlyList<HashedFile> files, bool isFolder, bool isPrivate)
    {
        ArgumentOutOfRangeException.ThrowIfZero(files.Count, nameof(files));
        for (int i = 1; i < files.Count; i++)
        {
            if (ComparePaths(files[i - 1].Path, files[i].Path) >= 0)
            {
                throw new ArgumentException("Files are not in the order of the file tree.", nameof(files));
            }
        }

        long length = 0;
        var v1Pieces = new List<byte>();
        foreach (HashedFile file in files)
        {
            length += file.Length;
            v1Pieces.AddRange(file.V1Pieces);
        }

        var writer = new BencodeWriter(1024 + v1Pieces.Count);
        writer.BeginDictionary();
        if (version != TorrentVersion.V1)
        {
            writer.Key("file tree"u8);
            WriteTree(writer, files, 0, files.Count, isFolder ? 0 : -1);
        }

        if (version != TorrentVersion.V2 && isFolder)
        {
            WriteV1Files(writer, files, version == TorrentVersion.Hybrid ? pieceLength : 1);
        }
        else if (version != TorrentVersion.V2)
        {
            writer.Integer("length"u8, length);
        }

        if (version != TorrentVersion.V1)
        {
            writer.Integer("meta version"u8, 2);
        }

        writer.Text("name"u8, name);
        writer.Integer("piece length"u8, pieceLength);
        if (version != TorrentVersion.V2)
        {
            writer.Bytes("pieces"u8, v1Pieces.ToArray());
        }

        if (isPrivate)
        {
            writer.Integer("private"u8, 1);
        }

        writer.End();
        return new CreatedTorrent(version, name, pieceLength, files, writer.ToArray(), length);
    }

    /// <summary>Writes the files [first, end), which share all parts of their paths before character <paramref name="start"/>; -1: the path is one name.</summary>
    private static void WriteTree(BencodeWriter writer, IReadOnlyList<HashedFile> files, int first, int end, int start)
    {
        writer.BeginDictionary();
        int from = Math.Max(start, 0);
        for (int i = first; i < end;)
        {
            string path = files[i].Path;
            int slash = start < 0 ? -1 : path.IndexOf('/', from);
            string part = slash < 0 ? path[from..] : path[from..slash];
            writer.Key(Encoding.UTF8.GetBytes(part));
            if (slash < 0)
            {
                WriteLeaf(writer, files[i]);
                i++;
                continue;
            }

            int next = i + 1;
            while (next < end && string.CompareOrdinal(files[next].Path, from, path, from, slash + 1 - from) == 0)
            {
                next++;
            }

            WriteTree(writer, files, i, next, slash + 1);
            i = next;
        }

        writer.End();
    }

    private static void WriteLeaf(BencodeWriter writer, HashedFile file)
    {
        writer.BeginDictionary();
        writer.Key([]);
        writer.BeginDictionary();
        writer.Integer("length"u8, file.Length);
        if (file.Length > 0)
        {
            writer.Bytes("pieces root"u8, file.PiecesRoot.ToArray());
        }

        writer.End();
        writer.End();
    }

    /// <summary>Writes the v1 list; padding fills up each file but the last to a multiple of <paramref name="alignment"/>.</summary>
    private static void WriteV1Files(BencodeWriter writer, IReadOnlyList<HashedFile> files, int alignment)
    {
        writer.Key("files"u8);
        writer.BeginList();
        for (int i = 0; i < files.Count; i++)
        {
            WriteV1File(writer, isPad: false, files[i].Length, files[i].Path.Split('/'));
            long padding = (alignment - (files[i].Length % alignment)) % alignment;
            if (padding > 0 && i < files.Count - 1)
            {
                WriteV1File(writer, isPad: true, padding, [".pad", padding.ToString(CultureInfo.InvariantCulture)]);
            }
        }

        writer.End();
    }

    private static void WriteV1File(BencodeWriter writer, bool isPad, long length, IReadOnlyList<string> path)
    {
        writer.BeginDictionary();
        if (isPad)
        {
            writer.Text("attr"u8, "p");
        }

        writer.Integer("length"u8, length);
        writer.Key("path"u8);
        writer.BeginList();
        foreach (string part in path)
        {
            writer.Text(part);
        }

        writer.End();
        writer.End();
    }
}
