using System.Collections.Generic;
using Starling.Core.Gossip;
using Starling.Core.Wire;

namespace Starling.Sim.Adversaries;

/// <summary>Computes nothing and says at once that it holds whatever anybody attests, in <c>st_held</c> and in <c>have</c>; asked, it is silent.</summary>
internal sealed class FalseHaves : Withholds
{
    public override bool MayCompute => false;

    public override void OnHeard(AttestationBatch batch)
    {
        var held = new List<Attestation>(batch.Entries);
        foreach (Core.Engine.LinkId link in Host.Peers)
        {
            Host.Say(link, new TaskMessage.Held(held));
            foreach (Attestation entry in held)
            {
                Host.Say(link, new PeerMessage.Have(entry.Piece));
            }
        }
    }
}
