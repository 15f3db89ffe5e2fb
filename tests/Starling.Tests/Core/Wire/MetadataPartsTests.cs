using System;
using System.Linq;
using Starling.Core.Wire;

namespace Starling.Tests.Core.Wire;

public sealed class MetadataPartsTests
{
    [Fact]
    public void WhatAPeerSaysThatItHas_TakesNoMemory()
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        var parts = new MetadataParts(UtMetadata.MaxMetadataSize);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 16 * 1024);
        Assert.False(parts.IsComplete);
    }

    [Fact]
    public void PiecesInAnyOrderMakeTheWhole()
    {
        byte[] whole = [.. Enumerable.Range(0, (2 * UtMetadata.PieceSize) + 7).Select(i => (byte)(i * 31 >> 4))];
        var parts = new MetadataParts(whole.Length);
        Assert.Equal(3, parts.Count);
        foreach (int piece in (int[])[2, 0, 1])
        {
            Assert.True(parts.Misses(piece));
            Assert.False(parts.IsComplete);
            byte[] frame = whole[(piece * UtMetadata.PieceSize)..][..UtMetadata.LengthOf(piece, whole.Length)];
            parts.Add(new UtMetadata.Data(piece, whole.Length, frame));

            // The frame's bytes are the reader's, which writes over them.
            Array.Clear(frame);
            Assert.False(parts.Misses(piece));
        }

        Assert.False(parts.Misses(3));
        Assert.True(parts.IsComplete);
        Assert.Equal(whole, parts.Join());
    }
}
