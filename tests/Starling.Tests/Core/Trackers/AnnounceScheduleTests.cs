using System;
using System.Collections.Generic;
using System.Linq;
using Starling.Core.Primitives;
using Starling.Core.Trackers;

namespace Starling.Tests.Core.Trackers;

public sealed class AnnounceScheduleTests
{
    private static readonly AnnounceScheduleOptions Options = new();
    private static readonly TrackerFailure Dead = new("it does not answer");

    private Instant _now = Instant.FromSeconds(1000);

    [Fact]
    public void Every_tier_is_asked_at_once_and_one_tracker_of_each()
    {
        AnnounceSchedule schedule = Make([["a", "b", "c"], ["d"], []]);
        IReadOnlyList<TrackerAnnounce> due = schedule.Due(_now);
        Assert.Equal(2, due.Count);
        Assert.Equal("d", Name(due[1]));
        Assert.All(due, announce => Assert.Equal(AnnounceEvent.Started, announce.Event));
        Assert.Empty(schedule.Due(_now));
        Assert.Equal(Instant.Never, schedule.NextDue);
    }

    [Fact]
    public void A_tracker_that_fails_is_followed_by_the_next_of_its_tier_and_who_answers_comes_first_from_then_on()
    {
        AnnounceSchedule schedule = Make([["a", "b", "c"]]);
        TrackerAnnounce first = One(schedule);
        schedule.Failed(first.Tracker, Dead, _now);
        TrackerAnnounce second = One(schedule);
        Assert.NotEqual(first.Tracker, second.Tracker);
        schedule.Succeeded(second.Tracker, new AnnounceAnswer { Interval = 1800 }, _now);
        schedule.Connected(100);
        Assert.True(schedule.NextDue >= _now + TimeSpan.FromMinutes(30));
        _now = schedule.NextDue;
        TrackerAnnounce again = One(schedule);
        Assert.Equal((second.Tracker, AnnounceEvent.None), (again.Tracker, again.Event));
    }

    [Fact]
    public void Tiers_are_shuffled()
    {
        var first = new HashSet<string>();
        for (ulong seed = 0; seed < 40; seed++)
        {
            first.Add(Name(One(Make([["a", "b", "c"]], seed: seed))));
        }

        Assert.Equal(3, first.Count);
    }

    [Fact]
    public void Failures_of_all_are_followed_by_growing_waits()
    {
        AnnounceSchedule schedule = Make([["a"]]);
        TimeSpan expected = Options.FirstRetry;
        for (int failures = 1; failures <= 20; failures++)
        {
            schedule.Failed(One(schedule).Tracker, Dead, _now);
            TimeSpan wait = schedule.NextDue - _now;
            Assert.InRange(wait, expected * 0.75, expected * 1.25);
            Assert.Equal(failures, schedule.States[0].Failures);
            Assert.Empty(schedule.Due(_now));
            _now = schedule.NextDue;
            expected = expected * 2 < Options.LongestRetry ? expected * 2 : Options.LongestRetry;
        }

        schedule.Succeeded(One(schedule).Tracker, new AnnounceAnswer(), _now);
        Assert.Equal((0, true, (string?)null), (schedule.States[0].Failures, schedule.States[0].Works, schedule.States[0].LastError));
    }

    [Fact]
    public void A_tracker_that_refused_is_left_alone_for_longer_and_as_long_as_it_asks()
    {
        AnnounceSchedule schedule = Make([["a"]]);
        schedule.Failed(One(schedule).Tracker, new TrackerFailure("no") { Refused = true }, _now);
        Assert.InRange(schedule.NextDue - _now, Options.RefusedRetry * 0.75, Options.RefusedRetry * 1.25);
        _now = schedule.NextDue;
        schedule.Failed(One(schedule).Tracker, new TrackerFailure("no") { Refused = true, RetryAfter = TimeSpan.FromHours(9) }, _now);
        Assert.Equal(TimeSpan.FromHours(9), schedule.NextDue - _now);
        _now = schedule.NextDue;
        schedule.Failed(One(schedule).Tracker, new TrackerFailure("no") { Refused = true, RetryAfter = TimeSpan.MaxValue }, _now);
        Assert.Equal(Instant.Never, schedule.NextDue);
        Assert.Equal("no", schedule.States[0].LastError);
    }

    [Theory]
    [InlineData(0, 60)]
    [InlineData(59, 60)]
    [InlineData(60, 60)]
    [InlineData(7200, 7200)]
    [InlineData(7201, 7200)]
    [InlineData(int.MaxValue, 7200)]
    [InlineData(null, 1800)]
    public void The_interval_is_kept_within_bounds(int? said, int expected)
    {
        AnnounceSchedule schedule = Make([["a"]]);
        schedule.Connected(100);
        schedule.Succeeded(One(schedule).Tracker, new AnnounceAnswer { Interval = said }, _now);
        Assert.InRange((schedule.NextDue - _now).TotalSeconds, expected, expected * 1.05);
    }

    [Fact]
    public void With_few_peers_it_is_asked_earlier_each_time_later_but_never_below_min_interval()
    {
        AnnounceSchedule schedule = Make([["a"]]);
        foreach (int minutes in new[] { 5, 10, 20, 30, 30 })
        {
            schedule.Succeeded(One(schedule).Tracker, new AnnounceAnswer { Interval = 1800, MinInterval = 300 }, _now);
            Assert.Equal(minutes, (schedule.NextDue - _now).TotalMinutes, 3);
            _now = schedule.NextDue;
        }

        // Enough peers, and the waits begin anew.
        schedule.Connected(Options.EnoughPeers);
        _now = schedule.NextDue;
        schedule.Succeeded(One(schedule).Tracker, new AnnounceAnswer { Interval = 1800, MinInterval = 300 }, _now);
        Assert.True(schedule.NextDue - _now >= TimeSpan.FromMinutes(30));
        schedule.Connected(Options.EnoughPeers - 1);
        Assert.Equal(5, (schedule.NextDue - _now).TotalMinutes, 3);
    }

    [Fact]
    public void Where_no_min_interval_is_named_few_peers_wait_a_polite_while()
    {
        AnnounceSchedule schedule = Make([["a"]]);
        schedule.Succeeded(One(schedule).Tracker, new AnnounceAnswer { Interval = 1800 }, _now);
        Assert.Equal(Options.DefaultMinInterval, schedule.NextDue - _now);
    }

    [Fact]
    public void Completion_is_told_once_and_at_once_to_who_knows_this_peer()
    {
        AnnounceSchedule schedule = Make([["a"], ["b"]]);
        IReadOnlyList<TrackerAnnounce> due = schedule.Due(_now);
        schedule.Succeeded(due[0].Tracker, new AnnounceAnswer(), _now);
        schedule.Failed(due[1].Tracker, Dead, _now);
        schedule.Completed(_now);
        TrackerAnnounce completed = One(schedule);
        Assert.Equal((due[0].Tracker, AnnounceEvent.Completed), (completed.Tracker, completed.Event));
        schedule.Succeeded(completed.Tracker, new AnnounceAnswer(), _now);

        // The other one never knew that anything was missing.
        _now += TimeSpan.FromSeconds(30);
        TrackerAnnounce started = One(schedule);
        Assert.Equal((due[1].Tracker, AnnounceEvent.Started), (started.Tracker, started.Event));
        schedule.Succeeded(started.Tracker, new AnnounceAnswer(), _now);
        _now += TimeSpan.FromHours(3);
        Assert.All(schedule.Due(_now), announce => Assert.Equal(AnnounceEvent.None, announce.Event));
    }

    [Fact]
    public void Completion_while_an_announce_is_under_way_follows_it()
    {
        AnnounceSchedule schedule = Make([["a"]]);
        TrackerAnnounce started = One(schedule);
        schedule.Completed(_now);
        schedule.Succeeded(started.Tracker, new AnnounceAnswer(), _now);
        Assert.Equal(AnnounceEvent.Completed, One(schedule).Event);
    }

    [Fact]
    public void A_peer_that_is_complete_from_the_start_never_tells_completion()
    {
        AnnounceSchedule schedule = Make([["a"]], isComplete: true);
        schedule.Succeeded(One(schedule).Tracker, new AnnounceAnswer(), _now);
        schedule.Completed(_now);
        _now += TimeSpan.FromHours(3);
        Assert.Equal(AnnounceEvent.None, One(schedule).Event);
    }

    [Fact]
    public void What_turns_out_to_be_complete_is_told_at_once_but_not_as_a_completion()
    {
        AnnounceSchedule schedule = Make([["a"]]);
        schedule.Succeeded(One(schedule).Tracker, new AnnounceAnswer(), _now);
        schedule.Completed(_now, wasHere: true);
        Assert.Equal(AnnounceEvent.None, One(schedule).Event);
    }

    [Fact]
    public void Leaving_is_told_to_those_who_know_this_peer_with_their_id_and_ends_everything()
    {
        AnnounceSchedule schedule = Make([["a"], ["b"]]);
        IReadOnlyList<TrackerAnnounce> due = schedule.Due(_now);
        schedule.Succeeded(due[0].Tracker, new AnnounceAnswer { TrackerId = new byte[] { 7 } }, _now);
        TrackerAnnounce farewell = Assert.Single(schedule.Stop());
        Assert.Equal((due[0].Tracker, AnnounceEvent.Stopped), (farewell.Tracker, farewell.Event));
        Assert.Equal([7], farewell.TrackerId.ToArray());
        Assert.Empty(schedule.Stop());
        Assert.Empty(schedule.Due(Instant.Never));
        Assert.Equal(Instant.Never, schedule.NextDue);
    }

    [Fact]
    public void A_change_of_the_port_is_told_as_early_as_allowed()
    {
        AnnounceSchedule schedule = Make([["a"]]);
        schedule.Connected(100);
        schedule.Succeeded(One(schedule).Tracker, new AnnounceAnswer { Interval = 1800, MinInterval = 300 }, _now);
        schedule.TellAgain(_now);
        Assert.Equal(300, (schedule.NextDue - _now).TotalSeconds);
    }

    [Fact]
    public void A_private_torrent_asks_one_tracker_at_a_time_in_the_order_of_its_tiers()
    {
        AnnounceSchedule schedule = Make([["a"], ["b"]], Options with { IsPrivate = true });
        TrackerAnnounce first = One(schedule);
        Assert.Equal("a", Name(first));
        schedule.Failed(first.Tracker, Dead, _now);
        TrackerAnnounce second = One(schedule);
        Assert.Equal("b", Name(second));
        schedule.Succeeded(second.Tracker, new AnnounceAnswer(), _now);
        schedule.Connected(100);

        // The first tier has its turn again when its wait is over.
        _now = schedule.NextDue;
        Assert.Equal("a", Name(One(schedule)));
        Assert.Equal([0, 1], schedule.States.Select(state => state.Tier));
    }

    [Fact]
    public void A_tracker_that_stands_twice_counts_once()
    {
        AnnounceSchedule schedule = Make([["a", "a"], ["a"], ["b"]]);
        Assert.Equal(2, schedule.Count);
        Assert.Equal(2, schedule.Due(_now).Count);
    }

    private static AnnounceSchedule Make(string[][] tiers, AnnounceScheduleOptions? options = null, ulong seed = 1, bool isComplete = false) => new(
        [.. tiers.Select(tier => (TrackerUrl[])[.. tier.Select(name => TrackerParts.Url($"udp://{name}:1"))])],
        options ?? Options, new DeterministicRandom(seed), isComplete);

    private TrackerAnnounce One(AnnounceSchedule schedule) => Assert.Single(schedule.Due(_now));

    private static string Name(TrackerAnnounce announce) => announce.Url.Host;
}
