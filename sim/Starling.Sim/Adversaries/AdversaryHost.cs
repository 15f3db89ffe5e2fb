using System;
using System.Collections.Generic;
using Starling.Core.Engine;
using Starling.Core.Gossip;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Swarm;
using Starling.Core.Wire;
using Starling.Sim.Swarms;

namespace Starling.Sim.Adversaries;

/// <summary>
/// A real node, so that it gets past every handshake, behind behaviours that change what it does and says, and that may say what no node would.
/// </summary>
internal sealed class AdversaryHost : SimHost
{
    private readonly IReadOnlyList<Behaviour> _behaviours;
    private readonly Dictionary<long, int> _framesFrom = [];
    private readonly bool _listens;
    private IReadOnlyList<PeerAddress> _known = [];

    public AdversaryHost(SimWorld world, int number, IReadOnlyList<Behaviour> behaviours, ulong seed)
        : base(world, number, new SimHostTraits(1), seed)
    {
        _behaviours = behaviours;
        foreach (Behaviour behaviour in behaviours)
        {
            behaviour.Attach(this);
            _listens |= behaviour.Listens;
        }
    }

    public override bool IsHonest => false;

    public new SimWorld World => base.World;

    public new DeterministicRandom Random => base.Random;

    /// <summary>Links on which both sides know each other, in the order in which they were opened.</summary>
    public IEnumerable<LinkId> Peers
    {
        get
        {
            foreach (long link in new List<long>(OpenLinks))
            {
                // Handshake and identity have come: the node has answered both.
                if (_framesFrom.GetValueOrDefault(link) >= 2)
                {
                    yield return new LinkId(link);
                }
            }
        }
    }

    /// <summary>Whether the peer at this link is one of the half that is treated better.</summary>
    public static bool IsFavoured(LinkId link) => (link.Value & 2) != 0;

    /// <summary>Whether it does this among other things.</summary>
    public bool Does<T>()
        where T : Behaviour
    {
        foreach (Behaviour behaviour in _behaviours)
        {
            if (behaviour is T)
            {
                return true;
            }
        }

        return false;
    }

    protected override bool MayCompute
    {
        get
        {
            bool may = true;
            foreach (Behaviour behaviour in _behaviours)
            {
                may &= behaviour.MayCompute;
            }

            return may;
        }
    }

    protected override int Slots
    {
        get
        {
            int slots = base.Slots;
            foreach (Behaviour behaviour in _behaviours)
            {
                slots = Math.Max(slots, behaviour.Slots);
            }

            return slots;
        }
    }

    public override void Start(IReadOnlyList<PeerAddress> known)
    {
        _known = known;
        _framesFrom.Clear();
        base.Start(known);
        foreach (Behaviour behaviour in _behaviours)
        {
            behaviour.OnStart();
            if (behaviour.Every > TimeSpan.Zero)
            {
                Repeat(behaviour);
            }
        }
    }

    /// <summary>Comes back as somebody else at once.</summary>
    public void StartUnderAnotherName()
    {
        Crash(CrashKind.MachineLost);
        Start(_known);
    }

    public override void Take(int life, NodeInput input, bool more = false)
    {
        if (input is NodeInput.FrameReceived frame)
        {
            int frames = _framesFrom[frame.Link.Value] = _framesFrom.GetValueOrDefault(frame.Link.Value) + 1;
            if (_listens && frames > 2 && life == Life && PeerMessageCodec.TryDecode(frame.Frame, out PeerMessage? message))
            {
                foreach (Behaviour behaviour in _behaviours)
                {
                    behaviour.OnSaid(message);
                }
            }
        }

        base.Take(life, input, more);
    }

    public override double DurationOfRun(int piece)
    {
        foreach (Behaviour behaviour in _behaviours)
        {
            if (behaviour.DurationOf(piece) is { } seconds)
            {
                return seconds;
            }
        }

        return base.DurationOfRun(piece);
    }

    public byte[] RightContent(int piece) => World.RightContent(piece);

    /// <summary>Does something later, if this life lasts so long.</summary>
    public void After(TimeSpan delay, Action action) => Later(delay, action);

    /// <summary>Says to the node that something happened.</summary>
    public void Tell(NodeInput input) => Take(Life, input);

    /// <summary>What the node would have done by itself.</summary>
    public void Do(NodeEffect effect) => base.Execute(effect);

    public void Say(LinkId link, TaskMessage message)
    {
        (string name, byte[] payload) = TaskMessageCodec.Encode(message);
        for (byte id = 1; LinkHandshake.ExtensionName(id) is { } known; id++)
        {
            if (known == name)
            {
                Say(link, new PeerMessage.Extended(id, payload));
            }
        }
    }

    public void Say(LinkId link, PeerMessage message) => SayRaw(link, PeerMessageCodec.Encode(message).AsMemory(PeerMessageCodec.PrefixSize));

    public void SayRaw(LinkId link, ReadOnlyMemory<byte> frame) => World.Network.Send(this, link, frame);

    protected override void Execute(NodeEffect effect)
    {
        if (effect is NodeEffect.SaveBatch save && AttestationBatchCodec.TryDecode(save.Batch, out AttestationBatch? batch))
        {
            foreach (Behaviour behaviour in _behaviours)
            {
                behaviour.OnHeard(batch);
            }
        }

        NodeEffect? rest = effect;
        foreach (Behaviour behaviour in _behaviours)
        {
            rest = rest is null ? null : behaviour.Rewrite(rest);
            rest = rest is NodeEffect.Send send ? Rewrite(behaviour, send) : rest;
        }

        if (rest is not null)
        {
            base.Execute(rest);
        }
    }

    protected override byte[] OutputOf(int piece, out ResultId result)
    {
        foreach (Behaviour behaviour in _behaviours)
        {
            if (behaviour.OutputOf(piece) is { } content)
            {
                result = MerkleTree.ResultOf(content);
                return content;
            }
        }

        return base.OutputOf(piece, out result);
    }

    protected override void SendBlock(NodeEffect.SendBlock block)
    {
        if (Disk.Read(block.Piece, block.Result) is not { } content)
        {
            return;
        }

        byte[] data = content.AsSpan(block.Begin, block.Length).ToArray();
        foreach (Behaviour behaviour in _behaviours)
        {
            if (!behaviour.Serves(block, ref data))
            {
                return;
            }
        }

        SendBlock(block.Link, block.Piece, block.Begin, data);
    }

    private NodeEffect? Rewrite(Behaviour behaviour, NodeEffect.Send send)
    {
        // The handshake has no length prefix and is never an extended message.
        if (send.Bytes.Length <= PeerMessageCodec.PrefixSize
            || !PeerMessageCodec.TryDecode(send.Bytes[PeerMessageCodec.PrefixSize..], out PeerMessage? message)
            || message is not PeerMessage.Extended extended
            || LinkHandshake.ExtensionName(extended.Id) is not { } name
            || !TaskMessageCodec.TryDecode(name, extended.Payload, out TaskMessage? said))
        {
            return send;
        }

        TaskMessage? instead = behaviour.Rewrite(send.Link, said);
        return ReferenceEquals(instead, said) ? send
            : instead is null ? null
            : send with { Bytes = PeerMessageCodec.EncodeExtended(extended.Id, TaskMessageCodec.Encode(instead).Payload) };
    }

    private void Repeat(Behaviour behaviour) => Later(behaviour.Every, () =>
    {
        behaviour.Act();
        Repeat(behaviour);
    });
}
