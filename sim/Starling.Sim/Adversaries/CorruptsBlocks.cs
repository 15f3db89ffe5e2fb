using Starling.Core.Engine;

namespace Starling.Sim.Adversaries;

/// <summary>Computes, but every block that it sends has a wrong byte.</summary>
internal sealed class CorruptsBlocks : Behaviour
{
    public override bool Serves(NodeEffect.SendBlock block, ref byte[] data)
    {
        data[Host.Random.Next(data.Length)] ^= 1;
        return true;
    }
}
