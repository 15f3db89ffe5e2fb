using System;
using System.Collections.Generic;
using Starling.Core.Primitives;

namespace Starling.Core.Torrents;

/// <summary>A block that a peer was asked for.</summary>
internal readonly record struct SentRequest(int Piece, int Block, Instant At);

/// <summary>
/// The requests that one peer has not answered, in the order of asking, and how many there should be: enough for the link's measured rate times
/// the time that answers take, so that the link never falls idle; grown like TCP's slow start while the rate is not known.
/// </summary>
internal sealed class RequestPipeline
{
    /// <summary>Requests on a fresh link.</summary>
    public const int InitialWindow = 16;

    /// <summary>Requests on the slowest link.</summary>
    public const int MinTarget = 2;

    // What is asked for beyond the delay: the other side batches, and so do we.
    private const double SlackSeconds = 1;

    private const double DelayWeight = 0.1;

    private readonly LinkedRequests _sent = new();
    private int _window = InitialWindow;
    private double _leastDelaySeconds = double.MaxValue;
    private double _delaySeconds;

    public int Count => _sent.Count;

    /// <summary>Bound by what both sides keep (<c>reqq</c>).</summary>
    public int Limit { get; set; } = DataLimits.DefaultRequestQueue;

    /// <summary>How many requests should be under way.</summary>
    public int Target(RateMeter down, Instant now)
    {
        int limit = Math.Clamp(Limit, 1, DataLimits.MaxRequestsSent);
        if (!down.IsKnown(now))
        {
            return Math.Min(_window, limit);
        }

        double delay = _leastDelaySeconds == double.MaxValue ? 0 : Math.Min(_delaySeconds, _leastDelaySeconds * 2);
        double wanted = Math.Ceiling(down.Rate(now) * (SlackSeconds + delay) / BlockBuffer.Capacity);
        return (int)Math.Clamp(Math.Min(wanted, _window), Math.Min(MinTarget, limit), limit);
    }

    public void Sent(int piece, int block, Instant now) => _sent.Add(new SentRequest(piece, block, now));

    /// <summary>Whether a block is being waited for.</summary>
    public bool Contains(int piece, int block) => _sent.Contains(piece, block);

    /// <summary>A block came, or will not come; false when it was not asked for.</summary>
    public bool Remove(int piece, int block, out SentRequest request) => _sent.Remove(piece, block, out request);

    /// <summary>An answer came: the window grows and the delay is learnt.</summary>
    public void Answered(SentRequest request, Instant now)
    {
        double seconds = (now - request.At).TotalSeconds;
        _leastDelaySeconds = Math.Min(_leastDelaySeconds, seconds);
        _delaySeconds = _delaySeconds == 0 ? seconds : _delaySeconds + (DelayWeight * (seconds - _delaySeconds));
        _window = Math.Min(_window + 1, DataLimits.MaxRequestsSent);
    }

    /// <summary>The peer stopped answering: it begins anew with one request at a time.</summary>
    public void Collapse() => _window = 1;

    /// <summary>Takes all requests out.</summary>
    public IReadOnlyList<SentRequest> TakeAll() => _sent.TakeAll();
}

/// <summary>Requests in order of asking; answers mostly come in that order, so the search from the front ends at once.</summary>
internal sealed class LinkedRequests
{
    private SentRequest[] _ring = new SentRequest[RequestPipeline.InitialWindow];
    private int _head;

    public int Count { get; private set; }

    public void Add(SentRequest request)
    {
        if (Count == _ring.Length)
        {
            var larger = new SentRequest[_ring.Length * 2];
            for (int i = 0; i < Count; i++)
            {
                larger[i] = At(i);
            }

            _ring = larger;
            _head = 0;
        }

        Count++;
        At(Count - 1) = request;
    }

    public bool Contains(int piece, int block) => Find(piece, block) >= 0;

    public bool Remove(int piece, int block, out SentRequest request)
    {
        int found = Find(piece, block);
        if (found < 0)
        {
            request = default;
            return false;
        }

        request = At(found);
        for (int i = found; i > 0; i--)
        {
            At(i) = At(i - 1);
        }

        _head = (_head + 1) & (_ring.Length - 1);
        Count--;
        return true;
    }

    public IReadOnlyList<SentRequest> TakeAll()
    {
        var all = new SentRequest[Count];
        for (int i = 0; i < all.Length; i++)
        {
            all[i] = At(i);
        }

        Count = 0;
        return all;
    }

    private int Find(int piece, int block)
    {
        for (int i = 0; i < Count; i++)
        {
            ref SentRequest each = ref At(i);
            if (each.Block == block && each.Piece == piece)
            {
                return i;
            }
        }

        return -1;
    }

    private ref SentRequest At(int index) => ref _ring[(_head + index) & (_ring.Length - 1)];
}
