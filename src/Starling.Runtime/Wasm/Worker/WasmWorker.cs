using System;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Threading;
using Microsoft.Win32.SafeHandles;
using Starling.Runtime.Execution;
using Starling.Runtime.Walls;

namespace Starling.Runtime.Wasm.Worker;

/// <summary>How a run in a worker ended.</summary>
/// <param name="End">What the worker told; null: it ended, or was ended, before the run did.</param>
/// <param name="Process">How the worker ended; null: it lives and waits for the next run.</param>
/// <param name="TookTooLong">Whether it was ended because the run took too long.</param>
/// <param name="WroteTooMuch">Whether it was ended because its output was refused.</param>
internal sealed record WasmRunEnd(WasmEnd? End, ProcessEnd? Process, bool TookTooLong, bool WroteTooMuch)
{
    /// <summary>Whether it was ended for the processor time it took.</summary>
    public bool UsedTooMuchCpu { get; init; }
}

/// <summary>
/// The parent's side of one worker process, from its start to its end. One thread of its own hands on what the worker says; requests come from the
/// thread of the slot, one at a time.
/// </summary>
internal sealed class WasmWorker
{
    private const int PipeBuffer = 4096;

    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);

    private readonly object _gate = new();
    private readonly WasmReplyReader _reader = new();
    private readonly StderrTail _own = new();
    private readonly Thread _pump;
    private OutputReceiver? _output;
    private StderrTail? _errors;
    private WasmEnd? _end;
    private ProcessEnd? _ended;
    private bool _refused;

    /// <param name="process">The process, just started.</param>
    public WasmWorker(ShellProcess process)
    {
        Process = process;
        _pump = new Thread(Pump) { Name = "wasm worker", IsBackground = true };
        _pump.Start();
    }

    /// <summary>The process.</summary>
    public ShellProcess Process { get; }

    /// <summary>What the worker itself wrote to standard error: nothing, unless .NET gave up in it.</summary>
    public StderrTail OwnErrors => _own;

    /// <summary>True until the worker has ended.</summary>
    public bool IsAlive
    {
        get
        {
            lock (_gate)
            {
                return _ended is null;
            }
        }
    }

    // Of all its processes: within walls the worker is a grandchild.
    private TimeSpan CpuTime() => ProcessTree.CpuTimeOf(ProcessTree.Of(Process.Pid));

    /// <summary>Runs a module and waits for its end, which comes at the latest with the end of the worker.</summary>
    /// <param name="request">What to run.</param>
    /// <param name="output">Takes standard output, on another thread, before this returns.</param>
    /// <param name="errors">Takes standard error.</param>
    /// <param name="wall">How long it may take.</param>
    /// <param name="cpu">Processor time that it may take; null: as much as it likes.</param>
    public WasmRunEnd Run(WasmRequest request, OutputReceiver output, StderrTail errors, TimeSpan wall, TimeSpan? cpu)
    {
        lock (_gate)
        {
            (_output, _errors, _end, _refused) = (output, errors, null, false);
        }

        bool late = false;
        bool busy = false;

        // The worker has run other pieces before.
        TimeSpan? mostCpu = cpu + (cpu is null ? null : CpuTime());
        TimeSpan longest = cpu is null ? Longest : RunWatch.Interval;

        // Time in which the owner holds the worker does not count.
        TimeSpan deadline = Process.Counted() + wall;
        Send(request.Encode(), deadline);
        lock (_gate)
        {
            while (_end is null && _ended is null)
            {
                TimeSpan left = late || busy ? Longest : deadline - Process.Counted();
                if (!late && !busy && mostCpu is { } most && CpuTime() > most)
                {
                    busy = true;
                    Process.Kill();
                    continue;
                }

                if (left <= TimeSpan.Zero)
                {
                    // Its end comes soon, and with it the last of what it wrote.
                    late = true;
                    Process.Kill();
                    continue;
                }

                Monitor.Wait(_gate, left < longest ? left : longest);
            }

            (_output, _errors) = (null, null);
            return new WasmRunEnd(late || busy || _refused ? null : _end, _ended, late && _end is null, _refused) { UsedTooMuchCpu = busy && _end is null };
        }
    }

    /// <summary>Ends the worker, and returns after its end.</summary>
    public void End()
    {
        Process.Kill();
        _pump.Join();
    }

    /// <summary>Writes a request. A worker that does not take it is found late by the caller; one that has ended tells so on the other thread.</summary>
    private unsafe void Send(byte[] request, TimeSpan deadline)
    {
        var frame = new byte[4 + request.Length];
        BinaryPrimitives.WriteUInt32LittleEndian(frame, (uint)request.Length);
        request.CopyTo(frame.AsSpan(4));
        bool held = false;
        SafeFileHandle input = Process.Input!;
        try
        {
            input.DangerousAddRef(ref held);
            var entry = new LibC.PollEntry { Descriptor = (int)input.DangerousGetHandle(), Events = LibC.PollOut };
            for (int sent = 0; sent < frame.Length;)
            {
                TimeSpan left = deadline - Process.Counted();
                if (left <= TimeSpan.Zero)
                {
                    return;
                }

                // When a pipe is ready it takes this much without a wait.
                if (LibC.Poll(&entry, 1, (int)Math.Ceiling(Math.Min(left.TotalMilliseconds, Longest.TotalMilliseconds))) <= 0)
                {
                    continue;
                }

                fixed (byte* start = frame)
                {
                    nint count = LibC.Write(entry.Descriptor, start + sent, Math.Min(PipeBuffer, frame.Length - sent));
                    if (count < 0 && Marshal.GetLastPInvokeError() != LibC.ErrorInterrupted)
                    {
                        return;
                    }

                    sent += (int)Math.Max(count, 0);
                }
            }
        }
        catch (ObjectDisposedException)
        {
            // It has ended.
        }
        finally
        {
            if (held)
            {
                input.DangerousRelease();
            }
        }
    }

    private void Pump()
    {
        ProcessEnd end = Process.Run(bytes => _reader.Append(bytes, Take), _own, TimeSpan.MaxValue);
        lock (_gate)
        {
            _ended = end;
            Monitor.Pulse(_gate);
        }
    }

    private bool Take(WasmReplyKind kind, ReadOnlySpan<byte> content)
    {
        lock (_gate)
        {
            switch (kind)
            {
                // Between runs it has nothing to say.
                case WasmReplyKind.Output when _output is not null && _end is null:
                    if (!_output(content))
                    {
                        _refused = true;
                        Monitor.Pulse(_gate);
                        return false;
                    }

                    return true;
                case WasmReplyKind.Errors when _errors is not null && _end is null:
                    _errors.Append(content);
                    return true;
                case WasmReplyKind.End when _output is not null && _end is null && WasmEnd.TryDecode(content.ToArray(), out WasmEnd? end):
                    _end = end;
                    Monitor.Pulse(_gate);
                    return true;
                default:
                    return false;
            }
        }
    }
}
