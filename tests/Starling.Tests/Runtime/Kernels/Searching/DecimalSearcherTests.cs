using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using Starling.Core.Primitives;
using Starling.Runtime.Kernels.Hashing;
using Starling.Runtime.Kernels.Searching;
using Starling.Tests.Runtime.Kernels.Hashing;

namespace Starling.Tests.Runtime.Kernels.Searching;

public sealed class DecimalSearcherTests
{
    private static readonly HashName[] Hashes = Enum.GetValues<HashName>();

    [Theory]
    [ClassData(typeof(VectorPathsAvailable))]
    public void Ranges_across_every_power_of_ten_give_the_hits_of_the_library(VectorPath path)
    {
        var random = new DeterministicRandom(5);
        foreach (HashName hash in Hashes)
        {
            ulong power = 1_000;
            for (int digits = 4; digits <= 20; digits++, power *= 10)
            {
                ulong first = power - 1 - (ulong)random.Next(150);
                ulong count = 200 + (ulong)random.Next(100);
                Compare(hash, new ZeroBits(4, AtEnd: digits % 2 == 0), path, first, count);
            }

            Compare(hash, new ZeroBits(3, AtEnd: false), path, ulong.MaxValue - 299, 300);
            Compare(hash, new ZeroBits(3, AtEnd: true), path, 29_990, 20);
        }
    }

    [Theory]
    [ClassData(typeof(VectorPathsAvailable))]
    public void Hits_with_many_zero_bits_are_not_lost(VectorPath path)
    {
        foreach (HashName hash in Hashes)
        {
            foreach (bool atEnd in (bool[])[false, true])
            {
                var wanted = new ZeroBits(10, atEnd);
                Compare(hash, wanted, path, 1_234_500, 4_000);
            }
        }
    }

    [Theory]
    [ClassData(typeof(VectorPathsAvailable))]
    public void Lanes_beyond_the_range_do_not_count(VectorPath path)
    {
        using var searcher = DecimalSearcher.Create(HashName.Sha1, new ZeroBits(0, false), path);
        for (ulong first = 50_000; first < 50_018; first++)
        {
            for (ulong count = 0; count < 34; count++)
            {
                var found = new List<ulong>();
                searcher.Search(first, count, found);
                Assert.Equal(Enumerable.Range(0, (int)count).Select(i => first + (ulong)i), found);
            }
        }
    }

    private static void Compare(HashName hash, ZeroBits wanted, VectorPath path, ulong first, ulong count)
    {
        using var searcher = DecimalSearcher.Create(hash, wanted, path);
        var candidates = new List<ulong>();
        searcher.Search(first, count, candidates);
        List<ulong> expected = [.. Enumerable.Range(0, (int)count).Select(i => first + (ulong)i).Where(n => IsHit(hash, wanted, n))];
        Assert.Equal(expected, candidates.Where(n => n >= 10_000 || IsHit(hash, wanted, n)));
    }

    private static bool IsHit(HashName hash, ZeroBits wanted, ulong n)
    {
        byte[] digest = new byte[hash.DigestSize()];
        hash.Hash(Encoding.ASCII.GetBytes(n.ToString(CultureInfo.InvariantCulture)), digest);
        return Bits(digest, wanted.AtEnd).Take(wanted.Count).All(bit => bit == '0');
    }

    /// <summary>The digest as binary text; for the end, from the last bit backwards.</summary>
    private static IEnumerable<char> Bits(byte[] digest, bool backwards)
    {
        string text = string.Concat(digest.Select(b => Convert.ToString(b, 2).PadLeft(8, '0')));
        return backwards ? text.Reverse() : text;
    }
}
