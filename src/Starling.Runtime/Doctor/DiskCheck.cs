using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Security.Cryptography;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Primitives;
using Starling.Runtime.Storage;

namespace Starling.Runtime.Doctor;

/// <summary>
/// The disk below the folder that is to receive files: tried in a folder of its own there, which is removed again.
/// </summary>
/// <param name="folder">The folder; it need not exist.</param>
/// <param name="needed">Bytes that are needed at most; null: nobody knows.</param>
internal sealed class DiskCheck(string folder, long? needed) : ICheck
{
    private const int Flushes = 5;
    private const int FlushSize = 64 * 1024;

    private static readonly TimeSpan SlowFlush = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan ClockSlack = TimeSpan.FromSeconds(2);

    public string Name => "disk";

    public Task<IReadOnlyList<Finding>> RunAsync(CancellationToken cancellation) => Task.FromResult(Look(cancellation));

    private IReadOnlyList<Finding> Look(CancellationToken cancellation)
    {
        string existing = folder;
        while (!Directory.Exists(existing) && Path.GetDirectoryName(existing) is { } parent)
        {
            existing = parent;
        }

        string trial = Path.Combine(existing, $".starling-doctor-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4))}");
        try
        {
            Directory.CreateDirectory(trial);
        }
        catch (Exception exception) when (StoreProblem.IsOfTheWorld(exception))
        {
            return [Space(existing), Unwritable(existing, exception)];
        }

        try
        {
            return [new Finding(Name, "folder", Health.Ok, $"{existing} can be written{Kind(existing)}"), Space(existing), .. Try(trial, cancellation)];
        }
        catch (Exception exception) when (StoreProblem.IsOfTheWorld(exception))
        {
            return [Space(existing), Unwritable(existing, exception)];
        }
        finally
        {
            Remove(trial);
        }
    }

    private IReadOnlyList<Finding> Try(string trial, CancellationToken cancellation)
    {
        var findings = new List<Finding>();
        string path = Path.Combine(trial, "Case");
        TimeSpan flush = Flush(path, cancellation);
        string took = string.Create(CultureInfo.InvariantCulture, $"{flush.TotalMilliseconds:0.0} ms for {FlushSize >> 10} KiB");
        findings.Add(flush <= SlowFlush
            ? new Finding(Name, "flush", Health.Ok, took)
            : new Finding(
                Name,
                "flush",
                Health.Warning,
                string.Create(CultureInfo.InvariantCulture, $"{took}: {1 / flush.TotalSeconds:0} durable steps a second at most"),
                "Use a local disk, not a network or memory-card one, if runs are short"));

        findings.Add(new Finding(Name, "names", Health.Ok, File.Exists(Path.Combine(trial, "cASE"))
            ? "differ not by case alone: files of a torrent whose names do are numbered"
            : "may differ by case alone"));

        findings.Add(NativeFiles.TryLink(path, Path.Combine(trial, "link"))
            ? new Finding(Name, "hard links", Health.Ok, "yes")
            : new Finding(
                Name, "hard links", Health.Warning, "no: merges copy pieces, and --publish can't share outputs", "Use a folder on a file system that has them"));

        bool first = FolderLock.TryTake(trial, trial, out FolderLock? held, out _);
        using FolderLock? holding = held;
        bool second = FolderLock.TryTake(trial, trial, out FolderLock? again, out _);
        again?.Dispose();
        findings.Add(first && !second
            ? new Finding(Name, "locks", Health.Ok, "a second process is kept out of a folder")
            : new Finding(Name, "locks", Health.Warning, "two processes could work in one folder", "Never start two with the same --dir, or use a local disk"));

        TimeSpan ahead = File.GetLastWriteTimeUtc(path) - DateTime.UtcNow;
        findings.Add(ahead.Duration() <= ClockSlack
            ? new Finding(Name, "dates", Health.Ok, "as this machine's clock")
            : new Finding(
                Name,
                "dates",
                Health.Warning,
                string.Create(CultureInfo.InvariantCulture, $"{ahead.Duration().TotalSeconds:0} s {(ahead > TimeSpan.Zero ? "ahead of" : "behind")} this machine's clock"),
                "Set the clocks of this machine and its file server: after a kill, files may be checked once more"));
        return findings;
    }

    /// <summary>The median time that a write needs to become durable.</summary>
    private static TimeSpan Flush(string path, CancellationToken cancellation)
    {
        byte[] bytes = RandomNumberGenerator.GetBytes(FlushSize);
        var times = new List<TimeSpan>();
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0);
        for (int i = 0; i < Flushes && !cancellation.IsCancellationRequested; i++)
        {
            long start = Stopwatch.GetTimestamp();
            file.Write(bytes);
            file.Flush(flushToDisk: true);
            times.Add(Stopwatch.GetElapsedTime(start));
        }

        times.Sort();
        return times.Count == 0 ? TimeSpan.Zero : times[times.Count / 2];
    }

    private Finding Space(string existing)
    {
        try
        {
            long free = new DriveInfo(existing).AvailableFreeSpace;
            string seen = $"{MiB(free)} free" + (needed is { } bytes ? $", at most {MiB(bytes)} needed" : "");
            return needed > free
                ? new Finding(Name, "space", Health.Warning, seen, "Make room, or name a folder on another disk with --dir")
                : new Finding(Name, "space", Health.Ok, seen);
        }
        catch (Exception exception) when (StoreProblem.IsOfTheWorld(exception) || exception is ArgumentException)
        {
            return new Finding(Name, "space", Health.Warning, $"{existing} does not say: {exception.Message.TrimEnd('.')}");
        }
    }

    private Finding Unwritable(string existing, Exception exception)
    {
        Problem problem = StoreProblem.OfWrite(exception, existing, Flushes * FlushSize);
        return new Finding(Name, "folder", Health.Failed, problem.Reason, problem.Hint);
    }

    private static string Kind(string existing)
    {
        try
        {
            return $" ({new DriveInfo(existing).DriveFormat})";
        }
        catch (Exception exception) when (StoreProblem.IsOfTheWorld(exception) || exception is ArgumentException)
        {
            return "";
        }
    }

    private static void Remove(string trial)
    {
        try
        {
            Directory.Delete(trial, recursive: true);
        }
        catch (Exception exception) when (StoreProblem.IsOfTheWorld(exception))
        {
            // A disk that fails now has failed before, and that was told.
        }
    }

    private static string MiB(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes >> 20} MiB");
}
