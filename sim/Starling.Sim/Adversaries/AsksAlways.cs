using System;
using Starling.Core.Engine;
using Starling.Core.Gossip;
using Starling.Core.Pieces;
using Starling.Core.Wire;

namespace Starling.Sim.Adversaries;

/// <summary>Does nothing but ask: for every block and every proof, again and again.</summary>
internal sealed class AsksAlways : Behaviour
{
    private const int AtOnce = 64;

    public override bool MayCompute => false;

    public override TimeSpan Every => TimeSpan.FromMilliseconds(500);

    public override void Act()
    {
        foreach (LinkId link in Host.Peers)
        {
            Host.Say(link, new PeerMessage.Interested());
            for (int i = 0; i < AtOnce; i++)
            {
                int piece = Host.Random.Next(Host.World.Task.Info.PieceCount);
                ResultId result = Host.World.ExpectedOf(piece);
                if (result.Length > 0)
                {
                    int block = Host.Random.Next(result.BlockCount);
                    int length = Math.Min(MerkleTree.BlockSize, result.Length - (block * MerkleTree.BlockSize));
                    Host.Say(link, new PeerMessage.Request(piece, block * MerkleTree.BlockSize, length));
                    Host.Say(link, new TaskMessage.ProofRequest(piece, result));
                }
            }
        }
    }
}
