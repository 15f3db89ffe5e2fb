using System.Collections.Generic;
using System.Linq;
using Starling.Core.Engine;
using Starling.Core.Gossip;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Swarm;

namespace Starling.Tests.Core.Swarm;

public sealed class WishesTests
{
    private const int Pieces = 40;
    private readonly SwarmParts _parts = new(Pieces);
    private readonly Wishes _wishes;

    public WishesTests() => _wishes = new Wishes(_parts.Context, _parts.Map, _parts.Links);

    [Fact]
    public void OneOfThoseWhoMayHaveReleasedIt_IsAsked()
    {
        PeerLink keepsAll = _parts.AddLink("all");
        PeerLink asks = _parts.AddLink("asks");
        asks.Keep = KeepRule.Own;
        _wishes.Note(asks, 7);
        List<PeerLink> others = [_parts.AddLink("a"), _parts.AddLink("b")];
        others.ForEach(link => link.Keep = KeepRule.Of(2));
        ResultId result = Result(7);
        _parts.Map.SetAcceptable(7, (ushort)(1 << _parts.Map.Add(7, result)));

        _wishes.Tell(7);

        Assert.Empty(_parts.TakeSent(keepsAll));
        Assert.Empty(_parts.TakeSent(asks));
        Assert.Equal(new TaskMessage.ProofRequest(7, result), Assert.Single(others.SelectMany(_parts.TakeSent)));
    }

    [Fact]
    public void AWishStands_UntilTheNeighbourHoldsThePieceOrIsGone()
    {
        PeerLink link = _parts.AddLink("a");
        Assert.True(_wishes.Note(link, 7));
        Assert.True(_wishes.Include(7));
        Assert.False(_wishes.Include(8));

        link.Exchange.SetHolding(7, 0, Pieces);
        Assert.False(_wishes.Include(7));

        Assert.True(_wishes.Note(link, 8));
        _parts.Links.Close(link, "test");
        Assert.False(_wishes.Include(8));
    }

    [Fact]
    public void ANeighbourHasSoManyWishes_AndFurtherOnesOnceItHoldsThose()
    {
        PeerLink link = _parts.AddLink("a");
        for (int piece = 0; piece < Wishes.MaxOfANeighbour; piece++)
        {
            Assert.True(_wishes.Note(link, piece));
        }

        Assert.True(_wishes.Note(link, 0));
        Assert.False(_wishes.Note(link, Wishes.MaxOfANeighbour));
        Assert.False(_wishes.Include(Wishes.MaxOfANeighbour));

        link.Exchange.SetHolding(3, 0, Pieces);
        Assert.True(_wishes.Note(link, Wishes.MaxOfANeighbour));
    }

    private static ResultId Result(byte what) => new(1, Hash256.Of([what]));
}
