using System;
using System.Collections.Generic;
using Starling.Core.Primitives;

namespace Starling.Runtime.Network;

/// <summary>What a <see cref="DhtService"/> is told at its start.</summary>
public sealed record DhtServiceOptions
{
    /// <summary>Nodes to begin with, as <c>HOST:PORT</c>: routers, those of the task file, peers of a link.</summary>
    public IReadOnlyList<string> Nodes { get; init; } = [];

    /// <summary>Absolute path of the file that keeps known nodes from one run to the next; null: none.</summary>
    public string? File { get; init; }

    /// <summary>Whether the file is this process's alone, so that its node id is kept too: two nodes with one id would be taken for one.</summary>
    public bool IsFileMine { get; init; }

    /// <summary>Whether it only looks: the file is not written, and other nodes are asked not to remember this one (BEP 43).</summary>
    public bool IsReadOnly { get; init; }

    /// <summary>Told of names that can't be resolved; from any thread.</summary>
    public Action<Problem>? Failed { get; init; }
}
