using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Engine;
using Starling.Core.Owner;
using Starling.Core.Tasks;
using Starling.Runtime.Owner;

namespace Starling.Tests.Runtime.Execution;

/// <summary>Real processes that are frozen, let go on, told to end, and held to a share of the processor.</summary>
[Collection(ExecutionCollection.Name)]
public sealed class RunPausesTests
{
    /// <summary>Makes child after child, each of which adds a sign to a file.</summary>
    private const string Forking = "for k in 1 2 3; do (while :; do sh -c 'printf x >> \"$STATE/signs\"'; done) & done; wait";

    [Fact]
    public async Task A_frozen_run_stands_still_with_all_children_that_it_makes_and_goes_on()
    {
        await using var run = new RunHarness(RunHarness.Shell(Forking));
        run.Runner.Start(new JobId(1), 0, 0, 1);
        Assert.True(LiveProcesses.Eventually(() => Signs(run) > 20));

        for (int i = 0; i < 5; i++)
        {
            run.Runner.Pause(new JobId(1), true);
            Assert.True(LiveProcesses.StandStill(() => Signs(run)));
            long still = Signs(run);

            run.Runner.Pause(new JobId(1), false);
            Assert.True(LiveProcesses.Eventually(() => Signs(run) > still + 10));
        }

        run.Runner.Kill(new JobId(1), AbortReason.Yield);
        Assert.IsType<JobOutcome.Killed>(run.NextExit().Outcome);
    }

    [Fact]
    public async Task Time_in_which_it_is_frozen_is_not_of_its_limit()
    {
        TaskInfo task = RunHarness.Shell("echo begun > \"$STATE/signs\"; sleep 1; echo done") with { Limits = new RunLimits { Wall = TimeSpan.FromSeconds(3) } };
        await using var run = new RunHarness(task);
        run.Runner.Start(new JobId(1), 0, 0, 1);
        Assert.True(LiveProcesses.Eventually(() => Signs(run) > 0));
        run.Runner.Pause(new JobId(1), true);
        Thread.Sleep(TimeSpan.FromSeconds(4));
        Assert.False(run.HasMore());
        run.Runner.Pause(new JobId(1), false);
        JobOutcome outcome = run.NextExit().Outcome;
        Assert.True(outcome is JobOutcome.Succeeded, outcome.ToString());
        Assert.True(outcome.Elapsed < TimeSpan.FromSeconds(3.5), $"{outcome.Elapsed}");
    }

    [Fact]
    public async Task A_kernel_is_frozen_too_even_before_it_began()
    {
        TaskInfo task = RunHarness.Shell("") with { Run = new RunSpec.Kernel("sleep", [new KernelParameter("seconds", "0.5")]), Limits = new RunLimits { Wall = TimeSpan.FromSeconds(2) } };
        await using var run = new RunHarness(task);
        run.Runner.Start(new JobId(1), 0, 0, 1);
        run.Runner.Pause(new JobId(1), true);
        Thread.Sleep(TimeSpan.FromSeconds(3));
        Assert.False(run.HasMore());
        run.Runner.Pause(new JobId(1), false);
        JobOutcome outcome = run.NextExit().Outcome;
        Assert.True(outcome is JobOutcome.Succeeded, outcome.ToString());
    }

    [Fact]
    public async Task Who_is_stopped_for_the_owner_may_save_its_state_and_goes_on_from_there()
    {
        const string script = """
            i=$(cat "$STATE/i" 2>/dev/null || echo 0)
            trap 'echo $i > "$STATE/i"; exit 85' TERM
            while [ "$i" -lt 100000 ]; do i=$((i+1)); [ "$i" -eq 500 ] && touch "$STATE/signs"; [ -e "$STATE/i" ] && { echo "went on from $(cat "$STATE/i")"; exit 0; }; sleep 0.001; done
            """;
        await using var run = new RunHarness(RunHarness.Shell(script));
        run.Runner.Start(new JobId(1), 0, 0, 1);
        Assert.True(LiveProcesses.Eventually(() => Directory.GetFiles(run[".starling/state"], "signs", SearchOption.AllDirectories).Length > 0));

        // Frozen, as at the end of its hours: it hears the signal all the same.
        run.Runner.Pause(new JobId(1), true);
        run.Runner.Kill(new JobId(1), AbortReason.Owner);
        Assert.IsType<JobOutcome.Killed>(run.NextExit().Outcome);
        Assert.Equal([0], run.Runner.Begun);
        string output = run.Output(0, 2);
        Assert.StartsWith("went on from ", output, StringComparison.Ordinal);
        Assert.True(int.Parse(output["went on from ".Length..].Trim()) >= 500, output);
        Assert.Empty(run.Runner.Begun);
    }

    [Fact]
    public async Task Who_does_not_end_when_told_to_is_killed_after_the_grace()
    {
        await using var run = new RunHarness(RunHarness.Shell("trap '' TERM; touch \"$STATE/signs\"; while :; do sleep 0.05; done"));
        run.Launcher.Governor.Obey(Grant.Everything, new OwnerRules { Grace = TimeSpan.FromMilliseconds(300) }, 2);
        run.Runner.Start(new JobId(1), 0, 0, 1);
        Assert.True(LiveProcesses.Eventually(() => Directory.GetFiles(run[".starling/state"], "signs", SearchOption.AllDirectories).Length > 0));
        run.Runner.Kill(new JobId(1), AbortReason.Owner);
        Assert.IsType<JobOutcome.Killed>(run.NextExit().Outcome);
    }

    [Fact]
    public async Task What_ends_well_after_it_was_told_to_end_is_not_believed()
    {
        await using var run = new RunHarness(RunHarness.Shell("trap 'echo half; exit 0' TERM; touch \"$STATE/signs\"; while :; do sleep 0.05; done"));
        run.Runner.Start(new JobId(1), 0, 0, 1);
        Assert.True(LiveProcesses.Eventually(() => Directory.GetFiles(run[".starling/state"], "signs", SearchOption.AllDirectories).Length > 0));
        run.Runner.Kill(new JobId(1), AbortReason.Owner);
        Assert.IsType<JobOutcome.Killed>(run.NextExit().Outcome);
    }

    [Fact]
    public async Task All_runs_together_take_their_share_of_the_processor_and_no_more()
    {
        const string busy = "echo $$ > \"$STATE/pid\"; (while :; do i=0; while [ $i -lt 2000 ]; do i=$((i+1)); done; sh -c 'i=0; while [ $i -lt 500 ]; do i=$((i+1)); done'; done) & (while :; do :; done)";
        await using var run = new RunHarness(RunHarness.Shell(busy) with { Limits = new RunLimits { Wall = TimeSpan.FromSeconds(60) } });
        double cores = 0.25 * Environment.ProcessorCount;
        run.Launcher.Governor.Set(isHalted: false, cores, isNice: false);
        run.Runner.Start(new JobId(1), 0, 0, 1);
        run.Runner.Start(new JobId(2), 1, 1, 1);
        string[] pids = [];
        Assert.True(LiveProcesses.Eventually(() => (pids = [.. Directory.GetFiles(run[".starling/state"], "pid", SearchOption.AllDirectories).Select(File.ReadAllText).Where(text => text.EndsWith('\n'))]).Length == 2));
        int[] runs = [.. pids.Select(text => int.Parse(text, CultureInfo.InvariantCulture))];
        Thread.Sleep(500);
        (double before, long at) = (Used(runs), Stopwatch.GetTimestamp());
        Thread.Sleep(3000);
        double share = (Used(runs) - before) / Stopwatch.GetElapsedTime(at).TotalSeconds / Environment.ProcessorCount;

        // A busy machine gives less; how near it comes on an idle one is measured by the bench.
        Assert.True(share < 0.30, $"{share:P1}");
        run.Runner.Kill(new JobId(1), AbortReason.Yield);
        run.Runner.Kill(new JobId(2), AbortReason.Yield);
        run.NextExit();
        run.NextExit();
    }

    [Fact]
    public async Task Halted_means_merges_and_new_runs_too()
    {
        await using var run = new RunHarness(RunHarness.Shell("sleep 0.2; echo x"));
        run.Launcher.Governor.Set(isHalted: true, double.PositiveInfinity, isNice: false);
        run.Runner.Start(new JobId(1), 0, 0, 1);
        Thread.Sleep(300);
        Assert.False(run.HasMore());
        run.Launcher.Governor.Set(isHalted: false, double.PositiveInfinity, isNice: false);
        Assert.IsType<JobOutcome.Succeeded>(run.NextExit().Outcome);
    }

    private static long Signs(RunHarness run) =>
        Directory.GetFiles(run[".starling/state"], "signs", SearchOption.AllDirectories).Sum(path => new FileInfo(path).Length);

    /// <summary>Processor seconds of these and all that descends from them.</summary>
    private static double Used(int[] runs)
    {
        ProcessTable table = ProcessTable.Read("/proc");
        HashSet<int> family = table.FamilyOf(runs);
        return table.Entries.Where(entry => family.Contains(entry.Pid)).Sum(entry => entry.Ticks) / 100.0;
    }
}
