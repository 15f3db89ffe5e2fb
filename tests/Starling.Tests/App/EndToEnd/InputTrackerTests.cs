using System;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using Starling.Core.Metainfo;
using Starling.Core.Primitives;
using Starling.Events;
using Starling.Runtime.Torrents;
using Starling.Tests.Core.Metainfo;
using Starling.Tests.Runtime.Torrents;
using Starling.Tests.Runtime.Trackers;

namespace Starling.Tests.App.EndToEnd;

/// <summary>Inputs of tasks are looked for at the task's trackers, where strangers to the task may seed them.</summary>
public sealed class InputTrackerTests : IDisposable
{
    private readonly ScratchFolder _home = new();
    private readonly string _name = $"task-{Guid.NewGuid():N}";

    public void Dispose() => _home.Dispose();

    [Fact]
    public async Task An_input_of_a_public_task_comes_from_a_seed_that_only_its_tracker_knows()
    {
        await using var tracker = new UdpTestTracker();
        TorrentFile torrent = Create(tracker, isPublic: true) with { Trackers = [[tracker.Url]] };
        await using var seed = new TorrentEnd(new TorrentRequest { File = torrent, Folder = _home.Folder("data") }, asksTrackers: true);
        await seed.StartedAsync();

        using StarlingRun run = Run("--exit");
        run.WaitFor(EventName.Complete);
        Assert.Equal(0, run.WaitForExit());
        Assert.Equal("200000\n", File.ReadAllText(Path.Combine(_home.Folder("out"), _name)));
        Assert.Empty(run.Error);
    }

    [Fact]
    public async Task Members_do_not_tell_trackers_of_their_inputs()
    {
        await using var tracker = new UdpTestTracker();
        Create(tracker, isPublic: false);
        File.Copy(Path.Combine(_home.Folder("data"), "input.bin"), Path.Combine(_home.Path, "input.bin"));
        using StarlingRun run = Run("--exit");
        run.WaitFor(EventName.Complete);
        Assert.Equal(0, run.WaitForExit());

        // The farewell is the last that it says.
        string task = run.Events.First(read => read.Event == EventName.Started).Task!;
        byte[] announce;
        do
        {
            announce = await tracker.AnnounceAsync();
            Assert.Equal(task[..40], Convert.ToHexStringLower(announce.AsSpan(16, InfoHash.Size)));
        }
        while (announce[83] != 3);
    }

    private StarlingRun Run(params string[] more) => StarlingRun.Start(
        _home.Path, ["run", "task.starling", "--dir", _home.Folder("out"), "--listen", "127.0.0.1:0", "--no-dht", "--trust", "--json", .. more]);

    /// <summary>A task whose input lies where it is not looked for.</summary>
    private TorrentFile Create(UdpTestTracker tracker, bool isPublic)
    {
        string data = Path.Combine(Directory.CreateDirectory(_home.Folder("data")).FullName, "input.bin");
        File.WriteAllBytes(data, TorrentSamples.Content(200_000, 5));
        _home.File("task.yaml", $"""
            name: {_name}
            inputs: [data/input.bin]
            pieces: 1
            run: wc -c < "$INPUTS/input.bin"
            trackers: ["{tracker.Url}"]
            """);
        string[] how = isPublic ? ["--public"] : [];
        using StarlingRun created = StarlingRun.Finish(_home.Path, ["create", "task.yaml", "-o", "task.starling", .. how]);
        Assert.Equal((0, ""), (created.WaitForExit(), created.Error));
        Assert.True(ContentHasher.TryHash(data, out CreatedTorrent? made, out _, out _));
        Assert.True(made.TryToFile(out TorrentFile? file, out _));
        return file;
    }
}
