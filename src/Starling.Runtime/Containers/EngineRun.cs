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
internal sealed class EngineRun : IRunningCommand
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
    private readonly Stream _output;
    private KillCause _cause;
    private long _pausedSince;
    private TimeSpan _paused;
    private bool _isOver;

    private EngineRun(EngineSocket socket, string id, WallPlan plan, bool isPodman, Stream output) =>
        (_socket, _id, _plan, _isPodman, _output) = (socket, id, plan, isPodman, output);

    /// <summary>Attaches to a container that was made, and starts it.</summary>
    /// <exception cref="EngineException">It can't be started.</exception>
    public static EngineRun Start(EngineSocket socket, string id, WallPlan plan, bool isPodman)
    {
        // Before it starts: nothing of what it prints is lost.
        Stream output = socket.Open(HttpMethod.Post, $"containers/{id}/attach?stream=1&stdout=1&stderr=1");
        try
        {
            socket.Ask(HttpMethod.Post, $"containers/{id}/start");
            return new EngineRun(socket, id, plan, isPodman, output);
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
        }

        Tell("kill?signal=TERM");
        _ = new Timer(_ => Kill(), null, grace, Timeout.InfiniteTimeSpan);
    }

    /// <inheritdoc/>
    public void Pause(bool paused)
    {
        lock (_gate)
        {
            if (paused == (_pausedSince != 0))
            {
                return;
            }

            _paused += _pausedSince == 0 ? TimeSpan.Zero : Stopwatch.GetElapsedTime(_pausedSince);
            _pausedSince = paused ? Stopwatch.GetTimestamp() : 0;
        }

        Tell(paused ? "pause" : "unpause");
    }

    /// <inheritdoc/>
    public ProcessEnd Run(OutputReceiver output, StderrTail errors, TimeSpan wall)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(errors);
        using var look = new Timer(_ => Look(wall), null, LookInterval, LookInterval);
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

            int status = isWhole ? ExitStatus() : -1;
            TimeSpan elapsed = Stopwatch.GetElapsedTime(_started);
            KillCause cause = _cause == KillCause.None && status < 0 ? KillCause.Walls : _cause;
            if (cause == KillCause.Walls)
            {
                errors.Append("the container engine lost the command"u8);
            }

            return status is > StatusOfSignal and < StatusOfSignal + SignalCount
                ? new ProcessEnd(status - StatusOfSignal, 0, cause, elapsed)
                : new ProcessEnd(0, Math.Max(0, status), cause, elapsed);
        }
        finally
        {
            lock (_gate)
            {
                _isOver = true;
            }

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

    private int ExitStatus()
    {
        try
        {
            // Podman's own call looks every 5 ms; the one that Docker has too, every 250 ms.
            JsonNode? told = _isPodman
                ? _socket.Ask(HttpMethod.Post, $"v4.0.0/libpod/containers/{_id}/wait?condition=exited&condition=stopped&interval=5ms")
                : _socket.Ask(HttpMethod.Post, $"containers/{_id}/wait");
            told = _isPodman ? _socket.Ask(HttpMethod.Get, $"containers/{_id}/json")?["State"]?["ExitCode"] : told?["StatusCode"];
            return told?.GetValue<int>() ?? -1;
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

        long bytes = 0;
        foreach (WallMount mount in _plan.Mounts)
        {
            bytes += mount.Writable ? HostileTree.Measure(mount.Source, _plan.Limits.Files).Bytes : 0;
        }

        if (bytes > _plan.Limits.DiskBytes)
        {
            KillFor(KillCause.Disk);
        }
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
        }

        Pause(false);
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
