using System;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using Starling.Core.Primitives;
using Starling.Events;

namespace Starling.Tests.App.EndToEnd;

/// <summary>Torrents beside a task: inputs travel to whoever has only the link, outputs to people who never heard of tasks.</summary>
public sealed class TaskTorrentTests : IDisposable
{
    // Runs where the inputs were from the start never end, so everything is computed from fetched ones.
    private const string OnlyElsewhere = "case \"$INPUTS\" in */author/*) while :; do sleep 1; done ;; esac";

    private readonly ScratchFolder _home = new();
    private readonly string _name = $"task-{Guid.NewGuid():N}";

    public void Dispose() => _home.Dispose();

    [Fact]
    public void A_machine_with_only_the_link_fetches_the_input_and_computes_chunk_by_chunk()
    {
        byte[] data = Noise(1_000_000);
        File.WriteAllBytes(Path.Combine(_home.Path, "data.bin"), data);
        Create($$"""
            name: {{_name}}
            inputs: [data.bin]
            chunk: { input: data.bin, size: 130000 }
            run: |
              {{OnlyElsewhere}}
              sha256sum < "$CHUNK" | cut -c1-64
            """);

        string expected = string.Concat(data.Chunk(130_000).Select(chunk => Convert.ToHexStringLower(SHA256.HashData(chunk)) + "\n"));
        Assert.Equal(expected, ComputedElsewhere(pieces: 8));
    }

    [Fact]
    public void Folders_come_with_their_files_and_every_run_sees_all_inputs()
    {
        string frames = _home.Folder("frames");
        Directory.CreateDirectory(Path.Combine(frames, "late"));
        File.WriteAllBytes(Path.Combine(frames, "a.raw"), Noise(70_000));
        File.WriteAllBytes(Path.Combine(frames, "b.raw"), []);
        File.WriteAllBytes(Path.Combine(frames, "late", "c.raw"), Noise(200_000));
        File.WriteAllText(Path.Combine(_home.Path, "words.txt"), "from the other input\n");
        Create($$"""
            name: {{_name}}
            inputs: [frames, words.txt]
            each: frames
            run: |
              {{OnlyElsewhere}}
              cat "$INPUTS/words.txt"
              wc -c < "$CHUNK"
            """);

        Assert.Equal("from the other input\n70000\nfrom the other input\n0\nfrom the other input\n200000\n", ComputedElsewhere(pieces: 3));
    }

    [Fact]
    public void What_was_fetched_is_there_at_the_next_start_without_any_peer()
    {
        File.WriteAllBytes(Path.Combine(_home.Path, "data.bin"), Noise(300_000));
        string open = Path.Combine(_home.Path, "open");
        Create($$"""
            name: {{_name}}
            inputs: [data.bin]
            pieces: 2
            run: |
              {{OnlyElsewhere}}
              until test -e {{open}}; do sleep 0.05; done
              wc -c < "$INPUTS/data.bin"
            """);
        using (StarlingRun author = Author(out string link))
        {
            using StarlingRun member = StarlingRun.Start(Elsewhere(), Join(link));
            member.WaitFor(EventName.Computing);
            member.Signal(9);
            member.WaitForExit();
        }

        _home.File("open", "");
        using StarlingRun again = StarlingRun.Finish(
            Elsewhere(), "run", Path.Combine(_home.Folder("member"), ".starling", "task.starling"), "--dir", _home.Folder("member"), "--listen", "127.0.0.1:0", "--trust", "--exit", "--json");
        Assert.Equal((0, ""), (again.WaitForExit(), again.Error));
        Assert.Equal("300000\n300000\n", File.ReadAllText(Path.Combine(_home.Folder("member"), _name)));
    }

    [Theory]
    [InlineData("files: [{path: sums.txt, pieces: 3}]", "sums.txt")]
    [InlineData("files: [{path: a.txt, pieces: 1}, {path: deep/b.txt, pieces: 2}]", "NAME/a.txt NAME/deep/b.txt")]
    public void A_published_output_is_an_ordinary_torrent_the_same_at_every_peer(string files, string names)
    {
        string task = _home.File("task.yaml", $"name: {_name}\n{files}\nrun: {{ kernel: sleep, seconds: \"0.01\", bytes: 50000 }}\n");
        using StarlingRun run = StarlingRun.Start(
            _home.Path, "run", task, "--dir", _home.Folder("out"), "--local-peers", "2", "--listen", "127.0.0.1:0", "--publish", "--json");
        RunEvent one = run.WaitFor(read => read is { Event: EventName.Published, Peer: 0 });
        RunEvent two = run.WaitFor(read => read is { Event: EventName.Published, Peer: 1 });
        Assert.Equal(File.ReadAllBytes(one.File!), File.ReadAllBytes(two.File!));

        using StarlingRun got = StarlingRun.Finish(
            Elsewhere(), "torrent", "get", one.Magnet!, "--dir", _home.Folder("got"), "--listen", "127.0.0.1:0", "--no-dht", "--exit", "--json");
        Assert.Equal((0, ""), (got.WaitForExit(), got.Error));
        foreach (string name in names.Replace("NAME", _name, StringComparison.Ordinal).Split(' '))
        {
            string original = name.StartsWith(_name, StringComparison.Ordinal) ? name[(_name.Length + 1)..] : name;
            Assert.Equal(
                File.ReadAllBytes(Path.Combine(_home.Folder("out"), "peer-0", original)), File.ReadAllBytes(Path.Combine(_home.Folder("got"), name)));
        }
    }

    /// <summary>A working folder in which no input lies: it would be found instead of fetched.</summary>
    private string Elsewhere() => Directory.CreateDirectory(_home.Folder("elsewhere")).FullName;

    private static byte[] Noise(int length)
    {
        var bytes = new byte[length];
        new DeterministicRandom((ulong)length).Fill(bytes);
        return bytes;
    }

    private void Create(string yaml)
    {
        _home.File("task.yaml", yaml);
        using StarlingRun created = StarlingRun.Finish(_home.Path, "create", "task.yaml", "-o", "task.starling");
        Assert.Equal((0, ""), (created.WaitForExit(), created.Error));
    }

    private StarlingRun Author(out string link)
    {
        StarlingRun author = StarlingRun.Start(
            _home.Path, "run", "task.starling", "--dir", _home.Folder("author"), "--slots", "1", "--listen", "127.0.0.1:0", "--trust", "--json");
        link = author.WaitFor(EventName.Started).Magnet!;
        return author;
    }

    private string[] Join(string link) => ["run", link, "--dir", _home.Folder("member"), "--slots", "2", "--listen", "127.0.0.1:0", "--trust", "--json"];

    private string ComputedElsewhere(int pieces)
    {
        using StarlingRun author = Author(out string link);

        using StarlingRun member = StarlingRun.Start(Elsewhere(), Join(link));
        RunEvent complete = member.WaitFor(EventName.Complete);
        Assert.Equal((pieces, 0), (complete.Computed, complete.Downloaded));
        Assert.Equal(0, author.WaitFor(EventName.Complete).Computed);
        string output = File.ReadAllText(Path.Combine(_home.Folder("member"), _name));
        Assert.Equal(output, File.ReadAllText(Path.Combine(_home.Folder("author"), _name)));
        Assert.Equal(string.Create(CultureInfo.InvariantCulture, $"{pieces}"), $"{member.Events.Count(read => read is { Event: EventName.Piece, Source: "computed" })}");
        return output;
    }
}
