using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using Starling.Core.Primitives;
using Starling.Core.Tasks;

namespace Starling.Runtime.Kernels;

/// <summary>All kernels by name; the only place that knows the list.</summary>
public static class KernelRegistry
{
    /// <summary>The names that a task may give, sorted.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        HashSearchKernel.Name,
        MandelbrotKernel.Name,
        RainbowTableKernel.Name,
        SaxpyKernel.Name,
        Sha256dSearchKernel.Name,
        SleepKernel.Name,
    ];

    /// <summary>
    /// Makes the kernel of a task, or says which parameter is wrong and what to write instead. Checks everything that can be known before
    /// the first run, so it serves <c>create</c> and <c>inspect</c> as well as the executor.
    /// </summary>
    /// <param name="spec">Name and parameters, as the task file has them.</param>
    /// <param name="task">The task: number of pieces, files and the largest result.</param>
    /// <param name="kernel">The kernel; it also implements <see cref="IKernelMerge"/> when its output is not the pieces in a row.</param>
    /// <param name="problem">Code <c>kernel</c>; the reason names the key, its value and the bounds.</param>
    public static bool TryCreate(
        RunSpec.Kernel spec,
        TaskInfo task,
        [NotNullWhen(true)] out IKernel? kernel,
        [NotNullWhen(false)] out Problem? problem)
    {
        kernel = null;
        var parameters = new KernelParameters(spec);
        IKernel? made = spec.Name switch
        {
            HashSearchKernel.Name => HashSearchKernel.Create(parameters, task),
            MandelbrotKernel.Name => MandelbrotKernel.Create(parameters, task),
            RainbowTableKernel.Name => RainbowTableKernel.Create(parameters, task),
            SaxpyKernel.Name => SaxpyKernel.Create(parameters, task),
            Sha256dSearchKernel.Name => Sha256dSearchKernel.Create(parameters, task),
            SleepKernel.Name => SleepKernel.Create(parameters, task),
            _ => null,
        };
        if (made is null && parameters.Problem is null)
        {
            parameters.Refuse(
                $"run.kernel: there is no kernel called '{KernelParameters.Quoted(spec.Name)}'",
                $"Use one of: {string.Join(", ", Names)}.");
        }

        problem = parameters.Finish();
        if (problem is not null)
        {
            return false;
        }

        kernel = made!;
        return true;
    }
}
