using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using Starling.Core.Metainfo;
using Starling.Core.Pieces;
using Starling.Core.Primitives;

namespace Starling.Tests.Core.Metainfo;

/// <summary>The info-hashes were made by libtorrent 2.0.8 (create_torrent, set_piece_hashes) from the same files.</summary>
public sealed class CreatedTorrentTests
{
    [Theory]
    [InlineData("single.bin", 200_000, 1, 16_384, "e3bd524f1d8e6f9c7012fda1e5d0c4f15f7136e9", "317e2dc241890a20132366e90df4445f580e84c6fb8125d0c7644ac95b758660")]
    [InlineData("small.bin", 100, 2, 16_384, "d626f9470c987919a212f01b636b7422eb8d0aee", "db1d5cdf7b09e8dd2a3803cc0ccf077f40c203e6ba6665037f421c1be90812fe")]
    [InlineData("exact.bin", 32_768, 3, 32_768, "8b44256105bb4eb14955f986a3691b4e0081ad85", "83be4ee3602594135bb64a0593b2abd6d31656c7234b96b6daab048de55e2699")]
    [InlineData("big.bin", 100_000, 4, 32_768, "7cd96c9518b56535722fc19bb0dbe5ab5fed7582", "e163464579fa6304d54009723ad7fe336743ab00b3e769f839b55dee4b6213ec")]
    public void A_single_file_has_the_hashes_of_libtorrent(string name, int length, int seed, int pieceLength, string v1, string v2)
    {
        CreatedTorrent torrent = CreatedTorrent.OfFile(Hash(name, TorrentSamples.Content(length, seed), pieceLength, isLast: true), pieceLength);
        Assert.Equal(v1, Convert.ToHexStringLower(torrent.V1InfoHash));
        Assert.Equal(v2, torrent.InfoHash.ToString());
        Assert.Equal(length, torrent.Length);
    }

    [Fact]
    public void A_folder_with_padding_and_an_empty_file_has_the_hashes_of_libtorrent()
    {
        (string Path, byte[] Content)[] files =
        [
            ("a.bin", TorrentSamples.Content(40_000, 5)), ("b/c.bin", TorrentSamples.Content(16_384, 6)), ("b/d.bin", TorrentSamples.Content(5, 7)), ("b.txt", TorrentSamples.Content(70_000, 8)), ("empty", []),
        ];
        HashedFile[] hashed = [.. files.Select((file, i) => Hash(file.Path, file.Content, 16_384, i == files.Length - 1))];
        CreatedTorrent torrent = CreatedTorrent.OfFolder("tree", 16_384, hashed);
        Assert.Equal("8f790c03d38651403808ed4205f3d9dff0cc2ac5", Convert.ToHexStringLower(torrent.V1InfoHash));
        Assert.Equal("598742d37133dac85c8d6bdea8ec6641de87c7ba2b0edde1117b59ecee7a44a0", torrent.InfoHash.ToString());
        Assert.True(torrent.TryToFile(out TorrentFile? file, out _));
        Assert.Contains("12:piece layersd32:", Encoding.Latin1.GetString(file.ToBytes()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(TorrentVersion.V1, "single.bin", 200_000, 1, 16_384, "1afcb49c4600952fe7a7110b2594c44a264742fb")]
    [InlineData(TorrentVersion.V1, "small.bin", 100, 2, 16_384, "22f338ae605d5ef65ee6bb7a12cbf6f14a6892db")]
    [InlineData(TorrentVersion.V1, "big.bin", 100_000, 4, 32_768, "abac99b950936dfc8435ff856cb5d98b3769cd05")]
    [InlineData(TorrentVersion.V2, "single.bin", 200_000, 1, 16_384, "e773f9cef1b40e5676a47d927f7190aaca1e0f08dff298bb1e8fce13769e1253")]
    [InlineData(TorrentVersion.V2, "small.bin", 100, 2, 16_384, "daa3595fa42ffb086e55edd32ed809a1ac5ede2e04bd35ca1e40eb01d0ff089d")]
    [InlineData(TorrentVersion.V2, "big.bin", 100_000, 4, 32_768, "dfdd87f1e7de251de539eb5d4a768d0975bf13bfe29d0c46bff36c17221ebc36")]
    public void A_single_file_of_one_version_has_the_hash_of_libtorrent(TorrentVersion version, string name, int length, int seed, int pieceLength, string hash)
    {
        TorrentInfo info = TorrentSamples.Single(version, name, TorrentSamples.Content(length, seed), pieceLength).File().Info;
        Assert.Equal(hash, version == TorrentVersion.V1 ? info.InfoHashV1.ToString() : info.InfoHashV2.ToString());
        Assert.Equal((version == TorrentVersion.V1, version == TorrentVersion.V2), (info.HasV1, info.HasV2));
    }

    [Theory]
    [InlineData(TorrentVersion.V1, false, "8aa633dad27dfa5e6f64ad0b9ecbfef4c63397fe")]
    [InlineData(TorrentVersion.V1, true, "cf5e98f4219ecedda017c1f4f087caf7796da42a")]
    [InlineData(TorrentVersion.V2, false, "8e919af8a66fa9cc4b0e8db60d8a3edb0e177e0608048952f2f12a30e4c4f14a")]
    [InlineData(TorrentVersion.V2, true, "798357507089b57f05f4dbb2920dd3a311811584f36f30e9fa818dc0cc4af4c8")]
    [InlineData(TorrentVersion.Hybrid, true, "19f9b3bbb2815253bd68b8af6423331036609e46")]
    public void A_folder_has_the_hash_of_libtorrent_private_or_not(TorrentVersion version, bool isPrivate, string hash)
    {
        TorrentInfo info = TorrentSamples.Folder(version, TorrentSamples.Tree, isPrivate: isPrivate).File().Info;
        Assert.Equal(hash, version == TorrentVersion.V2 ? info.InfoHashV2.ToString() : info.InfoHashV1.ToString());
        Assert.Equal(isPrivate, info.IsPrivate);
    }

    [Fact]
    public void The_root_of_a_file_is_that_of_its_blocks_however_it_streams_by()
    {
        byte[] content = TorrentSamples.Content(150_001, 9);
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
    public void The_length_of_pieces_follows_from_the_size(long total, int pieceLength) => Assert.Equal(pieceLength, CreatedTorrent.PieceLengthFor(total));

    [Fact]
    public void Paths_are_ordered_part_by_part()
    {
        List<string> paths = ["b.txt", "b/d", "a", "b/c", "b-", "\uffee", "\U0001F426"];
        paths.Sort(CreatedTorrent.ComparePaths);
        Assert.Equal(["a", "b/c", "b/d", "b-", "b.txt", "\uffee", "\U0001F426"], paths);
        Assert.Throws<ArgumentException>(() => CreatedTorrent.OfFolder("x", 16_384, [Hash("b", [], 16_384, false), Hash("a", [], 16_384, true)]));
    }

    private static HashedFile Hash(string path, byte[] content, int pieceLength, bool isLast)
    {
        using var hasher = new FileHasher(pieceLength);
        hasher.Append(content);
        return hasher.Complete(path, isLast);
    }
}
