using System;
using System.Buffers;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Threading;
using Microsoft.Win32.SafeHandles;
using Starling.Runtime.Walls;

namespace Starling.Runtime.Execution;

/// <summary>
/// A started command. One thread sits in <see cref="Run"/> until the command and all of its descendants are gone; any thread may call
/// <see cref="Kill"/>. Waiting is one <c>poll</c> over both pipes and the process, up to the next deadline.
/// </summary>
public sealed class ShellProcess : IRunningCommand, IHeldRun
{
    /// <summary>
    /// How long children that outlive the main process may still write to its standard output, such as <c>gzip</c> in
    /// <c>cmd > >(gzip)</c>. Then they are killed.
    /// </summary>
    public static readonly TimeSpan LastWords = TimeSpan.FromMilliseconds(500);

    /// <summary>How often orphans of a long run that have ended are reaped.</summary>
    private static readonly TimeSpan _reapInterval = TimeSpan.FromSeconds(30);

    private const int BufferSize = 64 * 1024;
    private const int OutputEntry = 0;
    private const int ErrorEntry = 1;
    private const int ProcessEntry = 2;
    private const int EntryCount = 3;
    private const int StatusOfSignal = 128;
    private const int SignalCount = 32;

    private readonly ProcessLauncher _launcher;
    private readonly Descendants.Member _member;
    private readonly Lock _gate = new();
    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly int _process;
    private readonly WalledStart? _walled;
    private readonly WallPlan? _plan;
    private readonly RunProcesses _tree;
    private RunPipes _pipes;
    private KillCause _cause;
    private HoldCause _holds;
    private long _heldSince;
    private long _frozenSince;
    private TimeSpan _held;
    private TimeSpan _frozen;
    private TimeSpan _taken;
    private TimeSpan? _usage;
    private Timer? _ending;
    private bool _reaped;
    private bool _refused;

    internal ShellProcess(
        ProcessLauncher launcher, Descendants.Member member, RunPipes pipes, int process, WalledStart? walled, WallPlan? plan)
    {
        _walled = walled;
        _plan = plan;
        int input = pipes.TakeInputWrite();
        Input = input < 0 ? null : new SafeFileHandle(input, ownsHandle: true);
        _process = process;
        _tree = new RunProcesses(member.Pid, orphans => launcher.AppendOrphans(member, orphans));
        _launcher = launcher;
        _member = member;
        _pipes = pipes;
    }

    /// <summary>Process id of the shell; also its process group and session.</summary>
    public int Pid => _member.Pid;

    /// <summary>Its standard input, for who asked for it; whoever closes it ends the input.</summary>
    public SafeFileHandle? Input { get; }

    /// <summary>Kills the command with its process group; what left the group dies when <see cref="Run"/> returns.</summary>
    public void Kill() => KillFor(KillCause.Asked);

    /// <summary>Tells all of its processes to end, and kills them when they have not after <paramref name="grace"/>. However it ends then, it counts as killed.</summary>
    public void End(TimeSpan grace)
    {
        lock (_gate)
        {
            if (_reaped || _ending is not null)
            {
                return;
            }

            // Who is frozen hears nothing.
            SetHolds(HoldCause.None);
            _tree.Signal(LibC.SignalEnd);
            _ending = new Timer(_ => KillFor(KillCause.Asked), null, grace, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Freezes it with all of its processes for want of a slot, or lets it go on. Its limit of wall time does not run meanwhile.</summary>
    public void Pause(bool paused) => ((IHeldRun)this).Hold(HoldCause.Slot, paused);

    /// <inheritdoc/>
    void IHeldRun.Hold(HoldCause cause, bool held)
    {
        lock (_gate)
        {
            if (!_reaped && _ending is null)
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
            TimeSpan now = _usage ?? _tree.ProcessorTime();
            TimeSpan taken = now > _taken ? now - _taken : TimeSpan.Zero;
            _taken = now;
            return taken;
        }
    }

    /// <inheritdoc/>
    void IHeldRun.BeNice()
    {
        lock (_gate)
        {
            if (!_reaped)
            {
                _tree.BeNice();
            }
        }
    }

    /// <summary>
    /// Hands on the output, waits for the end, and kills what is left. To be called once, by the thread that will wait.
    /// </summary>
    /// <param name="output">Called on this thread. An exception from it passes, after the command was killed.</param>
    /// <param name="errors">Gets the standard error.</param>
    /// <param name="wall">Wall time that the command may take, from its start.</param>
    public ProcessEnd Run(OutputReceiver output, StderrTail errors, TimeSpan wall)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(errors);
        bool clean = false;
        _launcher.Governor.Add(this);
        RunWatch.Watched? watched = _walled is { InnerPid: > 0 } ? _launcher.Watch.Add(this, _walled.InnerPid, _plan!) : null;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            Pump(buffer, output, errors, wall);
            clean = true;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
            LibC.CloseIfOpen(_process);
            Input?.Dispose();
            if (watched is not null)
            {
                _launcher.Watch.Remove(watched);
            }

            if (!clean)
            {
                KillFor(KillCause.Output);
                _pipes.CloseAll();
                _walled?.CloseAll();
                _ = Reap(out _);
                _launcher.Governor.Remove(this);
                _ = _launcher.Finish(this, _member, _walled?.InnerPid ?? 0);
                _ = _walled?.Group?.End();
            }
        }

        TimeSpan elapsed;
        lock (_gate)
        {
            elapsed = Stopwatch.GetElapsedTime(_started) - Passed(_frozenSince, _frozen);
        }

        int status = Reap(out LibC.ResourceUsage usage);
        LibC.ResourceUsage inner = _launcher.Finish(this, _member, _walled?.InnerPid ?? 0);
        RunGroup.Used group = _walled?.Group?.End() ?? default;
        lock (_gate)
        {
            _usage = usage.CpuTime + inner.CpuTime;
        }

        _launcher.Governor.Remove(this);
        DrainErrors(errors);
        _pipes.CloseAll();
        (int signal, int exitCode, bool began) = StatusOf(status);
        KillCause cause = _refused ? KillCause.Output : signal == LibC.SignalKill && _cause != KillCause.None ? _cause : _ending is not null ? KillCause.Asked : KillCause.None;
        cause = cause == KillCause.None && group.RanOutOfMemory && signal == LibC.SignalKill ? KillCause.Memory : cause;
        cause = cause == KillCause.None && watched is not null && RunWatch.HasTooMuchOnDisk(watched.Plan) ? KillCause.Disk : cause;
        return new ProcessEnd(signal, exitCode, cause == KillCause.None && !began ? KillCause.Walls : cause, elapsed)
        {
            CpuTime = group.CpuTime ?? (usage.CpuTime + inner.CpuTime),
            PeakMemoryBytes = group.PeakMemoryBytes ?? Math.Max(inner.MaxResidentKiB * 1024, watched?.PeakMemoryBytes ?? 0),
        };
    }

    /// <summary>bubblewrap ends with the status of the command, 128 + signal if one ended it; its own failures have statuses too, but then it has told of no end.</summary>
    private (int Signal, int ExitCode, bool Began) StatusOf(int status)
    {
        int signal = status & 0x7f;
        int exitCode = (status >> 8) & 0xff;
        if (_walled is null)
        {
            return (signal, exitCode, true);
        }

        int? inside = _walled.ReadExitCode();
        _walled.CloseAll();
        return signal != 0 ? (signal, exitCode, true)
            : inside is not int code ? (0, exitCode, false)
            : code is > StatusOfSignal and < StatusOfSignal + SignalCount ? (code - StatusOfSignal, 0, true)
            : (0, code, true);
    }

    /// <summary>Kills the command with its process group, and remembers why; the first reason counts.</summary>
    internal void KillFor(KillCause cause)
    {
        lock (_gate)
        {
            // Until it is reaped, nobody else can get its number.
            if (!_reaped)
            {
                _cause = _cause == KillCause.None ? cause : _cause;
                _ = LibC.Kill(-Pid, LibC.SignalKill);
            }
        }
    }

    /// <summary>Under the lock.</summary>
    private void SetHolds(HoldCause holds)
    {
        if (holds == _holds)
        {
            return;
        }

        bool wasHeld = _holds != HoldCause.None;
        _holds = holds;
        bool isFrozen = (holds & HoldCause.Slot) != 0;
        if (isFrozen != (_frozenSince != 0))
        {
            _frozen = Passed(_frozenSince, _frozen);
            _frozenSince = isFrozen ? Stopwatch.GetTimestamp() : 0;
        }

        if (holds != HoldCause.None == wasHeld)
        {
            return;
        }

        _held = Passed(_heldSince, _held);
        _heldSince = wasHeld ? 0 : Stopwatch.GetTimestamp();
        if (wasHeld)
        {
            _tree.GoOn();
        }
        else
        {
            _tree.Stop();
        }
    }

    private static TimeSpan Passed(long since, TimeSpan before) => since == 0 ? before : before + Stopwatch.GetElapsedTime(since);

    /// <summary>Wall time that counts: without that in which it was held.</summary>
    internal TimeSpan Counted()
    {
        lock (_gate)
        {
            return Stopwatch.GetElapsedTime(_started) - Passed(_heldSince, _held);
        }
    }

    private unsafe void Pump(byte[] buffer, OutputReceiver output, StderrTail errors, TimeSpan wall)
    {
        LibC.PollEntry* entries = stackalloc LibC.PollEntry[EntryCount];
        entries[OutputEntry] = new LibC.PollEntry { Descriptor = _pipes.OutputRead, Events = LibC.PollIn };
        entries[ErrorEntry] = new LibC.PollEntry { Descriptor = _pipes.ErrorRead, Events = LibC.PollIn };
        entries[ProcessEntry] = new LibC.PollEntry { Descriptor = _process, Events = LibC.PollIn };
        TimeSpan deadline = wall;
        bool exited = false;
        while (!exited || entries[OutputEntry].Descriptor >= 0)
        {
            TimeSpan left = deadline - Counted();
            if (left <= TimeSpan.Zero)
            {
                if (exited)
                {
                    return;
                }

                KillFor(KillCause.Wall);
                deadline = TimeSpan.MaxValue;
                continue;
            }

            int ready = LibC.Poll(entries, EntryCount, (int)Math.Ceiling(Math.Min(left.TotalMilliseconds, _reapInterval.TotalMilliseconds)));
            if (ready <= 0)
            {
                if (ready == 0)
                {
                    _launcher.ReapEnded();
                }

                continue;
            }

            if (entries[ErrorEntry].Returned != 0 && !TakeErrors(buffer, errors))
            {
                entries[ErrorEntry].Descriptor = -1;
            }

            if (entries[OutputEntry].Returned != 0 && !TakeOutput(buffer, output))
            {
                entries[OutputEntry].Descriptor = -1;
            }

            if (entries[ProcessEntry].Returned != 0)
            {
                entries[ProcessEntry].Descriptor = -1;
                exited = true;
                if (_cause != KillCause.None)
                {
                    return;
                }

                deadline = Counted() + LastWords;
            }
        }
    }

    /// <summary>False at the end of standard output.</summary>
    private bool TakeOutput(Span<byte> buffer, OutputReceiver output)
    {
        int count = Read(_pipes.OutputRead, buffer);
        if (count > 0 && !_refused && !output(buffer[..count]))
        {
            _refused = true;
            KillFor(KillCause.Output);
        }

        return count > 0 && !_refused;
    }

    /// <summary>False at the end of standard error.</summary>
    private bool TakeErrors(Span<byte> buffer, StderrTail errors)
    {
        int count = Read(_pipes.ErrorRead, buffer);
        if (count > 0)
        {
            errors.Append(buffer[..count]);
        }

        return count > 0;
    }

    /// <summary>Takes what the killed ones left in the pipe; bounded, for an unkillable one may go on writing.</summary>
    private unsafe void DrainErrors(StderrTail errors)
    {
        Span<byte> buffer = stackalloc byte[4096];
        for (int i = 0; i < StderrTail.Capacity / buffer.Length; i++)
        {
            var entry = new LibC.PollEntry { Descriptor = _pipes.ErrorRead, Events = LibC.PollIn };
            if (LibC.Poll(&entry, 1, 0) <= 0 || !TakeErrors(buffer, errors))
            {
                return;
            }
        }
    }

    private static unsafe int Read(int descriptor, Span<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            nint count;
            do
            {
                count = LibC.Read(descriptor, start, buffer.Length);
            }
            while (count < 0 && Marshal.GetLastPInvokeError() == LibC.ErrorInterrupted);
            return (int)count;
        }
    }

    /// <summary>Kills the group's rest and takes the exit status of the main process.</summary>
    private unsafe int Reap(out LibC.ResourceUsage usage)
    {
        int status = 0;
        LibC.ResourceUsage used = default;
        _ending?.Dispose();
        _ = LibC.Kill(-Pid, LibC.SignalKill);
        lock (_gate)
        {
            while (!_reaped)
            {
                // ECHILD: somebody else took the status, which must not happen; it counts as killed by nobody with status 255.
                int result = LibC.WaitPid(Pid, &status, 0, &used);
                bool interrupted = result < 0 && Marshal.GetLastPInvokeError() == LibC.ErrorInterrupted;
                status = result < 0 ? 0xff00 : status;
                _reaped = !interrupted;
            }
        }

        usage = used;
        return status;
    }
}
