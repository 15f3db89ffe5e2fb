using System;
using System.Collections.Generic;
using Starling.Core.Primitives;

namespace Starling.Core.Dht;

/// <summary>
/// How many datagrams are looked at, a source and in all: bounds the work that strangers cause, and what a forged source address
/// can have sent to its owner.
/// </summary>
internal sealed class QueryLimits
{
    /// <summary>Datagrams a second from one address of the internet; a burst of four seconds passes.</summary>
    public const int PerSource = 10;

    /// <summary>Datagrams a second from one address of a local network, where many nodes may share it.</summary>
    public const int PerLocalSource = 500;

    /// <summary>Datagrams a second in all.</summary>
    public const int InAll = 1_000;

    /// <summary>Sources remembered; at the bound those that asked nothing lately are forgotten, or everybody shares what is left.</summary>
    public const int MaxSources = 4_096;

    /// <summary>Seconds of a rate that may come at once.</summary>
    public const int BurstSeconds = 4;

    private readonly Dictionary<UInt128, Bucket> _sources = [];
    private Bucket _all = new(InAll * BurstSeconds, default);

    /// <summary>Sources remembered.</summary>
    public int SourceCount => _sources.Count;

    /// <summary>Whether one more datagram of this source may be looked at.</summary>
    public bool TryTake(PeerAddress source, Instant now)
    {
        int rate = AddressRange.IsLocal(source) ? PerLocalSource : PerSource;

        // Whoever has a /64 of IPv6 has all of its addresses.
        UInt128 key = source.IsV4 ? source.Ip : AddressRange.Subnet(source);
        if (!_sources.TryGetValue(key, out Bucket bucket))
        {
            if (_sources.Count == MaxSources)
            {
                Forget(now);
            }

            bucket = new Bucket(rate * BurstSeconds, now);
        }

        bool taken = bucket.TryTake(rate, BurstSeconds, now) && _all.TryTake(InAll, BurstSeconds, now);
        if (_sources.Count < MaxSources || _sources.ContainsKey(key))
        {
            _sources[key] = bucket;
        }

        return taken;
    }

    private void Forget(Instant now)
    {
        var idle = new List<UInt128>();
        foreach ((UInt128 key, Bucket bucket) in _sources)
        {
            if ((now - bucket.At).TotalSeconds >= BurstSeconds)
            {
                idle.Add(key);
            }
        }

        idle.ForEach(key => _sources.Remove(key));
    }

    private record struct Bucket(double Tokens, Instant At)
    {
        public bool TryTake(int rate, int burstSeconds, Instant now)
        {
            Tokens = Math.Min(rate * burstSeconds, Tokens + (now - At).TotalSeconds * rate);
            At = now;
            if (Tokens < 1)
            {
                return false;
            }

            Tokens--;
            return true;
        }
    }
}
