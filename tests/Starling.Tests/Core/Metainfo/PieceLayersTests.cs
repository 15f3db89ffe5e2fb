using System;
using Starling.Core.Metainfo;
using Starling.Core.Primitives;
using static Starling.Tests.Core.Metainfo.TorrentSamples;

namespace Starling.Tests.Core.Metainfo;

public sealed class PieceLayersTests
{
    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(512)]
    [InlineData(513)]
    [InlineData(1_500)]
    public void Hashes_asked_from_a_peer_fill_the_layer(int pieces)
    {
        TorrentFile file = Large(pieces);
        var layers = new PieceLayers(file.Info);
        int requests = 0;
        for (; layers.TryNextRequest(0, out HashRange range); requests++)
        {
            byte[] answer = file.Layers!.Answer(range)!;
            byte[] wrong = [.. answer];
            wrong[requests % wrong.Length] ^= 1;
            Assert.False(layers.TryAdd(range, wrong));
            Assert.False(layers.TryAdd(range, answer.AsSpan(0, 32)));
            Assert.False(layers.TryAdd(range with { Index = range.Index + range.Length }, answer));
            Assert.True(layers.TryAdd(range, answer));
            Assert.True(requests < pieces, "no progress");
        }

        Assert.True(layers.IsComplete);
        Assert.Equal((pieces + 511) / 512, requests);
        for (int piece = 0; piece < pieces; piece++)
        {
            Assert.True(layers.TryGetHash(piece, out Hash256 got) && file.Layers!.TryGetHash(piece, out Hash256 expected) && got == expected);
        }

        Assert.True(layers.TryGetLayer(0, out ReadOnlyMemory<byte> whole) && whole.Length == 32 * pieces);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(8)]
    [InlineData(64)]
    public void Short_ranges_have_longer_proofs(int length)
    {
        TorrentFile file = Large(700);
        var layers = new PieceLayers(file.Info);
        foreach (int index in (int[])[0, 512, 640])
        {
            // Ten layers of 1,024 hashes; the proof goes up to the root's children.
            var range = new HashRange(file.Info.Files[0].PiecesRoot, 0, index, length, 9);
            Assert.True(layers.TryAdd(range, file.Layers!.Answer(range)));
            Assert.True(layers.TryGetHash(index + 1, out _));
            Assert.Equal(index + length < 700, !layers.TryGetHash(Math.Min(index + length, 699), out _));
        }
    }

    [Fact]
    public void A_peer_may_leave_out_hashes_behind_the_end_of_the_file()
    {
        TorrentFile file = Large(5);
        var layers = new PieceLayers(file.Info);
        Assert.True(layers.TryNextRequest(0, out HashRange range));
        Assert.Equal((8, 2), (range.Length, range.ProofLayers));
        Assert.True(layers.TryAdd(range, file.Layers!.Answer(range).AsSpan(0, 5 * 32)));
        Assert.True(layers.IsComplete);
    }

    [Fact]
    public void Wrong_requests_are_not_answered()
    {
        TorrentFile file = Large(1_024);
        var right = new HashRange(file.Info.Files[0].PiecesRoot, 0, 512, 512, 9);
        Assert.Equal((512 + 1) * 32, file.Layers!.Answer(right)!.Length);
        foreach (HashRange wrong in (HashRange[])
            [
                right with { Index = 1 }, right with { Index = -512 }, right with { Index = 1_024 }, right with { Index = int.MinValue }, right with { Length = 1_024, Index = 0 },
                right with { Length = 3 }, right with { Length = 0 }, right with { Length = 1 }, right with { Length = -512 }, right with { BaseLayer = 1 },
                right with { ProofLayers = -1 }, right with { Root = Hash256.Zero },
            ])
        {
            Assert.Null(file.Layers!.Answer(wrong));
        }

        Assert.Equal(9 * 32, new[] { file.Layers.Answer(right with { Length = 2, Index = 4, ProofLayers = int.MaxValue })!.Length - (2 * 32) }[0]);
    }

    [Fact]
    public void Files_of_one_piece_need_no_layer_and_equal_files_share_one()
    {
        byte[] large = Content(40_000, 1);
        TorrentFile file = Folder(TorrentVersion.V2, [("a", large), ("b", large), ("c", Content(10, 1))]).File();
        var layers = new PieceLayers(file.Info);
        Assert.True(layers.TryGetHash(6, out Hash256 small) && small == file.Info.Files[2].PiecesRoot);
        Assert.False(layers.TryGetHash(0, out _));
        Assert.True(layers.TryRequestFor(4, out HashRange range));
        Assert.True(layers.TryAdd(range, file.Layers!.Answer(range)));
        Assert.True(layers.IsComplete);
        Assert.Equal(PieceVerdict.Unknown, PieceCheck.Check(file.Info, new PieceLayers(file.Info), 0, new byte[16_384]));
    }

    private static TorrentFile Large(int pieces) => Single(TorrentVersion.V2, "x", Content((pieces * 16_384) - 100, 3)).File();
}
