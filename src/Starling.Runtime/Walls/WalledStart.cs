using System;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using Starling.Runtime.Execution;

namespace Starling.Runtime.Walls;

/// <summary>
/// The descriptors between this program and one bubblewrap: the filter goes in; it tells the first process inside; that one waits, all walls up, until limits are set on
/// it; at the end it tells the exit status. Without the last the command never began.
/// </summary>
internal sealed class WalledStart
{
    // Descriptors below this may be those that the child's get their numbers from.
    private const int FirstSafeDescriptor = 64;
    private const int MaxStatusBytes = 4096;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private const int ResourceFileSize = 1;
    private const int ResourceData = 2;
    private const int ResourceCore = 4;
    private const int ResourceProcesses = 6;
    private const int ResourceDescriptors = 7;
    private const int ResourceCpu = 0;

    private readonly StringBuilder _told = new();
    private int _statusRead;
    private int _statusWrite;
    private int _gateRead;
    private int _gateWrite;
    private int _filterRead;
    private int _argumentsRead;

    private WalledStart(int statusRead, int statusWrite, int gateRead, int gateWrite, int filterRead, int argumentsRead)
    {
        _argumentsRead = argumentsRead;
        _statusRead = statusRead;
        _statusWrite = statusWrite;
        _gateRead = gateRead;
        _gateWrite = gateWrite;
        _filterRead = filterRead;
    }

    /// <summary>The first process inside, on the host's count; 0: not known.</summary>
    public int InnerPid { get; private set; }

    /// <summary>Its control group; null: it has none.</summary>
    public RunGroup? Group { get; private set; }

    /// <summary>What the child gets, and under which numbers.</summary>
    public (int Source, int Target)[] Descriptors =>
    [
        (_statusWrite, Bubblewrap.StatusDescriptor), (_gateRead, Bubblewrap.GateDescriptor), (_filterRead, Bubblewrap.FilterDescriptor),
        (_argumentsRead, Bubblewrap.ArgumentsDescriptor),
    ];

    /// <summary>
    /// Opens the pipes, and files in memory with the filter and the arguments: these may be longer than a pipe holds, and a run of the same user can make the kernel give out pipes of 8 KiB
    /// (<c>fs.pipe-user-pages-soft</c>), which nobody would read before they are full.
    /// </summary>
    public static unsafe WalledStart? TryOpen(byte[] filter, byte[] arguments, out int error)
    {
        int* ends = stackalloc int[4] { -1, -1, -1, -1 };
        int filterRead = -1;
        int argumentsRead = -1;
        error = LibC.Pipe(ends, LibC.CloseOnExec) == 0 && LibC.Pipe(ends + 2, LibC.CloseOnExec) == 0 ? 0 : Marshal.GetLastPInvokeError();
        error = error != 0 ? error : TryHold(filter, out filterRead);
        error = error != 0 ? error : TryHold(arguments, out argumentsRead);
        var start = new WalledStart(ends[0], Raise(ends[1]), Raise(ends[2]), ends[3], Raise(filterRead), Raise(argumentsRead));
        if (error == 0)
        {
            return start;
        }

        start.CloseAll();
        return null;
    }

    /// <summary>Closes what the child now holds.</summary>
    public void CloseChildEnds()
    {
        Close(ref _statusWrite);
        Close(ref _gateRead);
        Close(ref _filterRead);
        Close(ref _argumentsRead);
    }

    /// <summary>Waits until the walls are up, sets the limits and lets the command begin. False: bubblewrap ended before, did not get so far, or a limit can't be set; then the command must not begin.</summary>
    /// <param name="limits">What to set.</param>
    /// <param name="groups">Where it gets a group of its own; null: nowhere.</param>
    public bool Release(WallLimits limits, ControlGroups? groups)
    {
        long began = Stopwatch.GetTimestamp();
        while (InnerPid == 0)
        {
            TimeSpan left = Patience - Stopwatch.GetElapsedTime(began);
            if (left <= TimeSpan.Zero || !Read((int)left.TotalMilliseconds))
            {
                return false;
            }

            InnerPid = Number("\"child-pid\":") ?? 0;
        }

        // Two more processes are bubblewrap's own.
        bool isLimited = Limit(ResourceCore, 0)
            && Limit(ResourceData, (ulong)limits.MemoryBytes)
            && Limit(ResourceFileSize, (ulong)limits.DiskBytes + RunWatch.Overstep)
            && Limit(ResourceDescriptors, (ulong)limits.Descriptors)
            && Limit(ResourceProcesses, (ulong)limits.Processes + 2)
            && (limits.Cpu is not { } cpu || Limit(ResourceCpu, (ulong)Math.Max(1, Math.Ceiling(cpu.TotalSeconds)), 1));
        if (!isLimited)
        {
            return false;
        }

        Group = groups?.TryMake(limits);
        if (Group is not null && !Group.TryAdd(InnerPid))
        {
            Group.End();
            Group = null;
        }

        Close(ref _gateWrite);
        return true;
    }

    /// <summary>The exit status of the command; null: it never began, or was killed with its walls.</summary>
    public int? ReadExitCode()
    {
        while (Read(0))
        {
        }

        return Number("\"exit-code\":");
    }

    /// <summary>Closes what is open.</summary>
    public void CloseAll()
    {
        CloseChildEnds();
        Close(ref _statusRead);
        Close(ref _gateWrite);
    }

    /// <summary>Makes a file in memory that is read from its beginning; an error number, or 0.</summary>
    private static unsafe int TryHold(byte[] bytes, out int descriptor)
    {
        fixed (byte* name = "starling\0"u8, start = bytes)
        {
            descriptor = LibC.CreateMemoryFile(name, LibC.MemoryFileCloseOnExec);
            for (nint written = 0; descriptor >= 0 && written < bytes.Length;)
            {
                nint count = LibC.Write(descriptor, start + written, bytes.Length - written);
                if (count <= 0 && Marshal.GetLastPInvokeError() != LibC.ErrorInterrupted)
                {
                    return Marshal.GetLastPInvokeError();
                }

                written += Math.Max(0, count);
            }

            return descriptor >= 0 && LibC.Seek(descriptor, 0, 0) == 0 ? 0 : Marshal.GetLastPInvokeError();
        }
    }

    private static int Raise(int descriptor)
    {
        if (descriptor is < 0 or >= FirstSafeDescriptor)
        {
            return descriptor;
        }

        int raised = LibC.DescriptorControl(descriptor, LibC.DuplicateCloseOnExec, FirstSafeDescriptor);
        if (raised < 0)
        {
            return descriptor;
        }

        _ = LibC.Close(descriptor);
        return raised;
    }

    private static void Close(ref int descriptor)
    {
        LibC.CloseIfOpen(descriptor);
        descriptor = -1;
    }

    /// <summary>Takes what was told meanwhile; false at the end, or when nothing comes in time.</summary>
    private unsafe bool Read(int timeoutMs)
    {
        if (_statusRead < 0 || _told.Length > MaxStatusBytes)
        {
            return false;
        }

        // The runtime interrupts threads by signals, and an interrupted call has told nothing.
        byte* buffer = stackalloc byte[512];
        var entry = new LibC.PollEntry { Descriptor = _statusRead, Events = LibC.PollIn };
        int ready;
        do
        {
            ready = LibC.Poll(&entry, 1, timeoutMs);
        }
        while (ready < 0 && Marshal.GetLastPInvokeError() == LibC.ErrorInterrupted);
        nint count = 0;
        if (ready > 0)
        {
            do
            {
                count = LibC.Read(_statusRead, buffer, 512);
            }
            while (count < 0 && Marshal.GetLastPInvokeError() == LibC.ErrorInterrupted);
        }

        if (count <= 0)
        {
            return false;
        }

        _told.Append(Encoding.ASCII.GetString(buffer, (int)count));
        return true;
    }

    private int? Number(string key)
    {
        string told = _told.ToString();
        int at = told.IndexOf(key, StringComparison.Ordinal);
        if (at < 0)
        {
            return null;
        }

        at += key.Length;
        while (at < told.Length && told[at] == ' ')
        {
            at++;
        }

        int end = at;
        while (end < told.Length && char.IsAsciiDigit(told[end]))
        {
            end++;
        }

        // A number at the end may not be whole yet.
        return end > at && end < told.Length && int.TryParse(told.AsSpan(at, end - at), out int number) ? number : null;
    }

    private unsafe bool Limit(int resource, ulong soft, ulong beyond = 0)
    {
        LibC.ResourceLimit now;
        if (LibC.LimitResource(InnerPid, resource, null, &now) != 0)
        {
            return false;
        }

        // Only downwards: raising needs a right that nobody here has.
        var limit = new LibC.ResourceLimit { Soft = Math.Min(soft, now.Hard), Hard = Math.Min(soft + beyond, now.Hard) };
        return LibC.LimitResource(InnerPid, resource, &limit, null) == 0;
    }
}
