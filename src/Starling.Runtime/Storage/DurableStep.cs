using System.Collections.Generic;
using Starling.Core.Primitives;

namespace Starling.Runtime.Storage;

/// <summary>Results that become durable together, or not at all; it waits for the flush of its group. Used by the store's writer only.</summary>
internal sealed class DurableStep(IReadOnlyList<(ResultKey Key, FinishedContent Content)> results)
{
    /// <summary>The results to answer for.</summary>
    public IReadOnlyList<(ResultKey Key, FinishedContent Content)> Results { get; } = results;

    /// <summary>Results that this step adds: where among the group's contents, or -1 for a file.</summary>
    public Dictionary<ResultKey, int> Places { get; } = [];

    /// <summary>Results whose files this step put in their place.</summary>
    public HashSet<ResultKey> Placed { get; } = [];

    /// <summary>Why it failed.</summary>
    public Problem? Problem { get; set; }
}
