using System;
using System.Collections.Generic;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Starling.Core.Bencode;
using Starling.Core.Pieces;
using Starling.Core.Primitives;

namespace Starling.Core.Metainfo;

/// <summary>
/// A torrent that old and new clients share: v1 (BEP 3, files aligned by padding, BEP 47) and v2 (BEP 52) in one <c>info</c> dictionary.
/// The same name and files give the same bytes on every machine.
/// </summary>
public sealed class HybridTorrent
{
    /// <summary>The shortest piece: one block.</summary>
    public const int MinPieceLength = MerkleTree.BlockSize;

    /// <summary>The longest piece that is chosen.</summary>
    public const int MaxPieceLength = 16 * 1024 * 1024;

    /// <summary>Pieces that a torrent should not have more of, where longer pieces are to be had.</summary>
    public const int WantedPieces = 2_048;

    private readonly IReadOnlyList<HashedFile> _files;

    private HybridTorrent(string name, int pieceLength, IReadOnlyList<HashedFile> files, byte[] info, long length)
    {
        Name = name;
        PieceLength = pieceLength;
        _files = files;
        InfoBytes = info;
        InfoHash = Hash256.Of(info);
        Length = length;
    }

    /// <summary>Name of the file or folder.</summary>
    public string Name { get; }

    /// <summary>Bytes of a piece.</summary>
    public int PieceLength { get; }

    /// <summary>Bytes of all files, padding not counted.</summary>
    public long Length { get; }

    /// <summary>The canonical <c>info</c> dictionary.</summary>
    public ReadOnlyMemory<byte> InfoBytes { get; }

    /// <summary>The v2 info-hash.</summary>
    public Hash256 InfoHash { get; }

    /// <summary>The v1 info-hash, 20 bytes.</summary>
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
    public static HybridTorrent OfFile(HashedFile file, int pieceLength)
    {
        ArgumentNullException.ThrowIfNull(file);
        return Make(file.Path, pieceLength, [file], isFolder: false);
    }

    /// <summary>The torrent of a folder.</summary>
    /// <param name="name">The folder's name.</param>
    /// <param name="pieceLength">A power of two.</param>
    /// <param name="files">At least one, in the order of <see cref="ComparePaths"/>; all but the last hashed with padding.</param>
    public static HybridTorrent OfFolder(string name, int pieceLength, IReadOnlyList<HashedFile> files) =>
        Make(name, pieceLength, files, isFolder: true);

    /// <summary>The whole .torrent file.</summary>
    public byte[] ToTorrentFile()
    {
        var layers = new SortedDictionary<Hash256, IReadOnlyList<Hash256>>();
        foreach (HashedFile file in _files)
        {
            if (file.PieceLayer.Count > 0)
            {
                layers[file.PiecesRoot] = file.PieceLayer;
            }
        }

        var writer = new BencodeWriter(InfoBytes.Length + 256);
        writer.BeginDictionary();
        writer.Key("info"u8);
        writer.Raw(InfoBytes.Span);
        writer.Key("piece layers"u8);
        writer.BeginDictionary();
        foreach ((Hash256 root, IReadOnlyList<Hash256> layer) in layers)
        {
            var bytes = new byte[layer.Count * Hash256.Size];
            for (int i = 0; i < layer.Count; i++)
            {
                layer[i].CopyTo(bytes.AsSpan(i * Hash256.Size));
            }

            writer.Bytes(root.ToArray(), bytes);
        }

        writer.End();
        writer.End();
        return writer.ToArray();
    }

    private static HybridTorrent Make(string name, int pieceLength, IReadOnlyList<HashedFile> files, bool isFolder)
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
        writer.Key("file tree"u8);
        WriteTree(writer, files, 0, files.Count, isFolder ? 0 : -1);
        if (isFolder)
        {
            WriteV1Files(writer, files, pieceLength);
        }
        else
        {
            writer.Integer("length"u8, length);
        }

        writer.Integer("meta version"u8, 2);
        writer.Text("name"u8, name);
        writer.Integer("piece length"u8, pieceLength);
        writer.Bytes("pieces"u8, v1Pieces.ToArray());
        writer.End();
        return new HybridTorrent(name, pieceLength, files, writer.ToArray(), length);
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

    private static void WriteV1Files(BencodeWriter writer, IReadOnlyList<HashedFile> files, int pieceLength)
    {
        writer.Key("files"u8);
        writer.BeginList();
        for (int i = 0; i < files.Count; i++)
        {
            WriteV1File(writer, isPad: false, files[i].Length, files[i].Path.Split('/'));
            long padding = (pieceLength - (files[i].Length % pieceLength)) % pieceLength;
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
