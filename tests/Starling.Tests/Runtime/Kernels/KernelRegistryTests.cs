using System.Linq;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Runtime.Kernels;

namespace Starling.Tests.Runtime.Kernels;

public sealed class KernelRegistryTests
{
    [Fact]
    public void Unknown_names_are_refused_with_the_known_ones()
    {
        RunSpec.Kernel spec = KernelRuns.Spec("sleeep\u001b[2J");
        Problem problem = KernelRuns.Refused(spec, KernelRuns.Task(spec, 1));
        Assert.Equal("run.kernel: there is no kernel called 'sleeep?[2J'", problem.Reason);
        Assert.All(KernelRegistry.Names, name => Assert.Contains(name, problem.Hint));
    }

    [Fact]
    public void Every_listed_kernel_is_known() => Assert.All(KernelRegistry.Names, name =>
    {
        RunSpec.Kernel spec = KernelRuns.Spec(name, ("no-such-key", "1"));
        Assert.DoesNotContain("there is no kernel", KernelRuns.Refused(spec, KernelRuns.Task(spec, 1)).Reason);
    });

    [Fact]
    public void Names_are_sorted() => Assert.Equal(KernelRegistry.Names.Order(System.StringComparer.Ordinal), KernelRegistry.Names);

    [Fact]
    public void A_key_that_the_kernel_does_not_know_is_refused_with_those_it_knows()
    {
        RunSpec.Kernel spec = KernelRuns.Spec("sleep", ("second", "1"), ("seconds", "1"));
        Assert.Equal(
            "run.second: kernel sleep has no such parameter. It knows: seconds, bytes.",
            KernelRuns.Refused(spec, KernelRuns.Task(spec, 1)).ToString());
    }

    [Fact]
    public void A_missing_key_is_named_with_what_it_wants()
    {
        RunSpec.Kernel spec = KernelRuns.Spec("sleep");
        Assert.Equal(
            "run.seconds: missing, kernel sleep needs it. Add seconds: a decimal number from 0 to 86400.",
            KernelRuns.Refused(spec, KernelRuns.Task(spec, 1)).ToString());
    }

    [Fact]
    public void A_key_that_comes_twice_is_refused()
    {
        RunSpec.Kernel spec = KernelRuns.Spec("sleep", ("seconds", "1"), ("seconds", "2"));
        Assert.Equal("run.seconds: given twice", KernelRuns.Refused(spec, KernelRuns.Task(spec, 1)).Reason);
    }
}
