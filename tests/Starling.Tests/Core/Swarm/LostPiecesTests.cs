using System;
using System.Collections.Generic;
using Starling.Core.Exchange;
using Starling.Core.Pieces;
using Starling.Core.Swarm;

namespace Starling.Tests.Core.Swarm;

public sealed class LostPiecesTests
{
    private const int Pieces = 8;
    private static readonly TimeSpan _lease = TimeSpan.FromSeconds(60);
    private readonly SwarmParts _parts = new(Pieces);
    private readonly LostPieces _lost;

    public LostPiecesTests()
    {
        var downloader = new Downloader(_parts.Context, _parts.Map, _parts.Links);
        _lost = new LostPieces(_parts.Context, _parts.Map, downloader, new Wishes(_parts.Context, _parts.Map, _parts.Links));
        ResultId result = MerkleTree.ResultOf("some result"u8.ToArray());
        _parts.Map.SetAcceptable(3, (ushort)(1 << _parts.Map.Add(3, result)));
        downloader.Review(3);
    }

    [Fact]
    public void WhatNoNeighbourHolds_WantsARunAfterALease() => Assert.InRange(SecondsUntilLost(isAlone: false), 60, 63);

    [Fact]
    public void SomebodyAloneDoesNotWaitForNeighbours() => Assert.InRange(SecondsUntilLost(isAlone: true), 10, 13);

    private int SecondsUntilLost(bool isAlone)
    {
        for (int second = 0; second < 100; second++)
        {
            List<int> changed = _lost.Tidy(_lease, isAlone);
            if (changed.Count > 0)
            {
                Assert.Equal([3], changed);
                Assert.True(_lost.IsLost(3));
                return second;
            }

            _parts.Pass(1);
        }

        return int.MaxValue;
    }
}
