using System;
using System.Net;
using Starling.Core.Engine;
using Starling.Core.Primitives;
using Starling.Core.Swarm;

namespace Starling.Tests.Core.Swarm;

public sealed class AddressBookTests
{
    private static readonly Instant _start = Instant.FromSeconds(1000);
    private readonly AddressBook _book = new(new DeterministicRandom(1));

    [Fact]
    public void What_the_owner_named_is_tried_first()
    {
        _book.Add(At(1), PeerSource.Exchange, _start);
        _book.Add(At(2), PeerSource.Owner, _start);
        _book.Add(At(3), PeerSource.Local, _start);
        Assert.Equal([At(2), At(3), At(1)], new[] { _book.Take(_start), _book.Take(_start), _book.Take(_start) });
        Assert.Null(_book.Take(_start));
        Assert.Equal(3, _book.Pending);
    }

    [Fact]
    public void An_address_without_port_or_host_is_none()
    {
        _book.Add(At(0), PeerSource.Owner, _start);
        _book.Add(new PeerAddress(0, 6881), PeerSource.Owner, _start);
        Assert.Null(_book.Take(_start));
    }

    [Fact]
    public void Failures_are_retried_ever_later_and_strangers_are_forgotten_after_some()
    {
        _book.Add(At(1), PeerSource.Exchange, _start);
        Instant now = _start;
        for (int failures = 1; failures <= AddressBook.MaxFailures; failures++)
        {
            Assert.Equal(At(1), _book.Take(now));
            Assert.Null(_book.Take(now));
            _book.Ended(At(1), now);
            Assert.Equal(0, _book.Pending);
            Instant due = _book.NextDue();
            Assert.True(due > now);
            if (failures < AddressBook.MaxFailures)
            {
                Assert.Null(_book.Take(now));
                now = due;
            }
        }

        Assert.Equal(Instant.Never, _book.NextDue());
    }

    [Fact]
    public void What_the_owner_named_is_never_given_up_and_tried_at_least_every_half_minute()
    {
        _book.Add(At(1), PeerSource.Owner, _start);
        Instant now = _start;
        for (int failures = 0; failures < 100; failures++)
        {
            Assert.Equal(At(1), _book.Take(now));
            _book.Ended(At(1), now);
            Assert.InRange(_book.NextDue() - now, TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(30));
            now = _book.NextDue();
        }
    }

    [Fact]
    public void A_named_address_is_waited_for_until_it_answered_or_failed()
    {
        Assert.False(_book.HasUntriedVouched(room: true));
        _book.Add(At(1), PeerSource.Magnet, _start);
        _book.Add(At(2), PeerSource.Exchange, _start);
        Assert.True(_book.HasUntriedVouched(room: true));
        Assert.False(_book.HasUntriedVouched(room: false));
        _book.Take(_start);
        Assert.True(_book.HasUntriedVouched(room: true));
        _book.Ended(At(1), _start);
        Assert.False(_book.HasUntriedVouched(room: true));
    }

    [Fact]
    public void A_better_source_counts_and_a_connected_address_is_not_tried()
    {
        _book.Add(At(1), PeerSource.Exchange, _start);
        _book.Take(_start);
        _book.Ended(At(1), _start);
        _book.Add(At(1), PeerSource.Owner, _start);
        Assert.Equal(At(1), _book.Take(_start));
        _book.Connected(At(1), _start);
        _book.Proved(At(1));
        Assert.True(_book.IsBusy(At(1)));
        Assert.Equal(0, _book.Pending);
        Assert.Null(_book.Take(_start + TimeSpan.FromHours(1)));
        _book.Ended(At(1), _start);
        Assert.False(_book.IsBusy(At(1)));
    }

    [Fact]
    public void My_own_address_is_never_tried_again()
    {
        _book.Add(At(1), PeerSource.Owner, _start);
        _book.Take(_start);
        _book.MarkSelf(At(1));
        _book.Ended(At(1), _start);
        Assert.Equal((0, false), (_book.Pending, _book.HasUntriedVouched(room: true)));
        Assert.Null(_book.Take(_start + TimeSpan.FromHours(1)));
    }

    [Fact]
    public void Where_a_proved_peer_listens_is_not_dialled_while_it_is_connected()
    {
        _book.Add(At(1), PeerSource.Local, _start);
        _book.Cover(At(1), _start);
        Assert.Null(_book.Take(_start));
        _book.Ended(At(1), _start);
        Assert.Equal(At(1), _book.Take(_book.NextDue()));
    }

    [Fact]
    public void The_book_is_bounded_and_new_addresses_take_the_place_of_dead_ones()
    {
        for (int i = 1; i <= AddressBook.MaxAddresses; i++)
        {
            _book.Add(At(i), PeerSource.Tracker, _start);
        }

        _book.Add(At(60_000), PeerSource.Tracker, _start);
        Assert.False(Knows(60_000));

        PeerAddress dead = _book.Take(_start)!.Value;
        _book.Ended(dead, _start);
        _book.Add(At(60_001), PeerSource.Tracker, _start);
        Assert.False(_book.IsBusy(dead));
        Assert.True(Knows(60_001));
    }

    private bool Knows(int port)
    {
        _book.Cover(At(port), _start);
        return _book.IsBusy(At(port));
    }

    private static PeerAddress At(int port) => PeerAddress.From(IPAddress.Parse("192.0.2.1"), port);
}
