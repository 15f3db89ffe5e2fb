using System;
using System.Collections.Generic;
using System.Globalization;

namespace Starling.Sim.Adversaries;

/// <summary>Adversaries of one kind: what each of them does, and how many there are.</summary>
/// <param name="Kinds">Names of <see cref="AdversaryKinds"/>; a host does all of them at once.</param>
/// <param name="Amount">Below 1: their share of all hosts; else their number.</param>
internal sealed record AdversaryGroup(IReadOnlyList<string> Kinds, double Amount)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{string.Join('+', Kinds)}:{Amount}");
}

/// <summary>Who else is in a swarm: <c>hoard:0.3,false-have+withhold:0.1,sybil:4</c>.</summary>
internal static class AdversaryMix
{
    private const int MaxHosts = 10_000;

    /// <summary>Reads the option; false: a name that there is not, no amount, or shares that leave no room for honest hosts.</summary>
    public static bool TryParse(string text, out IReadOnlyList<AdversaryGroup> groups)
    {
        var read = new List<AdversaryGroup>();
        groups = read;
        double shares = 0;
        foreach (string part in text.Split(','))
        {
            int colon = part.LastIndexOf(':');
            if (colon < 0
                || !double.TryParse(part[(colon + 1)..], NumberStyles.Float, CultureInfo.InvariantCulture, out double amount)
                || amount is <= 0 or > MaxHosts)
            {
                return false;
            }

            string[] kinds = part[..colon].Split('+');
            shares += amount < 1 ? amount : 0;
            if (!Array.TrueForAll(kinds, AdversaryKinds.Exists))
            {
                return false;
            }

            read.Add(new AdversaryGroup(kinds, amount));
        }

        return shares < 0.95;
    }

    /// <summary>How many hosts each group has beside so many honest ones; shares are of all hosts, adversaries included.</summary>
    public static IReadOnlyList<int> CountsBeside(int honest, IReadOnlyList<AdversaryGroup> groups)
    {
        double shares = 0;
        foreach (AdversaryGroup group in groups)
        {
            shares += group.Amount < 1 ? group.Amount : 0;
        }

        var counts = new int[groups.Count];
        for (int i = 0; i < counts.Length; i++)
        {
            counts[i] = groups[i].Amount < 1
                ? Math.Max(1, (int)Math.Round(honest * groups[i].Amount / (1 - shares)))
                : (int)groups[i].Amount;
        }

        return counts;
    }
}
