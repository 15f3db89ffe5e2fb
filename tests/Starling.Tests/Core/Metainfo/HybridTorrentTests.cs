using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using Starling.Core.Metainfo;
using Starling.Core.Pieces;
using Starling.Core.Primitives;

namespace Starling.Tests.Core.Metainfo;

/// <summary>The info-hashes were made by libtorrent 2.0.8 (create_torrent, set_piece_hashes) from the same files.</summary>
public sealed class HybridTorrentTests
{
    [Theory]
    [InlineData("single.bin", 200_000, 1, 16_384, "e3bd524f1d8e6f9c7012fda1e5d0c4f15f7136e9", "317e2dc241890a20132366e90df4445f580e84c6fb8125d0c7644ac95b758660")]
    [InlineData("small.bin", 100, 2, 16_384, "d626f9470c987919a212f01b636b7422eb8d0aee", "db1d5cdf7b09e8dd2a3803cc0ccf077f40c203e6ba6665037f421c1be90812fe")]
    [InlineData("exact.bin", 32_768, 3, 32_768, "8b44256105bb4eb14955f986a3691b4e0081ad85", "83be4ee3602594135bb64a0593b2abd6d31656c7234b96b6daab048de55e2699")]
    [InlineData("big.bin", 100_000, 4, 32_768, "7cd96c9518b56535722fc19bb0dbe5ab5fed7582", "e163464579fa6304d54009723ad7fe336743ab00b3e769f839b55dee4b6213ec")]
    public void A_single_file_has_the_hashes_of_libtorrent(string name, int length, int seed, int pieceLength, string v1, string v2)
    {
        HybridTorrent torrent = HybridTorrent.OfFile(Hash(name, Content(length, seed), pieceLength, isLast: true), pieceLength);
        Assert.Equal(v1, Convert.ToHexStringLower(torrent.V1InfoHash));
        Assert.Equal(v2, torrent.InfoHash.ToString());
        Assert.Equal(length, torrent.Length);
    }

    [Fact]
    public void A_folder_with_padding_and_an_empty_file_has_the_hashes_of_libtorrent()
    {
        (string Path, byte[] Content)[] files =
        [
            ("a.bin", Content(40_000, 5)), ("b/c.bin", Content(16_384, 6)), ("b/d.bin", Content(5, 7)), ("b.txt", Content(70_000, 8)), ("empty", []),
        ];
        HashedFile[] hashed = [.. files.Select((file, i) => Hash(file.Path, file.Content, 16_384, i == files.Length - 1))];
        HybridTorrent torrent = HybridTorrent.OfFolder("tree", 16_384, hashed);
        Assert.Equal("8f790c03d38651403808ed4205f3d9dff0cc2ac5", Convert.ToHexStringLower(torrent.V1InfoHash));
        Assert.Equal("598742d37133dac85c8d6bdea8ec6641de87c7ba2b0edde1117b59ecee7a44a0", torrent.InfoHash.ToString());
        Assert.Contains("12:piece layersd32:", Encoding.Latin1.GetString(torrent.ToTorrentFile()), StringComparison.Ordinal);
    }

    [Fact]
    public void The_root_of_a_file_is_that_of_its_blocks_however_it_streams_by()
    {
        byte[] content = Content(150_001, 9);
        foreach (int step in (int[])[1, 7, 16_384, 20_000, 200_000])
        {
            using var hasher = new FileHasher(32_768);
            for (int at = 0; at < content.Length; at += step)
            {
                hasher.Append(content.AsSpan(at, Math.Min(step, content.Length - at)));
            }

            HashedFile file = hasher.Complete("x", isLast: true);
            Assert.Equal(MerkleTree.ResultOf(content).Root, file.PiecesRoot);
            Assert.Equal(5, file.PieceLayer.Count);
            Assert.Equal(100, file.V1Pieces.Length);
        }
    }

    [Fact]
    public void An_empty_file_has_no_pieces()
    {
        HashedFile file = Hash("x", [], 16_384, isLast: false);
        Assert.Equal((0L, Hash256.Zero, 0, 0), (file.Length, file.PiecesRoot, file.PieceLayer.Count, file.V1Pieces.Length));
    }

    [Theory]
    [InlineData(0, 16_384)]
    [InlineData(16_384L * 2_048, 16_384)]
    [InlineData((16_384L * 2_048) + 1, 32_768)]
    [InlineData(1L << 40, 16_777_216)]
    public void The_length_of_pieces_follows_from_the_size(long total, int pieceLength) => Assert.Equal(pieceLength, HybridTorrent.PieceLengthFor(total));

    [Fact]
    public void Paths_are_ordered_part_by_part()
    {
        List<string> paths = ["b.txt", "b/d", "a", "b/c", "b-", "\uffee", "\U0001F426"];
        paths.Sort(HybridTorrent.ComparePaths);
        Assert.Equal(["a", "b/c", "b/d", "b-", "b.txt", "\uffee", "\U0001F426"], paths);
        Assert.Throws<ArgumentException>(() => HybridTorrent.OfFolder("x", 16_384, [Hash("b", [], 16_384, false), Hash("a", [], 16_384, true)]));
    }

    private static HashedFile Hash(string path, byte[] content, int pieceLength, bool isLast)
    {
        using var hasher = new FileHasher(pieceLength);
        hasher.Append(content);
        return hasher.Complete(path, isLast);
    }

    private static byte[] Content(int length, int seed)
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
}
