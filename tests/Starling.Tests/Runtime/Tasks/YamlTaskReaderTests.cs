using System;
using System.Linq;
using System.Text;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Runtime.Tasks;

namespace Starling.Tests.Runtime.Tasks;

public sealed class YamlTaskReaderTests
{
    private const string Everything = """
        # a comment
        name: all of it
        run:
          kernel: mandelbrot
          width: 640
          centre: "-0.5 0"
        files:
          - { path: a/left.png, pieces: 3 }
          - path: a/right.png
            pieces: 4
        merge: cat $PART_LIST > "$FILE"
        piece length: 4 KiB
        inputs: [in.bin, more]
        needs: { programs: [ffmpeg >= 5], cores: 2, memory: 1GiB, disk: 5, os: linux, arch: x64 }
        limits: { wall: 1h30m, cpu: 5s, memory: 1.5MiB, disk: 2GB, processes: 9, network: none }
        verify: { replicas: 3 }
        until: first
        trackers: [udp://t.example:6969, [http://u.example/a, http://v.example/a]]
        nodes: [router.example:6881]
        comment: |
          two
          lines
        """;

    [Fact]
    public void Every_key_is_read()
    {
        TaskDraft draft = Read(Everything);
        Assert.Equal("all of it", draft.Name);
        RunSpec.Kernel kernel = Assert.IsType<RunSpec.Kernel>(draft.Run);
        Assert.Equal("mandelbrot", kernel.Name);
        Assert.Equal([new KernelParameter("centre", "-0.5 0"), new KernelParameter("width", "640")], kernel.Parameters);
        Assert.Equal([new OutputFile("a/left.png", 3), new OutputFile("a/right.png", 4)], draft.Files);
        Assert.Equal("cat $PART_LIST > \"$FILE\"", draft.Merge);
        Assert.Equal(4096, draft.PieceLength);
        Assert.Equal(["in.bin", "more"], draft.InputPaths);
        Assert.Equal(["ffmpeg >= 5"], draft.Needs.Programs);
        Assert.Equal((2, 1L << 30, 5L, "linux", "x64"), (draft.Needs.Cores, draft.Needs.MemoryBytes!.Value, draft.Needs.DiskBytes!.Value, draft.Needs.Os, draft.Needs.Arch));
        var limits = new RunLimits
        {
            Wall = TimeSpan.FromMinutes(90),
            Cpu = TimeSpan.FromSeconds(5),
            MemoryBytes = 1_572_864,
            DiskBytes = 2_000_000_000,
            Processes = 9,
        };
        Assert.Equal(limits, draft.Limits);
        Assert.Equal(new VerifySpec.Replicas(3), draft.Verify);
        Assert.Equal(Until.First, draft.Until);
        Assert.Equal([["udp://t.example:6969"], ["http://u.example/a", "http://v.example/a"]], draft.Trackers.Select(tier => tier.ToArray()));
        Assert.Equal(["router.example:6881"], draft.Nodes);
        Assert.Equal("two\nlines", draft.Comment);
    }

    [Fact]
    public void Every_mode_of_verification_and_its_modifier_are_read()
    {
        Assert.Equal(new VerifySpec.Trust(20), Read("name: x\nrun: a\npieces: 1\nverify: {trust: 20}").Verify);
        Assert.Equal(new VerifySpec.Checker("test -s $RESULT"), Read("name: x\nrun: a\npieces: 1\nverify: {checker: test -s $RESULT}").Verify);
        Assert.Equal(new VerifySpec.Trust(20) { Compare = "near" }, Read("name: x\nrun: a\npieces: 1\nverify: {trust: 20, compare: near}").Verify);
        Assert.Equal(new VerifySpec.Replicas(3) { Sealed = TimeSpan.FromMinutes(5) }, Read("name: x\nrun: a\npieces: 1\nverify: {replicas: 3, sealed: 5m}").Verify);
        Assert.Equal(new VerifySpec.Replicas(2) { WithinClass = true }, Read("name: x\nrun: a\npieces: 1\nverify: {replicas: 2, class: env}").Verify);
        Assert.Equal(new VerifySpec.Arbiter(), Read("name: x\nrun: a\npieces: 1\nverify: arbiter").Verify);
        Assert.Equal(new VerifySpec.Own(), Read("name: x\nrun: a\npieces: 1\nverify: own").Verify);
    }

    [Fact]
    public void Chunks_and_files_of_an_input_count_the_pieces()
    {
        Assert.Equal(new ChunkSpec("d.bin", 1 << 20), Read("name: x\nrun: a\ninputs: d.bin\nchunk: {input: d.bin, size: 1MiB}").Chunks);
        Assert.Equal(new ChunkSpec("frames", 0), Read("name: x\nrun: a\ninputs: [frames]\neach: frames").Chunks);
    }

    [Theory]
    [InlineData("run: {shell: a b}", "Shell")]
    [InlineData("run: a b", "Shell")]
    [InlineData("run: {wasm: m.wasm, args: [1, two]}", "Wasm")]
    [InlineData("run: {container: image.tar, command: go}", "Container")]
    [InlineData("run: {kernel: sleep}", "Kernel")]
    public void The_forms_of_run_are_told_apart(string run, string form) => Assert.Equal(form, Read($"name: x\npieces: 1\n{run}").Run.GetType().Name);

    [Theory]
    [InlineData("", "t.yaml:1: it is empty")]
    [InlineData("- a\n", "t.yaml:1: a list where keys such as name, pieces and run are due")]
    [InlineData("just text", "t.yaml:1: a value where keys such as name, pieces and run are due")]
    [InlineData("pieces: 1\nrun: a", "t.yaml: name: is missing")]
    [InlineData("name: x\npieces: 1", "t.yaml: run: is missing")]
    [InlineData("name: x\nrun: a", "t.yaml: pieces: is missing")]
    [InlineData("name: x\nrun: a\npieces: 1\npeices: 2", "t.yaml:4: peices: there is no such key", "Did you mean pieces?")]
    [InlineData("name: x\nrun: a\npieces: 1\nlimits:\n  wal: 1m", "t.yaml:5: limits.wal: there is no such key", "Did you mean wall?")]
    [InlineData("name: x\nrun: a\npieces: 1\npiece_length: 1", "t.yaml:4: piece_length: there is no such key", "Did you mean piece length?")]
    [InlineData("name: x\nrun: a\npieces: many", "t.yaml:3: pieces: 'many' is not a whole number")]
    [InlineData("name: x\nrun: a\npieces: -1", "t.yaml:3: pieces: '-1' is not a whole number")]
    [InlineData("name: x\nrun: a\npieces: 99999999999", "t.yaml:3: pieces: '99999999999' is not a whole number")]
    [InlineData("name:\nrun: a\npieces: 1", "t.yaml:1: name: has no value")]
    [InlineData("name: [x]\nrun: a\npieces: 1", "t.yaml:1: name: a list where a text is due")]
    [InlineData("name: x\nname: y", "t.yaml:2: key name stands twice in this map")]
    [InlineData("name: x\nrun: a\npieces: 1\nlimits: {wall: soon}", "t.yaml:4: limits.wall: 'soon' is not a time")]
    [InlineData("name: x\nrun: a\npieces: 1\nlimits: 5", "t.yaml:4: limits: a value where a map is due")]
    [InlineData("name: x\nrun: a\npieces: 1\nlimits: {memory: 5 apples}", "t.yaml:4: limits.memory: '5 apples' is not a size")]
    [InlineData("name: x\nrun: a\npieces: 1\npiece length: 1GiB", "t.yaml:4: piece length: is above 256MiB")]
    [InlineData("name: x\nrun: {kernel: a, shell: b}\npieces: 1", "t.yaml:2: run: says kernel and shell")]
    [InlineData("name: x\nrun: {command: a}\npieces: 1", "t.yaml:2: run: says none of shell, kernel, wasm, container")]
    [InlineData("name: x\nrun: {shell: a, args: b}\npieces: 1", "t.yaml:2: run.args: there is no such key")]
    [InlineData("name: x\nrun: {kernel: a, p: [1]}\npieces: 1", "t.yaml:2: run.p: a list where a text is due")]
    [InlineData("name: x\nrun: a\npieces: 1\neach: b", "t.yaml:4: each: stands beside pieces")]
    [InlineData("name: x\nrun: a\npieces: 1\nfiles: [{path: a, pieces: 1}]", "t.yaml:3: pieces: stands beside files")]
    [InlineData("name: x\nrun: a\nfiles: [{path: a}]", "t.yaml:3: files[0]: needs path and pieces")]
    [InlineData("name: x\nrun: a\nfiles: []", "t.yaml:3: files: a list where a list of files is due")]
    [InlineData("name: x\nrun: a\nfiles:\n- path: a\n  pieces: b", "t.yaml:5: files[0].pieces: 'b' is not a whole number")]
    [InlineData("name: x\nrun: a\nchunk: {input: b}", "t.yaml:3: chunk: needs input and size")]
    [InlineData("name: x\nrun: a\npieces: 1\nverify: trust", "t.yaml:4: verify: 'trust' is not understood")]
    [InlineData("name: x\nrun: a\npieces: 1\nverify: {later: a}", "t.yaml:4: verify: 'later' is not understood")]
    [InlineData("name: x\nrun: a\npieces: 1\nverify: {trust: 20, replicas: 2}", "t.yaml:4: verify: names two modes")]
    [InlineData("name: x\nrun: a\npieces: 1\nverify: {trust: 20, class: cpu}", "t.yaml:4: verify: class 'cpu' is not understood")]
    [InlineData("name: x\nrun: a\npieces: 1\nverify: replicas", "t.yaml:4: verify: 'replicas' is not understood")]
    [InlineData("name: x\nrun: a\npieces: 1\nverify: {own: 1, replicas: 2}", "t.yaml:4: verify: 'own' is not understood")]
    [InlineData("name: x\nrun: a\npieces: 1\nverify: {}", "t.yaml:4: verify: names no mode")]
    [InlineData("name: x\nrun: a\npieces: 1\nuntil: never", "t.yaml:4: until: 'never' is not known")]
    [InlineData("name: &a x\nrun: *a\npieces: 1", "t.yaml:1: anchors (&) and aliases (*) are not used here: write the value out")]
    [InlineData("name: !!binary aGk=\nrun: a\npieces: 1", "t.yaml:1: tags (!) are not used here: leave it out, or quote the value")]
    [InlineData("name: x\nrun: a\npieces: 1\n---\nname: y", "t.yaml:4: a second document starts here; a file holds one")]
    [InlineData("? [a]\n: b", "t.yaml:1: a key is a plain word")]
    public void What_is_wrong_is_told_with_line_key_and_fix(string yaml, string reason, string? hint = null)
    {
        Assert.False(YamlTaskReader.TryRead(yaml, "t.yaml", "/", out TaskDraft? draft, out _, out Problem? problem));
        Assert.Null(draft);
        Assert.Equal(reason, problem.Reason);
        Assert.NotEmpty(problem.Hint);
        Assert.Equal(hint ?? problem.Hint, problem.Hint);
    }

    [Theory]
    [InlineData("name: \"x")]
    [InlineData("name: x\n\trun: a")]
    [InlineData("{")]
    [InlineData("a: b: c")]
    [InlineData("%YAML 9")]
    public void What_is_not_yaml_is_refused_with_a_reason(string yaml)
    {
        Assert.False(YamlTaskReader.TryRead(yaml, "t.yaml", "/", out _, out _, out Problem? problem));
        Assert.StartsWith("t.yaml", problem.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Depth_and_size_are_bounded()
    {
        foreach (int depth in (int[])[17, 1_000, 100_000])
        {
            Assert.False(YamlTaskReader.TryRead($"name: {new string('[', depth)}", "t.yaml", "/", out _, out _, out Problem? deep));
            Assert.Contains("nested deeper than 16", deep.Reason, StringComparison.Ordinal);
        }

        Assert.False(YamlTaskReader.TryRead(new string('#', (1024 * 1024) + 1), "t.yaml", "/", out _, out _, out Problem? large));
        Assert.Contains("longer than 1048576", large.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_thousand_lines_of_aliases_are_refused_at_the_first()
    {
        var bomb = new StringBuilder("a0: &a0 [x, x]\n");
        for (int i = 1; i < 1000; i++)
        {
            bomb.Append(System.Globalization.CultureInfo.InvariantCulture, $"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n");
        }

        Assert.False(YamlTaskReader.TryRead(bomb.ToString(), "t.yaml", "/", out _, out _, out Problem? problem));
        Assert.StartsWith("t.yaml:1: anchors", problem.Reason, StringComparison.Ordinal);
    }

    private static TaskDraft Read(string yaml)
    {
        Assert.True(YamlTaskReader.TryRead(yaml, "t.yaml", "/", out TaskDraft? draft, out _, out Problem? problem), problem?.ToString());
        return draft;
    }
}
