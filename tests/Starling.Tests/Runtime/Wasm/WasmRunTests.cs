using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using System.Threading.Tasks;
using Starling.Core.Engine;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Runtime.Execution;
using Starling.Runtime.Walls;
using Starling.Runtime.Wasm.Wasi;
using Starling.Tests.Runtime.Execution;
using Starling.Tests.Runtime.Walls;

namespace Starling.Tests.Runtime.Wasm;

/// <summary>Tasks in WebAssembly through the runner and its worker processes. Modules/probe.c says what the module does.</summary>
[Collection(nameof(ExecutionCollection))]
public sealed class WasmRunTests : IDisposable
{
    private static readonly string Probe = Path.Combine(DocumentationTests.Root, "tests", "Starling.Tests", "Runtime", "Wasm", "Modules", "probe.wasm");

    private readonly TestFolder _data = new();

    public WasmRunTests()
    {
        Directory.CreateDirectory(_data["data/sub"]);
        File.WriteAllText(_data["data/a.txt"], "first");
        File.WriteAllText(_data["data/sub/b.txt"], "second");
        File.WriteAllText(_data["secret"], "not for you");
        File.CreateSymbolicLink(_data["data/link"], _data["secret"]);
        File.CreateSymbolicLink(_data["data/up"], _data.Path);
    }

    public void Dispose() => _data.Dispose();

    [Fact]
    public async Task TheModuleAndItsArguments()
    {
        await using RunHarness run = Start("a", "two words", "");
        Assert.Equal("probe.wasm\na\ntwo words\n\n", run.Output());
    }

    [Fact]
    public async Task TheVariablesAreThoseOfARun_AndNothingOfThisMachine()
    {
        await using RunHarness run = Start("v");
        Assert.Equal("PIECE_IDX=2\nPIECE_COUNT=4\nFILE_IDX=0\nPART_IDX=2\nPART_COUNT=4\nINPUTS=/in\nSLOTS=1\n", run.Output(2));
    }

    [Fact]
    public async Task AWorkerRunsOnePieceAfterTheOther_AndAllAreFresh()
    {
        await using RunHarness run = Start("m");
        Assert.Equal(["160\n", "160\n", "160\n"], Enumerable.Range(0, 3).Select(piece => run.Output(piece, piece + 1)));
    }

    [Fact]
    public async Task FuelIsToldWithTheResult_AndIsTheSameEachTime()
    {
        await using RunHarness run = Start("t");
        long?[] fuel = [.. Enumerable.Range(0, 3).Select(piece => Assert.IsType<JobOutcome.Succeeded>(run.Run(piece, piece + 1)).Usage?.Fuel)];
        Assert.Equal([632L, 632L, 632L], fuel);
    }

    [Fact]
    public async Task TheClockStandsStill_AndRandomBytesFollowFromTaskAndPiece()
    {
        await using RunHarness clock = Start("t");
        Assert.Equal($"{WasiFunctions.Now}\n", clock.Output());
        await using RunHarness one = Start("r");
        await using RunHarness other = Start("r");
        ResultOf(one, 0, 1, out string first);
        ResultOf(other, 0, 1, out string again);
        ResultOf(one, 1, 2, out string next);
        Assert.Equal(first, again);
        Assert.NotEqual(first, next);

        static void ResultOf(RunHarness run, int piece, long job, out string root) => root = Assert.IsType<JobOutcome.Succeeded>(run.Run(piece, job)).Result.Root.ToString();
    }

    [Theory]
    [InlineData("in/data/a.txt", "0\nfirst")]
    [InlineData("in/data/sub/../sub/./b.txt", "0\nsecond")]
    [InlineData("in/data/none", "44\n")]
    [InlineData("in/data/a.txt/x", "54\n")]
    [InlineData("..", "76\n")]
    [InlineData("in/../../etc/passwd", "76\n")]
    [InlineData("/etc/passwd", "76\n")]
    [InlineData("in/data/../../../secret", "76\n")]
    [InlineData("in/data/link", "32\n")]
    [InlineData("in/data/up/secret", "32\n")]
    [InlineData("", "44\n")]
    public async Task InputsAreRead_AndNothingElse(string path, string output)
    {
        await using RunHarness run = Start("o", path);
        Assert.Equal(output, run.Output());
    }

    [Fact]
    public async Task NothingIsWritten()
    {
        await using RunHarness run = Start("w");
        Assert.Equal("69\n", run.Output());
    }

    [Fact]
    public async Task FoldersAreListedInOneOrder_WithoutNumbersOfThisMachine()
    {
        await using RunHarness run = Start("d", "in/data");
        Assert.Equal(
            "\u0001\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\u0005\0\0\0\u0004\0\0\0a.txt" + "\u0002\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\u0003\0\0\0\u0003\0\0\0sub",
            run.Output());
    }

    [Fact]
    public async Task ThePartOfAnInputIsStandardInput()
    {
        File.WriteAllText(_data["chunks"], "aaabbbcc");
        TaskInfo task = Module("c") with { Chunks = new ChunkSpec("chunks", 3), Inputs = [Input("probe.wasm"), Input("chunks")] };
        await using var run = new RunHarness(task, options: Options(("chunks", _data["chunks"])));
        Assert.Equal(["aaa", "bbb", "cc"], Enumerable.Range(0, 3).Select(piece => run.Output(piece, piece + 1)));
    }

    [Fact]
    public async Task AStatusIsAFailure_WithWhatWasWrittenToStandardError()
    {
        await using RunHarness run = Start("x");
        var failed = Assert.IsType<JobOutcome.Failed>(run.Run());
        Assert.Equal(("exit:3", "oops"), (failed.Problem.Code, failed.StandardError));
    }

    [Theory]
    [InlineData("u", "trap:unreachable")]
    [InlineData("b", "trap:memory-out-of-bounds")]
    [InlineData("n", "trap:stack-exhausted")]
    public async Task ATrapIsAFailure_AndTheWorkerGoesOn(string what, string code)
    {
        await using RunHarness run = Start(what);
        for (int i = 1; i <= 3; i++)
        {
            Assert.Equal(code, Assert.IsType<JobOutcome.Failed>(run.Run(0, i)).Problem.Code);
        }
    }

    [Fact]
    public async Task FuelEndsARun()
    {
        await using var run = new RunHarness(Module("s") with { Limits = new RunLimits { Fuel = 1_000_000 } }, options: Options());
        Problem problem = run.Failure();
        Assert.Equal("limit:fuel", problem.Code);
        Assert.Contains("1000000 units", problem.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WallTimeEndsARun_AndTheNextHasANewWorker()
    {
        await using var run = new RunHarness(Module("s") with { Limits = new RunLimits { Wall = TimeSpan.FromSeconds(1) } }, options: Options());
        Assert.Equal("limit:wall", Assert.IsType<JobOutcome.Failed>(run.Run(0, 1)).Problem.Code);
        Assert.Equal("limit:wall", Assert.IsType<JobOutcome.Failed>(run.Run(0, 2)).Problem.Code);
    }

    [Fact]
    public async Task ProcessorTimeEndsARun_AndIsCountedForEachRunByItself()
    {
        await using var run = new RunHarness(Module("s") with { Limits = new RunLimits { Cpu = TimeSpan.FromSeconds(1), Wall = TimeSpan.FromMinutes(1) } }, options: Options());
        Assert.Equal("limit:cpu", Assert.IsType<JobOutcome.Failed>(run.Run(0, 1)).Problem.Code);
        Assert.Equal("limit:cpu", Assert.IsType<JobOutcome.Failed>(run.Run(0, 2)).Problem.Code);
    }

    [Fact]
    public async Task OutputIsBounded()
    {
        await using RunHarness run = Start("f");
        Assert.Equal("limit:output", run.Failure().Code);
    }

    [Fact]
    public async Task StandardErrorIsBounded_AndHarmsNothing()
    {
        await using RunHarness run = Start("e");
        Assert.IsType<JobOutcome.Succeeded>(run.Run());
    }

    [Fact]
    public async Task ARunIsKilled_AndTheSlotGoesOn()
    {
        await using RunHarness run = Start("s");
        run.Runner.Start(new JobId(1), 0, 0, 1);
        await Task.Delay(300);
        run.Runner.Kill(new JobId(1), AbortReason.Owner);
        Assert.IsType<JobOutcome.Killed>(run.NextExit().Outcome);
        run.Runner.Start(new JobId(2), 0, 1, 1);
        await Task.Delay(300);
        run.Runner.Kill(new JobId(2), AbortReason.Owner);
        Assert.IsType<JobOutcome.Killed>(run.NextExit().Outcome);
    }

    [Fact]
    public async Task AModuleThatIsNone_IsRefusedWithAReason()
    {
        File.WriteAllBytes(_data["probe.wasm"], File.ReadAllBytes(Probe)[..1000]);
        await using var run = new RunHarness(Module("a"), options: Options(("probe.wasm", _data["probe.wasm"])));
        Problem problem = run.Failure();
        Assert.StartsWith("wasm:malformed", problem.Code, StringComparison.Ordinal);
        Assert.Contains("at byte", problem.Reason, StringComparison.Ordinal);
    }

    [WallsFact]
    public async Task WithinWallsItIsTheSame()
    {
        using var folder = new TestFolder();
        Assert.True(WallsProbe.TryOpen(folder["walls"], [], out MachineWalls? walls, out Problem? problem), problem?.ToString());
        File.WriteAllText(_data["chunks"], "aaabbbcc");
        TaskInfo task = Module("c") with { Chunks = new ChunkSpec("chunks", 3), Inputs = [Input("probe.wasm"), Input("chunks")] };
        await using var run = new RunHarness(task, launcher: new ProcessLauncher(walls: walls), options: Options(("chunks", _data["chunks"])));
        Assert.Equal(["aaa", "bbb", "cc"], Enumerable.Range(0, 3).Select(piece => run.Output(piece, piece + 1)));
        await using var reading = new RunHarness(Module("o", "in/data/a.txt"), launcher: new ProcessLauncher(walls: walls), options: Options());
        Assert.Equal("0\nfirst", reading.Output());
    }

    [Fact]
    public void ADescriptorTableIsBounded()
    {
        var world = new WasiWorld
        {
            Arguments = [],
            Variables = [],
            Root = WasiNode.OfOwner(_data["data"]),
            Input = null,
            Seed = new byte[32],
            Output = _ => true,
            Errors = _ => { },
        };
        using var host = new WasiHost(world);
        int opened = 0;
        while (host.Open(WasiNode.OfOwner(_data["data/a.txt"]), out _) == WasiErrno.Success)
        {
            opened++;
        }

        Assert.Equal(WasiHost.MaxDescriptors - 4, opened);
        Assert.Equal(WasiErrno.NameTooLong, WasiPaths.Resolve(world.Root, new byte[WasiPaths.MaxLength + 1], out _));

        WasiNode deep = new WasiNode.Made(new Dictionary<string, WasiNode>());
        for (int i = 0; i <= WasiPaths.MaxDepth; i++)
        {
            deep = new WasiNode.Made(new Dictionary<string, WasiNode> { ["a"] = deep });
        }

        Assert.Equal(WasiErrno.Success, WasiPaths.Resolve(deep, Encoding.UTF8.GetBytes(string.Join('/', Enumerable.Repeat("a", WasiPaths.MaxDepth))), out _));
        Assert.Equal(WasiErrno.NameTooLong, WasiPaths.Resolve(deep, Encoding.UTF8.GetBytes(string.Join('/', Enumerable.Repeat("a", WasiPaths.MaxDepth + 1))), out _));
    }

    private static TaskInfo Module(params string[] arguments) => RunHarness.Shell("") with
    {
        Run = new RunSpec.Wasm("probe.wasm", arguments),
        Inputs = [Input("probe.wasm"), Input("data")],
        Limits = new RunLimits { MemoryBytes = 10 * 1024 * 1024 },
    };

    private static InputSpec Input(string name) => new(name, new TorrentId(Hash256.Zero), 7);

    private RunHarness Start(params string[] arguments) => new(Module(arguments), options: Options());

    private RunnerOptions Options(params (string Name, string Path)[] inputs)
    {
        var places = new Dictionary<string, InputPlace> { ["probe.wasm"] = new(Probe, () => [Probe]), ["data"] = new(_data["data"], () => []) };
        foreach ((string name, string path) in inputs)
        {
            places[name] = new InputPlace(path, () => [path]);
        }

        return new RunnerOptions { Inputs = places };
    }
}
