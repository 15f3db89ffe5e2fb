using System.Linq;
using Starling.Core.Engine;
using Starling.Core.Exchange;
using Starling.Core.Gossip;
using Starling.Core.Pieces;
using Starling.Core.Swarm;
using Starling.Tests.Core.Swarm;

namespace Starling.Tests.Core.Exchange;

/// <summary>Who is told the block hashes of what is held here.</summary>
public sealed class ProofServerTests
{
    private static readonly ResultId _result = MerkleTree.ResultOf("yes"u8);

    private readonly SwarmParts _parts = new(pieces: 2);
    private bool _hidden;

    [Fact]
    public void A_result_that_is_still_sealed_is_not_confirmed_to_whoever_guesses_it()
    {
        var proofs = new ProofServer(_parts.Context, _parts.Map, _parts.Links, _ => _hidden);
        PeerLink peer = _parts.AddLink("peer");
        _parts.Map.SetHeld(0, _parts.Map.Add(0, _result), held: true);

        _hidden = true;
        proofs.OnRequest(peer, new TaskMessage.ProofRequest(0, _result));
        Assert.Empty(_parts.Context.Effects.OfType<NodeEffect.LoadLeaves>());
        proofs.OnRequest(peer, new TaskMessage.ProofRequest(0, MerkleTree.ResultOf("no"u8)));
        Assert.All(_parts.TakeSent(peer), answer => Assert.Empty(Assert.IsType<TaskMessage.Proof>(answer).Leaves));

        _hidden = false;
        proofs.OnRequest(peer, new TaskMessage.ProofRequest(0, _result));
        Assert.Single(_parts.Context.Effects.OfType<NodeEffect.LoadLeaves>());
    }
}
