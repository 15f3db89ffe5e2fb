using System;
using System.Collections.Generic;
using System.Linq;
using System.Numerics;
using Starling.Core.Metainfo;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using static Starling.Tests.Core.Metainfo.TorrentSamples;

namespace Starling.Tests.Core.Metainfo;

public sealed class BlockTreeTests
{
    private const int Block = MerkleTree.BlockSize;

    /// <summary>Files below a piece, of one piece, of several with and without an end; pieces of up to 1,024 blocks.</summary>
    public static TheoryData<int, int> Sizes { get; } = new()
    {
        { 5 * Block, 8 * Block }, { (5 * Block) - 1, 8 * Block }, { 8 * Block, 8 * Block }, { (8 * Block) + 1, 8 * Block }, { 24 * Block, 8 * Block },
        { (27 * Block) + 77, 2 * Block }, { (700 * Block) + 3, 1_024 * Block }, { 1_100 * Block, 1_024 * Block },
    };

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Blocks_of_each_piece_are_asked_for_told_and_checked(int size, int pieceLength)
    {
        var sample = new Sample(size, pieceLength);
        for (int piece = 0; piece < sample.File.Info.PieceCount; piece++)
        {
            var got = new Hash256[sample.Tree.BlocksOf(piece)];
            foreach (HashRange range in sample.Tree.RequestsFor(piece))
            {
                byte[] answer = sample.Answer(range)!;
                byte[] wrong = [.. answer];
                wrong[(range.Index + piece) % wrong.Length] ^= 1;
                Assert.False(sample.Tree.TryTake(piece, range, wrong, got));
                Assert.False(sample.Tree.TryTake(piece, range, answer.AsSpan(1), got));
                Assert.True(sample.Tree.TryTake(piece, range, answer, got));
            }

            Assert.Equal(sample.Leaves(piece), got);
            Assert.True(sample.Tree.IsRight(piece, got));
            got[0] = Hash256.Zero;
            Assert.False(sample.Tree.IsRight(piece, got));
        }
    }

    /// <summary>The rules of BEP 52, computed from the whole tree instead of from its parts.</summary>
    [Theory]
    [MemberData(nameof(Sizes))]
    public void Every_range_with_every_proof_is_told_as_the_whole_tree_says(int size, int pieceLength)
    {
        var sample = new Sample(size, pieceLength);
        Hash256[] leaves = MerkleTree.Leaves(sample.Bytes);
        int width = (int)BitOperations.RoundUpToPowerOf2((uint)leaves.Length);
        if (size > pieceLength)
        {
            width = pieceLength / Block * (int)BitOperations.RoundUpToPowerOf2((uint)sample.File.Info.PieceCount);
        }

        var levels = new List<Hash256[]> { Enumerable.Range(0, width).Select(i => i < leaves.Length ? leaves[i] : Hash256.Zero).ToArray() };
        while (levels[^1].Length > 1)
        {
            levels.Add([.. levels[^1].Chunk(2).Select(pair => MerkleTree.Parent(pair[0], pair[1]))]);
        }

        Assert.Equal(sample.File.Info.Files[0].PiecesRoot, levels[^1][0]);

        // Of the large ones, whose answers take long, not all.
        int step = size > 1 << 20 ? 4 : 1;
        for (int length = 2; length <= Math.Min(512, width); length <<= step)
        {
            for (int index = 0; index < leaves.Length; index += Math.Max(length, (leaves.Length / 5 / length * length) + length))
            {
                for (int proof = 0; proof <= levels.Count; proof += step)
                {
                    var range = new HashRange(sample.File.Info.Files[0].PiecesRoot, 0, index, length, proof);
                    var expected = new List<Hash256>(levels[0][index..(index + length)]);
                    for (int level = BitOperations.Log2((uint)length); level <= Math.Min(proof, levels.Count - 2); level++)
                    {
                        expected.Add(levels[level][(index >> level) ^ 1]);
                    }

                    Assert.Equal(expected, sample.Answer(range)!.Chunk(Hash256.Size).Select(hash => new Hash256(hash)));
                }
            }
        }
    }

    [Fact]
    public void Wrong_requests_are_not_answered()
    {
        var sample = new Sample(24 * Block, 8 * Block);
        var right = new HashRange(sample.File.Info.Files[0].PiecesRoot, 0, 8, 8, 3);
        Assert.NotNull(sample.Answer(right));
        foreach (HashRange wrong in (HashRange[])
            [
                right with { Index = 1 }, right with { Index = -8 }, right with { Index = 24 }, right with { Index = int.MinValue }, right with { Length = 1_024, Index = 0 },
                right with { Length = 3 }, right with { Length = 0 }, right with { Length = 1 }, right with { BaseLayer = 1 }, right with { BaseLayer = 3 },
                right with { ProofLayers = -1 }, right with { Root = Hash256.Zero }, right with { Index = int.MaxValue - 7 },
            ])
        {
            Assert.Null(sample.Answer(wrong));
        }

        // Layers are not known: nothing can be told of a file of many pieces.
        Assert.False(new BlockTree(sample.File.Info, new PieceLayers(sample.File.Info)).TryPiecesOf(right, out _, out _));
        Assert.Empty(new Sample(Block, 8 * Block).Tree.RequestsFor(0));
    }

    [Fact]
    public void The_hash_of_a_last_block_that_ends_in_padding_can_not_be_compared()
    {
        TorrentFile file = Folder(TorrentVersion.Hybrid, [("a", Content(Block + 5, 1)), ("b", Content(Block + 5, 2))], 4 * Block).File();
        var tree = new BlockTree(file.Info, file.Layers!);
        Assert.Equal((2, 1), (tree.BlocksOf(0), tree.WholeBlocksOf(0)));
        Assert.Equal((2, 2), (tree.BlocksOf(1), tree.WholeBlocksOf(1)));
    }

    private sealed class Sample
    {
        private readonly int _pieceLength;

        public Sample(int size, int pieceLength)
        {
            _pieceLength = pieceLength;
            Bytes = Content(size, 9);
            File = Single(TorrentVersion.V2, "x", Bytes, pieceLength).File();
            Tree = new BlockTree(File.Info, File.Layers!);
        }

        public byte[] Bytes { get; }

        public TorrentFile File { get; }

        public BlockTree Tree { get; }

        public Hash256[] Leaves(int piece) => MerkleTree.Leaves(Bytes.AsSpan(piece * _pieceLength, File.Info.PieceSize(piece)));

        public byte[]? Answer(HashRange range)
        {
            if (!Tree.TryPiecesOf(range, out int first, out int count))
            {
                return null;
            }

            return Tree.Answer(range, piece =>
            {
                Assert.InRange(piece, first, first + count - 1);
                return Leaves(piece);
            });
        }
    }
}
