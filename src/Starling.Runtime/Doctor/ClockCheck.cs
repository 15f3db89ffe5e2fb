using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;

namespace Starling.Runtime.Doctor;

/// <summary>
/// Whether the clock runs evenly, compared with the one that nobody sets, and whether it is near to what other machines and the program's own files say.
/// </summary>
/// <param name="remote">Other machines' clocks, once they are known.</param>
internal sealed class ClockCheck(Task<IReadOnlyList<RemoteTime>> remote) : ICheck
{
    private const string Fix = "Set the clock; let the system keep it (NTP)";

    /// <summary>A difference that a person should know of: dates of other machines are told in whole seconds.</summary>
    internal static readonly TimeSpan Noticeable = TimeSpan.FromSeconds(30);

    /// <summary>A difference with which HTTPS trackers fail, for their certificates are not valid yet or any more.</summary>
    internal static readonly TimeSpan Unusable = TimeSpan.FromDays(1);

    private static readonly TimeSpan LargestJump = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Watched = TimeSpan.FromSeconds(1.5);
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(50);

    public string Name => "clock";

    public async Task<IReadOnlyList<Finding>> RunAsync(CancellationToken cancellation)
    {
        Finding steady = await WatchAsync(cancellation).ConfigureAwait(false);
        return [steady, Compare(await remote.WaitAsync(cancellation).ConfigureAwait(false), DateTimeOffset.UtcNow, BuiltAt())];
    }

    /// <summary>What the comparison says.</summary>
    internal static Finding Compare(IReadOnlyList<RemoteTime> times, DateTimeOffset now, DateTimeOffset built)
    {
        string shown = now.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);
        if (now + Unusable < built)
        {
            return new Finding("clock", "time", Health.Failed, $"it is {shown}, before this program was installed", Fix);
        }

        if (times.Count == 0)
        {
            return new Finding("clock", "time", Health.Ok, $"it is {shown}; no other clock is at hand to compare it with (HTTP trackers tell theirs)");
        }

        // The middle one: a single liar, or a tracker that caches, does not decide.
        RemoteTime[] sorted = [.. times.OrderBy(time => time.Ahead)];
        RemoteTime middle = sorted[sorted.Length / 2];
        TimeSpan off = middle.Ahead.Duration();
        string seen = string.Create(
            CultureInfo.InvariantCulture, $"it is {shown}, {off.TotalSeconds:0.#} s {(middle.Ahead > TimeSpan.Zero ? "behind" : "ahead of")} {middle.Source}");
        return off <= Noticeable ? new Finding("clock", "time", Health.Ok, seen)
            : new Finding("clock", "time", off > Unusable ? Health.Failed : Health.Warning, seen, Fix);
    }

    private async Task<Finding> WatchAsync(CancellationToken cancellation)
    {
        long start = Stopwatch.GetTimestamp();
        DateTimeOffset startedAt = DateTimeOffset.UtcNow;
        TimeSpan largest = TimeSpan.Zero;
        while (Stopwatch.GetElapsedTime(start) < Watched)
        {
            await Task.Delay(Step, cancellation).ConfigureAwait(false);
            TimeSpan before = Stopwatch.GetElapsedTime(start);
            TimeSpan wall = DateTimeOffset.UtcNow - startedAt;
            TimeSpan after = Stopwatch.GetElapsedTime(start);

            // The true difference lies between these two; a pause of this thread is not a jump.
            TimeSpan jump = wall > after ? wall - after : wall < before ? before - wall : TimeSpan.Zero;
            largest = jump > largest ? jump : largest;
        }

        return largest <= LargestJump
            ? new Finding(Name, "pace", Health.Ok, string.Create(CultureInfo.InvariantCulture, $"even for {Watched.TotalSeconds:0.#} s"))
            : new Finding(
                Name,
                "pace",
                Health.Warning,
                string.Create(CultureInfo.InvariantCulture, $"it was set by {largest.TotalSeconds:0.0} s while it was watched"),
                "Let one program keep the clock, by slewing instead of setting it");
    }

    private static DateTimeOffset BuiltAt()
    {
        try
        {
            return Environment.ProcessPath is { } path ? File.GetLastWriteTimeUtc(path) : DateTimeOffset.MinValue;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return DateTimeOffset.MinValue;
        }
    }
}
