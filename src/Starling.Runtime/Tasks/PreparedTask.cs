using System;
using System.Collections.Generic;
using System.Linq;
using Starling.Core.Metainfo;
using Starling.Core.Primitives;
using Starling.Core.Tasks;

namespace Starling.Runtime.Tasks;

/// <summary>A task, and where its inputs are on this machine.</summary>
/// <param name="Task">The task.</param>
/// <param name="Inputs">The inputs that are here and have the right content, in the task's order.</param>
/// <param name="Missing">The inputs that are not: without them this machine cannot compute, only download.</param>
public sealed record PreparedTask(TaskFile Task, IReadOnlyList<LocalInput> Inputs, IReadOnlyList<MissingInput> Missing)
{
    /// <summary>The inputs that are here, by name.</summary>
    /// <exception cref="InvalidOperationException">A torrent that was made here can't be read back: a bug.</exception>
    public IReadOnlyDictionary<string, FoundInput> Found => Inputs.ToDictionary(
        static input => input.Input.Name,
        static input => input.Torrent.TryToFile(out TorrentFile? torrent, out Problem? problem)
            ? new FoundInput(input.Path, torrent.ToBytes())
            : throw new InvalidOperationException(problem.ToString()));
}

/// <summary>An input that is on this machine.</summary>
/// <param name="Path">Absolute path of the file or folder.</param>
/// <param name="Torrent">Its .torrent file.</param>
public sealed record FoundInput(string Path, ReadOnlyMemory<byte> Torrent);

/// <summary>An input that is not on this machine, and what to tell its owner.</summary>
public sealed record MissingInput(InputSpec Input, Problem Problem);
