using System;
using System.Collections.Generic;
using Starling.Core.Engine;
using Starling.Core.Gossip;

namespace Starling.Sim.Adversaries;

/// <summary>
/// Claims and never runs: its node believes that it has very many slots, fills them all by the rules, and each run goes on for ever. Besides it claims
/// random pieces with made-up ages, as no node would.
/// </summary>
internal sealed class HoardsClaims : Behaviour
{
    private const int ManySlots = 256;

    private long _sequence = 1L << 40;

    public override TimeSpan Every => TimeSpan.FromMilliseconds(500);

    public override int Slots => ManySlots;

    public override NodeEffect? Rewrite(NodeEffect effect)
    {
        switch (effect)
        {
            case NodeEffect.StartJob:
                return null;
            case NodeEffect.KillJob kill:
                Host.After(TimeSpan.FromMilliseconds(1), () => Host.Tell(new NodeInput.JobExited(kill.Job, new JobOutcome.Killed { Elapsed = TimeSpan.Zero })));
                return null;
            default:
                return effect;
        }
    }

    /// <summary>Every other host lets its node speak for it; of one worker only the batch with the highest number counts.</summary>
    public override void Act()
    {
        if (Host.Number % 2 == 0)
        {
            return;
        }

        var claims = new List<Claim>();
        int count = Host.World.Task.Info.PieceCount;
        int start = count <= ClaimBatch.MaxClaims ? 0 : Host.Random.Next(count - ClaimBatch.MaxClaims);
        for (int i = start; i < Math.Min(count, start + ClaimBatch.MaxClaims); i++)
        {
            claims.Add(new Claim(i, TimeSpan.FromSeconds(Host.Random.Next(1_000)), TimeSpan.FromDays(Host.Random.Next(300))));
        }

        ClaimBatch batch = ClaimBatchCodec.Sign(Host.Identity, Host.World.Task.Id, ++_sequence, claims);
        foreach (Core.Engine.LinkId link in Host.Peers)
        {
            Host.Say(link, new TaskMessage.Claims([new AgedClaimBatch(batch, TimeSpan.Zero)]));
        }
    }
}
