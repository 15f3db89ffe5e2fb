using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using System.Text.Json;
using System.Threading.Tasks;
using Starling.Core.Primitives;
using Starling.Events;
using Starling.SystemTests.Lab;
using Starling.Tests.App.EndToEnd;
using Starling.Tests.Runtime.Trackers;

namespace Starling.SystemTests;

/// <summary>Peers on networks of their own, between which no multicast passes: they know nothing but a tracker.</summary>
public sealed class TrackerTests : IDisposable
{
    private const int Peers = 3;
    private const int Pieces = 24;
    private const int Bytes = 20_000;

    private static readonly IPEndPoint Tracker = IPEndPoint.Parse("45.77.0.1:6969");

    private readonly ScratchFolder _home = new();
    private readonly LabNetwork _lab = new();
    private readonly string _name = $"task-{Guid.NewGuid():N}";

    public TrackerTests()
    {
        _lab.Machine("hub");
        _lab.Forward("hub");
        _lab.Address("hub", "lo", $"{Tracker.Address}/32");
        _lab.Address("hub", "lo", "2001:470:0::1/128");
        for (int peer = 1; peer <= Peers; peer++)
        {
            _lab.Machine($"p{peer}");
            _lab.Wire("hub", $"h{peer}", $"p{peer}", "eth0");
            _lab.Address("hub", $"h{peer}", $"45.77.{peer}.1/24");
            _lab.Address("hub", $"h{peer}", $"2001:470:{peer}::1/64");
            _lab.Address($"p{peer}", "eth0", $"45.77.{peer}.2/24");
            _lab.Address($"p{peer}", "eth0", $"2001:470:{peer}::2/64");
            _lab.Ip($"p{peer}", $"route add default via 45.77.{peer}.1");
            _lab.Ip($"p{peer}", $"-6 route add default via 2001:470:{peer}::1");
        }
    }

    public void Dispose()
    {
        _lab.Dispose();
        _home.Dispose();
    }

    [LabTheory("opentracker")]
    [InlineData("http", false)]
    [InlineData("udp", false)]
    [InlineData("http", true)]
    public void Opentracker_brings_peers_together(string scheme, bool byLink)
    {
        string url = $"{scheme}://{Tracker}/announce";
        string task = TaskFile(url);
        string id = IdOf(task, out string link);
        LabNetwork.OpenToAll(_home);
        _home.File("whitelist", id[..(2 * InfoHash.Size)] + "\n");
        string[] at = ["-i", $"{Tracker.Address}", "-p", $"{Tracker.Port}", "-P", $"{Tracker.Port}"];
        _lab.Spawn("hub", "opentracker", [.. at, "-d", _home.Path, "-w", "whitelist"]);
        _lab.WaitForListener("hub", Tracker);
        ExpectTogether([task, byLink ? link : task, byLink ? link : task]);
    }

    [LabFact]
    public async Task A_UDP_tracker_brings_peers_together_over_IPv6()
    {
        await using UdpTestTracker tracker = _lab.Inside("hub", () => new UdpTestTracker(IPAddress.Parse("2001:470:0::1")));
        string task = TaskFile(tracker.Url);
        await Task.Run(() => ExpectTogether([task, task, task]));
    }

    private void ExpectTogether(string[] tasks)
    {
        var runs = new List<StarlingRun>();
        try
        {
            for (int peer = 1; peer <= Peers; peer++)
            {
                runs.Add(_lab.Starling(
                    $"p{peer}", _home.Path, "run", tasks[peer - 1], "--dir", _home.Folder($"peer-{peer}"), "--slots", "1", "--trust", "--json"));
            }

            foreach (StarlingRun run in runs)
            {
                run.WaitFor(read => read is { Event: EventName.Swarm, Connected: Peers - 1 });
            }

            foreach (StarlingRun run in runs)
            {
                RunEvent complete = run.WaitFor(read => read.Event == EventName.Complete);
                Assert.True(complete.Downloaded > 0);
                Assert.Equal(Expected(), File.ReadAllBytes(complete.Output!.Single()));
                run.Signal(15);
                Assert.Equal(0, run.WaitForExit());
                Assert.DoesNotContain(run.Events, read => read.Event == EventName.Error);
            }
        }
        finally
        {
            runs.ForEach(run => run.Dispose());
        }
    }

    private string TaskFile(string tracker) => _home.File(
        "task.yaml", $"name: {_name}\npieces: {Pieces}\ntrackers: [\"{tracker}\"]\nverify: own\nrun: {{ kernel: sleep, seconds: \"0.5\", bytes: {Bytes} }}\n");

    private string IdOf(string task, out string link)
    {
        using StarlingRun inspect = StarlingRun.Finish(_home.Path, "inspect", task, "--json");
        using JsonDocument described = JsonDocument.Parse(string.Concat(inspect.Lines));
        link = described.RootElement.GetProperty("magnet").GetString()!;
        return described.RootElement.GetProperty("task").GetString()!;
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
