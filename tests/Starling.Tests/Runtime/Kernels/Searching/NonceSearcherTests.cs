using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Linq;
using Starling.Core.Primitives;
using Starling.Runtime.Kernels.Hashing;
using Starling.Runtime.Kernels.Searching;
using Starling.Tests.Runtime.Kernels.Hashing;

namespace Starling.Tests.Runtime.Kernels.Searching;

public sealed class NonceSearcherTests
{
    /// <summary>With these bits, about every 1,000th hash is at most the target, and its first word is not 0.</summary>
    private const uint EasyBits = 0x2000_4000;

    /// <summary>With these bits, half of all hashes are.</summary>
    private const uint EasiestBits = 0x207F_FFFF;

    [Theory]
    [ClassData(typeof(VectorPathsAvailable))]
    public void Random_headers_give_the_hits_that_the_library_gives(VectorPath path)
    {
        var random = new DeterministicRandom(11);
        byte[] hash = new byte[32];
        var candidates = new List<uint>();
        for (int i = 0; i < 12; i++)
        {
            BlockHeader header = RandomHeader(random, i % 2 == 0 ? EasyBits : EasiestBits);
            uint first = (uint)random.NextUInt64() & 0x7FFF_FFFF;
            uint count = 700 + (uint)random.Next(900);
            using var searcher = NonceSearcher.Create(header, path);
            candidates.Clear();
            searcher.Search(first, count, candidates);
            IEnumerable<uint> expected = Enumerable.Range(0, (int)count).Select(n => first + (uint)n).Where(n => header.Check(n, hash));
            Assert.Equal(expected, candidates.Where(n => header.Check(n, hash)));

            // A candidate is no more than 1 in 2^23 of the target away from a hit, so nearly all of them are hits.
            Assert.All(candidates, n => Assert.True(header.Check(n, hash) || First(hash) == header.TopOfTarget));
        }
    }

    [Theory]
    [ClassData(typeof(VectorPathsAvailable))]
    public void Lanes_beyond_the_range_do_not_count(VectorPath path)
    {
        BlockHeader header = RandomHeader(new DeterministicRandom(12), EasiestBits);
        using var searcher = NonceSearcher.Create(header, path);
        var all = new List<uint>();
        searcher.Search(uint.MaxValue - 63, 64, all);
        for (uint count = 0; count <= 64; count++)
        {
            var some = new List<uint>();
            searcher.Search(uint.MaxValue - 63, count, some);
            Assert.Equal(all.Where(n => n - (uint.MaxValue - 63) < count), some);
        }
    }

    private static uint First(byte[] hash) => BinaryPrimitives.ReadUInt32BigEndian(hash);

    private static BlockHeader RandomHeader(DeterministicRandom random, uint bits)
    {
        byte[] bytes = new byte[BlockHeader.Size];
        random.Fill(bytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(72), bits);
        Assert.True(BlockHeader.TryCreate(bytes, out BlockHeader? header));
        return header;
    }
}
