using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using Starling.Core.Engine;
using Starling.Core.Gossip;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Scheduling;
using Starling.Core.Swarm;
using Starling.Core.Wire;
using Starling.Tests.Core.Crypto;

namespace Starling.Tests.Core.Swarm;

/// <summary>What the parts of a swarm work on, with established links to made-up neighbours, and what they sent as messages.</summary>
internal sealed class SwarmParts
{
    public SwarmParts(int pieces, NodeOptions? options = null, string self = "me")
    {
        options ??= new NodeOptions { TaskId = TaskId, Incarnation = 1 };
        Context = new NodeContext(options, new StandInIdentity(self), new StandInVerifier(), seed: 1) { Now = Instant.FromSeconds(100) };
        Links = new LinkTable(Context);
        Map = new PieceMap(TaskId, pieces);
        Scheduler = new WorkScheduler(pieces, Context.Self, new SchedulingOptions(), Context.Random) { Slots = options.Slots };
    }

    public static Hash256 TaskId { get; } = Hash256.Of("task"u8);

    public NodeContext Context { get; }

    public LinkTable Links { get; }

    public PieceMap Map { get; }

    public WorkScheduler Scheduler { get; }

    public IEnumerable<NodeEvent> Events => Context.Effects.OfType<NodeEffect.Report>().Select(report => report.Event);

    public PeerLink AddLink(string name)
    {
        var link = new PeerLink(
            new LinkId(Links.Count + 1), PeerAddress.From(IPAddress.Loopback, 1000 + Links.Count), outgoing: false, default, default, Context.Now)
        {
            Key = new StandInIdentity(name).PublicKey,
        };
        for (int i = 0; i < TaskMessageCodec.Names.Count; i++)
        {
            link.ExtensionIds[TaskMessageCodec.Names[i]] = (byte)(i + 1);
        }

        Links.Add(link);
        Links.Establish(link);
        return link;
    }

    public void Pass(double seconds) => Context.Now += TimeSpan.FromSeconds(seconds);

    /// <summary>The messages sent to one neighbour since the last time, of the peer protocol and of the task.</summary>
    public List<object> TakeSent(PeerLink link)
    {
        var sent = new List<object>();
        foreach (NodeEffect.Send send in Context.Effects.OfType<NodeEffect.Send>().Where(send => send.Link == link.Id))
        {
            Assert.True(PeerMessageCodec.TryDecode(send.Bytes[PeerMessageCodec.PrefixSize..], out PeerMessage? message));
            if (message is PeerMessage.Extended extended)
            {
                Assert.True(TaskMessageCodec.TryDecode(TaskMessageCodec.Names[extended.Id - 1], extended.Payload, out TaskMessage? task));
                sent.Add(task);
            }
            else
            {
                sent.Add(message);
            }
        }

        Context.Effects.RemoveAll(effect => effect is NodeEffect.Send send && send.Link == link.Id);
        return sent;
    }
}
