using System;
using System.Collections.Generic;
using System.Linq;
using Starling.Core.Gossip;
using Starling.Core.Primitives;
using Starling.Core.Verification;
using Starling.Tests.Core.Crypto;

namespace Starling.Tests.Core.Verification;

/// <summary>Who may judge in the author's place, through chains of notices.</summary>
public sealed class DelegationTableTests
{
    private const long Now = 1_000_000;
    private const long Later = Now + 100;

    private static readonly Hash256 _task = Hash256.Of("task"u8);
    private readonly DelegationTable _table = new(Key("author"));
    private long _serial;

    [Fact]
    public void The_author_names_others_who_may_hand_it_on_as_often_as_was_said()
    {
        Assert.True(Add("author", "one", depth: 1));
        Assert.True(Add("one", "two", depth: 7));
        Assert.False(Add("two", "three"));
        Assert.Equal([Key("author"), Key("one"), Key("two")], Judges(Now), Comparer);
    }

    [Fact]
    public void Nobody_appoints_himself_nor_a_stranger_anybody()
    {
        Assert.False(Add("stranger", "stranger", depth: 7));
        Assert.False(Add("stranger", "one"));
        Assert.False(Add("stranger", "author"));
        Assert.Empty(_table.InOrder());
    }

    [Fact]
    public void A_loop_ends_with_the_chain_that_led_into_it()
    {
        Add("author", "one", depth: 5);
        Add("one", "two", depth: 5);
        Add("two", "one", depth: 5);
        Assert.Equal(3, Judges(Now).Count);
        Add("author", "one", expires: 0);
        Assert.Equal([Key("author")], Judges(Now), Comparer);
    }

    [Fact]
    public void A_notice_runs_out_and_whoever_hangs_on_it_too()
    {
        Add("author", "one", depth: 1, expires: Later);
        Add("one", "two", expires: Later + 1000);
        Assert.Equal(3, Judges(Later - 1).Count);
        Assert.Equal([Key("author")], Judges(Later), Comparer);
    }

    [Fact]
    public void The_newest_word_counts_in_whatever_order_it_comes()
    {
        DelegationNotice given = Notice("author", "one");
        DelegationNotice takenBack = Notice("author", "one", expires: 0);
        Assert.True(_table.IsNews(takenBack, Now));
        _table.Add(takenBack, Now);
        Assert.False(_table.IsNews(given, Now));
        Assert.True(_table.IsTakenBack(Key("one")));
        Assert.True(Add("author", "one"));
        Assert.Equal(2, Judges(Now).Count);
    }

    [Fact]
    public void What_the_author_takes_back_nobody_else_had_given_before()
    {
        Add("author", "one", depth: 2);
        Add("one", "two", depth: 1);
        Add("author", "two", expires: 0);
        Assert.Equal(2, Judges(Now).Count);
        Add("one", "two");
        Assert.Equal(3, Judges(Now).Count);
    }

    [Fact]
    public void The_table_is_bounded_and_what_ran_out_makes_room()
    {
        for (int i = 0; i < DelegationTable.MaxNotices; i++)
        {
            Assert.True(Add("author", $"one {i}", expires: i == 0 ? Later : Later + 1000));
        }

        Assert.False(_table.IsNews(Notice("author", "more"), Now));
        DelegationNotice more = Notice("author", "more", expires: Later + 1000);
        Assert.True(_table.IsNews(more, Later));
        _table.Add(more, Later);
        Assert.Equal(DelegationTable.MaxNotices, _table.Count);
    }

    [Fact]
    public void What_was_kept_in_any_order_makes_the_same_table_and_what_is_forged_is_skipped()
    {
        DelegationNotice first = Notice("author", "one", depth: 1);
        DelegationNotice second = Notice("one", "two");
        byte[] forged = Notice("author", "mallory").Raw.ToArray();
        forged[^1] ^= 1;
        DelegationTable table = DelegationTable.Of(Key("author"), _task, [second.Raw, forged, new byte[3], first.Raw], new StandInVerifier(), Now);
        Assert.Equal([first.Raw.ToArray(), second.Raw.ToArray()], table.InOrder().Select(notice => notice.Raw.ToArray()));
        Assert.Empty(DelegationTable.Of(Key("author"), Hash256.Of("other task"u8), [first.Raw], new StandInVerifier(), Now).InOrder());
    }

    private static IEqualityComparer<PublicKey> Comparer => EqualityComparer<PublicKey>.Default;

    private static PublicKey Key(string name) => new StandInIdentity(name).PublicKey;

    private List<PublicKey> Judges(long now)
    {
        string[] names = ["author", "one", "two", "three", "stranger", "mallory"];
        IReadOnlyDictionary<PublicKey, int> reach = _table.Reach(now);
        List<PublicKey> judges = [.. names.Select(Key).Where(reach.ContainsKey)];
        Assert.Equal(judges.Count, reach.Count(entry => names.Any(name => Key(name) == entry.Key)));
        return judges;
    }

    private DelegationNotice Notice(string issuer, string to, int depth = 0, long expires = Later) =>
        DelegationNotice.Sign(new StandInIdentity(issuer), _task, Key(to), ++_serial, expires, depth);

    private bool Add(string issuer, string to, int depth = 0, long expires = Later)
    {
        DelegationNotice notice = Notice(issuer, to, depth, expires);
        bool isNews = _table.IsNews(notice, Now);
        if (isNews)
        {
            _table.Add(notice, Now);
        }

        return isNews;
    }
}
