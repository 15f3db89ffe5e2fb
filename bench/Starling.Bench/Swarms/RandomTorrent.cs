using System;
using System.IO;
using Starling.Core.Metainfo;

namespace Starling.Bench.Swarms;

/// <summary>A plain v1 torrent of one file with random bytes.</summary>
internal static class RandomTorrent
{
    /// <summary>Writes the file and the torrent; the torrent's path.</summary>
    /// <param name="folder">Gets the torrent.</param>
    /// <param name="path">The file.</param>
    /// <param name="length">Bytes, a multiple of the piece length.</param>
    /// <param name="pieceLength">Bytes of a piece.</param>
    public static string Make(string folder, string path, long length, int pieceLength)
    {
        using var hasher = new FileHasher(pieceLength, TorrentVersion.V1);
        using (FileStream file = File.Create(path))
        {
            var random = new Random(1);
            var part = new byte[pieceLength];
            for (long done = 0; done < length; done += part.Length)
            {
                random.NextBytes(part);
                file.Write(part);
                hasher.Append(part);
            }
        }

        CreatedTorrent torrent = CreatedTorrent.OfFile(hasher.Complete(Path.GetFileName(path), isLast: true), pieceLength, TorrentVersion.V1);
        string target = Path.Combine(folder, "content.torrent");
        File.WriteAllBytes(target, torrent.TryToFile(out TorrentFile? made, out _) ? made.ToBytes() : throw new InvalidOperationException("The torrent can't be made."));
        return target;
    }
}
