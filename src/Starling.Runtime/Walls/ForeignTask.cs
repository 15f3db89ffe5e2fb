using System;
using Starling.Core.Primitives;
using Starling.Core.Tasks;

namespace Starling.Runtime.Walls;

/// <summary>Whether a task that is not the owner's (<see cref="TrustRule"/>) may run here: within walls, and with the network only if the owner says so.</summary>
public static class ForeignTask
{
    /// <summary>Why its commands don't run here; null: they do, within walls.</summary>
    /// <param name="foreign">Why it is not the owner's, as <see cref="TrustRule.Check"/> tells.</param>
    /// <param name="task">The task.</param>
    /// <param name="allowNetwork">Whether its commands get the network that it asks for.</param>
    /// <param name="noWalls">Why this machine has no walls; null: it has.</param>
    public static Problem? Refusal(Problem foreign, TaskInfo task, bool allowNetwork, Problem? noWalls)
    {
        ArgumentNullException.ThrowIfNull(foreign);
        ArgumentNullException.ThrowIfNull(task);
        if (task.Limits.Network != RunLimits.NoNetwork && !allowNetwork)
        {
            return new Problem(
                TrustRule.Code,
                $"the commands of task '{task.Name}' ask for the network",
                "Run it with --network if they may have it: they then reach whatever this machine reaches.");
        }

        // An image is another system: it runs within walls whoever made it.
        return noWalls is null ? null
            : task.Run is RunSpec.Container ? new Problem(
                TrustRule.Code,
                $"task '{task.Name}' runs in a container image, and there are no walls to run it in: {noWalls.Reason}",
                $"{noWalls.Hint} Or let Podman or Docker run it: --container-engine SOCKET.".TrimStart())
            : foreign with
            {
                Reason = $"{foreign.Reason}, for there are no walls to run it in: {noWalls.Reason}",
                Hint = $"{noWalls.Hint} Or {char.ToLowerInvariant(foreign.Hint[0])}{foreign.Hint[1..]}".TrimStart(),
            };
    }
}
