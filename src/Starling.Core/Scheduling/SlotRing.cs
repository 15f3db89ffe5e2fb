using System;
using System.Collections.Generic;
using Starling.Core.Primitives;

namespace Starling.Core.Scheduling;

/// <summary>
/// The slots of all workers that seem to be at work, my own included, in the order that <see cref="SharePolicy"/> divides the pieces by. A worker
/// stays while it gives signs of life, and one that only ever claims and never delivers leaves for good when its first lease is over.
/// </summary>
internal sealed class SlotRing(PublicKey self, SchedulingOptions options)
{
    private readonly List<Slot> _slots = [];
    private readonly Dictionary<PublicKey, Member> _members = [];
    private Instant _nextPurge = Instant.Never;
    private TimeSpan? _doubt;

    /// <summary>Slots in the ring.</summary>
    internal int Count => _slots.Count;

    /// <summary>Workers in the ring of whom a result was heard.</summary>
    internal int Proven { get; private set; }

    /// <summary>Rises with every change of membership.</summary>
    internal int Version { get; private set; }

    /// <summary>The rank of a slot, or -1.</summary>
    internal int RankOf(PublicKey worker, int slot)
    {
        int at = _slots.BinarySearch(new Slot(NumberOf(worker, slot), worker, slot));
        return at < 0 ? -1 : at;
    }

    /// <summary>Worker and slot at a rank.</summary>
    internal (PublicKey Worker, int Slot) At(int rank) => (_slots[rank].Worker, _slots[rank].Index);

    /// <summary>All workers in the ring, in an order of no meaning that is the same in every run.</summary>
    internal List<PublicKey> Workers()
    {
        var workers = new List<PublicKey>(_members.Count);
        foreach (Slot slot in _slots)
        {
            if (slot.Index == 0)
            {
                workers.Add(slot.Worker);
            }
        }

        return workers;
    }

    /// <summary>What is remembered of a worker; null: it is not in the ring.</summary>
    internal Member? Find(PublicKey worker) => _members.GetValueOrDefault(worker);

    /// <summary>A sign of life. Brings the worker in, with at least <paramref name="slots"/> slots; a full ring takes nobody new.</summary>
    internal void Saw(PublicKey worker, int slots, Instant now, TimeSpan lease)
    {
        if (!_members.TryGetValue(worker, out Member? member))
        {
            if (_slots.Count >= options.MaxWorkers)
            {
                return;
            }

            member = new Member { FirstSeen = now };
            _members.Add(worker, member);
        }

        int wanted = Math.Clamp(slots, 1, options.MaxClaimsPerWorker);
        for (; member.Slots < wanted && _slots.Count < options.MaxWorkers; member.Slots++)
        {
            var slot = new Slot(NumberOf(worker, member.Slots), worker, member.Slots);
            _slots.Insert(~_slots.BinarySearch(slot), slot);
            Version++;
        }

        member.Until = worker == self ? Instant.Never : now + lease;
        _nextPurge = Instant.Min(_nextPurge, member.Until);
    }

    /// <summary>A result of a worker was heard; <paramref name="run"/>: how long it took, if that is known.</summary>
    internal void Delivered(PublicKey worker, Instant now, TimeSpan? run)
    {
        if (_members.TryGetValue(worker, out Member? member))
        {
            Proven += member.LastResult is null ? 1 : 0;
            member.LastResult = now;
            member.RunTime = run ?? member.RunTime;
        }
    }

    /// <summary>Takes a worker out.</summary>
    internal void Remove(PublicKey worker)
    {
        if (worker != self && _members.Remove(worker, out Member? member))
        {
            Proven -= member.LastResult is null ? 0 : 1;
            _slots.RemoveAll(slot => slot.Worker == worker);
            Version++;
        }
    }

    /// <summary>Takes out the workers that gave no sign of life in the time of their lease, and those that showed no result in the time of <paramref name="doubt"/>.</summary>
    internal void Purge(Instant now, TimeSpan? doubt)
    {
        if (now < _nextPurge && doubt == _doubt)
        {
            return;
        }

        _doubt = doubt;

        _nextPurge = Instant.Never;
        int before = _slots.Count;
        _slots.RemoveAll(slot => EndOf(slot.Worker) <= now);
        Version += before == _slots.Count ? 0 : 1;
        foreach (PublicKey gone in Gone(now))
        {
            _members.Remove(gone, out Member? member);
            Proven -= member!.LastResult is null ? 0 : 1;
        }

        foreach (Slot slot in _slots)
        {
            _nextPurge = Instant.Min(_nextPurge, EndOf(slot.Worker));
        }
    }

    private Instant EndOf(PublicKey worker)
    {
        Member member = _members[worker];
        return worker == self || member.LastResult is not null || _doubt is not { } doubt ? member.Until : Instant.Min(member.Until, member.FirstSeen + doubt);
    }

    private List<PublicKey> Gone(Instant now)
    {
        var gone = new List<PublicKey>();
        foreach ((PublicKey worker, _) in _members)
        {
            if (EndOf(worker) <= now)
            {
                gone.Add(worker);
            }
        }

        return gone;
    }

    private static ulong NumberOf(PublicKey worker, int slot)
    {
        ulong number = Rendezvous.Number(worker);
        return slot == 0 ? number : Rendezvous.Weight(number, slot);
    }

    private readonly record struct Slot(ulong Number, PublicKey Worker, int Index) : IComparable<Slot>
    {
        public int CompareTo(Slot other)
        {
            int order = Number.CompareTo(other.Number);
            order = order != 0 ? order : Worker.CompareTo(other.Worker);
            return order != 0 ? order : Index.CompareTo(other.Index);
        }
    }

    /// <summary>A worker of the ring.</summary>
    internal sealed class Member
    {
        internal Instant FirstSeen { get; init; }

        internal Instant Until { get; set; }

        internal int Slots { get; set; }

        /// <summary>When its latest result was heard; null: none was.</summary>
        internal Instant? LastResult { get; set; }

        /// <summary>How long its latest run took; zero: not known.</summary>
        internal TimeSpan RunTime { get; set; }
    }
}
