using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using Starling.Events;
using Starling.Tests.App.EndToEnd;

namespace Starling.SystemTests.Dht;

/// <summary>Machines that know a link and one node of the DHT, and nobody's address.</summary>
public sealed partial class MagnetAloneTests : IDisposable
{
    private const int Peers = 8;
    private const int Bootstrap = Peers + 1;
    private const int Pieces = 48;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly ScratchFolder _home = new();

    public void Dispose() => _home.Dispose();

    [NetworkLabFact]
    public void Eight_machines_complete_a_task_that_they_have_only_the_link_of()
    {
        using var lab = new NetworkLab(Bootstrap);
        string other = _home.File("other.yaml", "name: other\npieces: 1\nrun: {kernel: sleep, seconds: 0, bytes: 1}\nverify: own\n");
        string task = _home.File("task.yaml", $"name: task\npieces: {Pieces}\nrun: {{kernel: sleep, seconds: 1, bytes: 20000}}\nverify: own\n");
        var runs = new List<StarlingRun>();
        try
        {
            // Any process of the program is a node of the DHT; this one has a task of its own that nobody else runs.
            runs.Add(Start(lab, Bootstrap, other, "--listen", $"{NetworkLab.Address(Bootstrap)}:6881"));
            runs[0].WaitFor(EventName.Started);
            StarlingRun author = Start(lab, 1, task);
            runs.Add(author);
            string link = Addresses().Replace(author.WaitFor(EventName.Started).Magnet!, "");
            Assert.DoesNotContain("198.18", link, StringComparison.Ordinal);
            for (int host = 2; host <= Peers; host++)
            {
                runs.Add(Start(lab, host, link));
            }

            foreach (StarlingRun run in runs.Skip(1))
            {
                RunEvent complete = run.WaitFor(read => read.Event == EventName.Complete, Patience);
                Assert.Equal(Pieces, complete.Pieces);
            }

            byte[] expected = File.ReadAllBytes(Path.Combine(_home.Folder("host-1"), "task"));
            Assert.Equal(Pieces * 20_000, expected.Length);
            for (int host = 2; host <= Peers; host++)
            {
                runs[host].WaitFor(read => read.Event == EventName.Merged);
                Assert.Equal(expected, File.ReadAllBytes(Path.Combine(_home.Folder($"host-{host}"), "task")));
            }
        }
        finally
        {
            runs.ForEach(run => run.Dispose());
        }
    }

    [GeneratedRegex("&x\\.pe=[^&]*")]
    private static partial Regex Addresses();

    private StarlingRun Start(NetworkLab lab, int host, string task, params string[] more) => StarlingRun.StartUnder(
        lab.On(host),
        _home.Path,
        [
            "run", task, "--dir", _home.Folder($"host-{host}"), "--slots", "1", "--trust", "--json",
            "--dht-router", $"{NetworkLab.Address(Bootstrap)}:6881", .. more,
        ]);
}
