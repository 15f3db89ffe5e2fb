using System;
using System.Collections.Generic;
using System.IO;
using System.Threading;
using Starling.Core.Owner;
using Starling.Core.Primitives;

namespace Starling.Runtime.Owner;

/// <summary>Where the owner's rules and his running tasks are.</summary>
/// <param name="ConfigPath">Absolute path of the file, whether or not it exists.</param>
/// <param name="RunningFolder">Absolute path of the folder in which his processes tell each other what they have open.</param>
public sealed record OwnerPlace(string ConfigPath, string RunningFolder)
{
    /// <summary>Where sensors are read.</summary>
    public SensorRoots Sensors { get; init; } = new();
}

/// <summary>What holds now.</summary>
/// <param name="Rules">The rules.</param>
/// <param name="Grant">What they give this task.</param>
public sealed record RulesInForce(OwnerRules Rules, Grant Grant);

/// <summary>
/// Keeps one task to the owner's rules: looks twice a second at the file, the sensors and the other tasks, and tells when what the task gets has changed. An edit that breaks
/// the file leaves the rules as they were.
/// </summary>
public sealed class RuleKeeper : IDisposable
{
    /// <summary>How often it looks.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    private readonly OwnerPlace _place;
    private readonly string _dir;
    private readonly Func<TaskDemand> _demand;
    private readonly Action<RulesInForce> _changed;
    private readonly Action<Problem> _refused;
    private readonly TaskRegistry _registry;
    private readonly MachineSensors _sensors;
    private readonly FolderSize _size;
    private readonly ManualResetEventSlim _ending = new();
    private OwnerRules _rules;
    private (DateTime Written, long Length) _stamp;
    private volatile RulesInForce? _inForce;
    private Thread? _thread;

    /// <param name="place">Where things are.</param>
    /// <param name="rules">The rules as they were read at the start.</param>
    /// <param name="dir">Absolute path of the task's folder.</param>
    /// <param name="demand">What the task would take now.</param>
    /// <param name="changed">Hears what it gets, at the first look and whenever that changes.</param>
    /// <param name="refused">Hears of an edit that breaks the file.</param>
    public RuleKeeper(OwnerPlace place, OwnerRules rules, string dir, Func<TaskDemand> demand, Action<RulesInForce> changed, Action<Problem> refused)
    {
        ArgumentNullException.ThrowIfNull(place);
        ArgumentNullException.ThrowIfNull(rules);
        _place = place;
        _rules = rules;
        _dir = dir;
        _demand = demand;
        _changed = changed;
        _refused = refused;
        _registry = new TaskRegistry(place.RunningFolder, place.Sensors.Proc);
        _sensors = new MachineSensors(place.Sensors);
        _size = new FolderSize(dir, place.Sensors.Time);
        _stamp = StampOf(place.ConfigPath);
    }

    /// <summary>What holds; null before the first look.</summary>
    public RulesInForce? InForce => _inForce;

    /// <summary>Looks once. By one thread at a time.</summary>
    public void Look()
    {
        ReadAgain();
        TaskDemand mine = _demand();
        if (_rules.DiskBytes is not null)
        {
            mine = mine with { DiskBytes = _size.Read() };
        }

        IReadOnlyList<RunningTask> all = _registry.Tell(mine, _dir);
        var ours = new List<int>(all.Count);
        var demands = new List<TaskDemand>(all.Count);
        int self = 0;
        for (int i = 0; i < all.Count; i++)
        {
            ours.Add(all[i].Pid);
            demands.Add(all[i].Demand);
            self = all[i].Pid == Environment.ProcessId ? i : self;
        }

        Grant grant = OwnerPolicy.Decide(_rules, _sensors.Read(_rules, ours), demands)[self];
        RulesInForce? before = _inForce;
        if (before is null || before.Rules != _rules || !before.Grant.Equals(grant))
        {
            _inForce = new RulesInForce(_rules, grant);
            _changed(_inForce);
        }
    }

    /// <summary>Looks again and again until it is disposed.</summary>
    public void Start()
    {
        _thread = new Thread(Run) { Name = "owner's rules", IsBackground = true };
        _thread.Start();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _ending.Set();
        _thread?.Join();
        _registry.Dispose();
        _ending.Dispose();
    }

    private static (DateTime Written, long Length) StampOf(string path)
    {
        try
        {
            var file = new FileInfo(path);
            return file.Exists ? (file.LastWriteTimeUtc, file.Length) : default;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return default;
        }
    }

    private void Run()
    {
        while (!_ending.Wait(Interval))
        {
            Look();
        }
    }

    private void ReadAgain()
    {
        (DateTime, long) stamp = StampOf(_place.ConfigPath);
        if (stamp == _stamp)
        {
            return;
        }

        _stamp = stamp;
        if (OwnerConfig.TryRead(_place.ConfigPath, out OwnerConfig? config, out Problem? problem))
        {
            _rules = config.Rules;
        }
        else
        {
            _refused(problem with { Hint = $"{problem.Hint.TrimEnd('.')}. The rules from before stay in force" });
        }
    }
}
