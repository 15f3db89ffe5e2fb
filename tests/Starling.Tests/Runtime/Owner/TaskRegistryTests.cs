using System.IO;
using System.Linq;
using Starling.Runtime.Owner;
using Starling.Tests.Runtime.Tasks;

namespace Starling.Tests.Runtime.Owner;

public sealed class TaskRegistryTests
{
    /// <summary>Where nobody asks how a process ended it stays a zombie: what it had open would take its part of slots and rates for ever.</summary>
    [Theory]
    [InlineData('S', 4711, true)]
    [InlineData('Z', 4711, false)]
    [InlineData('X', 4711, false)]
    [InlineData('S', 4712, false)]
    public void WhatAProcessTellsCountsAsLongAsItLives(char state, long start, bool counts)
    {
        using var folder = new TemporaryFolder();
        folder.Write("proc/77/stat", $"77 (starling) {state} 1 77 77 0 -1 4194304 100 0 0 0 5 0 0 0 20 0 1 0 {start} 1000 10 0 0 0 0\n");
        string running = Path.GetDirectoryName(folder.Write(
            "running/77.json", """{"pid":77,"startTicks":4711,"dir":"/x","demand":{"id":"abc","name":"x","isOwn":true,"slots":2,"hasWork":true}}"""))!;

        Assert.Equal(counts, TaskRegistry.Read(running, Path.Combine(folder.Path, "proc")).Any(task => task.Pid == 77));
        Assert.Equal(counts, File.Exists(Path.Combine(running, "77.json")));
    }
}
