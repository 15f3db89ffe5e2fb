using System.Collections.Generic;
using Starling.Core.Engine;
using Starling.Core.Gossip;

namespace Starling.Sim.Adversaries;

/// <summary>
/// Computes, and is silent where it pleases: to half of its neighbours it says nothing at all, not even what it runs and what came out, nor answers; to the
/// others it passes on nothing of anybody else.
/// </summary>
internal sealed class IsSilentToHalf : Behaviour
{
    public override NodeEffect? Rewrite(NodeEffect effect) =>
        effect is NodeEffect.SendBlock block && !AdversaryHost.IsFavoured(block.Link) ? null : effect;

    public override TaskMessage? Rewrite(LinkId link, TaskMessage message)
    {
        if (!AdversaryHost.IsFavoured(link))
        {
            return null;
        }

        switch (message)
        {
            case TaskMessage.Claims claims:
                var mine = new List<AgedClaimBatch>(claims.Batches);
                mine.RemoveAll(aged => aged.Batch.Worker != Host.Identity.PublicKey);
                return new TaskMessage.Claims(mine);
            case TaskMessage.Attests attests:
                var own = new List<AttestationBatch>(attests.Batches);
                own.RemoveAll(batch => batch.Worker != Host.Identity.PublicKey);
                return new TaskMessage.Attests(own, attests.Positions);
            default:
                return message;
        }
    }
}
