using System;
using System.Collections.Generic;
using Starling.Core.Primitives;

namespace Starling.Core.Trackers;

/// <summary>A connection id of a UDP tracker, and until when it may be used.</summary>
public readonly record struct UdpConnectionId(ulong Value, Instant Until);

/// <summary>
/// One question to one address of a UDP tracker as a step machine (BEP 15): connects unless a connection id is known, asks, sends again after 15·2^n
/// seconds without an answer. The driver sends <see cref="Next"/>'s datagram, waits for an answer until <see cref="Deadline"/>, and hands
/// it in by <see cref="Receive"/>, until <see cref="Answer"/> or <see cref="Failure"/> is there.
/// </summary>
public sealed class UdpTrackerExchange
{
    /// <summary>How long a connection id may be used by its client (BEP 15).</summary>
    public static readonly TimeSpan ConnectionLife = TimeSpan.FromMinutes(1);

    /// <summary>The wait for the first answer (BEP 15); doubled with each further datagram.</summary>
    public static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(15);

    /// <summary>
    /// Datagrams sent without any answer before the tracker counts as dead. BEP 15 allows nine, which takes more than two hours: another tracker and a
    /// later announce serve the swarm better than patience with this one.
    /// </summary>
    public const int MaxUnanswered = 3;

    private readonly Func<ulong, uint, byte[]> _ask;
    private readonly Func<uint> _random;
    private readonly bool _overV6;
    private readonly TimeSpan _firstWait;
    private uint _transaction;
    private bool _hasTransaction;
    private bool _connecting;
    private bool _freshConnection;
    private int _unanswered;

    private UdpTrackerExchange(Func<ulong, uint, byte[]> ask, bool overV6, Func<uint> random, UdpConnectionId? known, TimeSpan? firstWait)
    {
        _ask = ask;
        _overV6 = overV6;
        _random = random;
        _firstWait = firstWait ?? FirstWait;
        Connection = known;
        Deadline = new Instant(long.MinValue);
    }

    /// <summary>Until when an answer to the last datagram is waited for; then <see cref="Next"/> is due.</summary>
    public Instant Deadline { get; private set; }

    /// <summary>The connection id to keep for further questions to this address.</summary>
    public UdpConnectionId? Connection { get; private set; }

    /// <summary>The answer, once it has come.</summary>
    public UdpTrackerAnswer? Answer { get; private set; }

    /// <summary>Why there will be none.</summary>
    public TrackerFailure? Failure { get; private set; }

    /// <summary>Whether it is over.</summary>
    public bool IsOver => Answer is not null || Failure is not null;

    /// <summary>An announce.</summary>
    /// <param name="request">What is told.</param>
    /// <param name="urlData">Path and query of the tracker's URL (BEP 41).</param>
    /// <param name="overV6">Whether it goes over IPv6.</param>
    /// <param name="random">Makes transaction ids that nobody can guess.</param>
    /// <param name="known">A connection id of this address; null: none.</param>
    /// <param name="firstWait">Instead of <see cref="FirstWait"/>, for tests and farewells.</param>
    public static UdpTrackerExchange Announce(
        AnnounceRequest request, string urlData, bool overV6, Func<uint> random, UdpConnectionId? known = null, TimeSpan? firstWait = null) =>
        new((connection, transaction) => UdpTrackerCodec.EncodeAnnounce(connection, transaction, request, urlData), overV6, random, known, firstWait);

    /// <summary>A scrape.</summary>
    public static UdpTrackerExchange Scrape(
        IReadOnlyList<InfoHash> swarms, bool overV6, Func<uint> random, UdpConnectionId? known = null, TimeSpan? firstWait = null) =>
        new((connection, transaction) => UdpTrackerCodec.EncodeScrape(connection, transaction, swarms), overV6, random, known, firstWait);

    /// <summary>The datagram to send now; null: none is due, or it is over.</summary>
    public byte[]? Next(Instant now)
    {
        if (IsOver || now < Deadline)
        {
            return null;
        }

        if (_unanswered == MaxUnanswered)
        {
            Failure = new TrackerFailure("it does not answer");
            return null;
        }

        bool connect = Connection is not { } known || now >= known.Until;
        if (connect != _connecting || !_hasTransaction)
        {
            // A further copy of the same question keeps its number: an answer to the first one that comes late counts.
            _transaction = _random();
            _hasTransaction = true;
            _connecting = connect;
        }

        Deadline = now + (_firstWait * (1 << _unanswered));
        _unanswered++;
        return connect ? UdpTrackerCodec.EncodeConnect(_transaction) : _ask(Connection!.Value.Value, _transaction);
    }

    /// <summary>A datagram came from the tracker's address. False: it is no answer to what was asked, and changed nothing.</summary>
    public bool Receive(ReadOnlySpan<byte> datagram, Instant now)
    {
        if (IsOver || !_hasTransaction || !UdpTrackerCodec.TryReadTransaction(datagram, out uint transaction) || transaction != _transaction
            || !UdpTrackerCodec.TryDecode(datagram, _overV6, out UdpTrackerAnswer? answer))
        {
            return false;
        }

        switch (answer)
        {
            case UdpTrackerAnswer.Connected connected when _connecting:
                Connection = new UdpConnectionId(connected.ConnectionId, now + ConnectionLife);
                _freshConnection = true;
                AskAtOnce(now);
                return true;
            case UdpTrackerAnswer.Refused when !_connecting && !_freshConnection:
                // The id that was kept may be what it refuses: a tracker that was started again knows none of them.
                Connection = null;
                AskAtOnce(now);
                return true;
            case UdpTrackerAnswer.Refused refused:
                Failure = new TrackerFailure(refused.Reason) { Refused = true };
                return true;
            case UdpTrackerAnswer.Announced or UdpTrackerAnswer.Scraped when !_connecting:
                Answer = answer;
                return true;
            default:
                return false;
        }
    }

    private void AskAtOnce(Instant now)
    {
        _hasTransaction = false;
        _unanswered = 0;
        Deadline = now;
    }
}
