using System;
using System.Collections.Generic;
using Starling.Core.Primitives;
using Starling.Core.Utp;

namespace Starling.Tests.Core.Utp;

/// <summary>A program with a uTP port in a virtual network: writes what it is given, reads what comes.</summary>
internal sealed class UtpHost : IUtpOutput
{
    private readonly VirtualTime _time;
    private readonly TimeSpan _clockOffset;
    private readonly double _clockRate;

    public UtpHost(VirtualTime time, string address, UtpOptions? options = null, ulong seed = 1, TimeSpan clockOffset = default, double clockRate = 1)
    {
        (_time, _clockOffset, _clockRate) = (time, clockOffset, clockRate);
        PeerAddress.TryParse(address, out PeerAddress parsed);
        Address = parsed;
        Table = new UtpSocketTable(options ?? new UtpOptions(), this, new DeterministicRandom(seed));
        time.Sleepers.Add((() => ToWorld(Table.NextWake), () =>
        {
            Table.Tick(Clock);
            Pump();
        }
        ));
    }

    public PeerAddress Address { get; }

    public UtpSocketTable Table { get; }

    public List<UtpConnection> Incoming { get; } = [];

    /// <summary>The way out; null: everything is swallowed.</summary>
    public Action<PeerAddress, byte[]>? Way { get; set; }

    public List<byte[]> Sent { get; } = [];

    public bool KeepSent { get; set; }

    /// <summary>Whether the system refuses datagrams.</summary>
    public bool IsBusy { get; set; }

    /// <summary>Called after everything that happened here: the program's own work.</summary>
    public Action? Work { get; set; }

    /// <summary>This machine's clock: has its own origin and speed.</summary>
    public Instant Clock => new((long)(_time.Now.Ticks * _clockRate) + _clockOffset.Ticks);

    public void Arrive(PeerAddress from, byte[] datagram)
    {
        Table.Receive(from, datagram, Clock);
        Table.EndOfBatch(Clock);
        Pump();
    }

    public void Pump() => Work?.Invoke();

    public bool Send(PeerAddress to, ReadOnlySpan<byte> datagram)
    {
        if (IsBusy)
        {
            return false;
        }

        byte[] copy = datagram.ToArray();
        if (KeepSent)
        {
            Sent.Add(copy);
        }

        Way?.Invoke(to, copy);
        return true;
    }

    public void Accepted(UtpConnection connection) => Incoming.Add(connection);

    public void Changed(UtpConnection connection)
    {
    }

    /// <summary>Two hosts with a way there and a way back.</summary>
    public static (UtpHost A, UtpHost B, VirtualWay There, VirtualWay Back) Pair(
        VirtualTime time, WayOptions there, WayOptions back, ulong seed, UtpOptions? options = null, double clockRate = 1)
    {
        var random = new DeterministicRandom(seed);
        var a = new UtpHost(time, "10.0.0.1:1", options, seed + 1);
        var b = new UtpHost(time, "10.0.0.2:2", options, seed + 2, TimeSpan.FromHours(1), clockRate);
        var wayThere = new VirtualWay(time, there, random);
        var wayBack = new VirtualWay(time, back, random);
        a.Way = (_, bytes) => wayThere.Send(bytes.Length, () => b.Arrive(a.Address, bytes));
        b.Way = (_, bytes) => wayBack.Send(bytes.Length, () => a.Arrive(b.Address, bytes));
        return (a, b, wayThere, wayBack);
    }

    private Instant ToWorld(Instant clock) =>
        clock == Instant.Never ? clock : new Instant((long)Math.Ceiling((clock.Ticks - _clockOffset.Ticks) / _clockRate) + 1);
}
