using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;
using Starling.Core.Primitives;
using Starling.Core.Verification;

namespace Starling.Runtime.Reputation;

/// <summary>
/// What this machine's owner knows of other identities, over all tasks: the file <c>standings</c> in the owner's folder, to which every process appends
/// what it learns (<see cref="StandingEntry"/>). A damaged entry is skipped, a torn end is filled up, and nothing else is lost by either.
/// </summary>
public sealed class StandingStore : IStandings, IDisposable
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "standings";

    /// <summary>Identities that are kept; when the file is rewritten, those of whom least is known go first.</summary>
    public const int MaxIdentities = 100_000;

    /// <summary>Entries beyond four for each identity after which the file is rewritten.</summary>
    private const int SpareEntries = 4_096;

    private const long MaxFileBytes = 256L * 1024 * 1024;
    private static readonly TimeSpan WriteEvery = TimeSpan.FromMilliseconds(500);

    private readonly string _path;
    private readonly Action<Problem> _report;
    private readonly TimeProvider _clock;
    private readonly Lock _gate = new();
    private readonly Dictionary<PublicKey, Known> _known = [];
    private readonly List<StandingEntry> _waiting = [];
    private readonly ITimer _timer;
    private FileStream? _inUse;
    private bool _failed;

    private StandingStore(string path, Action<Problem> report, TimeProvider clock)
    {
        (_path, _report, _clock) = (path, report, clock);
        _timer = clock.CreateTimer(_ => Flush(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Entries of the file that could not be read.</summary>
    public int Damaged { get; private set; }

    /// <summary>Opens the store of a folder; the file is made with the first entry. What can't be read is told to <paramref name="report"/> and taken for unknown.</summary>
    public static StandingStore Open(string folder, Action<Problem> report, TimeProvider? clock = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentNullException.ThrowIfNull(report);
        var store = new StandingStore(Path.Combine(Path.GetFullPath(folder), FileName), report, clock ?? TimeProvider.System);
        try
        {
            int entries = store.Load();
            if (entries > SpareEntries + (4 * Math.Min(store._known.Count, MaxIdentities)) || store._known.Count > MaxIdentities)
            {
                store.Rewrite();
            }

            store.MarkInUse();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            store.Tell(failure);
        }

        return store;
    }

    /// <inheritdoc/>
    public StandingRecord? Of(PublicKey worker)
    {
        lock (_gate)
        {
            return _known.TryGetValue(worker, out Known? known) ? known.Standing.ToRecord() with { Override = known.Override } : null;
        }
    }

    /// <summary>All identities of which anything is known, the best known first, with the time of the last entry.</summary>
    public IReadOnlyList<(PublicKey Worker, StandingRecord Record, DateTimeOffset Last)> All()
    {
        lock (_gate)
        {
            return
            [
                .. _known
                    .Select(entry => (entry.Key, entry.Value.Standing.ToRecord() with { Override = entry.Value.Override }, DateTimeOffset.FromUnixTimeSeconds(entry.Value.LastSeconds)))
                    .OrderByDescending(entry => entry.Item2.Score).ThenByDescending(entry => entry.Item2.Refuted).ThenBy(entry => entry.Key),
            ];
        }
    }

    /// <summary>Something was learnt; it is written within half a second, or by <see cref="Dispose"/>.</summary>
    public void Add(PublicKey worker, StandingChange change) => Add(StandingEntry.Of(worker, (StandingEntryKind)change, Now()));

    /// <summary>The owner decided about an identity.</summary>
    public void Decide(PublicKey worker, StandingOverride decision) => Add(StandingEntry.Of(
        worker,
        decision switch
        {
            StandingOverride.Allow => StandingEntryKind.Allow,
            StandingOverride.Deny => StandingEntryKind.Deny,
            _ => StandingEntryKind.NoOverride,
        },
        Now()));

    /// <summary>Writes what waits. False: it could not be written, which was told once.</summary>
    public bool Flush()
    {
        lock (_gate)
        {
            if (_waiting.Count == 0)
            {
                return !_failed;
            }

            var bytes = new byte[_waiting.Count * StandingEntry.Size];
            for (int i = 0; i < _waiting.Count; i++)
            {
                _waiting[i].Write(bytes.AsSpan(i * StandingEntry.Size));
            }

            _waiting.Clear();
            try
            {
                Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
                Append(_path, bytes);
                _failed = false;
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                Tell(failure);
            }

            return !_failed;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _timer.Dispose();
        Flush();
        _inUse?.Dispose();
    }

    private void Add(StandingEntry entry)
    {
        lock (_gate)
        {
            Take(entry);
            if (_waiting.Count == 0)
            {
                _timer.Change(WriteEvery, Timeout.InfiniteTimeSpan);
            }

            _waiting.Add(entry);
        }
    }

    /// <summary>One write at the end of the file, in which nobody else's can get; a torn entry before it is filled up with zeros.</summary>
    private static void Append(string path, byte[] bytes)
    {
        using var file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        int torn = (int)(file.Length % StandingEntry.Size);
        if (torn != 0)
        {
            bytes = [.. new byte[StandingEntry.Size - torn], .. bytes];
        }

        file.Write(bytes);
    }

    private int Load()
    {
        if (!File.Exists(_path))
        {
            return 0;
        }

        using var file = new FileStream(_path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 1 << 16);
        if (file.Length > MaxFileBytes)
        {
            throw new IOException($"it has {file.Length >> 20} MiB, more than {MaxFileBytes >> 20}");
        }

        int entries = 0;
        var bytes = new byte[StandingEntry.Size];
        while (file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) == bytes.Length)
        {
            entries++;
            if (StandingEntry.TryRead(bytes) is { } entry)
            {
                Take(entry);
            }
            else
            {
                Damaged++;
            }
        }

        Damaged += file.Length % StandingEntry.Size != 0 ? 1 : 0;
        return entries;
    }

    private void Take(StandingEntry entry)
    {
        if (!_known.TryGetValue(entry.Worker, out Known? known))
        {
            _known.Add(entry.Worker, known = new Known());
        }

        known.LastSeconds = entry.UnixSeconds;
        switch (entry.Kind)
        {
            case StandingEntryKind.Whole:
                known.Standing = new Standing(entry.Record);
                break;
            case StandingEntryKind.Allow:
                known.Override = StandingOverride.Allow;
                break;
            case StandingEntryKind.Deny:
                known.Override = StandingOverride.Deny;
                break;
            case StandingEntryKind.NoOverride:
                known.Override = StandingOverride.None;
                break;
            default:
                known.Standing.Apply((StandingChange)entry.Kind);
                break;
        }
    }

    /// <summary>One entry for each identity, and one for what the owner decided; only while no other process has it open.</summary>
    private void Rewrite()
    {
        FileStream alone;
        try
        {
            alone = new FileStream(LockPath, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            return;
        }

        using (alone)
        {
            string beside = _path + ".new";
            using (var file = new FileStream(beside, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 1 << 16))
            {
                var bytes = new byte[StandingEntry.Size];
                foreach ((PublicKey worker, Known known) in _known
                    .OrderByDescending(entry => entry.Value.Override != StandingOverride.None)
                    .ThenByDescending(entry => entry.Value.Standing.Confirmed + (10L * entry.Value.Standing.Refuted))
                    .ThenBy(entry => entry.Key)
                    .Take(MaxIdentities))
                {
                    new StandingEntry(worker, StandingEntryKind.Whole, known.Standing.ToRecord(), known.LastSeconds).Write(bytes);
                    file.Write(bytes);
                    if (known.Override != StandingOverride.None)
                    {
                        StandingEntry.Of(
                            worker, known.Override == StandingOverride.Allow ? StandingEntryKind.Allow : StandingEntryKind.Deny, known.LastSeconds).Write(bytes);
                        file.Write(bytes);
                    }
                }

                file.Flush(flushToDisk: true);
            }

            File.Move(beside, _path, overwrite: true);
        }
    }

    /// <summary>Others may append too, but nobody may rewrite the file under us.</summary>
    private void MarkInUse()
    {
        if (Directory.Exists(Path.GetDirectoryName(_path)))
        {
            File.Open(LockPath, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite).Dispose();
            _inUse = new FileStream(LockPath, FileMode.Open, FileAccess.Read, FileShare.Read);
        }
    }

    private string LockPath => _path + ".lock";

    private uint Now() => (uint)_clock.GetUtcNow().ToUnixTimeSeconds();

    private void Tell(Exception failure)
    {
        if (!_failed)
        {
            _failed = true;
            _report(new Problem("standings", $"{_path}: {failure.Message}", "Free some room, or mend the folder's rights: until then what is learnt about others is forgotten at the end."));
        }
    }

    private sealed class Known
    {
        public Standing Standing { get; set; } = new();

        public StandingOverride Override { get; set; }

        public uint LastSeconds { get; set; }
    }
}
