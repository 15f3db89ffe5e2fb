using Starling.Core.Primitives;
using Starling.Core.Tasks;

namespace Starling.Tests.Core.Tasks;

public sealed class TrustRuleTests
{
    private static readonly PublicKey _mine = Key(1);
    private static readonly PublicKey _friend = Key(2);
    private static readonly PublicKey _stranger = Key(3);

    [Fact]
    public void AnUnsignedCommandNeedsTrust()
    {
        TaskFile task = Task(new RunSpec.Shell("rm -rf ~"));

        Problem? problem = TrustRule.Check(task, TaskSignature.None, _mine, [_friend], trust: false);

        Assert.Equal("walls", problem?.Code);
        Assert.Contains("not signed", problem?.Reason);
        Assert.Contains("--trust", problem?.Hint);
        Assert.Null(TrustRule.Check(task, TaskSignature.None, _mine, [_friend], trust: true));
    }

    [Fact]
    public void MyTasksAndThoseOfAllowedAuthorsRun()
    {
        var shell = new RunSpec.Shell("true");

        Assert.Null(TrustRule.Check(Task(shell, _mine), TaskSignature.Right, _mine, [], trust: false));
        Assert.Null(TrustRule.Check(Task(shell, _friend), TaskSignature.Right, _mine, [_friend], trust: false));
        Assert.NotNull(TrustRule.Check(Task(shell, _stranger), TaskSignature.Right, _mine, [_friend], trust: false));
    }

    [Theory]
    [InlineData(TaskSignature.None)]
    [InlineData(TaskSignature.Wrong)]
    public void MyNameWithoutMySignatureIsWorthNothing(TaskSignature signature)
    {
        Assert.NotNull(TrustRule.Check(Task(new RunSpec.Shell("true"), _mine), signature, _mine, [_mine], trust: false));
    }

    [Fact]
    public void TheSecretOfASwarmIsNotTrustInItsCommand()
    {
        TaskFile task = Task(new RunSpec.Shell("true"), _stranger) with { Secret = new byte[32] };

        Assert.NotNull(TrustRule.Check(task, TaskSignature.Right, _mine, [], trust: false));
    }

    [Fact]
    public void KernelsAlwaysRunUnlessACommandMergesThem()
    {
        TaskFile kernel = Task(new RunSpec.Kernel("sleep", []));

        Assert.Null(TrustRule.Check(kernel, TaskSignature.None, _mine, [], trust: false));
        Problem? problem = TrustRule.Check(
            kernel with { Info = kernel.Info with { Merge = "cat" } }, TaskSignature.None, _mine, [], trust: false);
        Assert.Contains("merge command", problem?.Reason);
    }

    [Fact]
    public void ModulesAndContainersAreCommandsToo()
    {
        Assert.NotNull(TrustRule.Check(Task(new RunSpec.Wasm("a.wasm", [])), TaskSignature.None, _mine, [], trust: false));
        Assert.NotNull(TrustRule.Check(Task(new RunSpec.Container("image", "run", null)), TaskSignature.None, _mine, [], trust: false));
    }

    private static PublicKey Key(byte value)
    {
        var bytes = new byte[PublicKey.Size];
        bytes[0] = value;
        return new PublicKey(bytes);
    }

    private static TaskFile Task(RunSpec run, PublicKey? author = null) => new()
    {
        Info = new TaskInfo
        {
            Name = "sample",
            Run = run,
            Files = [new OutputFile("sample", 1)],
            Verify = new VerifySpec.Own(),
            Author = author,
        },
        InfoBytes = default,
        Id = Hash256.Zero,
    };
}
