using System;
using System.Collections.Generic;
using System.Linq;
using Starling.Core.Primitives;
using Starling.Core.Torrents;

namespace Starling.Tests.Core.Torrents;

public sealed class PiecePickerTests
{
    [Fact]
    public void The_order_is_by_rarity_after_any_history()
    {
        for (ulong seed = 1; seed <= 20; seed++)
        {
            const int pieces = 40;
            var random = new DeterministicRandom(seed);
            var order = new RarityOrder(pieces, random);
            var availability = new int[pieces];
            var members = new HashSet<int>();
            for (int step = 0; step < 2_000; step++)
            {
                int piece = random.Next(pieces);
                switch (random.Next(4))
                {
                    case 0 when members.Add(piece): order.Add(piece, availability[piece]); break;
                    case 1 when members.Remove(piece): order.Remove(piece, availability[piece]); break;
                    case 2:
                        if (members.Contains(piece))
                        {
                            order.MoveUp(piece, availability[piece]);
                        }

                        availability[piece]++;
                        break;
                    case 3 when availability[piece] > 0:
                        if (members.Contains(piece))
                        {
                            order.MoveDown(piece, availability[piece]);
                        }

                        availability[piece]--;
                        break;
                    default: break;
                }

                int[] listed = [.. Enumerable.Range(0, order.Count).Select(place => order[place])];
                Assert.Equal(members.Order(), listed.Order());
                Assert.Equal(listed.Select(each => availability[each]).Order(), listed.Select(each => availability[each]));
                Assert.All(Enumerable.Range(0, pieces), each => Assert.Equal(members.Contains(each), order.Contains(each)));
            }
        }
    }

    [Fact]
    public void The_rarest_piece_that_the_peer_has_is_picked_once_something_is_here()
    {
        var have = new PieceBits(10);
        for (int piece = 0; piece < PiecePicker.RandomFirstPieces; piece++)
        {
            have.Add(piece);
        }

        var picker = new PiecePicker(have, sequential: false, new DeterministicRandom(1));
        picker.AddPeer(Bits(10, 4, 5, 6, 7, 8));
        picker.AddPeer(Bits(10, 4, 5, 6, 8));
        picker.AddPeer(Bits(10, 4, 8));

        Assert.True(picker.TryStart(Bits(10, 4, 6, 7, 8), out int first));
        Assert.True(picker.TryStart(Bits(10, 4, 6, 7, 8), out int second));
        Assert.Equal((7, 6), (first, second));
        Assert.Equal(3, picker.AvailabilityOf(4));
    }

    [Fact]
    public void The_first_pieces_are_random()
    {
        var first = new HashSet<int>();
        for (ulong seed = 1; seed <= 30; seed++)
        {
            var picker = new PiecePicker(new PieceBits(20), sequential: false, new DeterministicRandom(seed));
            picker.AddPeer(Bits(20, 3));
            Assert.True(picker.TryStart(Full(20), out int piece));
            first.Add(piece);
        }

        Assert.InRange(first.Count, 8, 20);
    }

    [Fact]
    public void A_peer_that_becomes_a_seed_counts_for_all_pieces()
    {
        var picker = new PiecePicker(new PieceBits(3), sequential: false, new DeterministicRandom(1));
        PieceBits bits = Bits(3, 0);
        picker.AddPeer(bits);
        foreach (int piece in new[] { 1, 2 })
        {
            bits.Add(piece);
            picker.AddPiece(bits, piece);
        }

        Assert.Equal(1, picker.Seeds);
        Assert.All(Enumerable.Range(0, 3), piece => Assert.Equal(1, picker.AvailabilityOf(piece)));
        picker.RemovePeer(bits);
        Assert.All(Enumerable.Range(0, 3), piece => Assert.Equal(0, picker.AvailabilityOf(piece)));
    }

    [Fact]
    public void Completion_follows_the_priorities()
    {
        var have = new PieceBits(3);
        var picker = new PiecePicker(have, sequential: true, new DeterministicRandom(1));
        Assert.False(picker.IsComplete);
        picker.SetPriority(1, PiecePriority.Skip, started: false);
        picker.SetPriority(2, PiecePriority.Skip, started: false);
        Assert.True(picker.TryStart(Full(3), out int piece));
        Assert.Equal(0, piece);
        Assert.False(picker.TryStart(Full(3), out _));
        have.Add(0);
        picker.Done(0);
        Assert.True(picker.IsComplete);
        long version = picker.Version;
        picker.SetPriority(2, PiecePriority.High, started: false);
        Assert.False(picker.IsComplete);
        Assert.True(picker.Version > version);
        Assert.True(picker.TryStart(Full(3), out piece));
        Assert.Equal(2, piece);
    }

    [Fact]
    public void Every_piece_is_started_once_and_again_only_when_given_back()
    {
        var random = new DeterministicRandom(3);
        var picker = new PiecePicker(new PieceBits(50), sequential: false, random);
        var started = new List<int>();
        while (picker.TryStart(Full(50), out int piece))
        {
            started.Add(piece);
        }

        Assert.Equal(Enumerable.Range(0, 50), started.Order());
        picker.GiveBack(17);
        Assert.True(picker.TryStart(Full(50), out int again));
        Assert.Equal(17, again);
        Assert.False(picker.TryStart(17));
    }

    private static PieceBits Full(int length)
    {
        var bits = new PieceBits(length);
        bits.Fill();
        return bits;
    }

    private static PieceBits Bits(int length, params int[] pieces)
    {
        var bits = new PieceBits(length);
        Array.ForEach(pieces, piece => bits.Add(piece));
        return bits;
    }
}
