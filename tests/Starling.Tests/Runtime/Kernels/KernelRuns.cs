using System.Collections.Generic;
using System.Linq;
using System.Text;
using System.Threading;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Runtime.Kernels;

namespace Starling.Tests.Runtime.Kernels;

/// <summary>Tasks of one kernel, made and run as the executor does it.</summary>
internal static class KernelRuns
{
    public static RunSpec.Kernel Spec(string name, params (string Key, string Value)[] parameters) =>
        new(name, [.. parameters.Select(p => new KernelParameter(p.Key, p.Value))]);

    public static TaskInfo Task(RunSpec.Kernel spec, params int[] piecesOfFiles) => new()
    {
        Name = "test",
        Run = spec,
        Files = [.. piecesOfFiles.Select((pieces, i) => new OutputFile($"file-{i}", pieces))],
        Verify = new VerifySpec.Own(),
    };

    public static IKernel Make(RunSpec.Kernel spec, TaskInfo task)
    {
        Assert.True(KernelRegistry.TryCreate(spec, task, out IKernel? kernel, out Problem? problem), problem?.ToString());
        return kernel;
    }

    public static Problem Refused(RunSpec.Kernel spec, TaskInfo task)
    {
        Assert.False(KernelRegistry.TryCreate(spec, task, out _, out Problem? problem));
        Assert.Equal("kernel", problem.Code);
        return problem;
    }

    public static byte[] Run(IKernel kernel, int piece)
    {
        var sink = new MemorySink();
        Assert.Equal(KernelOutcome.Finished, kernel.Run(piece, sink, CancellationToken.None));
        return sink.Content;
    }

    /// <summary>All pieces of a task in a row.</summary>
    public static byte[] RunAll(RunSpec.Kernel spec, int pieces)
    {
        IKernel kernel = Make(spec, Task(spec, pieces));
        return [.. Enumerable.Range(0, pieces).SelectMany(piece => Run(kernel, piece))];
    }

    public static string Text(IEnumerable<byte> bytes) => Encoding.ASCII.GetString([.. bytes]);

    public static Hash256 HashOf(RunSpec.Kernel spec, int pieces) => Hash256.Of(RunAll(spec, pieces));
}
