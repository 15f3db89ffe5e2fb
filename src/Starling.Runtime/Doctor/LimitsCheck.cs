using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Starling.Runtime.Network;
using Starling.Runtime.Storage;
using Starling.Runtime.Torrents;

namespace Starling.Runtime.Doctor;

/// <summary>What the system grants this process: open files, processes, memory.</summary>
internal sealed class LimitsCheck : ICheck
{
    private const string LimitsFile = "/proc/self/limits";

    // Links of task and torrents, files of a torrent, and as much again for runs, libraries and what comes and goes.
    private static readonly int FilesWanted = 2 * (new LinkTransportOptions().MaxLinks + new TorrentHostOptions().MaxLinks + TorrentStorageOptions.DefaultMaxOpenFiles);

    public string Name => "limits";

    public Task<IReadOnlyList<Finding>> RunAsync(CancellationToken cancellation)
    {
        var findings = new List<Finding>();
        string[] lines = [];
        try
        {
            lines = OperatingSystem.IsLinux() ? File.ReadAllLines(LimitsFile) : [];
        }
        catch (Exception exception) when (StoreProblem.IsOfTheWorld(exception))
        {
            // Told as not known.
        }

        findings.Add(OpenFilesOf(lines));
        long memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        findings.Add(memory >= 256L << 20
            ? new Finding(Name, "memory", Health.Ok, $"{memory >> 20} MiB may be used")
            : new Finding(Name, "memory", Health.Warning, $"{memory >> 20} MiB may be used", "Give this container or machine 256 MiB or more"));
        return Task.FromResult<IReadOnlyList<Finding>>(findings);
    }

    /// <summary>Reads the line of <c>/proc/self/limits</c>: name, soft limit, hard limit.</summary>
    internal static Finding OpenFilesOf(IReadOnlyList<string> limits)
    {
        const string row = "Max open files";
        string[] parts = limits.FirstOrDefault(line => line.StartsWith(row, StringComparison.Ordinal))?[row.Length..]
            .Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [];
        if (parts.Length < 2)
        {
            return new Finding("limits", "open files", Health.Ok, "this system does not say");
        }

        // The runtime raises the soft limit to the hard one by itself.
        bool isEnough = !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int hard) || hard >= FilesWanted;
        return isEnough
            ? new Finding("limits", "open files", Health.Ok, parts[1])
            : new Finding(
                "limits",
                "open files",
                Health.Warning,
                $"{hard}, too few for {FilesWanted / 2} connections and files at once",
                $"Raise it: ulimit -Hn {FilesWanted}, or LimitNOFILE= of the service");
    }
}
