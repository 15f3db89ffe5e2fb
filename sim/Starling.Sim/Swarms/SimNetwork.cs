using System;
using System.Collections.Generic;
using Starling.Core.Engine;
using Starling.Core.Primitives;

namespace Starling.Sim.Swarms;

/// <summary>
/// Streams between hosts: each direction keeps its order, takes latency with jitter, a retransmission time-out for a lost segment, and
/// the sender's upload rate. Between hosts cut off from each other nothing arrives; such a link breaks after a while. What one step sends
/// on a link arrives in one piece; with <see cref="SimOptions.Quantum"/>, so does all that reaches a host within such a time.
/// </summary>
internal sealed class SimNetwork(EventQueue events, SimOptions options, DeterministicRandom random)
{
    /// <summary>The driver tells each time that so much has left…</summary>
    private const int DrainStep = 64 * 1024;

    /// <summary>…while less than this waits.</summary>
    private const int LowMark = 512 * 1024;

    private static readonly TimeSpan Retransmission = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan BreakAfter = TimeSpan.FromSeconds(20);

    private readonly Dictionary<PeerAddress, SimHost> _hosts = [];
    private readonly Dictionary<LinkId, Direction> _directions = [];
    private readonly HashSet<SimHost> _cutOff = [];
    private long _lastLink;

    /// <summary>Turns off loss and partitions: the liveness phase.</summary>
    public bool IsCalm { get; set; }

    public long FramesSent { get; private set; }

    public long BytesSent { get; private set; }

    public void Add(SimHost host) => _hosts.Add(host.Address, host);

    /// <summary>Cuts these hosts off from all others, or with an empty set heals the network.</summary>
    public void Partition(IReadOnlyCollection<SimHost> half)
    {
        _cutOff.Clear();
        _cutOff.UnionWith(half);
        events.After(BreakAfter, BreakSilentLinks);
    }

    public void Connect(SimHost from, PeerAddress address)
    {
        int life = from.Life;
        events.After(Delay(), () =>
        {
            if (from.Life != life || !from.IsUp)
            {
                return;
            }

            if (!_hosts.TryGetValue(address, out SimHost? to) || !to.IsUp || AreApart(from, to))
            {
                events.After(Delay(), () => from.Take(life, new NodeInput.ConnectFailed(address, "unreachable")));
                return;
            }

            Open(from, to, address);
        });
    }

    public void Send(SimHost from, LinkId link, ReadOnlyMemory<byte> frame)
    {
        if (!_directions.TryGetValue(link, out Direction? direction) || direction.From != from)
        {
            return;
        }

        FramesSent++;
        BytesSent += frame.Length;
        direction.Queued += frame.Length;
        Instant sent = events.Now;
        if (options.UploadRate > 0)
        {
            from.UploadFreeAt = (from.UploadFreeAt > events.Now ? from.UploadFreeAt : events.Now)
                + TimeSpan.FromSeconds(frame.Length / options.UploadRate);
            sent = from.UploadFreeAt;
        }

        Instant arrival = sent + DelayOf(direction);
        if (!IsCalm && options.Loss > 0 && random.NextDouble() < options.Loss)
        {
            arrival += Retransmission;
        }

        if (options.FrameSeconds > 0)
        {
            // One thread looks at all frames of a host, in the order in which they came.
            SimHost to = direction.To;
            to.LooksFreeAt = (to.LooksFreeAt > arrival ? to.LooksFreeAt : arrival) + TimeSpan.FromSeconds(options.FrameSeconds);
            arrival = to.LooksFreeAt;
        }

        arrival = arrival > direction.LastArrival ? arrival : direction.LastArrival;
        if (options.Quantum > 0)
        {
            long quantum = TimeSpan.FromSeconds(options.Quantum).Ticks;
            arrival = new Instant((arrival.Ticks + quantum - 1) / quantum * quantum);
        }

        direction.LastArrival = arrival;
        DeliveryFor(direction, arrival).Frames.Add((direction, frame));
    }

    /// <summary>Who is at the other end; null: the link is gone.</summary>
    public SimHost? PeerAt(SimHost from, LinkId link) =>
        _directions.TryGetValue(link, out Direction? direction) && direction.From == from ? direction.To : null;

    /// <summary>One side closes a link; the other learns of it a moment later, after what was sent before.</summary>
    public void Close(SimHost by, LinkId link, string reason)
    {
        if (!_directions.Remove(link, out Direction? direction))
        {
            return;
        }

        int life = by.Life;
        events.After(TimeSpan.Zero, () => by.Take(life, new NodeInput.LinkClosed(link, reason)));
        Direction back = direction.Back!;
        Instant after = direction.LastArrival > events.Now + Delay() ? direction.LastArrival : events.Now + Delay();
        events.At(after, () => CloseSide(back, "closed by the peer"));
    }

    /// <summary>The host is gone: its links end at the others.</summary>
    public void Vanish(SimHost host)
    {
        foreach (LinkId link in new List<LinkId>(_directions.Keys))
        {
            if (_directions.TryGetValue(link, out Direction? direction) && direction.From == host)
            {
                _directions.Remove(link);
                Direction back = direction.Back!;
                events.After(Delay(), () => CloseSide(back, "connection reset"));
            }
        }
    }

    private void Open(SimHost from, SimHost to, PeerAddress address)
    {
        var there = new Direction(new LinkId(++_lastLink), from, to);
        var back = new Direction(new LinkId(++_lastLink), to, from) { Back = there };
        there.Back = back;
        _directions.Add(there.Link, there);
        _directions.Add(back.Link, back);
        var source = address with { Ip = from.Address.Ip, Port = (ushort)(40_000 + (_lastLink % 20_000)) };
        Hash256 fromKey = Hash256.Of(from.Identity.PublicKey.ToArray());
        Hash256 toKey = Hash256.Of(to.Identity.PublicKey.ToArray());
        to.Take(to.Life, new NodeInput.LinkOpened(back.Link, source, Outgoing: false, toKey, fromKey));
        from.Take(from.Life, new NodeInput.LinkOpened(there.Link, address, Outgoing: true, fromKey, toKey));
    }

    /// <summary>What is under way to this host and arrives at that time.</summary>
    private Delivery DeliveryFor(Direction direction, Instant arrival)
    {
        if (options.Quantum > 0)
        {
            Dictionary<Instant, Delivery> to = direction.To.Deliveries;
            if (!to.TryGetValue(arrival, out Delivery? shared))
            {
                to.Add(arrival, shared = new Delivery());
                events.At(arrival, () =>
                {
                    to.Remove(arrival);
                    Arrive(shared);
                });
            }

            return shared;
        }

        if (direction.Last is { } last && direction.LastSentAt == events.Executed && last.At == arrival)
        {
            return last.Delivery;
        }

        var own = new Delivery();
        direction.Last = (own, arrival);
        direction.LastSentAt = events.Executed;
        events.At(arrival, () => Arrive(own));
        return own;
    }

    private void Arrive(Delivery delivery)
    {
        List<(Direction Direction, ReadOnlyMemory<byte> Frame)> frames = delivery.Frames;
        int last = -1;
        for (int i = 0; i < frames.Count; i++)
        {
            (Direction direction, ReadOnlyMemory<byte> frame) = frames[i];
            direction.Queued -= frame.Length;
            direction.SinceDrain += frame.Length;
            direction.Broken |= AreApart(direction.From, direction.To);
            last = direction.Broken ? last : i;
        }

        for (int i = 0; i <= last; i++)
        {
            (Direction direction, ReadOnlyMemory<byte> frame) = frames[i];
            if (!direction.Broken && _directions.ContainsKey(direction.Back!.Link))
            {
                direction.To.Take(direction.To.Life, new NodeInput.FrameReceived(direction.Back.Link, frame), more: i < last);
            }
            else if (i == last)
            {
                direction.To.Take(direction.To.Life, new NodeInput.Tick());
            }
        }

        foreach ((Direction direction, _) in frames)
        {
            if (direction.SinceDrain >= DrainStep && direction.Queued < LowMark && _directions.ContainsKey(direction.Link)
                && !direction.Broken && _directions.ContainsKey(direction.Back!.Link))
            {
                direction.SinceDrain = 0;
                direction.From.Take(direction.From.Life, new NodeInput.LinkDrained(direction.Link, direction.Queued));
            }
        }
    }

    private void CloseSide(Direction side, string reason)
    {
        if (_directions.Remove(side.Link))
        {
            side.From.Take(side.From.Life, new NodeInput.LinkClosed(side.Link, reason));
        }
    }

    private void BreakSilentLinks()
    {
        foreach (LinkId link in new List<LinkId>(_directions.Keys))
        {
            if (_directions.TryGetValue(link, out Direction? direction)
                && (direction.Broken || direction.Back!.Broken || AreApart(direction.From, direction.To)))
            {
                CloseSide(direction, "timed out");
                CloseSide(direction.Back!, "timed out");
            }
        }
    }

    private bool AreApart(SimHost one, SimHost other) =>
        !IsCalm && _cutOff.Count > 0 && _cutOff.Contains(one) != _cutOff.Contains(other);

    /// <summary>What one step sends on a link travels together.</summary>
    private TimeSpan DelayOf(Direction direction)
    {
        if (direction.DelayDrawnAt != events.Executed)
        {
            direction.DelayDrawnAt = events.Executed;
            direction.Delay = Delay();
        }

        return direction.Delay;
    }

    private TimeSpan Delay() => TimeSpan.FromSeconds(options.Latency * (0.5 + random.NextDouble()));

    /// <summary>Frames that reach one host together, in the order of sending.</summary>
    internal sealed class Delivery
    {
        public List<(Direction Direction, ReadOnlyMemory<byte> Frame)> Frames { get; } = [];
    }

    internal sealed class Direction(LinkId link, SimHost from, SimHost to)
    {
        public LinkId Link { get; } = link;

        public SimHost From { get; } = from;

        public SimHost To { get; } = to;

        public Direction? Back { get; set; }

        public int Queued { get; set; }

        public int SinceDrain { get; set; }

        public Instant LastArrival { get; set; }

        /// <summary>The delivery that was planned last, and in which event.</summary>
        public (Delivery Delivery, Instant At)? Last { get; set; }

        public long LastSentAt { get; set; } = -1;

        /// <summary>What the event of that number sends takes so long.</summary>
        public TimeSpan Delay { get; set; }

        public long DelayDrawnAt { get; set; } = -1;

        /// <summary>Something was lost for good: the stream can't go on.</summary>
        public bool Broken { get; set; }
    }
}
