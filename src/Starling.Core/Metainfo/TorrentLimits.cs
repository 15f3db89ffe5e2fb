namespace Starling.Core.Metainfo;

/// <summary>The bounds of torrents that other people made: beyond them a torrent is refused with the bound named.</summary>
public static class TorrentLimits
{
    /// <summary>Bytes of a whole .torrent file: 2^21 pieces of a hybrid take 104 MiB, which nobody makes; half of it is generous.</summary>
    public const int MaxTorrentFileSize = 64 * 1024 * 1024;

    /// <summary>Bytes of an <c>info</c> dictionary in a file.</summary>
    public const int MaxInfoSize = 48 * 1024 * 1024;

    /// <summary>Values and keys of a .torrent file: bounds the memory of reading it.</summary>
    public const int MaxTokens = 2_000_000;

    /// <summary>Pieces of a torrent.</summary>
    public const int MaxPieces = 1 << 21;

    /// <summary>Files of a torrent, padding and symbolic links included.</summary>
    public const int MaxFiles = 200_000;

    /// <summary>Bytes of a piece.</summary>
    public const int MaxPieceLength = 256 * 1024 * 1024;

    /// <summary>Bytes of all files: 1 PiB.</summary>
    public const long MaxTotalLength = 1L << 50;

    /// <summary>Tracker URLs in all tiers.</summary>
    public const int MaxTrackers = 256;

    /// <summary>Web seeds.</summary>
    public const int MaxWebSeeds = 64;

    /// <summary>DHT nodes.</summary>
    public const int MaxNodes = 256;
}
