using System;
using System.IO;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Engine;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Runtime.Execution;

namespace Starling.Tests.Runtime.Execution;

/// <summary>Checkers and comparisons as they run: right ones, and those that crash, hang or spoil what they look at.</summary>
[Collection(ExecutionCollection.Name)]
public sealed class TrialRunnerTests
{
    [Fact]
    public async Task A_checker_has_the_variables_of_a_run_and_the_result_in_an_empty_folder()
    {
        string check = "[ \"$(cat \"$RESULT\")\" = \"piece $PIECE_IDX\" ] && [ \"$(ls -A)\" = result ] && [ -z \"$OTHER\" ] && [ $PIECE_COUNT = 4 ]";
        await using var run = new RunHarness(Checked("echo piece $PIECE_IDX", check));
        ResultId result = Kept(run, 2);
        Assert.IsType<TrialOutcome.Passed>(run.Try(2, result));
        Assert.IsType<TrialOutcome.Passed>(run.Try(2, result));
    }

    [Theory]
    [InlineData("exit 1", true)]
    [InlineData("echo too small >&2; exit 125", true)]
    [InlineData("exit 126", false)]
    [InlineData("no-such-program-here", false)]
    [InlineData("kill -SEGV $$", false)]
    [InlineData("kill -9 $$", false)]
    public async Task Only_an_exit_of_1_to_125_says_no(string check, bool isAnswer)
    {
        // The run itself passes: the file of what it is to say is there only then.
        using var folder = new TestFolder();
        File.WriteAllText(folder["pass"], "");
        await using var run = new RunHarness(Checked("echo x", $"[ -e {folder["pass"]} ] && exit 0; {check}"));
        ResultId result = Kept(run, 0);
        File.Delete(folder["pass"]);
        TrialOutcome outcome = run.Try(0, result);
        Problem problem = isAnswer ? Assert.IsType<TrialOutcome.Rejected>(outcome).Problem : Assert.IsType<TrialOutcome.Failed>(outcome).Problem;
        Assert.Equal(TrialLane.Code, problem.Code);
        Assert.Equal(check.Contains("small", StringComparison.Ordinal), problem.Reason.Contains("too small", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_checker_that_hangs_is_ended_and_settles_nothing()
    {
        using var folder = new TestFolder();
        File.WriteAllText(folder["pass"], "");
        TaskInfo task = Checked("echo x", $"[ -e {folder["pass"]} ] && exit 0; sleep 1000 & sleep 1000") with { Limits = new RunLimits { Wall = TimeSpan.FromSeconds(3) } };
        await using var run = new RunHarness(task);
        ResultId result = Kept(run, 0);
        File.Delete(folder["pass"]);
        Assert.Contains("limits.wall", Assert.IsType<TrialOutcome.Failed>(run.Try(0, result)).Problem.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_checker_that_spoils_its_copy_harms_nothing()
    {
        await using var run = new RunHarness(Checked("head -c 50000 /dev/zero", "rm -f \"$RESULT\"; echo spoilt > \"$RESULT\"; mkdir more; cd /; exit 0"));
        ResultId result = Kept(run, 0);
        Assert.IsType<TrialOutcome.Passed>(run.Try(0, result));
        Assert.IsType<TrialOutcome.Passed>(run.Try(0, result));
        Assert.Equal(50_000, run.Keep(0, 7, Assert.IsType<JobOutcome.Succeeded>(run.Run(0, 7)).Result).Length);
    }

    [Fact]
    public async Task What_is_not_stored_cannot_be_looked_at()
    {
        await using var run = new RunHarness(Checked("echo x", "true"));
        Assert.IsType<TrialOutcome.Failed>(run.Try(0, MerkleTree.ResultOf("never"u8)));
    }

    [Fact]
    public async Task A_comparison_gets_both_results()
    {
        TaskInfo task = RunHarness.Shell("cat /proc/self/stat; echo $PIECE_IDX") with
        {
            Verify = new VerifySpec.Replicas(2) { Compare = "[ \"$(tail -n 1 \"$RESULT\")\" = \"$(tail -n 1 \"$OTHER\")\" ]" },
        };
        await using var run = new RunHarness(task);
        ResultId one = Kept(run, 0, job: 1);
        ResultId other = Kept(run, 0, job: 2);
        Assert.NotEqual(one, other);
        Assert.IsType<TrialOutcome.Passed>(run.Try(0, one, other));
    }

    [Fact]
    public async Task The_end_kills_what_runs()
    {
        using var folder = new TestFolder();
        File.WriteAllText(folder["pass"], "");
        var run = new RunHarness(Checked("echo x", $"[ -e {folder["pass"]} ] && exit 0; touch {folder["begun"]}; sleep 1000"));
        ResultId result = Kept(run, 0);
        File.Delete(folder["pass"]);
        run.Trials.Start(0, result, null);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!File.Exists(folder["begun"]))
        {
            await Task.Delay(20, patience.Token);
        }

        await run.DisposeAsync();
        Assert.IsType<TrialOutcome.Failed>(Assert.IsType<NodeInput.TrialEnded>(run.Next()).Outcome);
    }

    [Fact]
    public async Task A_run_whose_own_result_is_refused_fails_and_leaves_nothing()
    {
        await using var run = new RunHarness(Checked("echo wrong", "echo it says wrong >&2; grep -q right \"$RESULT\""));
        Problem problem = run.Failure();
        Assert.Equal(TrialLane.Code, problem.Code);
        Assert.Contains("it says wrong", problem.Reason, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(run[".starling/tmp"]));
    }

    private static TaskInfo Checked(string command, string check) => RunHarness.Shell(command) with { Verify = new VerifySpec.Checker(check) };

    private static ResultId Kept(RunHarness run, int piece, long job = 1)
    {
        string output = run.Output(piece, job);
        return MerkleTree.ResultOf(Encoding.UTF8.GetBytes(output));
    }
}
