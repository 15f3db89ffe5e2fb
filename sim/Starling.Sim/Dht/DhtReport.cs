using System.Collections.Generic;

namespace Starling.Sim.Dht;

/// <summary>What came of a run.</summary>
internal sealed class DhtReport
{
    /// <summary>Lookups that ended.</summary>
    public int Lookups { get; set; }

    /// <summary>Those that found a peer which announces the swarm and is there.</summary>
    public int Found { get; set; }

    /// <summary>Nodes asked one after the other until the first such peer, of each lookup that found one.</summary>
    public List<int> Hops { get; } = [];

    /// <summary>Seconds until the first such peer.</summary>
    public List<double> Seconds { get; } = [];

    /// <summary>Queries of each lookup.</summary>
    public List<int> Queries { get; } = [];

    /// <summary>Nodes that took an announcement, of each announcement.</summary>
    public List<int> Announced { get; } = [];

    /// <summary>Peers found that nobody announced.</summary>
    public int MadeUpPeers { get; set; }

    public long Datagrams { get; set; }

    public long Bytes { get; set; }

    public long Events { get; set; }

    public double FoundRatio => Lookups == 0 ? 0 : (double)Found / Lookups;

    /// <summary>The value below which this part of the values lies.</summary>
    public static double Quantile<T>(List<T> values, double part)
        where T : struct
    {
        if (values.Count == 0)
        {
            return double.NaN;
        }

        var sorted = new List<T>(values);
        sorted.Sort();
        return System.Convert.ToDouble(sorted[(int)(part * (sorted.Count - 1))], System.Globalization.CultureInfo.InvariantCulture);
    }
}
