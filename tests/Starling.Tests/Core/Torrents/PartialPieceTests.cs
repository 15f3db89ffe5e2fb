using System;
using System.Collections.Generic;
using System.Linq;
using Starling.Core.Torrents;

namespace Starling.Tests.Core.Torrents;

/// <summary>Unfinished pieces over a restart, on a virtual clock.</summary>
public sealed class PartialPieceTests
{
    private const int Blocks = 64;

    [Fact]
    public void What_is_in_memory_at_the_end_goes_to_the_disk_and_is_not_asked_for_again()
    {
        var net = new DataNet(2, Blocks * BlockBuffer.Capacity);
        NetNode node = HalfWay(net);
        net.Step(node, new DataInput.StopRequested("test"));
        PartialPiece[] left = Left(node);
        int kept = left.Sum(piece => Enumerable.Range(0, Blocks).Count(piece.Has));
        Assert.InRange(kept, 20, 100);

        NetNode again = net.Add(magnet: true);
        node.Content.CopyTo(again.Content, 0);
        net.Step(again, new DataInput.Opened(net.Knowledge, new PieceBits(2)) { Partial = left });
        NetNode seed = net.Add(seed: true);
        net.Introduce(again, seed);
        Assert.True(net.Run(() => again.IsComplete));
        Assert.Equal(net.Truth, again.Content);
        Assert.Equal((2 * Blocks) - kept, seed.Sent.Count);
        Assert.Equal(0, again.Swarm.Snapshot(net.Now).WastedBytes);
    }

    [Fact]
    public void A_piece_of_which_all_blocks_were_left_needs_nobody()
    {
        var net = new DataNet(1, Blocks * BlockBuffer.Capacity);
        NetNode node = net.Add(magnet: true);
        net.Truth.CopyTo(node.Content, 0);
        net.Step(node, new DataInput.Opened(net.Knowledge, new PieceBits(1)) { Partial = [All(0)] });
        Assert.True(net.Run(() => node.IsComplete, seconds: 1));
    }

    [Fact]
    public void Who_sends_the_rest_of_a_piece_is_not_blamed_for_what_was_left()
    {
        var net = new DataNet(1, Blocks * BlockBuffer.Capacity);
        NetNode node = net.Add(magnet: true);

        // The disk holds zeros where the first blocks should be.
        net.Step(node, new DataInput.Opened(net.Knowledge, new PieceBits(1)) { Partial = [new PartialPiece(0, [0xC0, 0, 0, 0, 0, 0, 0, 0])] });
        NetNode seed = net.Add(seed: true);
        net.Introduce(node, seed);
        Assert.True(net.Run(() => node.IsComplete));
        Assert.Equal(net.Truth, node.Content);
        Assert.Empty(node.Banned);
    }

    [Fact]
    public void Blocks_do_not_wait_in_memory_for_a_slow_piece()
    {
        var net = new DataNet(1, Blocks * BlockBuffer.Capacity);
        NetNode seed = net.Add(seed: true);
        seed.Rate = 5_000;
        NetNode node = net.Add(options: options => options with { KeepAfter = TimeSpan.FromSeconds(20) });
        net.Introduce(node, seed);
        Assert.True(net.Run(() => seed.Sent.Count > 0));
        net.Pass(60);
        Assert.InRange(Left(node).Sum(piece => Enumerable.Range(0, Blocks).Count(piece.Has)), 8, 20);

        // And not for a peer that is gone.
        net.Kill(seed);
        net.Pass(60);
        int written = node.Effects.OfType<DataEffect.WriteBlocks>().Sum(write => write.Blocks.Count);
        Assert.InRange(written, 15, 20);
        Assert.True(net.Run(() => node.Swarm.NextWake == Starling.Core.Primitives.Instant.Never, seconds: 60));
    }

    [Fact]
    public void What_makes_no_sense_is_left_out()
    {
        var net = new DataNet(3, Blocks * BlockBuffer.Capacity);
        NetNode node = net.Add(magnet: true);
        var have = new PieceBits(3);
        have.Add(1);
        net.Truth.AsSpan(Blocks * BlockBuffer.Capacity, Blocks * BlockBuffer.Capacity).CopyTo(node.Content.AsSpan(Blocks * BlockBuffer.Capacity));
        PartialPiece[] partial = [new(-1, [1]), new(3, [1]), All(1), new(0, []), new(2, [0xFF]), new(2, [0xFF])];
        net.Step(node, new DataInput.Opened(net.Knowledge, have) { Partial = partial, Skipped = [2] });
        NetNode seed = net.Add(seed: true);
        net.Introduce(node, seed);
        Assert.True(net.Run(() => node.IsComplete));
        Assert.Equal(Blocks, seed.Sent.Count);
    }

    private static PartialPiece All(int piece) => new(piece, [.. Enumerable.Repeat((byte)0xFF, Blocks / 8)]);

    private static NetNode HalfWay(DataNet net)
    {
        NetNode seed = net.Add(seed: true);
        seed.Rate = 100_000;
        NetNode node = net.Add();
        net.Introduce(node, seed);
        Assert.True(net.Run(() => node.Swarm.Snapshot(net.Now).DownloadedBytes > 30 * BlockBuffer.Capacity));
        return node;
    }

    /// <summary>What the disk has of unfinished pieces.</summary>
    private static PartialPiece[] Left(NetNode node)
    {
        var left = new SortedDictionary<int, byte[]>();
        foreach (DataEffect.WriteBlocks write in node.Effects.OfType<DataEffect.WriteBlocks>())
        {
            left.TryAdd(write.Piece, new byte[Blocks / 8]);
            foreach (HeldBlock block in write.Blocks)
            {
                left[write.Piece][block.Index / 8] |= (byte)(0x80 >> (block.Index % 8));
            }
        }

        return [.. left.Select(piece => new PartialPiece(piece.Key, piece.Value))];
    }
}
