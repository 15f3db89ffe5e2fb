using System;
using System.Diagnostics.CodeAnalysis;
using System.IO;
using Starling.Core.Metainfo;
using Starling.Core.Primitives;

namespace Starling.Runtime.Torrents;

/// <summary>Reads .torrent files from the disk.</summary>
public static class TorrentFileReading
{
    /// <summary>Reads the .torrent file at <paramref name="path"/>.</summary>
    /// <param name="path">A path on this machine.</param>
    /// <param name="file">The torrent.</param>
    /// <param name="problem">Why not; names the path.</param>
    public static bool TryRead(string path, [NotNullWhen(true)] out TorrentFile? file, [NotNullWhen(false)] out Problem? problem)
    {
        file = null;
        if (!TryReadBytes(path, out byte[]? bytes, out problem))
        {
            return false;
        }

        bool isOne = TorrentFile.TryRead(bytes, out file, out problem);
        problem = isOne ? null : problem! with { Reason = $"{path}: {problem.Reason}" };
        return isOne;
    }

    private static bool TryReadBytes(string path, [NotNullWhen(true)] out byte[]? bytes, [NotNullWhen(false)] out Problem? problem)
    {
        bytes = null;
        problem = null;
        try
        {
            using FileStream stream = File.OpenRead(path);
            if (stream.Length > TorrentLimits.MaxTorrentFileSize)
            {
                problem = new Problem("torrent", $"{path} has {stream.Length} bytes; a .torrent file has at most {TorrentLimits.MaxTorrentFileSize}");
                return false;
            }

            bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            problem = new Problem("torrent", $"{path} can't be read: {exception.Message.TrimEnd('.')}", "Name a .torrent file or a magnet link");
            return false;
        }
    }
}
