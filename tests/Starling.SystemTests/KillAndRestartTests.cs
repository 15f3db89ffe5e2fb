using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Starling.Events;
using Starling.Tests.App.EndToEnd;

namespace Starling.SystemTests;

/// <summary>Four peers as four commands, as on four machines; one of them is killed and started again.</summary>
public sealed class KillAndRestartTests : IDisposable
{
    private const int Peers = 4;
    private const int Pieces = 40;
    private const int Kill = 9;

    private readonly ScratchFolder _home = new();
    private readonly string _name = $"task-{Guid.NewGuid():N}";

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(9)]
    public void APeerThatIsKilled_GoesOnWhereItWas_AndAllEndWithEveryByte(int piecesBeforeTheKill)
    {
        string task = _home.File("task.yaml", $"name: {_name}\npieces: {Pieces}\nrun: |\n  sleep 0.1; yes \"$PIECE_IDX\" | head -c 40000\nverify: own\n");
        var runs = new List<StarlingRun>();
        try
        {
            string[] known = [];
            for (int peer = 0; peer < Peers; peer++)
            {
                runs.Add(Start(task, peer, known));
                known = ["--peer", runs[0].Events.Count > 0 ? runs[0].Events[0].Listen! : runs[0].WaitFor(EventName.Started).Listen!];
            }

            for (int piece = 0; piece < piecesBeforeTheKill; piece++)
            {
                runs[^1].WaitFor(EventName.Piece);
            }

            runs[^1].Signal(Kill);
            runs[^1].WaitForExit();
            int[] finished = [.. Finished(runs[^1])];
            StarlingRun again = Start(task, Peers - 1, known);
            runs.Add(again);
            foreach (StarlingRun run in runs.Where(run => run != runs[Peers - 1]))
            {
                run.WaitFor(EventName.Complete);
            }

            Assert.Empty(finished.Intersect(again.Events.Where(read => read is { Event: EventName.Computing }).Select(read => read.Piece!.Value)));
            byte[] expected = [.. Enumerable.Range(0, Pieces).SelectMany(Expected)];
            for (int peer = 0; peer < Peers; peer++)
            {
                Assert.Equal(expected, File.ReadAllBytes(Path.Combine(_home.Folder($"peer-{peer}"), _name)));
            }
        }
        finally
        {
            runs.ForEach(run => run.Dispose());
        }
    }

    public void Dispose() => _home.Dispose();

    private static IEnumerable<int> Finished(StarlingRun run) => run.Events.Where(read => read.Event == EventName.Piece).Select(read => read.Piece!.Value);

    private static byte[] Expected(int piece)
    {
        byte[] line = System.Text.Encoding.ASCII.GetBytes($"{piece}\n");
        return [.. Enumerable.Range(0, 40_000).Select(index => line[index % line.Length])];
    }

    private StarlingRun Start(string task, int peer, string[] known) => StarlingRun.Start(
        _home.Path, ["run", task, "--dir", _home.Folder($"peer-{peer}"), "--slots", "1", "--listen", "127.0.0.1:0", "--trust", "--json", .. known]);
}
