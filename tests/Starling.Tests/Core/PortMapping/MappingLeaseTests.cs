using System;
using System.Collections.Generic;
using Starling.Core.PortMapping;
using Starling.Core.Primitives;

namespace Starling.Tests.Core.PortMapping;

public sealed class MappingLeaseTests
{
    private readonly MappingLease _lease = new(MappedTransport.Tcp, 6881, new DeterministicRandom(1));
    private Instant _now = Instant.FromSeconds(1000);

    [Fact]
    public void It_asks_for_its_own_number_and_renews_at_half_of_what_was_granted()
    {
        Assert.True(_lease.NextDue <= _now);
        Assert.Equal(new MappingRequest(MappedTransport.Tcp, 6881, 6881, MappingLease.Lifetime), _lease.Next);
        Assert.Null(_lease.Removal);
        _lease.Grant(new MappingGrant(7000, null, TimeSpan.FromMinutes(10)), _now);
        Assert.Equal(_now + TimeSpan.FromMinutes(5), _lease.NextDue);
        Assert.Equal(7000, _lease.Next.ExternalPort);
        Assert.Equal(new MappingRequest(MappedTransport.Tcp, 6881, 7000, TimeSpan.Zero), _lease.Removal);
    }

    [Theory]
    [InlineData(1, 5)]
    [InlineData(3600, 1800)]
    [InlineData(4_000_000_000, 1800)]
    public void Whatever_life_is_granted_the_next_question_comes_neither_at_once_nor_never(long lifeSeconds, int waitSeconds)
    {
        _lease.Grant(new MappingGrant(6881, null, TimeSpan.FromSeconds(lifeSeconds)), _now);
        Assert.Equal(TimeSpan.FromSeconds(waitSeconds), _lease.NextDue - _now);
    }

    [Theory]
    [InlineData(0, 60)]
    [InlineData(65536, 60)]
    [InlineData(6881, 0)]
    public void A_grant_of_nothing_is_a_refusal(int port, int lifeSeconds)
    {
        _lease.Grant(new MappingGrant(port, null, TimeSpan.FromSeconds(lifeSeconds)), _now);
        Assert.Null(_lease.Granted);
        Assert.NotNull(_lease.Refused);
    }

    [Fact]
    public void A_number_that_somebody_else_has_is_followed_by_others_a_bounded_number_of_times()
    {
        var tried = new HashSet<int>();
        for (int i = 0; i < MappingLease.MaxConflicts; i++)
        {
            tried.Add(_lease.Next.ExternalPort);
            _lease.Refuse(new MappingRefusal("taken") { IsConflict = true }, _now);
            Assert.Equal(_now, _lease.NextDue);
        }

        Assert.True(tried.Count > MappingLease.MaxConflicts / 2);
        _lease.Refuse(new MappingRefusal("taken") { IsConflict = true }, _now);
        Assert.Equal(TimeSpan.FromSeconds(30), _lease.NextDue - _now);
    }

    [Fact]
    public void Refusals_are_followed_by_growing_waits()
    {
        foreach (int seconds in new[] { 30, 60, 120, 240, 480, 960, 1800, 1800 })
        {
            _lease.Refuse(new MappingRefusal("no"), _now);
            Assert.Equal(TimeSpan.FromSeconds(seconds), _lease.NextDue - _now);
        }

        _lease.Refuse(new MappingRefusal("no") { RetryAfter = TimeSpan.FromDays(1000) }, _now);
        Assert.Equal(TimeSpan.FromMinutes(30), _lease.NextDue - _now);
        Assert.Null(_lease.Removal);
    }

    [Fact]
    public void What_is_held_is_asked_for_until_it_ends()
    {
        _lease.Grant(new MappingGrant(6881, null, TimeSpan.FromSeconds(100)), _now);
        _now = _lease.NextDue;
        _lease.Refuse(new MappingRefusal("it does not answer"), _now);
        Assert.Equal(TimeSpan.FromSeconds(25), _lease.NextDue - _now);
        Assert.NotNull(_lease.Granted);
        _now = _lease.NextDue + TimeSpan.FromSeconds(30);
        _lease.Expire(_now);
        Assert.Null(_lease.Granted);
        Assert.NotNull(_lease.Removal);
    }

    [Fact]
    public void A_gateway_that_grants_for_ever_only_is_asked_for_that()
    {
        _lease.Refuse(new MappingRefusal("") { WantsPermanent = true }, _now);
        Assert.Equal((_now, TimeSpan.Zero), (_lease.NextDue, _lease.Next.Lifetime));
        _lease.Grant(new MappingGrant(6881, null, null), _now);
        Assert.Equal(TimeSpan.FromMinutes(30), _lease.NextDue - _now);
        _lease.Expire(_now + TimeSpan.FromDays(9));
        Assert.NotNull(_lease.Granted);
    }

    [Fact]
    public void A_gateway_that_forgot_is_asked_at_once()
    {
        _lease.Grant(new MappingGrant(6881, null, TimeSpan.FromHours(1)), _now);
        _lease.Forgotten(_now);
        Assert.Equal(_now, _lease.NextDue);
    }
}
