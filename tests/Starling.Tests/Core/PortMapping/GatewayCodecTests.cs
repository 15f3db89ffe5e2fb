using System;
using System.Net;
using Starling.Core.PortMapping;
using Starling.Core.Primitives;

namespace Starling.Tests.Core.PortMapping;

public sealed class GatewayCodecTests
{
    private static readonly MappingRequest Tcp = new(MappedTransport.Tcp, 6881, 16881, TimeSpan.FromHours(1));
    private static readonly PcpNonce Nonce = new(0x0102030405060708, 0x090a0b0c);

    [Fact]
    public void Requests_of_NAT_PMP_have_the_bytes_of_RFC_6886()
    {
        Assert.Equal("0000", Convert.ToHexStringLower(NatPmpCodec.EncodeAddressRequest()));
        Assert.Equal("000200001ae141f100000e10", Convert.ToHexStringLower(NatPmpCodec.Encode(Tcp)));
        Assert.Equal("000100001ae1000000000000", Convert.ToHexStringLower(NatPmpCodec.Encode(Tcp with { Transport = MappedTransport.Udp, Lifetime = TimeSpan.Zero })));
    }

    [Theory]
    [InlineData("008000000000000a2d4d0102", 0, 0, "45.77.1.2", 0, 0, 0u)]
    [InlineData("008200000000000a1ae141f100000e10", 2, 0, null, 6881, 16881, 3600u)]
    [InlineData("008100020000000a", 1, 2, null, 0, 0, 0u)]
    [InlineData("00800001", 0, 1, null, 0, 0, 0u)]
    public void Answers_of_NAT_PMP_are_read(string hex, byte operation, int result, string? address, int inside, int outside, uint life)
    {
        Assert.True(NatPmpCodec.TryDecode(Convert.FromHexString(hex), out NatPmpAnswer? answer));
        Assert.Equal(
            (operation, result, address, inside, outside, life),
            (answer.Operation, answer.Result, answer.ExternalAddress?.ToIPAddress().ToString(), answer.InternalPort, answer.ExternalPort, answer.LifetimeSeconds));
        Assert.Equal(hex.Length > 8 ? 10u : 0u, answer.Epoch);
    }

    [Theory]
    [InlineData("")]
    [InlineData("0080")]
    [InlineData("028100000000000a1ae141f100000e10")]
    [InlineData("000200000000000a1ae141f100000e10")]
    [InlineData("008300000000000a1ae141f100000e10")]
    [InlineData("008200000000000a1ae141f100000e")]
    [InlineData("008000000000000a2d4d01")]
    public void What_is_none_of_NAT_PMP_is_not_read(string hex) => Assert.False(NatPmpCodec.TryDecode(Convert.FromHexString(hex), out _));

    [Fact]
    public void A_request_of_PCP_has_the_bytes_of_RFC_6887()
    {
        PeerAddress client = PeerAddress.From(IPAddress.Parse("192.168.10.11"), 0);
        Assert.Equal(
            "02010000" + "00000e10" + "00000000000000000000ffffc0a80a0b"
            + "0102030405060708090a0b0c" + "06000000" + "1ae1" + "41f1" + "00000000000000000000ffff00000000",
            Convert.ToHexStringLower(PcpCodec.Encode(Tcp, client, Nonce)));
        Assert.EndsWith(
            "00000000000000000000000000000000",
            Convert.ToHexStringLower(PcpCodec.Encode(Tcp, PeerAddress.From(IPAddress.Parse("2001:db8::1"), 0), Nonce)), StringComparison.Ordinal);
    }

    [Fact]
    public void Answers_of_PCP_are_read_and_bounded()
    {
        byte[] bytes = Convert.FromHexString(
            "02810000" + "00000e10" + "0000000a" + "000000000000000000000000"
            + "0102030405060708090a0b0c" + "06000000" + "1ae1" + "41f1" + "00000000000000000000ffff2d4d0102");
        Assert.True(PcpCodec.TryDecode(bytes, out PcpAnswer? answer));
        Assert.Equal(new PcpAnswer(0, 3600, 10, Nonce, 6, 6881, PeerAddress.From(IPAddress.Parse("45.77.1.2"), 16881)), answer);
        Assert.True(PcpCodec.TryDecode([.. bytes, .. new byte[PcpCodec.MaxSize - bytes.Length]], out _));
        Assert.False(PcpCodec.TryDecode([.. bytes, .. new byte[PcpCodec.MaxSize - bytes.Length + 1]], out _));
        Assert.False(PcpCodec.TryDecode(bytes.AsSpan(0, 59), out _));
        Assert.False(PcpCodec.IsOtherVersion(bytes));
        Assert.True(PcpCodec.IsOtherVersion(Convert.FromHexString("008100010000000a")));
        Assert.True(PcpCodec.Refusal(answer with { Result = 11 }).IsConflict);
        Assert.Contains("another router", PcpCodec.Refusal(answer with { Result = 12 }).Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 100, 100, false)]
    [InlineData(0, 100, 103, false)]
    [InlineData(0, 100, 5, true)]
    [InlineData(0, 100, 120, true)]
    [InlineData(1000, 0, 999, false)]
    [InlineData(1000, 0, 990, true)]
    [InlineData(1000, 600, 0, true)]
    public void A_gateway_whose_clock_does_not_go_on_was_started_again(int before, int elapsed, int after, bool restarted)
    {
        var epoch = new GatewayEpoch();
        Assert.False(epoch.Restarted((uint)before, Instant.FromSeconds(50)));
        Assert.Equal(restarted, epoch.Restarted((uint)after, Instant.FromSeconds(50 + elapsed)));
    }
}
