using System.Collections.Generic;
using Starling.Core.Gossip;

namespace Starling.Sim.Adversaries;

/// <summary>Runs nothing and attests whatever anybody else attests, at once, to be taken for a worker.</summary>
internal sealed class Copies : Behaviour
{
    private readonly HashSet<int> _said = [];
    private SignedLog? _log;

    public override bool MayCompute => false;

    public override void OnStart() => _log = null;

    public override void OnHeard(AttestationBatch batch)
    {
        var entries = new List<Attestation>();
        foreach (Attestation entry in batch.Entries)
        {
            if (_said.Add(entry.Piece))
            {
                entries.Add(entry);
            }
        }

        if (entries.Count == 0)
        {
            return;
        }

        _log ??= new SignedLog(Host.Identity, Host.World.NextLog());
        if (Host.World.Options.Sealed > 0)
        {
            // What it copies it seals, late as it is, and opens at once.
            Say(_log.Seal(Host.World.Task.Id, entries));
            Say(_log.Open(Host.World.Task.Id, entries));
        }
        else
        {
            Say(_log.Sign(Host.World.Task.Id, entries));
        }
    }

    private void Say(AttestationBatch batch)
    {
        foreach (Core.Engine.LinkId link in Host.Peers)
        {
            Host.Say(link, new TaskMessage.Attests([batch], []));
        }
    }
}
