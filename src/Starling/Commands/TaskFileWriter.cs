using System.Diagnostics.CodeAnalysis;
using Starling.Core.Primitives;
using Starling.Core.Tasks;

namespace Starling.Commands;

/// <summary>Writes task files: whole or not at all, and for the owner alone when they hold a secret.</summary>
internal static class TaskFileWriter
{
    public static bool TryWrite(string path, TaskFile task, [NotNullWhen(false)] out Problem? problem) =>
        WholeFile.TryWrite(path, TaskFileCodec.Encode(task), out problem, forOwnerAlone: task.IsMemberSwarm);
}
