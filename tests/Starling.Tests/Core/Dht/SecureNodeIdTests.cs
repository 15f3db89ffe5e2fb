using System;
using System.Net;
using Starling.Core.Dht;
using Starling.Core.Primitives;

namespace Starling.Tests.Core.Dht;

public sealed class SecureNodeIdTests
{
    [Theory]
    [InlineData("124.31.75.21", "5fbfbff10c5d6a4ec8a88e4c6ab4c28b95eee401")]
    [InlineData("21.75.31.124", "5a3ce9c14e7a08645677bbd1cfe7d8f956d53256")]
    [InlineData("65.23.51.170", "a5d43220bc8f112a3d426c84764f8c2a1150e616")]
    [InlineData("84.124.73.14", "1b0321dd1bb1fe518101ceef99462b947a01ff41")]
    [InlineData("43.213.53.83", "e56f6cbf5b7c4be0237986d5243b87aa6d51305a")]
    public void The_vectors_of_BEP_42_fit_and_no_neighbour_does(string ip, string id)
    {
        NodeId node = new(Convert.FromHexString(id));
        PeerAddress address = PeerAddress.From(IPAddress.Parse(ip), 6881);
        Assert.True(SecureNodeId.Matches(node, address));
        byte[] bytes = node.ToArray();
        foreach (int bit in new[] { 0, 7, 20, 157, 159 })
        {
            byte[] changed = [.. bytes];
            changed[bit / 8] ^= (byte)(0x80 >> (bit % 8));
            Assert.False(SecureNodeId.Matches(new NodeId(changed), address));
        }

        bytes[2] ^= 0x07;
        bytes[18] ^= 0xff;
        Assert.True(SecureNodeId.Matches(new NodeId(bytes), address));
        Assert.False(SecureNodeId.Matches(node, PeerAddress.From(IPAddress.Parse("8.8.8.8"), 6881)));
    }

    [Theory]
    [InlineData("93.184.216.34")]
    [InlineData("2001:db8:1234:5678::1")]
    public void Made_ids_fit_their_address(string ip)
    {
        var random = new DeterministicRandom(1);
        PeerAddress address = PeerAddress.From(IPAddress.Parse(ip), 1);
        for (int i = 0; i < 32; i++)
        {
            Assert.True(SecureNodeId.Matches(SecureNodeId.Make(address, random), address));
        }
    }

    [Theory]
    [InlineData("127.0.0.1", true)]
    [InlineData("10.1.2.3", true)]
    [InlineData("172.16.0.1", true)]
    [InlineData("172.31.255.255", true)]
    [InlineData("172.32.0.1", false)]
    [InlineData("192.168.9.9", true)]
    [InlineData("169.254.1.1", true)]
    [InlineData("11.0.0.1", false)]
    [InlineData("::1", true)]
    [InlineData("fd00::1", true)]
    [InlineData("2001:db8::1", false)]
    public void Local_networks_are_exempt(string ip, bool isExempt)
    {
        PeerAddress address = PeerAddress.From(IPAddress.Parse(ip), 1);
        Assert.Equal(isExempt, AddressRange.IsLocal(address));
        Assert.Equal(isExempt, SecureNodeId.IsAcceptable(default, address));
    }

    [Theory]
    [InlineData("0.0.0.0", false)]
    [InlineData("224.0.0.1", false)]
    [InlineData("255.255.255.255", false)]
    [InlineData("::", false)]
    [InlineData("ff02::1", false)]
    [InlineData("fe80::1", false)]
    [InlineData("1.2.3.4", true)]
    [InlineData("::1", true)]
    [InlineData("2001:db8::1", true)]
    public void Nothing_is_sent_to_addresses_that_are_no_ones(string ip, bool isUsable)
    {
        Assert.Equal(isUsable, AddressRange.IsUsable(PeerAddress.From(IPAddress.Parse(ip), 1)));
        Assert.False(AddressRange.IsUsable(PeerAddress.From(IPAddress.Parse(ip), 0)));
    }
}
