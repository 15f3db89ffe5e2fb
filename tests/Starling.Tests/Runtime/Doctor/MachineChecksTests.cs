using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Tasks;
using Starling.Runtime.Doctor;
using Starling.Runtime.Walls;
using Starling.Tests.Runtime.Walls;

namespace Starling.Tests.Runtime.Doctor;

public sealed class MachineChecksTests
{
    [Theory]
    [InlineData("Max open files            1024                 20000                files     ", Health.Ok)]
    [InlineData("Max open files            1024                 unlimited            files     ", Health.Ok)]
    [InlineData("Max open files            256                  256                  files     ", Health.Warning)]
    [InlineData("Max open files", Health.Ok)]
    [InlineData("", Health.Ok)]
    public void The_hard_limit_of_open_files_counts(string line, Health health) =>
        Assert.Equal(health, LimitsCheck.OpenFilesOf(["Limit  Soft Limit  Hard Limit  Units", line]).Health);

    [Theory]
    [InlineData("bwrap: Creating new namespace failed: nesting depth or /proc/sys/user/max_*_namespaces exceeded (ENOSPC)", "max_user_namespaces")]
    [InlineData("bwrap: setting up uid map: Permission denied", "apparmor")]
    [InlineData("bwrap: loopback: Failed RTM_NEWADDR: Operation not permitted", "apparmor")]
    public void Bubblewraps_words_become_advice(string words, string advice) => Assert.Contains(advice, WallsProbe.AdviceOn(words), StringComparison.Ordinal);

    [Fact]
    public async Task Whether_commands_are_walled_in_is_said_with_what_was_tried()
    {
        IReadOnlyList<Finding> findings = await new WallsCheck().RunAsync(CancellationToken.None);
        Assert.DoesNotContain(findings, finding => finding.Health == Health.Failed);
        Assert.Equal(WallsFactAttribute.HasWalls ? Health.Ok : Health.Warning, findings[0].Health);
        Assert.Equal(WallsFactAttribute.HasWalls, findings.Any(finding => finding is { Subject: "network", Health: Health.Ok }));
        Assert.Equal(!WallsFactAttribute.HasWalls, findings[0].Seen.Contains("--trust", StringComparison.Ordinal));
    }

    [Fact]
    public async Task This_machine_makes_links_of_TLS_1_3()
    {
        IReadOnlyList<Finding> findings = await new RuntimeCheck().RunAsync(CancellationToken.None);
        Assert.StartsWith("1.3, ", findings.Single(finding => finding.Subject == "TLS").Seen, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Needs_that_are_not_met_are_warnings()
    {
        var needs = new NeedsSpec { Programs = ["no-such-program-anywhere"], Os = "plan9" };
        IReadOnlyList<Finding> findings = await new TaskNeedsCheck(new ExaminationOptions { Folder = "/", Needs = needs }).RunAsync(CancellationToken.None);
        Assert.Equal(2, findings.Count);
        Assert.All(findings, finding => Assert.Equal((Health.Warning, true), (finding.Health, finding.Fix.Length > 0)));
    }
}
