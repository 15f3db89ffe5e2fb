using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Runtime.Identity;
using Starling.Runtime.Tasks;
using Starling.Torrents;

namespace Starling.Commands;

/// <summary>The TASK of a command line: a task file of any form, or a magnet link.</summary>
internal sealed record TaskArgument
{
    // Enough of a task id to tell tasks apart in one folder.
    private const int ShortIdLength = 16;

    /// <summary>The task; null for a link.</summary>
    public TaskFile? File { get; private init; }

    /// <summary>The link; null for a file.</summary>
    public MagnetLink? Magnet { get; private init; }

    /// <summary>The inputs that are here.</summary>
    public IReadOnlyList<LocalInput> Inputs { get; private init; } = [];

    /// <summary>Whether the task names its members by key.</summary>
    public bool NamesMembers => File is { Info.Members.Count: > 0 } || Magnet is { NamesMembers: true };

    /// <summary>What the output folder is called unless the owner names one.</summary>
    public string FolderName => File?.Info.Name ?? Magnet!.Name ?? Magnet!.TaskId.ToString()[..ShortIdLength];

    /// <summary>Opens it.</summary>
    /// <param name="text">As it was typed.</param>
    /// <param name="magnets">Gets the metadata of inputs that are magnet links.</param>
    /// <param name="data">The chunks of a CompTorrent file; null: none were named.</param>
    /// <param name="argument">The task.</param>
    /// <param name="problem">Why not.</param>
    public static bool TryLoad(
        string text, MagnetInputs magnets, DataFolder? data, [NotNullWhen(true)] out TaskArgument? argument, [NotNullWhen(false)] out Problem? problem)
    {
        argument = null;
        if (!new TaskLoader(new Ed25519Verifier(), magnets.TryFetch, data).TryLoad(text, out LoadedTask? loaded, out problem))
        {
            return false;
        }

        argument = loaded switch
        {
            LoadedTask.Here here => new TaskArgument
            {
                File = here.Prepared.Task,
                Inputs = here.Prepared.Inputs,
            },
            LoadedTask.Linked linked => new TaskArgument { Magnet = linked.Link },
            _ => throw new NotSupportedException($"No way to run {loaded.GetType().Name}."),
        };
        return true;
    }

    /// <summary>The link that brings others to these peers.</summary>
    public MagnetLink LinkTo(IReadOnlyList<string> addresses) => File is not null ? MagnetLink.Of(File, addresses) : Magnet! with { Peers = addresses };
}
