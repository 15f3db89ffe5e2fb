using System.Linq;
using System.Text;
using Starling.Core.Wire;

namespace Starling.Tests.Core.Wire;

public sealed class ExtendedHandshakeTests
{
    [Fact]
    public void The_example_of_BEP_10_is_understood()
    {
        ExtendedHandshake handshake = Decode("d1:md11:LT_metadatai1e7:µT_PEXi2ee1:pi6881e1:v13:µTorrent 1.2e");
        Assert.Equal([new ExtensionId("LT_metadata", 1), new ExtensionId("µT_PEX", 2)], handshake.Extensions);
        Assert.Equal((ushort)6881, handshake.ListenPort);
        Assert.Equal("µTorrent 1.2", handshake.Client);
        Assert.Null(handshake.St);
    }

    [Fact]
    public void Nothing_at_all_is_a_handshake()
    {
        ExtendedHandshake handshake = Decode("de");
        Assert.Empty(handshake.Extensions);
        Assert.Null(handshake.ListenPort);
        Assert.Equal("d1:mdee", Encoding.UTF8.GetString(handshake.Encode()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("le")]
    [InlineData("d1:p")]
    [InlineData("d1:pi1e1:pi2ee")]
    [InlineData("d2:sti1ee")]
    [InlineData("d2:stdee")]
    public void Broken_bencoding_and_a_wrong_st_are_refused(string text) =>
        Assert.False(ExtendedHandshake.TryDecode(Encoding.UTF8.GetBytes(text), out _));

    [Theory]
    [InlineData("d1:pi0ee")]
    [InlineData("d1:pi65536ee")]
    [InlineData("d1:p4:6881e")]
    [InlineData("d4:reqqi-1ee")]
    [InlineData("d13:metadata_sizei0ee")]
    [InlineData("d13:metadata_sizei10485761ee")]
    [InlineData("d1:vi1ee")]
    [InlineData("d6:yourip5:12345e")]
    [InlineData("d4:ipv416:1234567890123456e")]
    [InlineData("d4:ipv64:1234e")]
    [InlineData("d1:mi1ee")]
    [InlineData("d1:md1:ai256eee")]
    [InlineData("d1:md1:ai-1eee")]
    [InlineData("d1:md1:a1:1ee")]
    public void Optional_keys_that_make_no_sense_count_as_absent(string text)
    {
        ExtendedHandshake handshake = Decode(text);
        Assert.Equal("d1:mdee", Encoding.UTF8.GetString(handshake.Encode()));
    }

    [Fact]
    public void Text_that_is_not_UTF_8_counts_as_absent()
    {
        byte[] bytes = [.. "d1:md1:"u8, 0xFF, .. "i1ee1:v1:"u8, 0xFF, .. "e"u8];
        Assert.True(ExtendedHandshake.TryDecode(bytes, out ExtendedHandshake? handshake));
        Assert.Null(handshake.Client);
        Assert.Empty(handshake.Extensions);
    }

    [Fact]
    public void Keys_in_any_order_and_keys_of_others_are_fine()
    {
        ExtendedHandshake handshake = Decode("d1:v1:x12:complete_agoi5e1:md6:ut_pexi1e11:ut_metadatai2eee");
        Assert.Equal("x", handshake.Client);
        Assert.True(handshake.TryGetId("ut_pex", out byte pex));
        Assert.Equal(1, pex);
        Assert.Equal(["ut_metadata", "ut_pex"], handshake.Extensions.Select(extension => extension.Name));
    }

    [Fact]
    public void An_id_of_0_switches_a_message_off()
    {
        ExtendedHandshake handshake = Decode("d1:md6:ut_pexi0eee");
        Assert.False(handshake.TryGetId("ut_pex", out _));
        Assert.False(handshake.TryGetId("ut_metadata", out _));
    }

    [Fact]
    public void Names_are_bounded_in_number_and_length()
    {
        string names = string.Concat(Enumerable.Range(0, 80).Select(i => $"4:{i + 1000}i1e"));
        Assert.Equal(ExtendedHandshake.MaxExtensions, Decode($"d1:md{names}ee").Extensions.Count);
        string longest = new('x', ExtendedHandshake.MaxNameLength);
        Assert.Single(Decode($"d1:md{longest.Length}:{longest}i1e{longest.Length + 1}:{longest}xi1eee").Extensions);
        string client = new('x', ExtendedHandshake.MaxClientLength);
        Assert.Equal(client, Decode($"d1:v{client.Length}:{client}e").Client);
        Assert.Null(Decode($"d1:v{client.Length + 1}:{client}xe").Client);
    }

    [Fact]
    public void The_whole_is_bounded()
    {
        string filler = new('x', ExtendedHandshake.MaxSize - "d1:x16373:e".Length);
        Assert.Equal(ExtendedHandshake.MaxSize, $"d1:x{filler.Length}:{filler}e".Length);
        Decode($"d1:x{filler.Length}:{filler}e");
        Assert.False(ExtendedHandshake.TryDecode(Encoding.UTF8.GetBytes($"d1:x{filler.Length + 1}:{filler}xe"), out _));
    }

    [Fact]
    public void Addresses_of_both_families_come_back()
    {
        ExtendedHandshake handshake = Decode("d4:ipv44:\u0001\u0002\u0003\u00044:ipv616:\u0020\u000123456789012345" + "6:yourip4:\u007f\0\0\u0001e");
        Assert.Equal("1.2.3.4:0", handshake.V4.ToString());
        Assert.False(handshake.V6!.Value.IsV4);
        Assert.Equal("127.0.0.1:0", handshake.YourAddress.ToString());
        Assert.True(ExtendedHandshake.TryDecode(handshake.Encode(), out ExtendedHandshake? again));
        Assert.Equal((handshake.V4, handshake.V6, handshake.YourAddress), (again.V4, again.V6, again.YourAddress));
    }

    private static ExtendedHandshake Decode(string text)
    {
        Assert.True(ExtendedHandshake.TryDecode(Encoding.UTF8.GetBytes(text), out ExtendedHandshake? handshake), text);
        return handshake;
    }
}
