using System;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Runtime.Execution;
using Starling.Runtime.Machine;
using Starling.Runtime.Walls;
using Starling.Tests.Runtime.Execution;
using Starling.Tests.Runtime.Walls;

namespace Starling.Tests.Runtime.Machine;

[Collection(ExecutionCollection.Name)]
public sealed class WalledProgramsTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [WallsFact]
    public void A_program_of_a_foreign_task_tells_its_version_within_the_walls()
    {
        Assert.True(WallsProbe.TryOpen(_folder["walls"], [], out MachineWalls? walls, out Problem? problem), problem?.ToString());
        using var launcher = new ProcessLauncher(walls: walls);
        using var programs = new WalledPrograms(new RunSite(launcher), RunHarness.Shell(""), _folder["scratch"]);
        NeedFinding finding = Assert.Single(NeedsCheck.Check(new NeedsSpec { Programs = ["bash >= 2"] }, ".", programs));
        Assert.True(finding.IsMet, finding.Found);
        Assert.Contains("version", finding.Found, StringComparison.Ordinal);
        Assert.False(Assert.Single(NeedsCheck.Check(new NeedsSpec { Programs = ["bash >= 999"] }, ".", programs)).IsMet);

        // Asking is running: it happens as nobody, who sees nothing of this machine.
        Assert.Contains("/work", programs.Ask("/bin/sh", "-c 'pwd; ls -d /home /root'"), StringComparison.Ordinal);
        Assert.DoesNotContain("/root\n", programs.Ask("/bin/sh", "-c 'ls -d /root 2>/dev/null'"), StringComparison.Ordinal);
    }
}
