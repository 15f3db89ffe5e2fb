using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using System.Text.Json;
using Starling.Core.Primitives;
using Starling.Events;
using Starling.SystemTests.Lab;
using Starling.Tests.App.EndToEnd;

namespace Starling.SystemTests;

/// <summary>
/// Two homes behind routers that translate addresses, and one machine on the Internet with a peer and a tracker. One router speaks PCP only, the
/// other one UPnP only. Nobody has set anything, two peers of one home even want the same port.
/// </summary>
public sealed class PortMappingTests : IDisposable
{
    private const int Pieces = 32;
    private const int Bytes = 20_000;

    private static readonly IPEndPoint Tracker = IPEndPoint.Parse("45.77.1.10:6969");
    private static readonly string[] Homes = ["a1", "a2", "b1"];

    private readonly ScratchFolder _home = new();
    private readonly LabNetwork _lab = new();
    private readonly string _name = $"task-{Guid.NewGuid():N}";

    public PortMappingTests()
    {
        LabNetwork.OpenToAll(_home);
        _lab.Machine("net");
        _lab.Ip("net", "link add br0 type bridge mcast_snooping 0");
        _lab.Address("net", "br0", "45.77.1.1/24");
        _lab.Ip("net", "link set br0 up");
        _lab.Machine("p1");
        _lab.Wire("net", "pp1", "p1", "eth0");
        _lab.Ip("net", "link set pp1 master br0");
        _lab.Address("p1", "eth0", $"{Tracker.Address}/24");
    }

    public void Dispose()
    {
        _lab.Dispose();
        _home.Dispose();
    }

    [LabFact("opentracker", "miniupnpd", "nft")]
    public void Peers_behind_two_routers_become_one_swarm_with_no_settings()
    {
        NatRouter.Add(_lab, _home, "ra", IPAddress.Parse("45.77.1.2"), "192.168.10", upnp: false, pcp: true);
        NatRouter.AddHost(_lab, "ra", "a1", "192.168.10", 11);
        NatRouter.AddHost(_lab, "ra", "a2", "192.168.10", 12);
        NatRouter.Add(_lab, _home, "rb", IPAddress.Parse("45.77.1.3"), "192.168.20", upnp: true, pcp: false);
        NatRouter.AddHost(_lab, "rb", "b1", "192.168.20", 11);

        string task = _home.File("task.yaml", $$"""
            name: {{_name}}
            pieces: {{Pieces}}
            trackers: [udp://{{Tracker}}/announce]
            verify: own
            run: { kernel: sleep, seconds: "0.5", bytes: {{Bytes}} }

            """);
        string link = LinkOf(task, out string id);
        _home.File("whitelist", id[..(2 * InfoHash.Size)] + "\n");
        _lab.Spawn(
            "p1", "opentracker", "-i", $"{Tracker.Address}", "-p", $"{Tracker.Port}", "-P", $"{Tracker.Port}", "-d", _home.Path, "-w", "whitelist");
        _lab.WaitForListener("p1", Tracker);
        _lab.WaitForListener("rb", IPEndPoint.Parse("192.168.20.1:5000"));

        var runs = new Dictionary<string, StarlingRun> { ["p1"] = Start("p1", task) };
        try
        {
            runs["p1"].WaitFor(EventName.Started);
            foreach (string host in Homes)
            {
                runs[host] = Start(host, link, "--listen", "0.0.0.0:6881");
            }

            var outside = new Dictionary<string, PeerAddress>();
            foreach (string host in Homes)
            {
                RunEvent mapped = runs[host].WaitFor(read => read is { Event: EventName.Mapped, Listen: not null });
                Assert.Equal(host == "b1" ? "UPnP" : "PCP", mapped.Source);
                Assert.Contains($"x.pe={mapped.Listen}", mapped.Magnet, StringComparison.Ordinal);
                Assert.True(PeerAddress.TryParse(mapped.Listen, out PeerAddress address));
                outside[host] = address;
            }

            Assert.Equal("45.77.1.3:6881", outside["b1"].ToString());
            Assert.NotEqual(outside["a1"], outside["a2"]);
            Assert.Contains("45.77.1.2:6881", new[] { outside["a1"].ToString(), outside["a2"].ToString() });
            foreach (StarlingRun run in runs.Values)
            {
                run.WaitFor(read => read is { Event: EventName.Swarm, Connected: 3 });
            }

            foreach (StarlingRun run in runs.Values)
            {
                RunEvent complete = run.WaitFor(read => read.Event == EventName.Complete, TimeSpan.FromMinutes(3));
                Assert.Equal(Expected(), File.ReadAllBytes(complete.Output!.Single()));
            }

            Assert.True(NatRouter.ForwardsAnything(_lab, "ra") && NatRouter.ForwardsAnything(_lab, "rb"));
            foreach (StarlingRun run in runs.Values)
            {
                run.Signal(15);
                Assert.Equal(0, run.WaitForExit());
                Assert.DoesNotContain(run.Events, read => read.Event == EventName.Error);
            }

            Assert.False(NatRouter.ForwardsAnything(_lab, "ra") || NatRouter.ForwardsAnything(_lab, "rb"));
        }
        finally
        {
            foreach (StarlingRun run in runs.Values)
            {
                run.Dispose();
            }
        }
    }

    private StarlingRun Start(string machine, string task, params string[] flags) => _lab.Starling(
        machine, _home.Path, ["run", task, "--dir", _home.Folder($"dir-{machine}"), "--slots", "1", "--trust", "--json", .. flags]);

    private string LinkOf(string task, out string id)
    {
        using StarlingRun inspect = StarlingRun.Finish(_home.Path, "inspect", task, "--json");
        using JsonDocument described = JsonDocument.Parse(string.Concat(inspect.Lines));
        id = described.RootElement.GetProperty("task").GetString()!;
        return described.RootElement.GetProperty("magnet").GetString()!;
    }

    private static byte[] Expected()
    {
        var expected = new byte[Pieces * Bytes];
        for (int piece = 0; piece < Pieces; piece++)
        {
            new DeterministicRandom((ulong)piece).Fill(expected.AsSpan(piece * Bytes, Bytes));
        }

        return expected;
    }
}
