using System;
using System.IO;
using System.Threading.Tasks;
using Starling.Core.Engine;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Tasks;

namespace Starling.Tests.Runtime.Execution;

[Collection(ExecutionCollection.Name)]
public sealed class MergerTests
{
    private const string Numbered = "echo piece $PIECE_IDX";
    private const string Joined = "piece 0\npiece 1\npiece 2\npiece 3\n";

    [Theory]
    [InlineData(null)]
    [InlineData("cat $PART_LIST > $FILE")]
    [InlineData("cat $PART_LIST > \"$FILE\"; head -c 200000 /dev/zero; head -c 200000 /dev/zero >&2")]
    [InlineData("xargs cat < \"$PART_FILE\" > \"$FILE\"")]
    [InlineData("while read -r name; do cat \"$PWD/$name\"; done < \"$PART_FILE\" > \"$FILE\"")]
    public async Task JoinsThePieces(string? merge)
    {
        await using var run = new RunHarness(RunHarness.Shell(Numbered) with { Merge = merge });

        Assert.Null(run.RunAndMerge());

        Assert.Equal(Joined, File.ReadAllText(run["sample.txt"]));
        Assert.Equal([run["sample.txt"]], Directory.GetFiles(run.Root));
        Assert.Empty(Directory.GetDirectories(run[".starling"], "merge-*"));
        Assert.Empty(Directory.GetDirectories(run[".starling"], "output-*"));
    }

    [Fact]
    public async Task FilesGoIntoTheirFoldersAndKeepTheirNamesWhileWritten()
    {
        TaskInfo task = RunHarness.Shell("printf %s $PART_IDX") with
        {
            Files = [new OutputFile("one.txt", 1), new OutputFile("deep/er/two.png", 3)],
            Merge = "(basename $FILE; echo $FILE_IDX $PART_COUNT; cat $PART_LIST) > $FILE",
        };
        await using var run = new RunHarness(task);

        Assert.Null(run.RunAndMerge(1));

        Assert.Equal("two.png\n1 3\n012", File.ReadAllText(run["deep/er/two.png"]));
        Assert.Equal(run["deep/er/two.png"], run.Merger.PathOf(1));
    }

    [Theory]
    [InlineData("echo half > $FILE; echo because >&2; exit 4", "exit status 4: because")]
    [InlineData("true", "wrote no file")]
    [InlineData("mkdir $FILE", "wrote no file")]
    [InlineData("ln -s /etc/passwd $FILE", "wrote no file")]
    [InlineData("sleep 1000", "'limits.wall'")]
    public async Task AFailureIsToldAndLosesNothing(string merge, string told)
    {
        TaskInfo task = RunHarness.Shell(Numbered) with { Merge = merge, Limits = new RunLimits { Wall = TimeSpan.FromSeconds(2) } };
        await using var run = new RunHarness(task);
        File.WriteAllText(run["sample.txt"], "earlier");

        Problem? problem = run.RunAndMerge();

        Assert.Equal("merge", problem?.Code);
        Assert.Contains(told, problem?.Reason);
        Assert.Contains("sample.txt", problem?.Reason);
        Assert.Equal("earlier", File.ReadAllText(run["sample.txt"]));
        Assert.Empty(Directory.GetDirectories(run[".starling"], "output-*"));
    }

    [Fact]
    public async Task ALongListIsInTheFileOnly()
    {
        const int pieces = 15_000;
        TaskInfo task = RunHarness.Shell("true", pieces) with { Merge = "echo ${PART_LIST-unset} $(wc -l < $PART_FILE) > $FILE" };
        await using var run = new RunHarness(task);
        run.Keep(0, 1, Assert.IsType<JobOutcome.Succeeded>(run.Run(0, 1)).Result);
        var parts = new (int, ResultId)[pieces];
        Array.Fill(parts, (0, ResultId.Empty));

        Assert.Null(run.Merge(0, parts));

        Assert.Equal($"unset {pieces}\n", File.ReadAllText(run["sample.txt"]));
    }

    [Fact]
    public async Task AResultThatIsGoneIsAProblem()
    {
        await using var run = new RunHarness(RunHarness.Shell(Numbered));

        Problem? problem = run.Merge(0, [(0, MerkleTree.ResultOf("nowhere"u8))]);

        Assert.Equal("merge", problem?.Code);
        Assert.Contains("piece 0", problem?.Reason);
    }

    [Fact]
    public async Task TheEndStopsAMergeAndThoseThatWait()
    {
        var run = new RunHarness(RunHarness.Shell(Numbered) with { Merge = "sleep 1000" });
        run.Merger.Start(0, []);
        run.Merger.Start(0, []);

        await run.Merger.DisposeAsync();

        Assert.NotNull(Assert.IsType<NodeInput.MergeExited>(run.Next()).Problem);
        Assert.NotNull(Assert.IsType<NodeInput.MergeExited>(run.Next()).Problem);
        Assert.False(run.HasMore());
        await run.DisposeAsync();
    }
}
