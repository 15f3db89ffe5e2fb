using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Threading;
using Starling.Events;

namespace Starling.Tests.App.EndToEnd;

/// <summary><c>--keep</c> of the built program: results go once the output is made, and a restart needs nobody.</summary>
public sealed class KeepTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly ScratchFolder _home = new();
    private readonly string _name = $"task-{Guid.NewGuid():N}";

    public void Dispose() => _home.Dispose();

    [Fact]
    public void What_was_fetched_is_released_and_the_output_stays_through_a_restart()
    {
        _home.File("spec.yaml", $"name: {_name}\npieces: 4\nrun: {{ kernel: sleep, seconds: \"0.01\", bytes: 40000 }}\n");
        using StarlingRun created = StarlingRun.Finish(_home.Path, "create", "spec.yaml", "-o", "task.starling");
        Assert.Equal((0, ""), (created.WaitForExit(), created.Error));
        using (StarlingRun owner = Start("owner", "task.starling"))
        {
            string link = owner.WaitFor(EventName.Started).Magnet!;
            owner.WaitFor(EventName.Complete);
            using StarlingRun other = Start("other", link);
            RunEvent complete = other.WaitFor(EventName.Complete);
            Assert.Equal((0, 4), (complete.Computed, complete.Downloaded));
            var watch = Stopwatch.StartNew();
            while (Results("other") > 0 && watch.Elapsed < Patience)
            {
                Thread.Sleep(100);
            }

            Assert.Equal((0, 4), (Results("other"), Results("owner")));
        }

        byte[] output = File.ReadAllBytes(Path.Combine(_home.Folder("other"), _name));
        using StarlingRun again = Start("other", "task.starling", "--exit");
        Assert.Equal((0, ""), (again.WaitForExit(), again.Error));
        RunEvent done = again.Events.Single(read => read.Event == EventName.Complete);
        Assert.Equal((0, 0), (done.Computed, done.Downloaded));
        Assert.Equal(4, again.Events.Single(read => read.Event == EventName.Started).Resumed);
        Assert.Equal(output, File.ReadAllBytes(Path.Combine(_home.Folder("other"), _name)));

        // Without its output, what was released is lost: it is computed again.
        File.Delete(Path.Combine(_home.Folder("other"), _name));
        using StarlingRun lost = Start("other", "task.starling", "--exit");
        Assert.Equal((0, ""), (lost.WaitForExit(), lost.Error));
        Assert.Equal(4, lost.Events.Single(read => read.Event == EventName.Complete).Computed);
        Assert.Equal(output, File.ReadAllBytes(Path.Combine(_home.Folder("other"), _name)));
    }

    [Theory]
    [InlineData("0")]
    [InlineData("some")]
    [InlineData("65")]
    public void What_is_no_rule_is_refused(string keep)
    {
        using StarlingRun run = StarlingRun.Finish(_home.Path, "run", "x.yaml", "--keep", keep);
        Assert.Equal(2, run.WaitForExit());
        Assert.Contains($"--keep {keep}: write all, own, or a number of copies", run.Error, StringComparison.Ordinal);
    }

    private StarlingRun Start(string folder, string task, params string[] more) => StarlingRun.Start(
        _home.Path, ["run", task, "--dir", _home.Folder(folder), "--keep", "own", "--listen", "127.0.0.1:0", "--no-dht", "--json", .. more]);

    private int Results(string folder) => Directory.GetFiles(Path.Combine(_home.Folder(folder), ".starling", "pieces")).Length;
}
