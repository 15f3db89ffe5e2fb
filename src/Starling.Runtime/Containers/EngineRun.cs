using System;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Net.Http;
using System.Text.Json.Nodes;
using System.Threading;
using Starling.Runtime.Execution;
using Starling.Runtime.Walls;

namespace Starling.Runtime.Containers;

/// <summary>A command in a container of an engine. Removed when <see cref="Run"/> returns; if this program is killed before, the next start removes it.</summary>
internal sealed class EngineRun : IRunningCommand, IHeldRun
{
    private const int StatusOfSignal = 128;
    private const int SignalCount = 65;
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(200);

    private readonly Lock _gate = new();
    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly EngineSocket _socket;
    private readonly string _id;
    private readonly WallPlan _plan;
    private readonly bool _isPodman;
    private readonly RunGovernor _governor;
    private readonly Stream _output;
    private readonly EngineProcesses? _processes;
    private KillCause _cause;
    private HoldCause _holds;
    private TimeSpan _cpuTime;
    private TimeSpan _taken;
    private long _peakMemory;
    private long _pausedSince;
    private TimeSpan _paused;
    private bool _isEnding;
    private bool _isOver;

    private EngineRun(EngineSocket socket, string id, WallPlan plan, bool isPodman, RunGovernor governor, Stream output, EngineProcesses? processes) =>
        (_socket, _id, _plan, _isPodman, _governor, _output, _processes) = (socket, id, plan, isPodman, governor, output, processes);

    /// <summary>Attaches to a container that was made, and starts it.</summary>
    /// <exception cref="EngineException">It can't be started.</exception>
    public static EngineRun Start(EngineSocket socket, string id, WallPlan plan, bool isPodman, RunGovernor governor)
    {
        // Podman makes the first process when somebody attaches.
        long asked = Descendants.NowTicks();

        // Before it starts: nothing of what it prints is lost.
        Stream output = socket.Open(HttpMethod.Post, $"containers/{id}/attach?stream=1&stdout=1&stderr=1");
        try
        {
            socket.Ask(HttpMethod.Post, $"containers/{id}/start");
            var processes = EngineProcesses.Find(socket.Ask(HttpMethod.Get, $"containers/{id}/json")?["State"], asked);
            return new EngineRun(socket, id, plan, isPodman, governor, output, processes);
        }
        catch
        {
            output.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Kill() => KillFor(KillCause.Asked);

    /// <inheritdoc/>
    public void End(TimeSpan grace)
    {
        lock (_gate)
        {
            _cause = _cause == KillCause.None ? KillCause.Asked : _cause;
            GoOnToEnd();
        }

        Tell("kill?signal=TERM");
        _ = new Timer(_ => Kill(), null, grace, Timeout.InfiniteTimeSpan);
    }

    /// <inheritdoc/>
    public void Pause(bool paused) => ((IHeldRun)this).Hold(HoldCause.Slot, paused);

    /// <inheritdoc/>
    void IHeldRun.Hold(HoldCause cause, bool held)
    {
        lock (_gate)
        {
            if (!_isOver && !_isEnding)
            {
                SetHolds(held ? _holds | cause : _holds & ~cause);
            }
        }
    }

    /// <inheritdoc/>
    TimeSpan IHeldRun.TakeProcessorTime()
    {
        lock (_gate)
        {
            Note(_processes?.ProcessorTime() ?? TimeSpan.Zero);
            TimeSpan taken = _cpuTime - _taken;
            _taken = _cpuTime;
            return taken;
        }
    }

    /// <inheritdoc/>
    void IHeldRun.BeNice()
    {
        lock (_gate)
        {
            _processes?.BeNice();
        }
    }

    /// <inheritdoc/>
    public ProcessEnd Run(OutputReceiver output, StderrTail errors, TimeSpan wall)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(errors);
        using var look = new Timer(_ => Look(wall), null, LookInterval, LookInterval);
        _governor.Add(this);
        try
        {
            bool isWhole;
            try
            {
                isWhole = EngineOutput.TryRead(_output, bytes => Take(output, bytes), bytes => errors.Append(bytes.Span));
            }
            catch (Exception failure) when (failure is IOException or HttpRequestException)
            {
                isWhole = false;
            }

            int status = isWhole ? ExitStatus(out bool lackedMemory) : NoStatus(out lackedMemory);
            TimeSpan elapsed = Stopwatch.GetElapsedTime(_started);
            KillCause cause = _cause != KillCause.None ? _cause : status < 0 ? KillCause.Walls : lackedMemory ? KillCause.Memory : RunWatch.HasTooMuchOnDisk(_plan) ? KillCause.Disk : KillCause.None;
            if (cause == KillCause.Walls)
            {
                errors.Append("the container engine lost the command"u8);
            }

            ProcessEnd end = status is > StatusOfSignal and < StatusOfSignal + SignalCount
                ? new ProcessEnd(status - StatusOfSignal, 0, cause, elapsed)
                : new ProcessEnd(0, Math.Max(0, status), cause, elapsed);
            return end with { CpuTime = _cpuTime, PeakMemoryBytes = _peakMemory };
        }
        finally
        {
            lock (_gate)
            {
                _isOver = true;
            }

            _governor.Remove(this);
            _output.Dispose();
            ContainerEngine.TryRemove(_socket, _id);
        }
    }

    private bool Take(OutputReceiver output, ReadOnlySpan<byte> bytes)
    {
        if (output(bytes))
        {
            return true;
        }

        KillFor(KillCause.Output);
        return false;
    }

    private static int NoStatus(out bool lackedMemory)
    {
        lackedMemory = false;
        return -1;
    }

    private int ExitStatus(out bool lackedMemory)
    {
        lackedMemory = false;
        try
        {
            // Podman's own call looks every 5 ms; the one that Docker has too, every 250 ms.
            JsonNode? told = _isPodman
                ? _socket.Ask(HttpMethod.Post, $"{ContainerEngine.PodmanCalls}/containers/{_id}/wait?condition=exited&condition=stopped&interval=5ms")
                : _socket.Ask(HttpMethod.Post, $"containers/{_id}/wait");
            if (!_isPodman && told?["StatusCode"]?.GetValue<int>() == 0)
            {
                return 0;
            }

            JsonNode? state = _socket.Ask(HttpMethod.Get, $"containers/{_id}/json")?["State"];
            lackedMemory = state?["OOMKilled"]?.GetValue<bool>() ?? false;
            return state?["ExitCode"]?.GetValue<int>() ?? -1;
        }
        catch (EngineException)
        {
            return -1;
        }
    }

    private void Look(TimeSpan wall)
    {
        TimeSpan paused;
        lock (_gate)
        {
            paused = _paused + (_pausedSince == 0 ? TimeSpan.Zero : Stopwatch.GetElapsedTime(_pausedSince));
        }

        if (Stopwatch.GetElapsedTime(_started) - paused > wall)
        {
            KillFor(KillCause.Wall);
            return;
        }

        WallLimits limits = _plan.Limits;
        ProcessTree.Usage usage;
        lock (_gate)
        {
            usage = _isOver || _processes is null ? default : _processes.Usage(limits.MemoryBytes);
            Note(usage.CpuTime);
            _peakMemory = Math.Max(_peakMemory, usage.MemoryBytes);
        }

        KillCause cause = usage.MemoryBytes > limits.MemoryBytes ? KillCause.Memory
            : limits.Cpu is { } cpu && usage.CpuTime > cpu ? KillCause.Cpu
            : RunWatch.HasTooMuchOnDisk(_plan) ? KillCause.Disk
            : KillCause.None;
        if (cause != KillCause.None)
        {
            KillFor(cause);
        }
    }

    /// <summary>They can only have taken more since.</summary>
    private void Note(TimeSpan cpuTime) => _cpuTime = cpuTime > _cpuTime ? cpuTime : _cpuTime;

    private void SetHolds(HoldCause holds)
    {
        bool wasFrozen = _holds != HoldCause.None;
        _holds = holds;
        if (wasFrozen == (holds != HoldCause.None))
        {
            return;
        }

        // Wall time stands still meanwhile.
        _paused += _pausedSince == 0 ? TimeSpan.Zero : Stopwatch.GetElapsedTime(_pausedSince);
        _pausedSince = wasFrozen ? 0 : Stopwatch.GetTimestamp();
        if (_processes is { MaySignal: true })
        {
            _processes.Freeze(!wasFrozen);
        }
        else
        {
            Tell(wasFrozen ? "unpause" : "pause");
        }
    }

    private void GoOnToEnd()
    {
        SetHolds(HoldCause.None);
        _isEnding = true;
    }

    private void KillFor(KillCause cause)
    {
        lock (_gate)
        {
            if (_isOver)
            {
                return;
            }

            _cause = _cause == KillCause.None ? cause : _cause;
            GoOnToEnd();
        }

        Tell("kill?signal=KILL");
    }

    private void Tell(string what)
    {
        try
        {
            _socket.Ask(HttpMethod.Post, string.Create(CultureInfo.InvariantCulture, $"containers/{_id}/{what}"));
        }
        catch (EngineException)
        {
            // It has ended meanwhile, or the engine is gone, and the stream of its output ends too.
        }
    }
}
