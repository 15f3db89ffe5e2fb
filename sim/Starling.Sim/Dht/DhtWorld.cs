using System;
using System.Collections.Generic;
using Starling.Core.Dht;
using Starling.Core.Primitives;
using Starling.Sim.Swarms;

namespace Starling.Sim.Dht;

/// <summary>
/// A DHT of real <see cref="DhtNode"/>s on a virtual clock and network: nodes come, go and lie; others announce swarms and look for them. The seed replays a run.
/// </summary>
internal sealed class DhtWorld
{
    /// <summary>Honest nodes that stay and whose addresses newcomers know.</summary>
    private const int Bootstraps = 3;

    private const int BootstrapsTold = 2;

    private readonly EventQueue _events = new();
    private readonly Dictionary<PeerAddress, DhtHost> _byAddress = [];
    private readonly List<DhtHost> _honest = [];
    private readonly List<HostileDhtHost> _hostile = [];
    private readonly List<PeerAddress> _bootstraps = [];
    private readonly Dictionary<InfoHash, List<DhtHost>> _swarms = [];
    private readonly HashSet<UInt128> _taken = [];
    private int _numbers;

    private DhtWorld(DhtScenario scenario)
    {
        Scenario = scenario;
        Random = new DeterministicRandom(scenario.Seed);
    }

    public DhtScenario Scenario { get; }

    public DeterministicRandom Random { get; }

    public Instant Now => _events.Now;

    private DhtReport Report { get; } = new();

    public static DhtReport Run(DhtScenario scenario)
    {
        var world = new DhtWorld(scenario);
        world.Plan();
        while (world._events.RunNext(Minutes(scenario.JoinMinutes + scenario.SettleMinutes + scenario.Minutes + 1)))
        {
        }

        world.Report.Events = world._events.Executed;
        return world.Report;
    }

    public void At(Instant time, Action action) => _events.At(time, action);

    /// <summary>A datagram: it arrives late, or never.</summary>
    public void Send(DhtHost from, PeerAddress to, byte[] datagram)
    {
        Report.Datagrams++;
        Report.Bytes += datagram.Length;
        if (Random.NextDouble() < Scenario.Loss || !_byAddress.TryGetValue(to, out DhtHost? host))
        {
            return;
        }

        _events.After(
            TimeSpan.FromSeconds(Scenario.Latency * (0.1 + 0.9 * Random.NextDouble())),
            () => host.Receive(from.Address, datagram));
    }

    /// <summary>An IPv4 address of the internet that nobody has.</summary>
    public PeerAddress NewAddress()
    {
        Span<byte> compact = stackalloc byte[PeerAddress.CompactSizeV4];
        while (true)
        {
            Random.Fill(compact);
            PeerAddress.TryReadCompact(compact, out PeerAddress address);
            if (AddressRange.IsUsable(address) && !AddressRange.IsLocal(address) && !_taken.Contains(address.Ip))
            {
                return address;
            }
        }
    }

    /// <summary>Some hostile nodes that are there.</summary>
    public IEnumerable<PeerAddress> HostileAddresses(int count)
    {
        for (int i = 0; i < count && _hostile.Count > 0; i++)
        {
            yield return _hostile[Random.Next(_hostile.Count)].Address;
        }
    }

    private static Instant Minutes(double minutes) => Instant.FromSeconds(60 * minutes);

    private void Plan()
    {
        for (int i = 0; i < Scenario.Nodes; i++)
        {
            bool isBootstrap = i < Bootstraps;
            bool isHostile = !isBootstrap && i < Bootstraps + (int)(Scenario.Hostile * Scenario.Nodes);
            At(Minutes(isBootstrap ? 0 : Scenario.JoinMinutes * Random.NextDouble()), () => Come(isHostile, isBootstrap));
        }

        At(Minutes(Scenario.JoinMinutes), () =>
        {
            for (int i = 0; i < Scenario.Swarms; i++)
            {
                InfoHash swarm = NodeId.Random(Random).ToInfoHash();
                _swarms.Add(swarm, []);
                for (int peer = 0; peer < Scenario.PeersOfSwarm; peer++)
                {
                    Announce(swarm);
                }
            }
        });

        double first = Scenario.JoinMinutes + Scenario.SettleMinutes;
        for (int i = 0; i < Scenario.Lookups; i++)
        {
            At(Minutes(first + Scenario.Minutes * i / Scenario.Lookups), LookUp);
        }
    }

    private void Come(bool isHostile, bool stays)
    {
        PeerAddress address = NewAddress();
        _taken.Add(address.Ip);
        int number = _numbers++;
        DhtHost host;
        if (isHostile)
        {
            var kinds = Enum.GetValues<DhtHostility>();
            var hostile = new HostileDhtHost(this, number, address, kinds[number % kinds.Length]);
            _hostile.Add(hostile);
            host = hostile;
        }
        else
        {
            host = new DhtHost(this, number, address);
            _honest.Add(host);
        }

        _byAddress.Add(address, host);
        var known = new List<PeerAddress>();
        for (int i = 0; i < BootstrapsTold && _bootstraps.Count > 0; i++)
        {
            known.Add(_bootstraps[Random.Next(_bootstraps.Count)]);
        }

        if (stays)
        {
            _bootstraps.Add(address);
        }
        else
        {
            double hours = -Math.Log(1 - Random.NextDouble()) / Scenario.ChurnPerHour;
            At(Now + TimeSpan.FromHours(Math.Min(hours, 1000)), () => Go(host));
        }

        host.Join(known);
    }

    private void Go(DhtHost host)
    {
        host.Leave();
        _byAddress.Remove(host.Address);
        _honest.Remove(host);
        _hostile.RemoveAll(hostile => hostile == host);
        Come(host.IsHostile, stays: false);
        foreach ((InfoHash swarm, List<DhtHost> peers) in _swarms)
        {
            if (peers.Remove(host))
            {
                Announce(swarm);
            }
        }
    }

    /// <summary>One more honest node announces the swarm, as long as it is there.</summary>
    private void Announce(InfoHash swarm)
    {
        DhtHost host = _honest[Random.Next(_honest.Count)];
        if (_swarms[swarm].Contains(host) || host.Told is not null)
        {
            host = _honest[Random.Next(_honest.Count)];
        }

        if (!_swarms[swarm].Contains(host))
        {
            _swarms[swarm].Add(host);
            host.Told ??= effect =>
            {
                if (effect is DhtEffect.SearchEnded ended && Now > Minutes(Scenario.JoinMinutes + 1))
                {
                    Report.Announced.Add(ended.Announced);
                }
            };
            host.Do((node, now) => node.Search(swarm, host.Address.Port, now));
        }
    }

    /// <summary>A random honest node that has no part in the swarm looks for it once.</summary>
    private void LookUp()
    {
        List<InfoHash> all = [.. _swarms.Keys];
        InfoHash swarm = all[Random.Next(all.Count)];
        DhtHost host = _honest[Random.Next(_honest.Count)];
        while (host.Told is not null)
        {
            host = _honest[Random.Next(_honest.Count)];
        }

        Instant begun = Now;
        int? hops = null;
        double seconds = 0;
        host.Told = effect =>
        {
            switch (effect)
            {
                case DhtEffect.PeersFound found when found.Swarm == swarm:
                    foreach (PeerAddress peer in found.Peers)
                    {
                        Report.MadeUpPeers += _taken.Contains(peer.Ip) ? 0 : 1;
                        if (hops is null && _swarms[swarm].Exists(announcer => announcer.Address == peer))
                        {
                            (hops, seconds) = (found.Hops, (Now - begun).TotalSeconds);
                        }
                    }

                    break;
                case DhtEffect.SearchEnded ended when ended.Swarm == swarm:
                    Report.Lookups++;
                    Report.Queries.Add(ended.Asked);
                    if (hops is { } steps)
                    {
                        Report.Found++;
                        Report.Hops.Add(steps);
                        Report.Seconds.Add(seconds);
                    }

                    host.Told = null;
                    host.Node.StopSearch(swarm);
                    break;
            }
        };
        host.Do((node, now) => node.Search(swarm, null, now));
    }
}
