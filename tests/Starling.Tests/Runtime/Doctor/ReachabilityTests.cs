using System.Collections.Generic;
using System.Linq;
using Starling.Core.Primitives;
using Starling.Runtime.Doctor;

namespace Starling.Tests.Runtime.Doctor;

public sealed class ReachabilityTests
{
    private const string Here = "peers on this network";
    private const string Elsewhere = "peers elsewhere";
    private const string Behind = "peers behind other routers";

    [Fact]
    public void A_forwarded_port_lets_everybody_in()
    {
        Dictionary<string, Finding> reach = Of(["192.168.1.7:6881"], mapped: "45.77.1.2:7001", udp: true);
        Assert.All(reach.Values, finding => Assert.Equal(Health.Ok, finding.Health));
        Assert.Equal("yes, both ways", reach[Elsewhere].Seen);
        Assert.Contains("at 45.77.1.2:7001,", reach[Behind].Seen, System.StringComparison.Ordinal);
    }

    [Fact]
    public void Without_UDP_the_DHT_and_uTP_stay_outside()
    {
        Assert.Contains("TCP only", Of(["192.168.1.7:6881"], mapped: "45.77.1.2:7001", udp: false)[Behind].Seen, System.StringComparison.Ordinal);
    }

    [Fact]
    public void Behind_a_router_that_forwards_nothing_others_behind_routers_are_not_reached()
    {
        Dictionary<string, Finding> reach = Of(["192.168.1.7:6881"]);
        Assert.Equal("yes, at 192.168.1.7:6881", reach[Here].Seen);
        Assert.StartsWith("those that can be connected to: yes", reach[Elsewhere].Seen, System.StringComparison.Ordinal);
        Assert.Equal((Health.Warning, "no: neither side can connect to the other"), (reach[Behind].Health, reach[Behind].Seen));
        Assert.NotEmpty(reach[Behind].Fix);
    }

    [Fact]
    public void An_address_on_the_internet_needs_no_router()
    {
        Assert.Contains("at 45.77.1.9:6881,", Of(["45.77.1.9:6881"])[Behind].Seen, System.StringComparison.Ordinal);
        Assert.EndsWith("and they have IPv6", Of(["192.168.1.7:6881", "[2a01::7]:6881"])[Behind].Seen, System.StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_way_out_only_this_network_is_reached()
    {
        Dictionary<string, Finding> reach = Of(["192.168.1.7:6881"], route: false);
        Assert.Equal(Health.Warning, reach[Elsewhere].Health);
        Assert.DoesNotContain(Behind, reach.Keys);
    }

    [Fact]
    public void On_loopback_only_this_machine_is_reached()
    {
        Dictionary<string, Finding> reach = Of(["127.0.0.1:6881"]);
        Assert.Equal(["peers on other machines", "peers on this machine"], reach.Keys.Order());
        Assert.Equal(Health.Warning, reach["peers on other machines"].Health);
    }

    private static Dictionary<string, Finding> Of(string[] own, string? mapped = null, bool udp = false, bool route = true) => new Reachability
    {
        Own = [.. own.Select(Address)],
        HasDefaultRoute = route,
        Mapped = mapped is null ? null : Address(mapped),
        IsUdpMapped = udp,
    }.Describe().ToDictionary(finding => finding.Subject);

    private static PeerAddress Address(string text)
    {
        Assert.True(PeerAddress.TryParse(text, out PeerAddress address));
        return address;
    }
}
