using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Starling.Runtime.Doctor;

namespace Starling.Tests.Runtime.Doctor;

public sealed class ClockCheckTests
{
    private static readonly DateTimeOffset Now = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(0, Health.Ok)]
    [InlineData(30, Health.Ok)]
    [InlineData(31, Health.Warning)]
    [InlineData(-86_400, Health.Warning)]
    [InlineData(86_401, Health.Failed)]
    public void The_difference_to_others_decides(int ahead, Health health)
    {
        Finding finding = ClockCheck.Compare([new RemoteTime("tracker", TimeSpan.FromSeconds(ahead))], Now, Now);
        Assert.Equal(health, finding.Health);
        Assert.Contains($"{Math.Abs(ahead)} s {(ahead > 0 ? "behind" : "ahead of")} tracker", finding.Seen, StringComparison.Ordinal);
        Assert.Equal(health != Health.Ok, finding.Fix.Length > 0);
    }

    [Fact]
    public void One_liar_among_three_is_not_believed() => Assert.Equal(Health.Ok, ClockCheck.Compare(
        [new RemoteTime("a", TimeSpan.Zero), new RemoteTime("liar", TimeSpan.FromDays(400)), new RemoteTime("b", TimeSpan.FromSeconds(1))], Now, Now).Health);

    [Fact]
    public void Before_the_program_was_installed_it_can_not_be() =>
        Assert.Equal(Health.Failed, ClockCheck.Compare([], Now, Now.AddDays(2)).Health);

    [Fact]
    public async Task This_machines_clock_is_watched()
    {
        IReadOnlyList<Finding> findings = await new ClockCheck(Task.FromResult<IReadOnlyList<RemoteTime>>([])).RunAsync(CancellationToken.None);
        Assert.Equal(["pace", "time"], findings.Select(finding => finding.Subject));
    }
}
