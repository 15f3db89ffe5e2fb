using System;
using System.IO;
using System.Linq;
using Starling.Core.Tasks;
using Starling.Runtime.Machine;

namespace Starling.Tests.Runtime.Machine;

public sealed class NeedsCheckTests
{
    [Fact]
    public void ATaskWithoutNeeds_HasNoFindings() => Assert.Empty(NeedsCheck.Check(new NeedsSpec(), ".", new HostPrograms(mayAsk: true)));

    [Fact]
    public void AProgram_IsLookedForOnThePath()
    {
        NeedFinding[] findings = [.. NeedsCheck.Check(new NeedsSpec { Programs = ["sh", "no-such-program-here", "a b"] }, ".", new HostPrograms(mayAsk: true))];

        Assert.Equal([true, false, false], findings.Select(finding => finding.IsMet));
        Assert.EndsWith("/sh", findings[0].Found, StringComparison.Ordinal);
        Assert.Equal("no-such-program-here (here: not on the path), a b (here: this can't be understood; write for example ffmpeg >= 5)", NeedsCheck.Unmet(findings));
        Assert.Null(NeedsCheck.Unmet(findings[..1]));
    }

    [Fact]
    public void AVersion_IsAskedOnlyOfTrustedTasks()
    {
        var needs = new NeedsSpec { Programs = ["bash >= 999"] };

        Assert.False(Assert.Single(NeedsCheck.Check(needs, ".", new HostPrograms(mayAsk: true))).IsMet);
        NeedFinding unasked = Assert.Single(NeedsCheck.Check(needs, ".", new HostPrograms(mayAsk: false)));
        Assert.True(unasked.IsMet);
        Assert.Contains("version not asked", unasked.Found, StringComparison.Ordinal);
    }

    [Fact]
    public void CoresMemoryDiskSystemAndProcessor_AreCompared()
    {
        var modest = new NeedsSpec { Cores = 1, MemoryBytes = 1, DiskBytes = 1, Os = NeedsCheck.ThisOs, Arch = NeedsCheck.ThisArch };
        var greedy = new NeedsSpec { Cores = 100_000, MemoryBytes = long.MaxValue, DiskBytes = long.MaxValue, Os = "plan9", Arch = "vax" };
        string missing = Path.Combine(Path.GetTempPath(), "no", "such", "folder");

        Assert.All(NeedsCheck.Check(modest, missing, new HostPrograms(mayAsk: false)), finding => Assert.True(finding.IsMet, finding.Found));
        Assert.Equal(4, NeedsCheck.Check(modest, missing, new HostPrograms(mayAsk: false)).Count);
        Assert.All(NeedsCheck.Check(greedy, missing, new HostPrograms(mayAsk: false)), finding => Assert.False(finding.IsMet, finding.Found));
        Assert.Equal(5, NeedsCheck.Check(greedy, missing, new HostPrograms(mayAsk: false)).Count);
    }
}
