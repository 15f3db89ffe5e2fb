using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Text.Json;
using System.Text.Json.Serialization;
using Starling.Core.Owner;

namespace Starling.Runtime.Owner;

/// <summary>One process that has a task open, as it tells the owner's other processes.</summary>
public sealed record RunningTask
{
    /// <summary>Its process.</summary>
    public int Pid { get; init; }

    /// <summary>When that began, in ticks since the machine did: another process may get its number later.</summary>
    public long StartTicks { get; init; }

    /// <summary>Absolute path of the task's folder.</summary>
    public string Dir { get; init; } = "";

    /// <summary>What the task is and would take.</summary>
    public required TaskDemand Demand { get; init; }
}

/// <summary>
/// The tasks that this owner's processes have open: a file each in one folder of his, so that every process divides what the rules give by the same list. A file
/// counts as long as its process lives; who finds one whose process is gone removes it. Used by one thread.
/// </summary>
public sealed class TaskRegistry : IDisposable
{
    /// <summary>Bytes of one file.</summary>
    public const int MaxFileBytes = 64 * 1024;

    /// <summary>Processes that are reckoned with.</summary>
    public const int MaxProcesses = 1_024;

    private const string Suffix = ".json";

    /// <summary>Who ended without a word is noticed after so long; who begins or ends properly changes the folder, and is noticed at once.</summary>
    private static readonly TimeSpan Relist = TimeSpan.FromSeconds(2);

    private readonly string _folder;
    private readonly string _proc;
    private readonly string _path;
    private readonly long _startTicks;
    private RunningTask? _told;
    private IReadOnlyList<RunningTask> _others = [];
    private DateTime _listed;
    private long _listedAt;

    /// <param name="folder">Absolute path of the folder; it is made, for its owner alone, when there is none.</param>
    /// <param name="proc"><c>/proc</c>.</param>
    public TaskRegistry(string folder, string proc = "/proc")
    {
        _folder = folder;
        _proc = proc;
        _path = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId}{Suffix}"));
        _startTicks = ProcessTable.StartOf(proc, Environment.ProcessId) ?? 0;
    }

    /// <summary>Where a process answers questions about its task.</summary>
    public static string SocketOf(string folder, int pid) => Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{pid}.sock"));

    /// <summary>Everything that is open, by process; what this one tells is among it even where it can't be written.</summary>
    /// <param name="mine">What this process has open.</param>
    /// <param name="dir">Its folder.</param>
    public IReadOnlyList<RunningTask> Tell(TaskDemand mine, string dir)
    {
        var task = new RunningTask { Pid = Environment.ProcessId, StartTicks = _startTicks, Dir = dir, Demand = mine };
        if (task != _told && TryWrite(task))
        {
            _told = task;
        }

        var all = new List<RunningTask> { task };
        DateTime changed = Directory.GetLastWriteTimeUtc(_folder);
        if (changed != _listed || Stopwatch.GetElapsedTime(_listedAt) > Relist)
        {
            _others = Read(_folder, _proc);
            _listed = changed;
            _listedAt = Stopwatch.GetTimestamp();
        }

        foreach (RunningTask other in _others)
        {
            if (other.Pid != task.Pid)
            {
                all.Add(other);
            }
        }

        all.Sort((left, right) => left.Pid.CompareTo(right.Pid));
        return all;
    }

    /// <summary>What the processes tell that live.</summary>
    public static IReadOnlyList<RunningTask> Read(string folder, string proc = "/proc")
    {
        var tasks = new List<RunningTask>();
        foreach (string path in SensorFile.Files(folder, $"*{Suffix}"))
        {
            if (!int.TryParse(Path.GetFileNameWithoutExtension(path.AsSpan()), NumberStyles.None, CultureInfo.InvariantCulture, out int pid) || tasks.Count == MaxProcesses)
            {
                continue;
            }

            RunningTask? task = ReadOne(path);
            if (task is not null && task.Pid == pid && ProcessTable.StartOf(proc, pid) == task.StartTicks)
            {
                tasks.Add(task);
            }
            else if (task is not null)
            {
                TryDelete(path);
                TryDelete(SocketOf(folder, pid));
            }
        }

        tasks.Sort((left, right) => left.Pid.CompareTo(right.Pid));
        return tasks;
    }

    /// <summary>This process has nothing open any more.</summary>
    public void Dispose() => TryDelete(_path);

    private static RunningTask? ReadOne(string path)
    {
        try
        {
            return new FileInfo(path).Length <= MaxFileBytes ? JsonSerializer.Deserialize(File.ReadAllBytes(path), RegistryJson.Default.RunningTask) : null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
        }
    }

    private bool TryWrite(RunningTask task)
    {
        try
        {
            MakeFolder(_folder);
            string fresh = $"{_path}.new";
            File.WriteAllBytes(fresh, JsonSerializer.SerializeToUtf8Bytes(task, RegistryJson.Default.RunningTask));
            File.Move(fresh, _path, overwrite: true);
            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    internal static void MakeFolder(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
        }
        else
        {
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(RunningTask))]
internal sealed partial class RegistryJson : JsonSerializerContext;
