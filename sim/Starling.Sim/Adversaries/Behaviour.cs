using System;
using Starling.Core.Engine;
using Starling.Core.Gossip;
using Starling.Core.Pieces;
using Starling.Core.Wire;

namespace Starling.Sim.Adversaries;

/// <summary>One way of not playing by the rules. A host has one or several; each sees all that the host's node does before it happens.</summary>
internal abstract class Behaviour
{
    /// <summary>Whether <see cref="OnSaid"/> is to be called: it costs a look into every frame.</summary>
    public virtual bool Listens => false;

    /// <summary>How often <see cref="Act"/> is called while the host is up; zero: never.</summary>
    public virtual TimeSpan Every => TimeSpan.Zero;

    /// <summary>Whether its node runs pieces; one behaviour that says no is enough.</summary>
    public virtual bool MayCompute => true;

    /// <summary>Slots that its node says it has; 0: as all.</summary>
    public virtual int Slots => 0;

    /// <summary>Whom it behaves for.</summary>
    protected AdversaryHost Host { get; private set; } = null!;

    public void Attach(AdversaryHost host) => Host = host;

    /// <summary>The host starts, again or for the first time.</summary>
    public virtual void OnStart()
    {
    }

    /// <summary>What is to become of an effect of the node: itself, another one, or null when it does not happen.</summary>
    public virtual NodeEffect? Rewrite(NodeEffect effect) => effect;

    /// <summary>What its node tells a peer: the same, something else, or null for nothing.</summary>
    public virtual TaskMessage? Rewrite(LinkId link, TaskMessage message) => message;

    /// <summary>The node took in somebody's attestations.</summary>
    public virtual void OnHeard(AttestationBatch batch)
    {
    }

    /// <summary>A peer said something on an established link.</summary>
    public virtual void OnSaid(PeerMessage message)
    {
    }

    /// <summary>What a run gives; null: what it should.</summary>
    public virtual byte[]? OutputOf(int piece) => null;

    /// <summary>Seconds of a run; null: as on other machines.</summary>
    public virtual double? DurationOf(int piece) => null;

    /// <summary>A block that is asked for: false: it is not sent.</summary>
    public virtual bool Serves(NodeEffect.SendBlock block, ref byte[] data) => true;

    public virtual void Act()
    {
    }

    /// <summary>Something wrong that is right in form: the same for all who use the same <paramref name="salt"/>.</summary>
    protected byte[] WrongContent(int piece, ulong salt)
    {
        var wrong = new byte[Math.Max(1, Host.RightContent(piece).Length)];
        new Core.Primitives.DeterministicRandom((ulong)piece ^ salt).Fill(wrong);
        return wrong;
    }

    protected ResultId WrongResult(int piece, ulong salt) => MerkleTree.ResultOf(WrongContent(piece, salt));
}
