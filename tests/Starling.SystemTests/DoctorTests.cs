using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Text.Json;
using System.Threading;
using Starling.Events;
using Starling.SystemTests.Lab;
using Starling.Tests.App.EndToEnd;

namespace Starling.SystemTests;

/// <summary>
/// <c>starling doctor</c> in homes whose routers forward, refuse and are silent, and on a machine on the Internet: who is reachable is told as it is.
/// </summary>
public sealed class DoctorTests : IDisposable
{
    private const string Public = "45.77.1.10";

    private readonly ScratchFolder _home = new();
    private readonly LabNetwork _lab = new();

    public DoctorTests()
    {
        LabNetwork.OpenToAll(_home);
        _lab.Machine("net");
        _lab.Ip("net", "link add br0 type bridge mcast_snooping 0");
        _lab.Address("net", "br0", "45.77.1.1/24");
        _lab.Ip("net", "link set br0 up");
        _lab.Machine("p1");
        _lab.Wire("net", "pp1", "p1", "eth0");
        _lab.Ip("net", "link set pp1 master br0");
        _lab.Address("p1", "eth0", $"{Public}/24");
        _lab.Ip("p1", "route add default via 45.77.1.1");
    }

    public void Dispose()
    {
        _lab.Dispose();
        _home.Dispose();
    }

    [LabTheory("miniupnpd", "nft")]
    [InlineData(false, true, "PCP")]
    [InlineData(true, false, "UPnP")]
    public void Behind_a_router_that_forwards_everybody_comes_in_and_nothing_stays_forwarded(bool upnp, bool pcp, string protocol)
    {
        NatRouter.Add(_lab, _home, "ra", IPAddress.Parse("45.77.1.2"), "192.168.10", upnp, pcp);
        NatRouter.AddHost(_lab, "ra", "a1", "192.168.10", 11);
        WaitForRouter("ra", "192.168.10", upnp);
        Dictionary<string, JsonElement> seen = Doctor("a1", 0, "--listen", "0.0.0.0:6881");
        Assert.Equal($"the router 192.168.10.1 forwards 45.77.1.2:6881 by {protocol}; given back", Seen(seen, "port mapping"));
        Assert.Equal("yes, both ways", Seen(seen, "peers elsewhere"));
        Assert.Equal("yes: they connect to this one at 45.77.1.2:6881, unless a firewall is in between", Seen(seen, "peers behind other routers"));
        Assert.False(NatRouter.ForwardsAnything(_lab, "ra"));
    }

    [LabTheory("miniupnpd", "nft")]
    [InlineData(true, "does not forward port 6881 (UPnP)")]
    [InlineData(false, "answers neither PCP, NAT-PMP nor UPnP")]
    public void Where_nothing_is_forwarded_it_says_who_is_reachable_and_who_is_not(bool refuses, string why)
    {
        NatRouter.Add(_lab, _home, "rb", IPAddress.Parse("45.77.1.3"), "192.168.20", upnp: refuses, pcp: false, forwards: false);
        NatRouter.AddHost(_lab, "rb", "b1", "192.168.20", 11);
        if (refuses)
        {
            WaitForRouter("rb", "192.168.20", upnp: true);
        }

        // Any process of the program is a node of the DHT.
        string task = _home.File("task.yaml", "name: other\npieces: 1\nrun: {kernel: sleep, seconds: 0, bytes: 1}\nverify: own\n");
        using StarlingRun node = _lab.Starling(
            "p1", _home.Path, "run", task, "--dir", _home.Folder("p1"), "--listen", $"{Public}:6881", "--json");
        node.WaitFor(EventName.Started);

        Dictionary<string, JsonElement> seen = Doctor("b1", 0, "--listen", "0.0.0.0:6881", "--dht-router", $"{Public}:6881");
        Assert.Contains(why, Seen(seen, "port mapping"), StringComparison.Ordinal);
        Assert.Equal("warning", seen["port mapping"].GetProperty("result").GetString());
        Assert.Equal("yes, at 192.168.20.11:6881", Seen(seen, "peers on this network"));
        Assert.Equal(
            "those that can be connected to: yes, this peer connects to them; they do not reach it by themselves", Seen(seen, "peers elsewhere"));
        Assert.Equal("no: neither side can connect to the other", Seen(seen, "peers behind other routers"));
        Assert.Contains("forward", seen["peers behind other routers"].GetProperty("fix").GetString(), StringComparison.Ordinal);
        Assert.Contains("known", Seen(seen, "nodes"), StringComparison.Ordinal);
    }

    [LabFact]
    public void On_the_internet_no_router_is_needed_and_a_dead_node_is_a_failure()
    {
        Dictionary<string, JsonElement> seen = Doctor("p1", 1, "--dht-router", "45.77.1.99:6881");
        Assert.Equal("not needed: this machine has an address on the Internet", Seen(seen, "port mapping"));
        Assert.Equal("yes, both ways", Seen(seen, "peers elsewhere"));
        Assert.Equal("failed", seen["nodes"].GetProperty("result").GetString());
    }

    private static string Seen(Dictionary<string, JsonElement> seen, string subject) => seen[subject].GetProperty("seen").GetString()!;

    private Dictionary<string, JsonElement> Doctor(string machine, int status, params string[] flags)
    {
        using StarlingRun run = _lab.Starling(machine, _home.Path, ["doctor", "--json", .. flags]);
        Assert.Equal((status, ""), (run.WaitForExit(), run.Error));
        return run.Lines.Select(line => JsonDocument.Parse(line).RootElement)
            .Where(line => line.TryGetProperty("subject", out _))
            .ToLookup(line => line.GetProperty("subject").GetString()!)
            .ToDictionary(lines => lines.Key, lines => lines.First());
    }

    /// <summary>A router that was just started does not answer at once.</summary>
    private void WaitForRouter(string name, string inside, bool upnp)
    {
        if (upnp)
        {
            _lab.WaitForListener(name, IPEndPoint.Parse($"{inside}.1:5000"));
            return;
        }

        Assert.True(SpinWait.SpinUntil(
            () =>
            {
                Thread.Sleep(50);
                return _lab.Exec(name, "ss", "-lun").Contains(":5351 ", StringComparison.Ordinal);
            },
            TimeSpan.FromSeconds(60)));
    }
}
