using System;
using System.Collections.Generic;
using Starling.Core.Engine;
using Starling.Core.Gossip;
using Starling.Core.Wire;
using Starling.Core.Swarm;

namespace Starling.Sim.Adversaries;

/// <summary>
/// Keeps everything that anybody signed and says it again: old claims as if they had just been made, attestations in any order, to everybody; also
/// those that it kept from an earlier life. Computes nothing.
/// </summary>
internal sealed class Replays : Behaviour
{
    private const int MostKept = 4_096;
    private const int AtOnce = 32;

    private readonly List<AttestationBatch> _attests = [];
    private readonly List<ClaimBatch> _claims = [];

    public override bool MayCompute => false;

    public override bool Listens => true;

    public override TimeSpan Every => TimeSpan.FromMilliseconds(500);

    public override void OnHeard(AttestationBatch batch)
    {
        if (_attests.Count < MostKept)
        {
            _attests.Add(batch);
        }
    }

    public override void OnSaid(PeerMessage message)
    {
        if (message is PeerMessage.Extended extended
            && LinkHandshake.ExtensionName(extended.Id) == TaskMessageCodec.ClaimName
            && TaskMessageCodec.TryDecode(TaskMessageCodec.ClaimName, extended.Payload, out TaskMessage? said)
            && said is TaskMessage.Claims claims)
        {
            foreach (AgedClaimBatch aged in claims.Batches)
            {
                if (_claims.Count < MostKept)
                {
                    _claims.Add(aged.Batch);
                }
            }
        }
    }

    public override void Act()
    {
        foreach (LinkId link in Host.Peers)
        {
            var claims = new List<AgedClaimBatch>();
            for (int i = 0; i < AtOnce && _claims.Count > 0; i++)
            {
                claims.Add(new AgedClaimBatch(_claims[Host.Random.Next(_claims.Count)], TimeSpan.Zero));
            }

            Host.Say(link, new TaskMessage.Claims(claims));
            if (_attests.Count > 0)
            {
                Host.Say(link, new TaskMessage.Attests([_attests[Host.Random.Next(_attests.Count)]], []));
            }
        }
    }
}
