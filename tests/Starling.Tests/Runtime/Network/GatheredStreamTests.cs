using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Starling.Runtime.Network;

namespace Starling.Tests.Runtime.Network;

/// <summary>What is written between hold and release leaves in one call; order and bytes are kept whatever happens.</summary>
public sealed class GatheredStreamTests
{
    private readonly Sink _sink = new();

    [Fact]
    public async Task What_is_held_leaves_in_one_write_and_what_comes_later_by_itself()
    {
        using var stream = new GatheredStream(_sink);
        await stream.WriteAsync(new byte[] { 1 });
        stream.Hold(1024);
        await stream.WriteAsync(new byte[] { 2, 3 });
        await stream.WriteAsync(new byte[] { 4 });
        Assert.Single(_sink.Writes);
        await stream.ReleaseAsync();
        await stream.WriteAsync(new byte[] { 5 });
        Assert.Equal([[1], [2, 3, 4], [5]], _sink.Writes);
    }

    [Fact]
    public async Task What_does_not_fit_goes_behind_what_is_held()
    {
        using var stream = new GatheredStream(_sink);
        stream.Hold(16);
        var large = new byte[100_000];
        await stream.WriteAsync(new byte[] { 1 });
        await stream.WriteAsync(large);
        await stream.WriteAsync(new byte[] { 2 });
        await stream.ReleaseAsync();
        Assert.Equal([[1], large, [2]], _sink.Writes);
    }

    [Fact]
    public void The_records_of_the_content_that_fits_fit()
    {
        const int buffer = 128 * 1024;
        int content = GatheredStream.ContentThatFits(buffer);
        int records = (content + 16_383) / 16_384;

        // RFC 8446, section 5.2: five bytes of header, one of content type, a tag of 16.
        Assert.InRange(content + (records * 22), content, buffer);
        Assert.True(content >= 7 * (16_384 + 13), "seven blocks with their headers go in one write");
    }

    [Fact]
    public async Task A_failed_release_holds_nothing_any_more()
    {
        using var stream = new GatheredStream(_sink);
        stream.Hold(64);
        await stream.WriteAsync(new byte[] { 1 });
        _sink.Fails = true;
        await Assert.ThrowsAsync<System.IO.IOException>(async () => await stream.ReleaseAsync());
        _sink.Fails = false;
        await stream.WriteAsync(new byte[] { 2 });
        Assert.Equal([[2]], _sink.Writes);
    }

    private sealed class Sink : ConnectionStream
    {
        public List<byte[]> Writes { get; } = [];

        public bool Fails { get; set; }

        public override void CloseWrites()
        {
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (Fails)
            {
                throw new System.IO.IOException("gone");
            }

            Writes.Add(buffer.ToArray());
            return ValueTask.CompletedTask;
        }

        protected override ValueTask<int> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellation) => ValueTask.FromResult(0);
    }
}
