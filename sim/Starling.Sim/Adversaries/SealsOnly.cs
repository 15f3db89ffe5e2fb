using System.Collections.Generic;
using Starling.Core.Gossip;

namespace Starling.Sim.Adversaries;

/// <summary>Seals something for every piece that anybody else seals, and never opens it, so that others wait for it.</summary>
internal sealed class SealsOnly : Behaviour
{
    private readonly HashSet<int> _sealed = [];
    private SignedLog? _log;

    public override bool MayCompute => false;

    public override void OnStart() => _log = null;

    public override void OnHeard(AttestationBatch batch)
    {
        var entries = new List<Attestation>();
        foreach (Seal seal in batch.Seals)
        {
            if (_sealed.Add(seal.Piece))
            {
                entries.Add(new Attestation(seal.Piece, WrongResult(seal.Piece, salt: 1)));
            }
        }

        if (entries.Count > 0)
        {
            AttestationBatch mine = (_log ??= new SignedLog(Host.Identity, Host.World.NextLog())).Seal(Host.World.Task.Id, entries);
            foreach (Core.Engine.LinkId link in Host.Peers)
            {
                Host.Say(link, new TaskMessage.Attests([mine], []));
            }
        }
    }
}
