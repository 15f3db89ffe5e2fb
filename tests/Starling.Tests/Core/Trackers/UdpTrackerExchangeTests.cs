using System;
using System.Buffers.Binary;
using Starling.Core.Primitives;
using Starling.Core.Trackers;

namespace Starling.Tests.Core.Trackers;

public sealed class UdpTrackerExchangeTests
{
    private uint _transaction = 100;
    private Instant _now = Instant.FromSeconds(1000);

    [Fact]
    public void It_connects_asks_and_ends_with_the_answer()
    {
        UdpTrackerExchange exchange = Announce();
        uint connect = Sent(exchange, action: 0);
        Assert.Null(exchange.Next(_now));
        Assert.True(exchange.Receive(Connected(connect, 7), _now));
        uint announce = Sent(exchange, action: 1, connection: 7);
        Assert.NotEqual(connect, announce);
        Assert.True(exchange.Receive(Announced(announce), _now));
        Assert.IsType<UdpTrackerAnswer.Announced>(exchange.Answer);
        Assert.Equal(new UdpConnectionId(7, _now + TimeSpan.FromMinutes(1)), exchange.Connection);
        Assert.Null(exchange.Next(Instant.Never));
    }

    [Fact]
    public void A_known_connection_id_is_used_for_a_minute()
    {
        var known = new UdpConnectionId(9, _now + TimeSpan.FromSeconds(10));
        Sent(Announce(known), action: 1, connection: 9);
        _now += TimeSpan.FromSeconds(10);
        Sent(Announce(known), action: 0);
    }

    [Fact]
    public void Without_an_answer_it_sends_again_after_15_and_30_seconds_and_gives_up_after_60_more()
    {
        UdpTrackerExchange exchange = Announce();
        uint first = Sent(exchange, action: 0);
        foreach (int wait in new[] { 15, 30 })
        {
            Assert.Equal(TimeSpan.FromSeconds(wait), exchange.Deadline - _now);
            _now = exchange.Deadline;
            Assert.Equal(first, Sent(exchange, action: 0));
        }

        Assert.Equal(TimeSpan.FromSeconds(60), exchange.Deadline - _now);
        Assert.Null(exchange.Next(exchange.Deadline));
        Assert.Equal("it does not answer", exchange.Failure?.Reason);
        Assert.False(exchange.Failure?.Refused);
    }

    [Fact]
    public void A_connection_id_that_grows_too_old_while_waiting_is_renewed()
    {
        UdpTrackerExchange exchange = Announce();
        exchange.Receive(Connected(Sent(exchange, action: 0), 7), _now);
        Sent(exchange, action: 1, connection: 7);
        _now = exchange.Deadline;
        Sent(exchange, action: 1, connection: 7);
        _now = exchange.Deadline + TimeSpan.FromSeconds(20);
        uint again = Sent(exchange, action: 0);
        exchange.Receive(Connected(again, 8), _now);
        Sent(exchange, action: 1, connection: 8);
    }

    [Fact]
    public void Answers_to_other_questions_change_nothing()
    {
        UdpTrackerExchange exchange = Announce();
        uint connect = Sent(exchange, action: 0);
        Assert.False(exchange.Receive(Connected(connect + 1, 7), _now));
        Assert.False(exchange.Receive(Announced(connect), _now));
        Assert.False(exchange.Receive([], _now));
        Assert.False(exchange.Receive(new byte[UdpTrackerCodec.MaxAnswerSize + 1], _now));
        Assert.True(exchange.Receive(Connected(connect, 7), _now));
        uint announce = Sent(exchange, action: 1, connection: 7);
        Assert.False(exchange.Receive(Connected(announce, 8), _now));
        Assert.False(exchange.Receive(Announced(connect), _now));
        Assert.False(exchange.IsOver);
    }

    [Fact]
    public void A_refusal_ends_it_unless_a_kept_connection_id_may_be_the_reason()
    {
        UdpTrackerExchange exchange = Announce(new UdpConnectionId(9, _now + TimeSpan.FromSeconds(10)));
        Assert.True(exchange.Receive(Refused(Sent(exchange, action: 1, connection: 9)), _now));
        Assert.False(exchange.IsOver);
        exchange.Receive(Connected(Sent(exchange, action: 0), 7), _now);
        exchange.Receive(Refused(Sent(exchange, action: 1, connection: 7)), _now);
        Assert.Equal(new TrackerFailure("no") { Refused = true }, exchange.Failure);
    }

    [Fact]
    public void Counts_are_asked_in_the_same_way()
    {
        UdpTrackerExchange exchange = UdpTrackerExchange.Scrape([TrackerParts.Swarm], false, () => _transaction++);
        exchange.Receive(Connected(Sent(exchange, action: 0), 7), _now);
        uint scrape = Sent(exchange, action: 2, connection: 7);
        exchange.Receive([.. Head(2, scrape), .. new byte[12]], _now);
        Assert.Equal([default], Assert.IsType<UdpTrackerAnswer.Scraped>(exchange.Answer).Counts);
    }

    private UdpTrackerExchange Announce(UdpConnectionId? known = null) =>
        UdpTrackerExchange.Announce(TrackerParts.Request, "", false, () => _transaction++, known);

    private uint Sent(UdpTrackerExchange exchange, int action, ulong? connection = null)
    {
        byte[] datagram = Assert.IsType<byte[]>(exchange.Next(_now));
        Assert.Equal(action, BinaryPrimitives.ReadInt32BigEndian(datagram.AsSpan(8)));
        if (connection is { } expected)
        {
            Assert.Equal(expected, BinaryPrimitives.ReadUInt64BigEndian(datagram));
        }

        return BinaryPrimitives.ReadUInt32BigEndian(datagram.AsSpan(12));
    }

    private static byte[] Connected(uint transaction, byte id) => [.. Head(0, transaction), 0, 0, 0, 0, 0, 0, 0, id];

    private static byte[] Announced(uint transaction) => [.. Head(1, transaction), .. new byte[12]];

    private static byte[] Refused(uint transaction) => [.. Head(3, transaction), (byte)'n', (byte)'o'];

    private static byte[] Head(byte action, uint transaction)
    {
        byte[] head = [0, 0, 0, action, 0, 0, 0, 0];
        BinaryPrimitives.WriteUInt32BigEndian(head.AsSpan(4), transaction);
        return head;
    }
}
