using Starling.Core.Tasks;

namespace Starling.Runtime.Tasks;

/// <summary>What the TASK of a command line turned out to be.</summary>
public abstract record LoadedTask
{
    private LoadedTask()
    {
    }

    /// <summary>A task that is here in whole.</summary>
    public sealed record Here(PreparedTask Prepared, TaskSignature Signature) : LoadedTask;

    /// <summary>A link: the task file is to be fetched from peers; then <see cref="InputFinder"/> looks for its inputs.</summary>
    public sealed record Linked(MagnetLink Link) : LoadedTask;
}
