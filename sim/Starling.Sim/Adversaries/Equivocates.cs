using System.Collections.Generic;
using Starling.Core.Engine;
using Starling.Core.Gossip;

namespace Starling.Sim.Adversaries;

/// <summary>
/// Signs two results of each piece that it runs, under the same number of the same log: one half of its neighbours gets the right one, the other half the wrong one,
/// so that no one log shows both. Serves both.
/// </summary>
internal sealed class Equivocates : Behaviour
{
    private const ulong Salt = 0x2FACE;

    private readonly Dictionary<(long Log, int Sequence), AttestationBatch> _second = [];

    public override TaskMessage? Rewrite(LinkId link, TaskMessage message)
    {
        if (message is not TaskMessage.Attests attests || AdversaryHost.IsFavoured(link))
        {
            return message;
        }

        var batches = new List<AttestationBatch>();
        foreach (AttestationBatch batch in attests.Batches)
        {
            batches.Add(batch.Worker == Host.Identity.PublicKey ? SecondOf(batch) : batch);
        }

        return new TaskMessage.Attests(batches, attests.Positions);
    }

    private AttestationBatch SecondOf(AttestationBatch first)
    {
        if (!_second.TryGetValue((first.Log, first.Sequence), out AttestationBatch? second))
        {
            var entries = new List<Attestation>();
            foreach (Attestation entry in first.Entries)
            {
                entries.Add(new Attestation(entry.Piece, WrongResult(entry.Piece, Salt)));
            }

            second = AttestationBatchCodec.Sign(Host.Identity, Host.World.Task.Id, first.Log, first.Sequence, first.EnvironmentClass, entries);
            _second.Add((first.Log, first.Sequence), second);
        }

        return second;
    }
}
