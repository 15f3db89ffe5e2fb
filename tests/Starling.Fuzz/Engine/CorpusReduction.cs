using System.Collections.Generic;
using System.Linq;
using Starling.Fuzz.Coverage;

namespace Starling.Fuzz.Engine;

/// <summary>
/// A few small inputs that together take as many ways as possible: of the pool's inputs again and again the one that adds most for its length, shortened as far as it
/// still does, until their bound is reached.
/// </summary>
internal sealed class CorpusReduction(Fuzzer fuzzer, int maxSize)
{
    private readonly HashSet<int> _covered = [];

    /// <summary>The inputs: those of <paramref name="corpus"/> that still add something, then new ones. <paramref name="seeds"/> are left out.</summary>
    public List<byte[]> Reduce(IEnumerable<byte[]> seeds, IEnumerable<byte[]> corpus)
    {
        foreach (byte[] seed in seeds)
        {
            _covered.UnionWith(WayOf(seed));
        }

        var kept = new List<byte[]>();
        int size = 0;
        foreach (byte[] input in corpus)
        {
            TryKeep(input, kept, ref size);
        }

        List<(byte[] Input, HashSet<int> Way)> left = [.. fuzzer.Pool.Inputs.Select(input => (input, WayOf(input)))];
        while (Prune(left, maxSize - size) > 0)
        {
            (byte[] Input, HashSet<int> Way) best = left.MaxBy(each => (double)each.Way.Count / LineOf(each.Input));
            left.Remove(best);
            TryKeep(Shorten(best.Input, best.Way), kept, ref size);
        }

        return kept;
    }

    /// <summary>Leaves those that add something and for which there is room; returns how many.</summary>
    private int Prune(List<(byte[] Input, HashSet<int> Way)> left, int room)
    {
        left.ForEach(each => each.Way.ExceptWith(_covered));
        left.RemoveAll(each => each.Way.Count == 0 || LineOf(each.Input) > room);
        return left.Count;
    }

    private static int LineOf(byte[] input) => Corpus.Line(input).Length + 1;

    private void TryKeep(byte[] input, List<byte[]> kept, ref int size)
    {
        HashSet<int> way = WayOf(input);
        if (!way.IsSubsetOf(_covered) && size + LineOf(input) <= maxSize)
        {
            _covered.UnionWith(way);
            kept.Add(input);
            size += LineOf(input);
        }
    }

    /// <summary>Edges without how often, for the corpus must stay small.</summary>
    private HashSet<int> WayOf(byte[] input)
    {
        Trace.Begin();
        fuzzer.Pass(input);
        return [.. Trace.Edges];
    }

    private byte[] Shorten(byte[] input, HashSet<int> news)
    {
        for (int count = input.Length / 2; count >= 1; count /= 2)
        {
            for (int at = 0; at + count <= input.Length;)
            {
                byte[] shorter = [.. input[..at], .. input[(at + count)..]];
                if (news.IsSubsetOf(WayOf(shorter)))
                {
                    input = shorter;
                }
                else
                {
                    at += count;
                }
            }
        }

        return input;
    }
}
