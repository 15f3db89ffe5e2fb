using System;
using System.Collections.Generic;
using Starling.Core.Engine;
using Starling.Core.Primitives;

namespace Starling.Core.Swarm;

/// <summary>
/// The addresses that may be peers, where they came from, and when each is tried (again). Bounded; addresses named by the owner are
/// never given up.
/// </summary>
internal sealed class AddressBook(DeterministicRandom random)
{
    /// <summary>Addresses remembered.</summary>
    public const int MaxAddresses = 2_000;

    /// <summary>Failures in a row after which an address that nobody vouched for is forgotten.</summary>
    public const int MaxFailures = 5;

    /// <summary>A connection that ended sooner counts as another failure.</summary>
    private static readonly TimeSpan GoodConnection = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan OwnerRetry = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan OwnerRetryMax = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RetryMax = TimeSpan.FromMinutes(10);

    private readonly Dictionary<PeerAddress, Entry> _entries = [];
    private readonly List<PeerAddress> _order = [];
    private Instant? _nextDue;

    /// <summary>Addresses that are remembered.</summary>
    public int Count => _order.Count;

    /// <summary>Attempts that have not been answered.</summary>
    public int Pending { get; private set; }

    /// <summary>
    /// Whether an address named by the owner or the link has neither been reached nor failed yet; without <paramref name="room"/> for
    /// further links those that are being tried count alone.
    /// </summary>
    public bool HasUntriedVouched(bool room)
    {
        foreach (PeerAddress address in _order)
        {
            Entry entry = _entries[address];
            if (entry is { State: not AddressState.Self, Failures: 0, EverConnected: false }
                && IsVouched(entry.Source)
                && (room || entry.State != AddressState.Idle))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Remembers an address; a better source replaces a worse one.</summary>
    public void Add(PeerAddress address, PeerSource source, Instant now)
    {
        if (address.Port == 0 || address.IsUnspecified)
        {
            return;
        }

        if (_entries.TryGetValue(address, out Entry? known))
        {
            if (source < known.Source)
            {
                known.Source = source;
                known.NextTry = Instant.Min(known.NextTry, now);
                _nextDue = null;
            }

            return;
        }

        if (_order.Count == MaxAddresses && !MakeRoom())
        {
            return;
        }

        _entries.Add(address, new Entry { Source = source, NextTry = now });
        _order.Add(address);
        _nextDue = _nextDue is { } due ? Instant.Min(due, now) : null;
    }

    /// <summary>An address that turned out to be this process.</summary>
    public void MarkSelf(PeerAddress address)
    {
        if (_entries.TryGetValue(address, out Entry? entry))
        {
            Answered(entry);
            entry.State = AddressState.Self;
            _nextDue = null;
        }
    }

    /// <summary>Whether this address is connected or being connected to under this very value.</summary>
    public bool IsBusy(PeerAddress address) =>
        _entries.TryGetValue(address, out Entry? entry) && entry.State is AddressState.Trying or AddressState.Connected;

    /// <summary>The next address to try now, marked as being tried; owner's first, then a random one of those due. Null: none.</summary>
    public PeerAddress? Take(Instant now)
    {
        if (NextDue() > now)
        {
            return null;
        }

        PeerAddress? best = null;
        PeerSource bestSource = default;
        int ties = 0;
        foreach (PeerAddress address in _order)
        {
            Entry entry = _entries[address];
            if (entry.State != AddressState.Idle || entry.NextTry > now || (best is not null && entry.Source > bestSource))
            {
                continue;
            }

            ties = best is not null && entry.Source == bestSource ? ties + 1 : 1;
            if (ties == 1 || random.Next(ties) == 0)
            {
                (best, bestSource) = (address, entry.Source);
            }
        }

        if (best is { } chosen)
        {
            _entries[chosen].State = AddressState.Trying;
            _nextDue = null;
            Pending++;
        }

        return best;
    }

    /// <summary>When the next address becomes due.</summary>
    public Instant NextDue()
    {
        if (_nextDue is { } known)
        {
            return known;
        }

        Instant due = Instant.Never;
        foreach (PeerAddress address in _order)
        {
            if (_entries[address] is { State: AddressState.Idle } entry)
            {
                due = Instant.Min(due, entry.NextTry);
            }
        }

        _nextDue = due;
        return due;
    }

    /// <summary>The attempt was answered by a connection.</summary>
    public void Connected(PeerAddress address, Instant now)
    {
        if (_entries.TryGetValue(address, out Entry? entry))
        {
            Answered(entry);
            entry.State = AddressState.Connected;
            entry.ConnectedAt = now;
        }
    }

    /// <summary>The connection proved to be a peer of this task.</summary>
    public void Proved(PeerAddress address)
    {
        if (_entries.TryGetValue(address, out Entry? entry))
        {
            entry.EverConnected = true;
        }
    }

    /// <summary>A proved peer listens here, whoever opened the link: there is no need to connect to it.</summary>
    public void Cover(PeerAddress address, Instant now)
    {
        Add(address, PeerSource.Incoming, now);
        if (_entries.TryGetValue(address, out Entry? entry) && entry.State != AddressState.Self)
        {
            Answered(entry);
            entry.ConnectedAt = entry.State == AddressState.Connected ? entry.ConnectedAt : now;
            entry.State = AddressState.Connected;
            entry.EverConnected = true;
        }
    }

    /// <summary>The attempt failed, or the last connection to this address ended.</summary>
    public void Ended(PeerAddress address, Instant now)
    {
        if (!_entries.TryGetValue(address, out Entry? entry))
        {
            return;
        }

        Answered(entry);
        if (entry.State == AddressState.Self)
        {
            return;
        }

        _nextDue = null;
        bool wasGood = entry.State == AddressState.Connected && entry.EverConnected && now - entry.ConnectedAt >= GoodConnection;
        entry.State = AddressState.Idle;
        entry.Failures = wasGood ? 1 : entry.Failures + 1;
        if (entry.Failures >= MaxFailures && !IsVouched(entry.Source))
        {
            _entries.Remove(address);
            _order.Remove(address);
            return;
        }

        bool owner = IsVouched(entry.Source);
        TimeSpan first = owner ? OwnerRetry : Retry;
        TimeSpan most = owner ? OwnerRetryMax : RetryMax;
        TimeSpan wait = TimeSpan.FromTicks(Math.Min(most.Ticks, first.Ticks << Math.Min(entry.Failures - 1, 20)));
        entry.NextTry = now + (wait / 2) + random.NextSpan(wait);
    }

    private static bool IsVouched(PeerSource source) => source is PeerSource.Owner or PeerSource.Magnet;

    private void Answered(Entry entry)
    {
        _nextDue = null;
        Pending -= entry.State == AddressState.Trying ? 1 : 0;
    }

    private bool MakeRoom()
    {
        for (int i = 0; i < _order.Count; i++)
        {
            Entry entry = _entries[_order[i]];
            if (entry.State == AddressState.Idle && entry.Failures > 0 && !IsVouched(entry.Source))
            {
                _entries.Remove(_order[i]);
                _order.RemoveAt(i);
                _nextDue = null;
                return true;
            }
        }

        return false;
    }

    private enum AddressState
    {
        Idle,
        Trying,
        Connected,
        Self,
    }

    private sealed class Entry
    {
        public PeerSource Source { get; set; }

        public AddressState State { get; set; }

        public int Failures { get; set; }

        public bool EverConnected { get; set; }

        public Instant ConnectedAt { get; set; }

        public Instant NextTry { get; set; }
    }
}
