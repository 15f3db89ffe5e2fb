using System.Net;
using Starling.Core.Primitives;

namespace Starling.Tests.Core.Primitives;

public sealed class AddressScopeTests
{
    [Theory]
    [InlineData("0.0.0.0", AddressScope.Unusable)]
    [InlineData("0.255.255.255", AddressScope.Unusable)]
    [InlineData("1.0.0.0", AddressScope.Public)]
    [InlineData("9.255.255.255", AddressScope.Public)]
    [InlineData("10.0.0.0", AddressScope.Private)]
    [InlineData("10.255.255.255", AddressScope.Private)]
    [InlineData("100.63.255.255", AddressScope.Public)]
    [InlineData("100.64.0.0", AddressScope.Private)]
    [InlineData("100.127.255.255", AddressScope.Private)]
    [InlineData("100.128.0.0", AddressScope.Public)]
    [InlineData("127.0.0.1", AddressScope.Loopback)]
    [InlineData("127.255.255.255", AddressScope.Loopback)]
    [InlineData("169.254.0.1", AddressScope.Private)]
    [InlineData("172.15.255.255", AddressScope.Public)]
    [InlineData("172.16.0.0", AddressScope.Private)]
    [InlineData("172.31.255.255", AddressScope.Private)]
    [InlineData("172.32.0.0", AddressScope.Public)]
    [InlineData("192.168.0.0", AddressScope.Private)]
    [InlineData("192.169.0.0", AddressScope.Public)]
    [InlineData("223.255.255.255", AddressScope.Public)]
    [InlineData("224.0.0.0", AddressScope.Unusable)]
    [InlineData("255.255.255.255", AddressScope.Unusable)]
    [InlineData("::", AddressScope.Unusable)]
    [InlineData("::1", AddressScope.Loopback)]
    [InlineData("::2", AddressScope.Unusable)]
    [InlineData("2001:db8::1", AddressScope.Public)]
    [InlineData("fc00::1", AddressScope.Private)]
    [InlineData("fdff::1", AddressScope.Private)]
    [InlineData("fe00::1", AddressScope.Public)]
    [InlineData("fe80::1", AddressScope.Unusable)]
    [InlineData("febf::1", AddressScope.Unusable)]
    [InlineData("ff02::1", AddressScope.Unusable)]
    public void Ranges_end_where_their_documents_say(string address, AddressScope scope) =>
        Assert.Equal(scope, AddressScopes.Of(PeerAddress.From(IPAddress.Parse(address), 1)));
}
