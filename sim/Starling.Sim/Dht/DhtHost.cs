using System;
using System.Collections.Generic;
using System.Security.Cryptography;
using Starling.Core.Dht;
using Starling.Core.Primitives;
using Starling.Sim.Swarms;

namespace Starling.Sim.Dht;

/// <summary>A machine with a node of the program's own, on a virtual network.</summary>
internal class DhtHost
{
    private Instant _wake = Instant.Never;

    public DhtHost(DhtWorld world, int number, PeerAddress address)
    {
        (World, Number, Address) = (world, number, address);
        byte[] secret = SHA256.HashData([.. BitConverter.GetBytes(world.Scenario.Seed), .. BitConverter.GetBytes(number)]);
        Node = new DhtNode(
            new DhtOptions { Secret = secret, UseV4 = address.IsV4, UseV6 = !address.IsV4 },
            new SimIdentity(number, world.Scenario.Seed),
            BitConverter.ToUInt64(secret));
    }

    public DhtNode Node { get; }

    public int Number { get; }

    public PeerAddress Address { get; }

    public bool IsThere { get; private set; } = true;

    public virtual bool IsHostile => false;

    protected DhtWorld World { get; }

    /// <summary>Told of what the node tells besides datagrams.</summary>
    public Action<DhtEffect>? Told { get; set; }

    /// <summary>Gone, without a word.</summary>
    public void Leave() => IsThere = false;

    public void Join(IReadOnlyList<PeerAddress> bootstrap) => Do((node, now) =>
    {
        node.AddNodes(bootstrap, isVouched: true, now);
        node.Tick(now);
    });

    public virtual void Receive(PeerAddress from, byte[] datagram) => Do((node, now) => node.Receive(from, datagram, now));

    /// <summary>Steps the node and carries out what it wants.</summary>
    public void Do(Action<DhtNode, Instant> step)
    {
        if (!IsThere)
        {
            return;
        }

        step(Node, World.Now);
        foreach (DhtEffect effect in Node.TakeEffects())
        {
            if (effect is DhtEffect.Send send)
            {
                World.Send(this, send.To, send.Datagram.ToArray());
            }
            else
            {
                Told?.Invoke(effect);
            }
        }

        Instant wake = Node.NextWake;
        if (wake < _wake && wake != Instant.Never)
        {
            _wake = wake;
            World.At(wake, () =>
            {
                if (_wake == wake)
                {
                    _wake = Instant.Never;
                    Do(static (node, now) => node.Tick(now));
                }
            });
        }
    }
}
