using System;
using System.IO;
using System.Linq;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Runtime.Identity;
using Starling.Runtime.Tasks;
using Starling.Tests.Runtime.Containers;

namespace Starling.Tests.Runtime.Tasks;

public sealed class TaskLoaderTests : IDisposable
{
    private const string Yaml = "name: x\nrun: cat $INPUTS/data/* | wc -c\npieces: 4\ninputs: [data]\ntrackers: [udp://t.example:1]\ncomment: c\n";

    private readonly TemporaryFolder _folder = new();
    private readonly TaskLoader _loader = new(new Ed25519Verifier());

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_same_yaml_and_data_make_the_same_task_in_any_folder()
    {
        string[] folders = ["here", "there/deep"];
        PreparedTask[] tasks = [.. folders.Select(folder =>
        {
            _folder.Write($"{folder}/data/b.txt", "two");
            _folder.Write($"{folder}/data/a/1", "one");
            return Load(_folder.Write($"{folder}/task-{folder.Length}.yaml", Yaml)).Prepared;
        })];
        Assert.Equal(tasks[0].Task.InfoBytes.ToArray(), tasks[1].Task.InfoBytes.ToArray());
        Assert.Equal(new VerifySpec.Replicas(2), tasks[0].Task.Info.Verify);
        Assert.Null(tasks[0].Task.Info.Author);
        Assert.True(tasks[0].Task.Secret.IsEmpty);
        Assert.Null(tasks[0].Task.CreationDate);
        LocalInput input = Assert.Single(tasks[1].Inputs);
        Assert.Equal(("data", 6L), (input.Input.Name, input.Input.Length));
        Assert.Equal(Path.Combine(_folder.Path, "there/deep/data"), input.Path);
        Assert.Equal([Path.Combine(input.Path, "a/1"), Path.Combine(input.Path, "b.txt")], input.Files);

        // Another content is another input, hence another task.
        _folder.Write("here/data/b.txt", "2wo");
        Assert.NotEqual(tasks[0].Task.Id, Load(Path.Combine(_folder.Path, "here/task-4.yaml")).Prepared.Task.Id);
    }

    [Fact]
    public void Chunks_and_each_count_pieces()
    {
        _folder.Write("d.bin", new byte[1001]);
        _folder.Write("frames/2", "b");
        _folder.Write("frames/1", "a");
        Assert.Equal(11, Load(_folder.Write("c.yaml", "name: x\nrun: a\ninputs: [d.bin]\nchunk: {input: d.bin, size: 100}")).Prepared.Task.Info.PieceCount);
        PreparedTask each = Load(_folder.Write("e.yaml", "name: x\nrun: a\ninputs: [frames]\neach: frames")).Prepared;
        Assert.Equal(2, each.Task.Info.PieceCount);
        Assert.Equal(new ChunkSpec("frames", 0), each.Task.Info.Chunks);
    }

    [Fact]
    public void The_image_of_a_container_task_becomes_an_input_and_its_digest_part_of_the_task()
    {
        const string yaml = "name: x\nrun: {container: img/i.tar, command: go}\npieces: 1\n";
        var image = new TestImage(new TestLayer().File("a", "1"));
        _folder.Write("img/i.tar", image.ToDocker());
        PreparedTask prepared = Load(_folder.Write("c.yaml", yaml)).Prepared;
        Assert.Equal(new RunSpec.Container("i.tar", "go", image.Digest), prepared.Task.Info.Run);
        Assert.Equal("i.tar", Assert.Single(prepared.Inputs).Input.Name);
        Assert.Equal(("linux", TestImage.Arch == "amd64" ? "x64" : TestImage.Arch), (prepared.Task.Info.Needs.Os, prepared.Task.Info.Needs.Arch));

        // The other form of the archive is another input, but the same image; a digest in the file pins it.
        _folder.Write("img/i.tar", image.ToOci());
        string pinned = yaml.Replace("go}", $"go, digest: '{image.Digest}'}}", StringComparison.Ordinal);
        Assert.Equal(prepared.Task.Info.Run, Load(_folder.Write("p.yaml", pinned)).Prepared.Task.Info.Run);
        _folder.Write("img/i.tar", new TestImage(new TestLayer().File("a", "2")).ToOci());
        Assert.False(_loader.TryLoad(_folder.Write("p.yaml", pinned), out _, out Problem? problem));
        Assert.Contains("run.digest: the archive holds sha256:", problem.Reason, StringComparison.Ordinal);
        Assert.False(_loader.TryLoad(_folder.Write("n.yaml", yaml + $"needs: {{arch: {(TestImage.Arch == "amd64" ? "arm64" : "x64")}}}"), out _, out problem));
        Assert.Contains("needs.arch: the image is for linux/", problem.Reason, StringComparison.Ordinal);
        _folder.Write("img/i.tar", "no image");
        Assert.False(_loader.TryLoad(_folder.Write("c.yaml", yaml), out _, out problem));
        Assert.Contains("c.yaml:2: run.container: image: the archive", problem.Reason, StringComparison.Ordinal);
        Assert.False(_loader.TryLoad(_folder.Write("q.yaml", yaml.Replace("go}", "go, digest: abc}", StringComparison.Ordinal)), out _, out problem));
        Assert.Contains("run.digest: is not sha256:", problem.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("name: x\nrun: a\npieces: 0", "t.yaml:3: pieces: 0 is below 1")]
    [InlineData("name: a/b\nrun: a\npieces: 1", "t.yaml:1: name: 'a/b' has a slash where a single name is due")]
    [InlineData("name: x\nrun: a\nfiles:\n- {path: a, pieces: 1}\n- {path: ../b, pieces: 1}", "t.yaml:5: files[1].path: '../b' leaves the folder or walks in it (..)")]
    [InlineData("name: x\nrun: a\npieces: 1\nlimits: {wall: 0s}", "t.yaml:4: limits.wall: is not in whole seconds between 1 second and 365 days")]
    [InlineData("name: x\nrun: a\npieces: 1\nverify: {replicas: 1}", "t.yaml:4: verify.replicas: 1 confirms nothing: every result would be believed")]
    [InlineData("name: x\nrun: {kernel: sleap, seconds: 1}\npieces: 1", "t.yaml:2: run.kernel: there is no kernel called 'sleap'")]
    [InlineData("name: x\nrun: {kernel: sleep, seconds: -1}\npieces: 1", "t.yaml:2: run.seconds: '-1' is not allowed for kernel sleep")]
    [InlineData("name: x\nrun: a\npieces: 1\ninputs: [gone.bin]", null)]
    [InlineData("name: x\nrun: a\nchunk: {input: gone, size: 1}", "t.yaml:3: chunk.input: 'gone' is not one of the inputs")]
    [InlineData("name: x\nrun: a\npieces: 1\ntrackers: [x]", "t.yaml:4: trackers: 'x' is not a tracker's address")]
    [InlineData("name: x\nrun: a\npieces: 1\nneeds: {programs: [sh, 'bash => 3']}", "t.yaml:4: needs.programs: 'bash => 3' is no program")]
    [InlineData("name: x\nrun: a\npieces: 1\nnodes: [x]", "t.yaml:4: nodes: 'x' is not host:port")]
    public void What_is_wrong_in_a_yaml_is_told_with_its_line(string yaml, string? reason)
    {
        string path = _folder.Write("t.yaml", yaml);
        Assert.False(_loader.TryLoad(path, out _, out Problem? problem));
        if (reason is not null)
        {
            Assert.Equal(reason, problem.Reason.Replace(_folder.Path + "/", "", StringComparison.Ordinal));
        }
        else
        {
            Assert.Equal("input", problem.Code);
        }
    }

    /// <summary>An empty input has no torrent: running such a task ended the program.</summary>
    [Theory]
    [InlineData("run: a\ninputs: [empty]")]
    [InlineData("run: a\ninputs: [folder]")]
    [InlineData("run: {wasm: empty}")]
    [InlineData("run: {container: empty, command: a}")]
    public void An_empty_input_is_refused_by_name(string keys)
    {
        _folder.Write("empty", "");
        _folder.Write("folder/a", "");
        Assert.False(_loader.TryLoad(_folder.Write("t.yaml", $"name: x\npieces: 1\n{keys}"), out _, out Problem? problem));
        Assert.Contains("is empty", problem.Reason, StringComparison.Ordinal);
    }

    /// <summary>Otherwise each machine would find out for itself, piece by piece.</summary>
    [Theory]
    [InlineData("no module", "does not begin with \\0asm")]
    [InlineData("\0asm\u0001\0\0\0", "exports no function '_start'")]
    [InlineData("\0asm\u0001\0\0\0\u0001\u0004\u0001\u0060\0\0\u0002\u0007\u0001\u0001e\u0001f\0\0\u0007\u000a\u0001\u0006_start\0\0", "needs function 'e.f'")]
    [InlineData("\0asm\u0001\0\0\0\u0001\u0004\u0001\u0060\0\0\u0003\u0002\u0001\0\u0007\u000a\u0001\u0006_start\0\0\u000a\u0005\u0001\u0003\0\u00fd\u000b", "vectors (SIMD) are not supported")]
    public void A_module_that_no_machine_could_run_makes_no_task(string bytes, string reason)
    {
        _folder.Write("m.wasm", System.Text.Encoding.Latin1.GetBytes(bytes));
        string path = _folder.Write("t.yaml", "name: x\npieces: 1\nrun: {wasm: m.wasm}");
        Assert.False(_loader.TryLoad(path, out _, out Problem? problem));
        Assert.StartsWith($"{path}:3: run.wasm: ", problem.Reason, StringComparison.Ordinal);
        Assert.Contains(reason, problem.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_signed_task_file_finds_its_input_beside_it_or_says_that_it_is_missing()
    {
        _folder.Write("data/a", "content");
        Assert.True(TaskLoader.TryReadDraft(_folder.Write("x.yaml", Yaml), out TaskDraft? draft, out _, out _));
        Assert.True(TaskAuthor.TryCreate(draft, Ed25519Identity.Create(), isPublic: false, null, DateTimeOffset.UnixEpoch, out PreparedTask? made, out _));
        string path = _folder.Write("x.starling", TaskFileCodec.Encode(made.Task));
        LoadedTask.Here here = Load(path);
        Assert.Equal(TaskSignature.Right, here.Signature);
        Assert.Equal(made.Task.Id, here.Prepared.Task.Id);
        Assert.Empty(here.Prepared.Missing);
        Assert.Equal(Path.Combine(_folder.Path, "data"), Assert.Single(here.Prepared.Inputs).Path);

        _folder.Write("data/a", "changed");
        MissingInput changed = Assert.Single(Load(path).Prepared.Missing);
        Assert.Equal("input-missing", changed.Problem.Code);
        Assert.Contains("another content", changed.Problem.Reason, StringComparison.Ordinal);

        Directory.Delete(Path.Combine(_folder.Path, "data"), recursive: true);
        Assert.Contains("is not on this machine", Assert.Single(Load(path).Prepared.Missing).Problem.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_task_file_with_a_wrong_signature_is_refused()
    {
        var draft = new TaskDraft { Name = "x", Run = new RunSpec.Shell("true"), Pieces = 1 };
        Assert.True(TaskAuthor.TryCreate(draft, Ed25519Identity.Create(), isPublic: true, null, DateTimeOffset.UnixEpoch, out PreparedTask? made, out _));
        byte[] signature = made.Task.Signature.ToArray();
        signature[5] ^= 1;
        string path = _folder.Write("x.starling", TaskFileCodec.Encode(made.Task with { Signature = signature }));
        Assert.False(_loader.TryLoad(path, out _, out Problem? problem));
        Assert.EndsWith("the signature is wrong: the file is not what its author signed", problem.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_link_is_told_from_a_file()
    {
        Assert.True(_loader.TryLoad($"magnet:?xt=urn:btmh:1220{new string('a', 64)}", out LoadedTask? loaded, out _));
        Assert.IsType<LoadedTask.Linked>(loaded);
        Assert.False(_loader.TryLoad("magnet:?xt=", out _, out Problem? problem));
        Assert.Equal("magnet", problem.Code);
    }

    [Theory]
    [InlineData("a.comptorrent", "line 1: it is not XML that may be read: Data at the root level is invalid. Line 1, position 1.")]
    [InlineData("a.torrent", "this is an ordinary torrent, not a task")]
    [InlineData("a.txt", "the end of the file's name says nothing known")]
    [InlineData("a.starling", "wrong bencoding at byte 0: 0x78 starts no value")]
    [InlineData("a.rbw", "wrong bencoding at byte 0: 0x78 starts no value")]
    [InlineData("a.YAML", "a value where keys such as name, pieces and run are due")]
    public void Other_files_are_refused_with_a_reason(string name, string reason)
    {
        Assert.False(_loader.TryLoad(_folder.Write(name, "x"), out _, out Problem? problem));
        Assert.EndsWith(reason, problem.Reason, StringComparison.Ordinal);
        Assert.NotEmpty(problem.ToString());
    }

    [Fact]
    public void Missing_files_folders_and_binary_yaml_are_refused()
    {
        Assert.False(_loader.TryLoad(Path.Combine(_folder.Path, "gone.yaml"), out _, out Problem? gone));
        Assert.EndsWith("there is no such file", gone.Reason, StringComparison.Ordinal);
        Assert.False(_loader.TryLoad(_folder.Path, out _, out Problem? folder));
        Assert.EndsWith("this is a folder", folder.Reason, StringComparison.Ordinal);
        Assert.False(_loader.TryLoad(_folder.Write("b.yaml", [0xff, 0xfe]), out _, out Problem? binary));
        Assert.EndsWith("it is not UTF-8", binary.Reason, StringComparison.Ordinal);
        Assert.False(_loader.TryLoad("", out _, out _));
        Assert.False(_loader.TryLoad("\0", out _, out _));
    }

    private LoadedTask.Here Load(string path)
    {
        Assert.True(_loader.TryLoad(path, out LoadedTask? loaded, out Problem? problem), problem?.ToString());
        return Assert.IsType<LoadedTask.Here>(loaded);
    }
}
