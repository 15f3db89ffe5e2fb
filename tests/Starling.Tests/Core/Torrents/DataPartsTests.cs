using System;
using System.Linq;
using Starling.Core.Primitives;
using Starling.Core.Torrents;

namespace Starling.Tests.Core.Torrents;

/// <summary>The small parts: bits, layout, rates, pipelines.</summary>
public sealed class DataPartsTests
{
    [Fact]
    public void A_bitfield_has_exactly_its_bytes_and_no_spare_bits()
    {
        Assert.True(PieceBits.TryRead([0xFF, 0x80], 9, out PieceBits? bits));
        Assert.True(bits.IsFull);
        Assert.False(PieceBits.TryRead([0xFF, 0xC0], 9, out _));
        Assert.False(PieceBits.TryRead([0xFF], 9, out _));
        Assert.False(PieceBits.TryRead([0xFF, 0x80, 0], 9, out _));
        Assert.True(PieceBits.TryRead([0xFF], 8, out _));
        var filled = new PieceBits(9);
        filled.Fill();
        Assert.Equal(bits.Bytes.ToArray(), filled.Bytes.ToArray());
        Assert.True(filled.Remove(3));
        Assert.False(filled.Remove(3));
        Assert.Equal(8, filled.Count);
    }

    [Fact]
    public void The_layout_of_aligned_files_has_short_pieces_in_the_middle()
    {
        PieceLayout layout = PieceLayout.OfAlignedFiles([100_000, 0, 65_536, 1], 65_536);
        Assert.Equal([65_536, 34_464, 65_536, 1], Enumerable.Range(0, layout.PieceCount).Select(layout.LengthOf));
        Assert.Equal(new BlockRange(1, 32_768, 1_696), layout.RangeOf(1, 2));
        Assert.True(layout.Contains(new BlockRange(1, 34_463, 1)));
        Assert.False(layout.Contains(new BlockRange(1, 34_463, 2)));
        Assert.False(layout.Contains(new BlockRange(1, int.MaxValue, int.MaxValue)));
        Assert.False(layout.Contains(new BlockRange(4, 0, 1)));
        Assert.False(layout.Contains(new BlockRange(0, 0, 0)));

        // libtorrent 2.0 asks for whole blocks in the gap behind a file.
        Assert.True(layout.Serves(new BlockRange(1, 32_768, 16_384)));
        Assert.True(layout.Serves(new BlockRange(1, 32_768, 32_768)));
        Assert.False(layout.Serves(new BlockRange(1, 32_768, 32_769)));
        Assert.False(layout.Serves(new BlockRange(1, 49_152, 16_384)));
        Assert.False(PieceLayout.Of(100_000, 65_536).Serves(new BlockRange(1, 32_768, 16_384)));
    }

    [Fact]
    public void A_rate_is_right_within_seconds_and_forgets()
    {
        var meter = new RateMeter();
        Instant now = Instant.FromSeconds(1);
        for (int i = 0; i < 1000; i++)
        {
            meter.Add(1_000, now);
            now += TimeSpan.FromMilliseconds(10);
        }

        Assert.InRange(meter.Rate(now), 95_000, 105_000);
        Assert.InRange(meter.Rate(now + TimeSpan.FromSeconds(30)), 0, 100);
        Assert.Equal(1_000_000, meter.Total);
    }

    [Fact]
    public void A_limit_lets_through_what_it_says()
    {
        var limit = new RateLimit(10_000);
        Instant now = Instant.FromSeconds(1);
        long passed = 0;
        for (int i = 0; i < 1000; i++, now += TimeSpan.FromMilliseconds(10))
        {
            while (limit.IsOpen(now))
            {
                limit.Take(500);
                passed += 500;
            }

            Assert.True(limit.OpensAt(now) > now);
        }

        Assert.InRange(passed, 95_000, 110_000);
        limit.Set(0);
        Assert.True(limit.IsOpen(now));
    }

    [Theory]
    [InlineData(50_000_000, 0.005, 512)]
    [InlineData(1_000_000, 0.1, 68)]
    [InlineData(10_000, 0.1, 2)]
    public void A_pipeline_holds_the_rate_times_the_delay_and_a_second(double rate, double delay, int expected)
    {
        var pipeline = new RequestPipeline { Limit = 2_000 };
        var down = new RateMeter();
        Instant now = Instant.FromSeconds(1);
        for (double sent = 0; now < Instant.FromSeconds(20); sent += BlockBuffer.Capacity)
        {
            now = Instant.FromSeconds(1 + (sent / rate) + delay);
            pipeline.Sent(0, 0, Instant.FromSeconds(1 + (sent / rate)));
            Assert.True(pipeline.Remove(0, 0, out SentRequest request));
            pipeline.Answered(request, now);
            down.Add(BlockBuffer.Capacity, now);
        }

        Assert.InRange(pipeline.Target(down, now), expected * 0.8, expected * 1.25);
        pipeline.Limit = 10;
        Assert.InRange(pipeline.Target(down, now), 1, 10);
    }

    [Fact]
    public void Requests_are_found_and_removed_in_any_order()
    {
        var random = new DeterministicRandom(5);
        var requests = new LinkedRequests();
        var model = new System.Collections.Generic.List<(int, int)>();
        for (int i = 0; i < 5_000; i++)
        {
            int piece = random.Next(8);
            int block = random.Next(64);
            if (random.Next(2) == 0 && !model.Contains((piece, block)))
            {
                requests.Add(new SentRequest(piece, block, default));
                model.Add((piece, block));
            }
            else
            {
                Assert.Equal(model.Remove((piece, block)), requests.Remove(piece, block, out _));
            }

            Assert.Equal(model.Count, requests.Count);
        }

        Assert.Equal(model, requests.TakeAll().Select(each => (each.Piece, each.Block)));
    }
}
