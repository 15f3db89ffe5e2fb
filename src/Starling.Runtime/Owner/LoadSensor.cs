using System;
using System.Collections.Generic;
using System.Globalization;

namespace Starling.Runtime.Owner;

/// <summary>
/// What other programs use of all cores: the busy time of the machine without that of this owner's processes and all that descends from them, over the last
/// two seconds or so.
/// </summary>
internal sealed class LoadSensor(string proc)
{
    /// <summary>Over how long it is measured: shorter is nervous, longer holds the owner up.</summary>
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(1.5);

    private readonly Queue<Sample> _samples = new();

    /// <summary>Takes a sample; percent of all cores, 0 at the first time; null: it can't be read.</summary>
    /// <param name="processes">All processes.</param>
    /// <param name="family">Those that are not others'.</param>
    /// <param name="now">A time that only grows.</param>
    public double? Read(ProcessTable processes, HashSet<int> family, TimeSpan now)
    {
        if (SensorFile.Text(proc, "stat") is not { } text || !TryParse(text, out long total, out long busy))
        {
            return null;
        }

        long own = 0;
        foreach (ProcessEntry entry in processes.Entries)
        {
            own += family.Contains(entry.Pid) ? entry.Ticks : 0;
        }

        var sample = new Sample(now, total, busy, own);
        while (_samples.Count > 1 && now - _samples.Peek().At > Window * 2)
        {
            _samples.Dequeue();
        }

        Sample? before = _samples.Count > 0 && now - _samples.Peek().At >= TimeSpan.FromMilliseconds(200) ? _samples.Peek() : null;
        _samples.Enqueue(sample);
        if (before is not { } then || sample.Total <= then.Total)
        {
            return 0;
        }

        // A process of ours that ended unseen takes its time with it: never less than nothing.
        long others = sample.Busy - then.Busy - Math.Max(0, sample.Own - then.Own);
        return Math.Clamp(100.0 * others / (sample.Total - then.Total), 0, 100);
    }

    /// <summary>The first line of <c>/proc/stat</c>: ticks of user, nice, system, idle, waiting for disks, interrupts (2), stolen by other machines, ….</summary>
    internal static bool TryParse(string text, out long total, out long busy)
    {
        total = 0;
        busy = 0;
        string[] fields = text.Split('\n', 2)[0].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length < 8 || fields[0] != "cpu")
        {
            return false;
        }

        for (int i = 1; i <= Math.Min(8, fields.Length - 1); i++)
        {
            if (!long.TryParse(fields[i], NumberStyles.None, CultureInfo.InvariantCulture, out long ticks))
            {
                return false;
            }

            total += ticks;
            busy += i is 4 or 5 or 8 ? 0 : ticks;
        }

        return true;
    }

    private readonly record struct Sample(TimeSpan At, long Total, long Busy, long Own);
}
