using System.Threading;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Runtime.Machine;

namespace Starling.Runtime.Execution;

/// <summary>Whether the image of a task has the programs that the task needs: looked at once, before the first run in it.</summary>
internal sealed class ImageNeeds(RunSite site, TaskInfo task, string scratch)
{
    private readonly Lock _gate = new();
    private bool _isKnown;
    private Problem? _missing;

    /// <summary>What it lacks; null: nothing. The image is prepared.</summary>
    public Problem? Missing()
    {
        lock (_gate)
        {
            if (!_isKnown && task.Needs.Programs.Count > 0)
            {
                using var programs = new WalledPrograms(site, task, scratch);
                _missing = NeedsCheck.Unmet(NeedsCheck.Check(new NeedsSpec { Programs = task.Needs.Programs }, ".", programs)) is { } missing
                    ? new Problem("needs", $"in its image the task needs {missing}", "Put the program into the image, or leave it out of needs.programs.")
                    : null;
            }

            _isKnown = true;
            return _missing;
        }
    }
}
