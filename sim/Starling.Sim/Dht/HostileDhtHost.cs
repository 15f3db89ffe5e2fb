using System.Collections.Generic;
using Starling.Core.Dht;
using Starling.Core.Dht.Krpc;
using Starling.Core.Primitives;

namespace Starling.Sim.Dht;

/// <summary>How a hostile node answers.</summary>
internal enum DhtHostility
{
    /// <summary>Not at all.</summary>
    Silent,

    /// <summary>Under an id right beside the target, which does not fit its address, with a token, and forgets what it is told.</summary>
    LyingId,

    /// <summary>With other hostile nodes, under ids as close to the target as their addresses allow, and forgets what it is told.</summary>
    Colluding,

    /// <summary>With peers that do not exist, otherwise like <see cref="Colluding"/>.</summary>
    WrongPeers,

    /// <summary>Rightly, but gives no token and takes no announcement.</summary>
    NoToken,
}

/// <summary>A node that asks like an honest one, so that others know it, and answers as its kind does.</summary>
internal sealed class HostileDhtHost(DhtWorld world, int number, PeerAddress address, DhtHostility hostility) : DhtHost(world, number, address)
{
    private const int NodesTold = 8;
    private const int PeersTold = 50;

    private readonly KrpcWriter _writer = new();

    public override bool IsHostile => true;

    public override void Receive(PeerAddress from, byte[] datagram)
    {
        if (!IsThere)
        {
            return;
        }

        if (KrpcReader.Read(datagram, out _) is not KrpcQuery query)
        {
            base.Receive(from, datagram);
        }
        else if (hostility == DhtHostility.NoToken)
        {
            AnswerWithoutToken(from, query);
        }
        else if (hostility != DhtHostility.Silent)
        {
            World.Send(this, from, _writer.Write(Lie(from, query)));
        }
    }

    /// <summary>The id closest to a target that fits an address: of the eight prefixes that BEP 42 allows the best, then the target's own bits.</summary>
    private static NodeId ClosestFitting(NodeId target, PeerAddress address)
    {
        NodeId best = default;
        byte[] bytes = target.ToArray();
        for (int choice = 0; choice < 8; choice++)
        {
            bytes[^1] = (byte)((bytes[^1] & 0xf8) | choice);
            NodeId id = SecureNodeId.WithPrefix(new NodeId(bytes), address);
            best = choice == 0 || target.CompareDistance(id, best) < 0 ? id : best;
        }

        return best;
    }

    private KrpcReply Lie(PeerAddress from, KrpcQuery query)
    {
        NodeId target = query.Method == KrpcMethod.Ping ? Node.IdOf(isV6: false)!.Value : query.Target;
        byte[] beside = target.ToArray();
        beside[^1] ^= (byte)(1 + World.Random.Next(255));
        var nodes = new List<DhtContact>();
        foreach (PeerAddress accomplice in World.HostileAddresses(NodesTold))
        {
            nodes.Add(new DhtContact(ClosestFitting(target, accomplice), accomplice));
        }

        var peers = new List<PeerAddress>();
        for (int i = 0; i < PeersTold && hostility == DhtHostility.WrongPeers && query.Method == KrpcMethod.GetPeers; i++)
        {
            peers.Add(World.NewAddress());
        }

        return new KrpcReply
        {
            Transaction = query.Transaction,
            Id = query.Method == KrpcMethod.Ping ? target : hostility == DhtHostility.LyingId ? new NodeId(beside) : ClosestFitting(target, Address),
            SeenAs = new PeerAddress(from.Ip ^ 0x55, from.Port),
            Nodes = query.Method is KrpcMethod.FindNode or KrpcMethod.GetPeers ? nodes : null,
            Values = peers,
            Token = query.Method == KrpcMethod.GetPeers ? new byte[4] : default,
        };
    }

    private void AnswerWithoutToken(PeerAddress from, KrpcQuery query)
    {
        if (query.Method is KrpcMethod.Ping or KrpcMethod.FindNode)
        {
            base.Receive(from, _writer.Write(query));
        }
        else if (query.Method == KrpcMethod.GetPeers)
        {
            base.Receive(from, _writer.Write(query with { Method = KrpcMethod.FindNode }));
        }
        else
        {
            World.Send(this, from, _writer.Write(new KrpcFailure(KrpcErrorCode.Protocol, "bad token") { Transaction = query.Transaction }));
        }
    }
}
