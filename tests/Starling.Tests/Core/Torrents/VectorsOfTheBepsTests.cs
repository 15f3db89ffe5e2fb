using System.Linq;
using System.Net;
using Starling.Core.Primitives;
using Starling.Core.Torrents;

namespace Starling.Tests.Core.Torrents;

/// <summary>The examples that the BEPs print.</summary>
public sealed class VectorsOfTheBepsTests
{
    [Theory]
    [InlineData(7, new[] { 1059, 431, 808, 1217, 287, 376, 1188 })]
    [InlineData(9, new[] { 1059, 431, 808, 1217, 287, 376, 1188, 353, 508 })]
    public void Bep_6_allowed_fast_set(int count, int[] expected)
    {
        Assert.True(InfoHash.TryParse(new string('a', 40), out InfoHash hash));
        Assert.Equal(expected, AllowedFast.SetOf(Address("80.4.4.200"), hash, 1313, count));
    }

    [Fact]
    public void The_allowed_fast_set_ends_where_the_pieces_end_and_is_empty_for_ipv6()
    {
        Assert.True(InfoHash.TryParse(new string('a', 40), out InfoHash hash));
        Assert.Equal([0, 1, 2], AllowedFast.SetOf(Address("80.4.4.200"), hash, 3, 10).Order());
        Assert.Empty(AllowedFast.SetOf(Address("2001:db8::1"), hash, 100, 10));
    }

    [Theory]
    [InlineData("123.213.32.10", "98.76.54.32", 0xEC2D7224)]
    [InlineData("123.213.32.10", "123.213.32.234", 0x99568189)]
    public void Bep_40_peer_priority(string one, string other, uint expected)
    {
        Assert.Equal(expected, PeerPriority.Of(Address(one), Address(other)));
        Assert.Equal(expected, PeerPriority.Of(Address(other), Address(one)));
    }

    [Fact]
    public void Bep_40_masks_what_the_networks_do_not_share()
    {
        // Other bits than 01010101 of the lower half do not matter across /16s, and the ports decide on one machine.
        Assert.Equal(PeerPriority.Of(Address("10.1.0.0"), Address("10.2.0.0")), PeerPriority.Of(Address("10.1.170.170"), Address("10.2.0.0")));
        Assert.NotEqual(PeerPriority.Of(Address("10.1.0.0"), Address("10.2.0.0")), PeerPriority.Of(Address("10.1.1.0"), Address("10.2.0.0")));
        Assert.NotEqual(PeerPriority.Of(Address("10.1.0.0"), Address("10.1.2.0")), PeerPriority.Of(Address("10.1.0.0"), Address("10.1.3.0")));
        PeerAddress here = Address("10.1.1.1");
        Assert.NotEqual(PeerPriority.Of(here with { Port = 1 }, here with { Port = 2 }), PeerPriority.Of(here with { Port = 1 }, here with { Port = 3 }));
        Assert.Equal(PeerPriority.Of(here with { Port = 2 }, here with { Port = 1 }), PeerPriority.Of(here with { Port = 1 }, here with { Port = 2 }));
        Assert.Equal(
            PeerPriority.Of(Address("2001:db8:1::"), Address("2001:db8:2:aaaa::")), PeerPriority.Of(Address("2001:db8:1::"), Address("2001:db8:2::")));
    }

    private static PeerAddress Address(string text) => PeerAddress.From(IPAddress.Parse(text), 6881);
}
