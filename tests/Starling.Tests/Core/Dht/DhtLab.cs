using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using Starling.Core.Dht;
using Starling.Core.Primitives;
using Starling.Tests.Core.Crypto;

namespace Starling.Tests.Core.Dht;

/// <summary>Some nodes whose datagrams arrive after ten milliseconds each, on a clock that stands still between steps.</summary>
internal sealed class DhtLab
{
    private static readonly TimeSpan Latency = TimeSpan.FromMilliseconds(10);

    private readonly List<(Instant At, PeerAddress From, PeerAddress To, byte[] Datagram)> _onTheWay = [];
    private readonly Dictionary<PeerAddress, DhtNode> _nodes = [];

    public Instant Now { get; private set; } = Instant.FromSeconds(1);

    /// <summary>What the nodes told besides datagrams.</summary>
    public List<(PeerAddress Node, DhtEffect Effect)> Told { get; } = [];

    /// <summary>Datagrams so far.</summary>
    public int Sent { get; private set; }

    /// <summary>Looks at each datagram; false: it gets lost.</summary>
    public Func<PeerAddress, PeerAddress, byte[], bool> Passes { get; set; } = (_, _, _) => true;

    public static PeerAddress At(int number, bool isV6 = false) =>
        PeerAddress.From(isV6 ? IPAddress.Parse($"2001:db8:{number:x}::1") : new IPAddress([50, (byte)(number >> 8), (byte)number, 1]), 6881);

    public DhtNode Add(PeerAddress address, DhtOptions? options = null)
    {
        var node = new DhtNode(
            options ?? new DhtOptions { Secret = new byte[16], UseV4 = address.IsV4, UseV6 = !address.IsV4 }, new StandInVerifier(), (ulong)(address.Ip ^ (address.Ip >> 64)));
        _nodes.Add(address, node);
        return node;
    }

    /// <summary>A net of nodes that all know the first one.</summary>
    public List<(PeerAddress Address, DhtNode Node)> AddNet(int count, bool isV6 = false)
    {
        var net = Enumerable.Range(1, count).Select(i => (At(i, isV6), Add(At(i, isV6)))).ToList();
        net.ForEach(one => one.Item2.AddNodes([net[0].Item1], isVouched: true, Now));
        RunFor(60);
        return net;
    }

    public void Remove(PeerAddress address) => _nodes.Remove(address);

    /// <summary>A datagram from nobody's node.</summary>
    public void Inject(PeerAddress from, PeerAddress to, byte[] datagram) => _onTheWay.Add((Now + Latency, from, to, datagram));

    public void RunFor(double seconds)
    {
        Instant end = Now + TimeSpan.FromSeconds(seconds);
        Collect();
        while (true)
        {
            Instant next = Instant.Never;
            foreach (DhtNode node in _nodes.Values)
            {
                next = Instant.Min(next, node.NextWake);
            }

            foreach (var one in _onTheWay)
            {
                next = Instant.Min(next, one.At);
            }

            if (next > end)
            {
                Now = end;
                return;
            }

            Now = next > Now ? next : Now;
            var due = _onTheWay.Where(one => one.At <= Now).ToList();
            _onTheWay.RemoveAll(one => one.At <= Now);
            foreach (var (_, from, to, datagram) in due)
            {
                if (_nodes.TryGetValue(to, out DhtNode? node))
                {
                    node.Receive(from, datagram, Now);
                }
            }

            foreach (DhtNode node in _nodes.Values)
            {
                if (node.NextWake <= Now)
                {
                    node.Tick(Now);
                    Assert.True(node.NextWake > Now, "a node that has done what is due must not ask for the same instant again");
                }
            }

            Collect();
        }
    }

    private void Collect()
    {
        foreach ((PeerAddress address, DhtNode node) in _nodes)
        {
            foreach (DhtEffect effect in node.TakeEffects())
            {
                if (effect is not DhtEffect.Send send)
                {
                    Told.Add((address, effect));
                    continue;
                }

                Sent++;
                if (Passes(address, send.To, send.Datagram.ToArray()))
                {
                    Inject(address, send.To, send.Datagram.ToArray());
                }
            }
        }
    }
}
