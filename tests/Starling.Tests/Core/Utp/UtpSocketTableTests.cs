using System;
using System.Collections.Generic;
using System.Linq;
using Starling.Core.Primitives;
using Starling.Core.Utp;
using Starling.Fuzz.Mutation;

namespace Starling.Tests.Core.Utp;

/// <summary>What strangers can do to the port.</summary>
public sealed class UtpSocketTableTests
{
    private const int Rounds = 20_000;

    private readonly VirtualTime _time = new();
    private readonly UtpHost _host;

    public UtpSocketTableTests() => _host = new UtpHost(_time, "10.0.0.1:1") { KeepSent = true };

    [Fact]
    public void Answers_to_strangers_are_no_larger_than_what_they_sent()
    {
        foreach (UtpPacketType type in Enum.GetValues<UtpPacketType>())
        {
            byte[] packet = Packet(type, id: (ushort)(100 * (int)type), payload: type == UtpPacketType.Data ? 1 : 0);
            _host.Sent.Clear();
            _host.Arrive(Stranger(1), packet);
            Assert.True(_host.Sent.Sum(bytes => bytes.Length) <= packet.Length, type.ToString());
        }

        Assert.Empty(_host.Incoming);
        _host.Sent.Clear();
        _time.Run(() => false, TimeSpan.FromMinutes(2));
        Assert.Empty(_host.Sent);
        Assert.Equal(0, _host.Table.Count);
    }

    [Fact]
    public void A_flood_of_syns_is_bounded_in_all_and_for_one_address()
    {
        for (int i = 0; i < 1000; i++)
        {
            _host.Arrive(Stranger(1), Packet(UtpPacketType.Syn, (ushort)(10 * i)));
        }

        Assert.Equal(_host.Table.Options.MaxHalfOpenPerIp, _host.Table.HalfOpenCount);
        for (int i = 2; i < 1000; i++)
        {
            _host.Arrive(Stranger(i), Packet(UtpPacketType.Syn, 5));
        }

        Assert.Equal(_host.Table.Options.MaxHalfOpen, _host.Table.HalfOpenCount);
        _time.Run(() => false, TimeSpan.FromSeconds(11));
        Assert.Equal(0, _host.Table.HalfOpenCount);
        Assert.Equal(0, _host.Table.Count);
    }

    [Fact]
    public void Whoever_does_not_see_the_answer_opens_nothing()
    {
        _host.Arrive(Stranger(1), Packet(UtpPacketType.Syn, 7, sequence: 1));
        Assert.True(UtpPacketCodec.TryDecode(_host.Sent[0], out UtpPacket answer));
        Assert.Equal((UtpPacketType.State, (ushort)7, (ushort)1), (answer.Header.Type, answer.Header.ConnectionId, answer.Header.Acknowledged));

        ushort right = (ushort)(answer.Header.Sequence - 1);
        _host.Arrive(Stranger(1), Packet(UtpPacketType.Data, 8, sequence: 2, acknowledged: (ushort)(right + 1), payload: 5));
        Assert.Empty(_host.Incoming);
        _host.Arrive(Stranger(1), Packet(UtpPacketType.Data, 8, sequence: 2, acknowledged: right, payload: 5));
        Assert.Equal(5, Assert.Single(_host.Incoming).Available);
        Assert.Equal(0, _host.Table.HalfOpenCount);
    }

    [Fact]
    public void A_repeated_syn_is_answered_again_by_the_same_connection()
    {
        _host.Arrive(Stranger(1), Packet(UtpPacketType.Syn, 7, sequence: 1));
        _host.Arrive(Stranger(1), Packet(UtpPacketType.Syn, 7, sequence: 1));
        Assert.Equal(2, _host.Sent.Count);
        Assert.Equal(_host.Sent[0][16..], _host.Sent[1][16..]);
        _host.Arrive(Stranger(1), Packet(UtpPacketType.Syn, 7, sequence: 2));
        Assert.Equal(2, _host.Sent.Count);
        Assert.Equal(1, _host.Table.Count);
    }

    [Fact]
    public void Resets_are_rationed_and_never_answer_resets()
    {
        for (int i = 0; i < 1000; i++)
        {
            _host.Arrive(Stranger(1), Packet(UtpPacketType.State, (ushort)i));
            _host.Arrive(Stranger(1), Packet(UtpPacketType.Reset, (ushort)i));
        }

        Assert.Equal(_host.Table.Options.MaxResetsPerSecond, _host.Sent.Count);
        Assert.All(_host.Sent, bytes => Assert.Equal(0x31, bytes[0]));
    }

    [Fact]
    public void A_forged_reset_needs_a_number_that_is_under_way()
    {
        (UtpHost a, UtpHost b, _, _) = UtpHost.Pair(_time, new WayOptions(), new WayOptions(), 1);
        a.KeepSent = true;
        UtpConnection connection = a.Table.Connect(b.Address, a.Clock)!;
        connection.Write(new byte[10], a.Clock);
        Assert.True(_time.Run(() => b.Incoming.Count == 1 && connection.Unacknowledged == 0, TimeSpan.FromSeconds(9)));
        UtpPacketCodec.TryDecode(a.Sent[^1], out UtpPacket last);
        UtpHeader header = last.Header;
        for (int guess = 0; guess <= ushort.MaxValue; guess += 7)
        {
            if (Math.Abs((short)(guess - header.Sequence)) > 4)
            {
                a.Arrive(b.Address, Packet(UtpPacketType.Reset, header.ConnectionId, acknowledged: (ushort)guess));
            }
        }

        Assert.Equal(UtpState.Connected, connection.State);
        a.Arrive(b.Address, Packet(UtpPacketType.Reset, header.ConnectionId, acknowledged: header.Sequence));
        Assert.Equal(UtpState.Closed, connection.State);
    }

    [Fact]
    public void A_port_that_does_not_listen_says_nothing_to_a_syn()
    {
        _host.Table.IsListening = false;
        _host.Arrive(Stranger(1), Packet(UtpPacketType.Syn, 7));
        Assert.Empty(_host.Sent);
        Assert.Equal(0, _host.Table.Count);
    }

    [Fact]
    public void More_connections_than_the_bound_are_refused()
    {
        var host = new UtpHost(_time, "10.0.0.9:9", new UtpOptions { MaxConnections = 3 });
        for (int i = 0; i < 3; i++)
        {
            Assert.NotNull(host.Table.Connect(_host.Address, host.Clock));
        }

        Assert.Null(host.Table.Connect(_host.Address, host.Clock));
        host.Arrive(Stranger(1), Packet(UtpPacketType.Syn, 7));
        Assert.Equal(3, host.Table.Count);
    }

    /// <summary>A conversation whose packets are damaged, repeated and made up on the way never throws, and memory stays bounded.</summary>
    [Fact]
    public void A_hostile_way_breaks_nothing_but_the_connection()
    {
        var seen = new List<byte[]>();
        var record = new VirtualTime();
        (UtpHost a, UtpHost b, _, _) = UtpHost.Pair(record, new WayOptions { Loss = 0.1 }, new WayOptions(), 1);
        a.KeepSent = b.KeepSent = true;
        a.Table.Connect(b.Address, a.Clock)!.Write(new byte[20_000], a.Clock);
        record.Run(() => false, TimeSpan.FromSeconds(20));
        seen.AddRange(a.Sent.Concat(b.Sent));
        var mutation = new Mutator(9, seen);
        var random = new DeterministicRandom(10);

        for (int conversation = 0; conversation < 20; conversation++)
        {
            var time = new VirtualTime();
            (UtpHost c, UtpHost d, _, _) = UtpHost.Pair(time, new WayOptions(), new WayOptions(), (ulong)conversation);
            UtpConnection connection = c.Table.Connect(d.Address, c.Clock)!;
            var buffer = new byte[4096];
            c.KeepSent = d.KeepSent = true;
            for (int round = 0; round < Rounds / 20; round++)
            {
                connection.Write(buffer.AsSpan(0, random.Next(2000)), c.Clock);
                foreach (UtpConnection incoming in d.Incoming)
                {
                    incoming.Read(buffer, d.Clock);
                    incoming.Write(buffer.AsSpan(0, 10), d.Clock);
                }

                // Half of it with the right id, so that it is looked at.
                byte[] bytes = mutation.Next().ToArray();
                if (bytes.Length > 3 && random.Next(2) == 0 && d.Sent.Count > 0 && c.Sent.Count > 0)
                {
                    bool toC = random.Next(2) == 0;
                    byte[] like = toC ? d.Sent[^1] : c.Sent[^1];
                    like.AsSpan(2, 2).CopyTo(bytes.AsSpan(2));
                    if (bytes.Length >= 20 && random.Next(2) == 0)
                    {
                        like.AsSpan(16, 4).CopyTo(bytes.AsSpan(16));
                        bytes[17] += (byte)random.Next(5);
                    }

                    (toC ? c : d).Arrive(toC ? d.Address : c.Address, bytes);
                }
                else
                {
                    d.Arrive(c.Address, bytes);
                }

                if (round % 10 == 0)
                {
                    c.Sent.RemoveRange(0, Math.Max(0, c.Sent.Count - 2));
                    d.Sent.RemoveRange(0, Math.Max(0, d.Sent.Count - 2));
                    time.Run(() => false, TimeSpan.FromMilliseconds(random.Next(100)));
                }

                if (connection.State == UtpState.Closed)
                {
                    connection = c.Table.Connect(d.Address, c.Clock)!;
                }

                d.Incoming.RemoveAll(incoming => incoming.State == UtpState.Closed);
                Assert.InRange(connection.Unacknowledged, 0, c.Table.Options.SendBuffer);
            }
        }
    }

    private static PeerAddress Stranger(int number)
    {
        PeerAddress.TryParse($"11.0.{number / 256}.{number % 256}:4000", out PeerAddress address);
        return address;
    }

    private static byte[] Packet(UtpPacketType type, ushort id, ushort sequence = 1, ushort acknowledged = 0, int payload = 0)
    {
        var bytes = new byte[UtpPacketCodec.HeaderSize + payload];
        UtpPacketCodec.WriteHeader(bytes, new UtpHeader(type, id, 1000, 0, 100_000, sequence, acknowledged));
        return bytes;
    }
}
