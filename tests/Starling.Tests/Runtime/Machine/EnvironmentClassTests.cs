using System;
using System.Collections.Generic;
using System.Linq;
using Starling.Core.Gossip;
using Starling.Core.Images;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Runtime.Machine;

namespace Starling.Tests.Runtime.Machine;

public sealed class EnvironmentClassTests
{
    private static readonly string Here = $"{NeedsCheck.ThisOs}-{NeedsCheck.ThisArch}";

    [Fact]
    public void What_is_the_same_everywhere_is_one_class()
    {
        Assert.Equal("kernel", Of(new RunSpec.Kernel("saxpy", [])));
        Assert.Equal("wasm", Of(new RunSpec.Wasm("m", [])));
    }

    [Fact]
    public void An_image_brings_all_but_the_processor()
    {
        string one = Of(new RunSpec.Container("i", "go", new ImageDigest(Hash256.Of("1"u8))));
        Assert.Equal($"image-{Hash256.Of("1"u8).ToString()[..32]}-{NeedsCheck.ThisArch}", one);
        Assert.NotEqual(one, Of(new RunSpec.Container("i", "go", new ImageDigest(Hash256.Of("2"u8)))));
    }

    [Fact]
    public void A_command_depends_on_the_system_and_the_programs_it_needs()
    {
        var shell = new RunSpec.Shell("go");
        Assert.Equal(Here, Of(shell));
        Assert.Equal($"{Here} gcc-12.2", Of(shell, "gcc 12.2.0"));
        Assert.Equal($"{Here} ffmpeg-5.1.6 gcc-12.2", Of(shell, "gcc 12.2.0", "ffmpeg 5.1.6"));
        Assert.Equal(Of(shell, "gcc 12.2.0", "ffmpeg 5.1.6"), Of(shell, "ffmpeg 5.1.6", "gcc 12.2.0"));
        Assert.NotEqual(Of(shell, "gcc 12.2.0", "ffmpeg 5.1.6"), Of(shell, "gcc 12.2.0", "ffmpeg 5.1.7"));
    }

    [Fact]
    public void What_is_too_long_to_be_told_is_told_by_its_digest()
    {
        string[] many = [.. Enumerable.Range(0, 20).Select(i => $"program{i} 1.{i}")];
        string one = Of(new RunSpec.Shell("go"), many);
        Assert.InRange(one.Length, 1, AttestationBatch.MaxEnvironmentClassLength);
        many[7] = "program7 2.7";
        string other = Of(new RunSpec.Shell("go"), many);
        Assert.NotEqual(one, other);
        Assert.InRange(other.Length, 1, AttestationBatch.MaxEnvironmentClassLength);
    }

    [Fact]
    public void Nobody_is_asked_where_classes_are_not_compared()
    {
        var programs = new Programs(["gcc 1.0"]);
        TaskInfo task = Task(new RunSpec.Shell("go"), ["gcc"]);
        Assert.Equal(Here, EnvironmentClass.Of(task with { Verify = new VerifySpec.Replicas(2) }, programs));
        Assert.Equal(0, programs.Asked);
    }

    private static TaskInfo Task(RunSpec run, IReadOnlyList<string> programs) => new()
    {
        Name = "x",
        Run = run,
        Files = [new OutputFile("x", 1)],
        Needs = new NeedsSpec { Programs = programs },
        Verify = new VerifySpec.Replicas(2) { WithinClass = true },
    };

    private static string Of(RunSpec run, params string[] programs) =>
        EnvironmentClass.Of(Task(run, [.. programs.Select(program => program.Split(' ')[0])]), new Programs(programs));

    private sealed class Programs(string[] known) : IPrograms
    {
        public int Asked { get; private set; }

        public string? WhyNotAsked => null;

        public string? Find(string name) => known.FirstOrDefault(program => program.StartsWith(name + " ", StringComparison.Ordinal));

        public string? Ask(string path, string flag)
        {
            Asked++;
            return path;
        }
    }
}
