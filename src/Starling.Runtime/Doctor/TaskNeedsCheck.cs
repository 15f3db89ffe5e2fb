using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Starling.Runtime.Machine;

namespace Starling.Runtime.Doctor;

/// <summary>What a task needs of the machine to be computed here.</summary>
/// <param name="options">The needs, and the folder whose disk counts.</param>
internal sealed class TaskNeedsCheck(ExaminationOptions options) : ICheck
{
    public string Name => "needs";

    public Task<IReadOnlyList<Finding>> RunAsync(CancellationToken cancellation)
    {
        IReadOnlyList<NeedFinding> needs =
            options.Needs is { } spec ? NeedsCheck.Check(spec, options.Folder, new HostPrograms(options.MayRunPrograms)) : [];
        return Task.FromResult<IReadOnlyList<Finding>>([.. needs.Select(need => need.IsMet
            ? new Finding(Name, need.Need, Health.Ok, need.Found)
            : new Finding(Name, need.Need, Health.Warning, $"{need.Found}: this machine only downloads", "Install or add what is missing, then it computes too"))]);
    }
}
