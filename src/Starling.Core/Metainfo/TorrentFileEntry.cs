using Starling.Core.Primitives;

namespace Starling.Core.Metainfo;

/// <summary>What an entry of a torrent's file list stands for.</summary>
public enum TorrentFileKind
{
    /// <summary>A file with content, or an empty one.</summary>
    Content,

    /// <summary>Zeros that make the next file start at a piece (BEP 47): never on disk, not asked from peers where that can be avoided.</summary>
    Padding,

    /// <summary>A symbolic link (BEP 47). It is never made and never followed: it has no bytes, and nothing appears on disk.</summary>
    Symlink,
}

/// <summary>One entry of a torrent's file list.</summary>
/// <param name="Index">
/// Its place in the list, as BEP 53 counts: for v1 and hybrid torrents that of the v1 list with its padding, for v2 torrents that of the tree.
/// </param>
/// <param name="Path">
/// Where it lies below the download folder, with <c>/</c>, the torrent's own folder included; safe by <see cref="Tasks.SafePath"/> and
/// different from every other path, upper and lower case taken as equal. For padding it is a description only.
/// </param>
/// <param name="Offset">Its first byte in the space of pieces: piece i begins at i × piece length.</param>
/// <param name="Length">Bytes.</param>
/// <param name="Kind">What it is.</param>
/// <param name="PiecesRoot">Merkle root of its content (BEP 52); zero for v1 torrents, padding and empty files.</param>
public sealed record TorrentFileEntry(int Index, string Path, long Offset, long Length, TorrentFileKind Kind, Hash256 PiecesRoot)
{
    /// <summary>
    /// The path as the torrent itself spells it, each part percent-encoded, where it differs from <see cref="Path"/> by more than that; null: it does not. Web seeds know
    /// files by this path.
    /// </summary>
    public string? RawUrlPath { get; init; }

    /// <summary>Whether it is padding: zeros that nobody stores.</summary>
    public bool IsPadding => Kind == TorrentFileKind.Padding;

    /// <summary>The byte after its last one, in the space of pieces.</summary>
    public long End => Offset + Length;
}
