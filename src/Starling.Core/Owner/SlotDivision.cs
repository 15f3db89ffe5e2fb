using System.Collections.Generic;
using System.Linq;

namespace Starling.Core.Owner;

/// <summary>What one task wants of the slots.</summary>
/// <param name="Wanted">Runs that it would do at once.</param>
/// <param name="Weight">Its part beside others of its class, 1 or more.</param>
/// <param name="Class">A higher one is served before.</param>
internal readonly record struct SlotShare(int Wanted, int Weight, int Class);

/// <summary>
/// Divides slots among tasks: class by class, and within a class by weight with the method of the largest remainder. What a task does not want goes to the others of its class,
/// then to the lower classes. With fewer slots than tasks the heaviest get one each.
/// </summary>
internal static class SlotDivision
{
    /// <summary>Slots of each task, in their order; never more than it wants, and never more in all than there are.</summary>
    /// <param name="slots">Slots of all; null: everybody gets what it wants.</param>
    /// <param name="shares">The tasks.</param>
    public static int[] Divide(int? slots, IReadOnlyList<SlotShare> shares)
    {
        var given = new int[shares.Count];
        if (slots is not { } left)
        {
            for (int i = 0; i < given.Length; i++)
            {
                given[i] = shares[i].Wanted;
            }

            return given;
        }

        var classes = new SortedSet<int>();
        foreach (SlotShare share in shares)
        {
            classes.Add(share.Class);
        }

        foreach (int top in Enumerable.Reverse(classes))
        {
            left -= DivideClass(left, shares, top, given);
        }

        return given;
    }

    private static int DivideClass(int slots, IReadOnlyList<SlotShare> shares, int top, int[] given)
    {
        int left = slots;

        // Each round ends a task or the slots: those that want less than their part take what they want, the rest is divided anew.
        while (left > 0)
        {
            var open = new List<int>();
            long weights = 0;
            for (int i = 0; i < shares.Count; i++)
            {
                if (shares[i].Class == top && given[i] < shares[i].Wanted)
                {
                    open.Add(i);
                    weights += shares[i].Weight;
                }
            }

            if (open.Count == 0)
            {
                break;
            }

            bool satisfied = false;
            int before = left;
            foreach (int i in open)
            {
                int missing = shares[i].Wanted - given[i];
                if (missing * weights <= (long)before * shares[i].Weight)
                {
                    given[i] += missing;
                    left -= missing;
                    satisfied = true;
                }
            }

            if (!satisfied)
            {
                left -= ByRemainder(left, shares, open, weights, given);
                break;
            }
        }

        return slots - left;
    }

    private static int ByRemainder(int slots, IReadOnlyList<SlotShare> shares, List<int> open, long weights, int[] given)
    {
        int used = 0;
        var remainders = new List<(long Remainder, int Index)>();
        foreach (int i in open)
        {
            long part = (long)slots * shares[i].Weight;
            given[i] += (int)(part / weights);
            used += (int)(part / weights);
            remainders.Add((part % weights, i));
        }

        remainders.Sort((left, right) => left.Remainder != right.Remainder ? right.Remainder.CompareTo(left.Remainder) : left.Index.CompareTo(right.Index));
        for (int i = 0; used < slots && i < remainders.Count; i++, used++)
        {
            given[remainders[i].Index]++;
        }

        return used;
    }
}
