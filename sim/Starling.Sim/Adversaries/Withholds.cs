using Starling.Core.Engine;
using Starling.Core.Gossip;

namespace Starling.Sim.Adversaries;

/// <summary>Takes part in everything, and never sends a block or a block hash.</summary>
internal class Withholds : Behaviour
{
    public override NodeEffect? Rewrite(NodeEffect effect) => effect is NodeEffect.LoadLeaves ? null : effect;

    public override TaskMessage? Rewrite(LinkId link, TaskMessage message) => message is TaskMessage.Proof ? null : message;

    public override bool Serves(NodeEffect.SendBlock block, ref byte[] data) => false;
}
