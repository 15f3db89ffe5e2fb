using System;
using System.Collections.Generic;
using Starling.Core.Primitives;

namespace Starling.Core.Trackers;

/// <summary>
/// Which tracker of a swarm is told what, and when: a step machine over tiers (BEP 12). Each tier is shuffled once; within it one tracker is asked after the
/// other until one answers, which comes first from then on. A tracker that failed is left alone for a growing time.
/// The driver carries out <see cref="Due"/> at <see cref="NextDue"/> and reports each announce by <see cref="Succeeded"/> or <see cref="Failed"/>.
/// </summary>
public sealed class AnnounceSchedule
{
    private const int MaxDoublings = 16;

    private readonly AnnounceScheduleOptions _options;
    private readonly DeterministicRandom _random;
    private readonly List<Tracker> _trackers = [];
    private readonly List<Lane> _lanes = [];
    private bool _hasEnoughPeers;
    private bool _isComplete;
    private bool _wasHere;
    private bool _stopped;

    /// <summary>A schedule whose first announces are due at once.</summary>
    /// <param name="tiers">The trackers; one that stands twice counts where it stands first.</param>
    /// <param name="options">How often.</param>
    /// <param name="random">Shuffles, and spreads the waits.</param>
    /// <param name="isComplete">Whether this peer has everything from the start: then <c>completed</c> is never told.</param>
    public AnnounceSchedule(
        IReadOnlyList<IReadOnlyList<TrackerUrl>> tiers, AnnounceScheduleOptions options, DeterministicRandom random, bool isComplete = false)
    {
        ArgumentNullException.ThrowIfNull(tiers);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(random);
        _options = options;
        _random = random;
        _isComplete = isComplete;
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (IReadOnlyList<TrackerUrl> urls in tiers)
        {
            var tier = new List<Tracker>();
            foreach (TrackerUrl url in urls)
            {
                if (seen.Add(url.Text))
                {
                    tier.Add(new Tracker(_trackers.Count, url, _lanes.Count));
                    _trackers.Add(tier[^1]);
                }
            }

            if (tier.Count > 0)
            {
                random.Shuffle(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(tier));
                AddTier(tier);
            }
        }
    }

    /// <summary>Trackers in all tiers.</summary>
    public int Count => _trackers.Count;

    /// <summary>When an announce becomes due; never, when all are under way or it was stopped.</summary>
    public Instant NextDue
    {
        get
        {
            Instant next = Instant.Never;
            foreach (Lane lane in _lanes)
            {
                if (!_stopped && lane.UnderWay is null)
                {
                    next = Instant.Min(next, DueOf(lane));
                }
            }

            return next;
        }
    }

    /// <summary>Every tracker as it stands, in the order of the tiers as given.</summary>
    public IReadOnlyList<TrackerState> States => _trackers.ConvertAll(tracker => tracker.State());

    /// <summary>The announces to make now; each counts as under way until it is reported.</summary>
    public IReadOnlyList<TrackerAnnounce> Due(Instant now)
    {
        var due = new List<TrackerAnnounce>();
        foreach (Lane lane in _lanes)
        {
            if (_stopped || lane.UnderWay is not null || DueOf(lane) > now || Choose(lane, now) is not { } tracker)
            {
                continue;
            }

            lane.UnderWay = tracker;
            tracker.IsUnderWay = true;
            tracker.SaysComplete = _isComplete;
            due.Add(tracker.Announce(
                !tracker.WasTold ? AnnounceEvent.Started
                : _isComplete && !_wasHere && !tracker.KnowsComplete ? AnnounceEvent.Completed
                : AnnounceEvent.None));
        }

        return due;
    }

    /// <summary>The tracker answered.</summary>
    public void Succeeded(int tracker, AnnounceAnswer answer, Instant now)
    {
        ArgumentNullException.ThrowIfNull(answer);
        Tracker answered = _trackers[tracker];
        Lane lane = _lanes[answered.Lane];
        if (answered.IsUnderWay)
        {
            lane.UnderWay = null;
            answered.IsUnderWay = false;
            answered.WasTold = true;
            answered.KnowsComplete |= answered.SaysComplete;
            answered.Accept(answer);
            lane.Promote(answered);
            TimeSpan least = Clamp(answer.MinInterval, _options.DefaultMinInterval);
            TimeSpan interval = Clamp(answer.Interval, _options.DefaultInterval);
            interval = interval < least && answer.MinInterval is not null ? least : interval;
            lane.LeastInterval = answer.MinInterval is null && interval < least ? interval : least;
            lane.Answered = now;
            lane.Next = now + interval + _random.NextSpan(interval / 20);
            TimeSpan early = lane.LeastInterval * (1 << lane.EarlyCount);
            lane.NextWhenFew = now + (early < interval ? early : interval);
            lane.EarlyCount = Math.Min(lane.EarlyCount + 1, MaxDoublings);
            if (_isComplete && !answered.KnowsComplete)
            {
                lane.Next = now;
            }
        }
    }

    /// <summary>The announce brought nothing: the next tracker of the tier is due at once, this one after a while.</summary>
    public void Failed(int tracker, TrackerFailure failure, Instant now)
    {
        ArgumentNullException.ThrowIfNull(failure);
        Tracker failed = _trackers[tracker];
        Lane lane = _lanes[failed.Lane];
        if (failed.IsUnderWay)
        {
            lane.UnderWay = null;
            lane.Next = now;
            failed.IsUnderWay = false;
            failed.Failures++;
            failed.LastError = failure.Reason;
            long doubled = _options.FirstRetry.Ticks << Math.Min(failed.Failures - 1, MaxDoublings);
            TimeSpan wait = TimeSpan.FromTicks(Math.Min(_options.LongestRetry.Ticks, doubled));
            wait = failure.Refused && wait < _options.RefusedRetry ? _options.RefusedRetry : wait;
            wait = (wait * 0.75) + _random.NextSpan(wait / 2);
            wait = failure.RetryAfter is { } asked && asked > wait ? asked : wait;
            failed.NotBefore = now + wait;
        }
    }

    /// <summary>The last missing byte is here: those who know this peer are told at once.</summary>
    /// <param name="now">The time.</param>
    /// <param name="wasHere">Nothing was fetched, it had only not been looked at: they hear of it without the event <c>completed</c> (BEP 3).</param>
    public void Completed(Instant now, bool wasHere = false)
    {
        if (!_isComplete)
        {
            _isComplete = true;
            _wasHere = wasHere;
            foreach (Lane lane in _lanes)
            {
                lane.Next = lane.Answered is null ? lane.Next : now;
            }
        }
    }

    /// <summary>How many peers are connected: with few, announces come as early as the trackers allow.</summary>
    public void Connected(int peers)
    {
        bool enough = peers >= _options.EnoughPeers;
        if (enough && !_hasEnoughPeers)
        {
            foreach (Lane lane in _lanes)
            {
                lane.EarlyCount = 0;
            }
        }

        _hasEnoughPeers = enough;
    }

    /// <summary>What is told (the port) has changed: every tracker hears of it as early as it allows.</summary>
    public void TellAgain(Instant now)
    {
        foreach (Lane lane in _lanes)
        {
            if (lane.Answered is { } answered)
            {
                Instant allowed = answered + lane.LeastInterval;
                lane.Next = Instant.Min(lane.Next, allowed > now ? allowed : now);
            }
        }
    }

    /// <summary>It is over: what to tell those trackers that know this peer. Nothing is due afterwards.</summary>
    public IReadOnlyList<TrackerAnnounce> Stop()
    {
        var farewells = new List<TrackerAnnounce>();
        foreach (Tracker tracker in _trackers)
        {
            if (!_stopped && tracker.WasTold)
            {
                farewells.Add(tracker.Announce(AnnounceEvent.Stopped));
            }
        }

        _stopped = true;
        return farewells;
    }

    private void AddTier(List<Tracker> tier)
    {
        if (_options.IsPrivate && _lanes.Count > 0)
        {
            int number = _lanes[0].Tiers.Count;
            tier.ForEach(tracker => tracker.Move(lane: 0, number));
            _lanes[0].Tiers.Add(tier);
        }
        else
        {
            tier.ForEach(tracker => tracker.Move(_lanes.Count, _lanes.Count));
            _lanes.Add(new Lane { Tiers = { tier } });
        }
    }

    private Instant DueOf(Lane lane)
    {
        Instant due = _hasEnoughPeers || lane.NextWhenFew is not { } few ? lane.Next : Instant.Min(lane.Next, few);
        Instant free = Instant.Never;
        foreach (List<Tracker> tier in lane.Tiers)
        {
            foreach (Tracker tracker in tier)
            {
                free = Instant.Min(free, tracker.NotBefore);
            }
        }

        return due > free ? due : free;
    }

    private static Tracker? Choose(Lane lane, Instant now)
    {
        foreach (List<Tracker> tier in lane.Tiers)
        {
            foreach (Tracker tracker in tier)
            {
                if (tracker.NotBefore <= now)
                {
                    return tracker;
                }
            }
        }

        return null;
    }

    private TimeSpan Clamp(int? seconds, TimeSpan otherwise)
    {
        TimeSpan said = seconds is { } known ? TimeSpan.FromSeconds(known) : otherwise;
        return said < _options.ShortestInterval ? _options.ShortestInterval : said > _options.LongestInterval ? _options.LongestInterval : said;
    }

    /// <summary>Tiers that are asked one after the other; one announce at a time.</summary>
    private sealed class Lane
    {
        public List<List<Tracker>> Tiers { get; } = [];

        public Tracker? UnderWay { get; set; }

        public Instant Next { get; set; } = new(long.MinValue);

        /// <summary>When it is asked again while there are few peers; null: no answer yet.</summary>
        public Instant? NextWhenFew { get; set; }

        public Instant? Answered { get; set; }

        public TimeSpan LeastInterval { get; set; }

        public int EarlyCount { get; set; }

        /// <summary>Who answered comes first in its tier (BEP 12).</summary>
        public void Promote(Tracker tracker)
        {
            foreach (List<Tracker> tier in Tiers)
            {
                if (tier.Remove(tracker))
                {
                    tier.Insert(0, tracker);
                }
            }
        }
    }

    private sealed class Tracker(int number, TrackerUrl url, int lane)
    {
        private int _tier;
        private ReadOnlyMemory<byte> _id;
        private AnnounceAnswer? _answer;

        public int Lane { get; private set; } = lane;

        public bool IsUnderWay { get; set; }

        /// <summary>It answered to <c>started</c>: it knows this peer.</summary>
        public bool WasTold { get; set; }

        /// <summary>What the announce under way tells of completeness.</summary>
        public bool SaysComplete { get; set; }

        public bool KnowsComplete { get; set; }

        public int Failures { get; set; }

        public string? LastError { get; set; }

        public Instant NotBefore { get; set; } = new(long.MinValue);

        public void Move(int lane, int tier) => (Lane, _tier) = (lane, tier);

        public void Accept(AnnounceAnswer answer)
        {
            Failures = 0;
            LastError = null;
            NotBefore = new Instant(long.MinValue);
            _answer = answer;
            _id = answer.TrackerId.IsEmpty ? _id : answer.TrackerId;
        }

        public TrackerAnnounce Announce(AnnounceEvent reason) => new(number, url, reason, _id);

        public TrackerState State() => new()
        {
            Url = url,
            Tier = _tier,
            IsUnderWay = IsUnderWay,
            Works = Failures > 0 ? false : _answer is null ? null : true,
            Failures = Failures,
            LastError = LastError,
            Peers = _answer?.Peers.Count ?? 0,
            Complete = _answer?.Complete,
            Incomplete = _answer?.Incomplete,
            ExternalAddress = _answer?.ExternalAddress,
        };
    }
}
