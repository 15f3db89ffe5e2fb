using System;
using System.Linq;
using System.Text;
using Starling.Core.Primitives;
using Starling.Core.Wire;

namespace Starling.Tests.Core.Wire;

public sealed class UtPexTests
{
    [Fact]
    public void Both_families_come_back_with_their_flags()
    {
        UtPex pex = GoldenScene.Pex();
        Assert.True(UtPex.TryDecode(pex.Encode(), out UtPex? back));
        Assert.Equal(pex.Added, back.Added);
        Assert.Equal(pex.Dropped, back.Dropped);
    }

    [Fact]
    public void An_empty_message_is_one()
    {
        Assert.Equal("de", Encoding.ASCII.GetString(new UtPex([], []).Encode()));
        Assert.True(UtPex.TryDecode("de"u8.ToArray(), out UtPex? pex));
        Assert.Empty(pex.Added);
        Assert.Empty(pex.Dropped);
    }

    [Theory]
    [InlineData(49, 49)]
    [InlineData(50, 50)]
    [InlineData(51, 50)]
    [InlineData(1000, 50)]
    public void What_exceeds_50_is_ignored(int sent, int kept)
    {
        byte[] compact = [.. Enumerable.Range(1, sent).SelectMany(i => new byte[] { 10, 0, (byte)(i >> 8), (byte)i, 1, 2 })];
        byte[] payload =
        [
            .. Encoding.ASCII.GetBytes($"d5:added{compact.Length}:"), .. compact, .. Encoding.ASCII.GetBytes($"7:dropped{compact.Length}:"), .. compact,
            .. "e"u8,
        ];
        Assert.True(UtPex.TryDecode(payload, out UtPex? pex));
        Assert.Equal(kept, pex.Added.Count);
        Assert.Equal(kept, pex.Dropped.Count);
        Assert.Equal("10.0.0.1:258", pex.Added[0].Address.ToString());
    }

    [Fact]
    public void Cut_off_entries_missing_flags_and_entries_without_a_port_do_no_harm()
    {
        byte[] payload = [.. "d5:added15:"u8, 1, 2, 3, 4, 0, 5, 1, 2, 3, 4, 0, 0, 9, 9, 9, .. "7:added.f0:e"u8];
        Assert.True(UtPex.TryDecode(payload, out UtPex? pex));
        PexPeer peer = Assert.Single(pex.Added);
        Assert.Equal(("1.2.3.4:5", PexFlags.None), (peer.Address.ToString(), peer.Flags));
    }

    [Theory]
    [InlineData("")]
    [InlineData("le")]
    [InlineData("d5:added6:12345e")]
    public void Broken_bencoding_is_refused(string text) => Assert.False(UtPex.TryDecode(Encoding.ASCII.GetBytes(text), out _));

    [Fact]
    public void More_than_50_are_not_sent()
    {
        PeerAddress[] many = [.. Enumerable.Range(1, UtPex.MaxPeers + 1).Select(port => new PeerAddress(1, (ushort)port))];
        Assert.Throws<ArgumentOutOfRangeException>(() => new UtPex([], many).Encode());
        Assert.NotEmpty(new UtPex([], many[1..]).Encode());
    }
}
