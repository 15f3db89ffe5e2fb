using System;
using Starling.Core.Engine;
using Starling.Core.Gossip;
using Starling.Core.Wire;

namespace Starling.Sim.Adversaries;

/// <summary>
/// Says as much as it can, all of it in right form and rightly signed: new claims of its own, attestations of nothing that anybody asked for under ever new names,
/// positions of logs that there are not, things held, hints, and changes of interest.
/// </summary>
internal sealed class Floods : Behaviour
{
    /// <summary>Of each sort to each peer, ten times a second.</summary>
    private const int AtOnce = 10;

    private long _sequence = 1L << 40;
    private int _names;

    public override bool MayCompute => false;

    public override TimeSpan Every => TimeSpan.FromMilliseconds(100);

    public override void Act()
    {
        int pieces = Host.World.Task.Info.PieceCount;
        foreach (LinkId link in Host.Peers)
        {
            for (int i = 0; i < AtOnce; i++)
            {
                int piece = Host.Random.Next(pieces);
                var claim = new Claim(piece, TimeSpan.Zero, TimeSpan.FromSeconds(1));
                ClaimBatch mine = ClaimBatchCodec.Sign(Host.Identity, Host.World.Task.Id, ++_sequence, [claim]);
                ClaimBatch others = ClaimBatchCodec.Sign(NewName(), Host.World.Task.Id, 1, [claim]);
                Host.Say(link, new TaskMessage.Claims([new AgedClaimBatch(mine, TimeSpan.Zero), new AgedClaimBatch(others, TimeSpan.Zero)]));
                Host.Say(link, new TaskMessage.Attests([], [new LogPosition(NewName().PublicKey, 1, 1_000)]));
                Host.Say(link, new TaskMessage.Held([new Attestation(piece, WrongResult(piece, (ulong)_sequence))]));
                Host.Say(link, new TaskMessage.ProofRequest(piece, Host.World.ExpectedOf(piece)));
                Host.Say(link, new PeerMessage.Have(piece));
                Host.Say(link, i % 2 == 0 ? new PeerMessage.Interested() : new PeerMessage.NotInterested());
            }
        }
    }

    private Swarms.SimIdentity NewName() => new((Host.Number * 10_000_000) + (++_names), Host.World.Options.Seed ^ 0xF100D);
}
