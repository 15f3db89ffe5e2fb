using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Security.Cryptography;
using Starling.Core.Dht.Krpc;
using Starling.Core.Primitives;

namespace Starling.Core.Dht;

/// <summary>Who asked something and hears of the end, once.</summary>
internal interface IQueryOwner
{
    /// <summary>The node answered.</summary>
    void OnReply(PendingQuery query, KrpcReply reply, Instant now);

    /// <summary>It refused, or (null) did not answer in time.</summary>
    void OnFailure(PendingQuery query, KrpcFailure? failure, Instant now);
}

/// <summary>A query that waits for its answer.</summary>
/// <param name="Number">Its transaction.</param>
/// <param name="To">Whom it was sent to; the answer must come from there.</param>
/// <param name="Owner">Whom to tell.</param>
/// <param name="Tag">The owner's own.</param>
/// <param name="Sent">When.</param>
internal sealed record PendingQuery(uint Number, PeerAddress To, IQueryOwner Owner, object? Tag, Instant Sent);

/// <summary>
/// The queries under way. An answer counts only with a transaction that was given out, from the address that was asked. Transactions are a keyed hash, so that one who
/// sees some can't forge others.
/// </summary>
internal sealed class PendingQueries(ReadOnlyMemory<byte> secret)
{
    /// <summary>Queries at once.</summary>
    public const int MaxPending = 512;

    /// <summary>Bytes of a transaction.</summary>
    public const int TransactionSize = 4;

    /// <summary>After this time a query is lost.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan FirstPatience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MinPatience = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan MaxPatience = TimeSpan.FromMilliseconds(1500);

    private readonly Dictionary<uint, PendingQuery> _pending = [];
    private readonly Dictionary<PeerAddress, int> _byAddress = [];
    private readonly Queue<PendingQuery> _inOrder = new();
    private ulong _counter;
    private double _meanSeconds;
    private double _deviationSeconds;

    /// <summary>Queries under way.</summary>
    public int Count => _pending.Count;

    /// <summary>Whether another one may be sent.</summary>
    public bool HasRoom => _pending.Count < MaxPending;

    /// <summary>When the oldest one is lost.</summary>
    public Instant NextTimeout => _inOrder.TryPeek(out PendingQuery? oldest) ? oldest.Sent + Timeout : Instant.Never;

    /// <summary>
    /// How long an answer usually takes at most (mean and three deviations of those before): after that, somebody else is asked as well.
    /// </summary>
    public TimeSpan Patience { get; private set; } = FirstPatience;

    /// <summary>Whether something was asked of this address.</summary>
    public bool Expects(PeerAddress from) => _byAddress.ContainsKey(from);

    /// <summary>Notes a query that is sent now. <see cref="HasRoom"/> must hold.</summary>
    public PendingQuery Add(PeerAddress to, IQueryOwner owner, object? tag, Instant now)
    {
        uint number = NextNumber();
        while (_pending.ContainsKey(number))
        {
            number = NextNumber();
        }

        var query = new PendingQuery(number, to, owner, tag, now);
        _pending.Add(number, query);
        _byAddress[to] = _byAddress.GetValueOrDefault(to) + 1;
        _inOrder.Enqueue(query);
        return query;
    }

    /// <summary>The query that a message answers, which is over now; null: nobody asked.</summary>
    public PendingQuery? Take(PeerAddress from, ReadOnlyMemory<byte> transaction, Instant now)
    {
        if (transaction.Length != TransactionSize
            || !_pending.TryGetValue(BinaryPrimitives.ReadUInt32BigEndian(transaction.Span), out PendingQuery? query)
            || query.To != from)
        {
            return null;
        }

        Remove(query);
        Learn((now - query.Sent).TotalSeconds);
        return query;
    }

    /// <summary>The next query that is lost; null: none yet.</summary>
    public PendingQuery? TakeLost(Instant now)
    {
        while (_inOrder.TryPeek(out PendingQuery? oldest))
        {
            bool isOver = !_pending.ContainsKey(oldest.Number) || !ReferenceEquals(_pending[oldest.Number], oldest);
            if (!isOver && oldest.Sent + Timeout > now)
            {
                return null;
            }

            _inOrder.Dequeue();
            if (!isOver)
            {
                Remove(oldest);
                return oldest;
            }
        }

        return null;
    }

    private void Remove(PendingQuery query)
    {
        _pending.Remove(query.Number);
        int left = _byAddress[query.To] - 1;
        if (left == 0)
        {
            _byAddress.Remove(query.To);
        }
        else
        {
            _byAddress[query.To] = left;
        }
    }

    private void Learn(double seconds)
    {
        // As TCP estimates its round trips (RFC 6298).
        bool isFirst = _meanSeconds == 0;
        _deviationSeconds = isFirst ? seconds / 2 : 0.75 * _deviationSeconds + 0.25 * Math.Abs(seconds - _meanSeconds);
        _meanSeconds = isFirst ? seconds : 0.875 * _meanSeconds + 0.125 * seconds;
        TimeSpan patience = TimeSpan.FromSeconds(_meanSeconds + 3 * _deviationSeconds);
        Patience = patience < MinPatience ? MinPatience : patience > MaxPatience ? MaxPatience : patience;
    }

    private uint NextNumber()
    {
        Span<byte> message = stackalloc byte[sizeof(ulong) + 1];
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        BinaryPrimitives.WriteUInt64BigEndian(message, _counter++);
        message[^1] = (byte)'t';
        HMACSHA256.HashData(secret.Span, message, hash);
        return BinaryPrimitives.ReadUInt32BigEndian(hash);
    }
}
