using System.Net;
using Starling.Runtime.Network;

namespace Starling.Tests.Runtime.Network;

public sealed class IncomingLimitsTests
{
    [Fact]
    public void Connections_of_one_address_are_bounded_and_loopback_is_not()
    {
        var options = new LinkTransportOptions();
        var limits = new IncomingLimits(options.MaxIncomingPerAddress, int.MaxValue);
        IPAddress one = IPAddress.Parse("192.0.2.1");
        for (int i = 0; i < options.MaxIncomingPerAddress; i++)
        {
            Assert.Null(limits.TryEnter(one));
            Assert.Null(limits.TryEnter(IPAddress.Loopback));
        }

        Assert.NotNull(limits.TryEnter(one));
        Assert.Null(limits.TryEnter(IPAddress.Parse("192.0.2.2")));
        Assert.Null(limits.TryEnter(IPAddress.Loopback));
        limits.Leave(one);
        Assert.Null(limits.TryEnter(one));
    }

    [Fact]
    public void Connections_in_their_handshake_are_bounded()
    {
        var options = new LinkTransportOptions();
        var limits = new IncomingLimits(int.MaxValue, options.MaxIncomingHandshakes);
        for (int i = 0; i < options.MaxIncomingHandshakes; i++)
        {
            Assert.Null(limits.TryEnter(IPAddress.Loopback));
        }

        Assert.NotNull(limits.TryEnter(IPAddress.Loopback));
        limits.HandshakeDone();
        Assert.Null(limits.TryEnter(IPAddress.Loopback));
    }
}
