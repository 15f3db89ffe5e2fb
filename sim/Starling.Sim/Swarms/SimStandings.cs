using System.Collections.Generic;
using Starling.Core.Primitives;
using Starling.Core.Verification;

namespace Starling.Sim.Swarms;

/// <summary>What one owner knows of others, kept over restarts.</summary>
/// <param name="confirmed">Results that were confirmed of everybody in earlier tasks.</param>
internal sealed class SimStandings(int confirmed) : IStandings
{
    private readonly Dictionary<PublicKey, Standing> _known = [];

    public StandingRecord? Of(PublicKey worker) => _known.TryGetValue(worker, out Standing? standing) ? standing.ToRecord()
        : confirmed > 0 ? new StandingRecord(confirmed, 0, confirmed, 0, StandingOverride.None)
        : null;

    /// <summary>Results of a worker that were confirmed in this task.</summary>
    public int ConfirmedHere(PublicKey worker) => _known.TryGetValue(worker, out Standing? standing) ? standing.Confirmed - confirmed : 0;

    public void Apply(PublicKey worker, StandingChange change)
    {
        if (!_known.TryGetValue(worker, out Standing? standing))
        {
            _known.Add(worker, standing = Of(worker) is { } record ? new Standing(record) : new Standing());
        }

        standing.Apply(change);
    }
}
