using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Threading;

namespace Starling.Runtime.Wasm;

/// <summary>
/// Address space for memories, so wide that no address that code can form lies outside of its memory's part: base + 32 bits + 32 bits. What
/// the module does not have is not accessible, and an access there becomes a <see cref="NullReferenceException"/> in compiled code. For that,
/// a few instructions stand before .NET's own handler of SIGSEGV: of a fault in this range they say that its address was 0, which .NET
/// turns into the exception; every other fault they pass on untouched. One for the whole process, as signal handlers are.
/// </summary>
internal sealed unsafe class GuardArena
{
    /// <summary>Bytes of a memory's part: 2 × 4 GiB for index and offset, and a page for the width of the access.</summary>
    public const ulong SlotSize = (8UL << 30) + 65_536;

    /// <summary>Memories at once.</summary>
    public const int Slots = 256;

    private const int SegmentationFault = 11;

    private static readonly Lazy<GuardArena?> Shared = new(Create);

    private readonly Lock _gate = new();
    private readonly Stack<nint> _free = new();

    private GuardArena(nint start)
    {
        for (int i = Slots - 1; i >= 0; i--)
        {
            _free.Push(start + (nint)(SlotSize * (ulong)i));
        }
    }

    /// <summary>The arena; null where this does not work: another processor or system, or no address space.</summary>
    public static GuardArena? Instance => Shared.Value;

    /// <summary>A part, not accessible; null when all are in use.</summary>
    public nint? Rent()
    {
        lock (_gate)
        {
            return _free.TryPop(out nint slot) ? slot : null;
        }
    }

    /// <summary>Takes back a part that is not accessible again.</summary>
    public void Return(nint slot)
    {
        lock (_gate)
        {
            _free.Push(slot);
        }
    }

    private static GuardArena? Create()
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64)
        {
            return null;
        }

        nint start = MemoryPages.Reserve(SlotSize * Slots);
        return start != 0 && InstallHandler(start) ? new GuardArena(start) : null;
    }

    private static bool InstallHandler(nint start)
    {
        // struct sigaction begins with the handler's address in all C libraries of Linux; it is the only part that changes.
        byte* action = stackalloc byte[256];
        if (SigAction(SegmentationFault, null, action) != 0)
        {
            return false;
        }

        nint next = *(nint*)action;
        nint code = next is 0 or 1 ? 0 : MemoryPages.Reserve(4096);
        if (code == 0 || !MemoryPages.Protect(code, 4096, MemoryPages.ReadWrite))
        {
            return false;
        }

        // System V: signal in edi, siginfo_t in rsi with the fault's address at 16, context in rdx.
        byte[] machine =
        [
            0x48, 0x8b, 0x46, 0x10,                                         // mov rax, [rsi+16]
            0x48, 0xb9, .. BitConverter.GetBytes((long)start),              // mov rcx, start
            0x48, 0x29, 0xc8,                                               // sub rax, rcx
            0x48, 0xb9, .. BitConverter.GetBytes(SlotSize * Slots),         // mov rcx, size
            0x48, 0x39, 0xc8,                                               // cmp rax, rcx
            0x73, 0x08,                                                     // jae over
            0x48, 0xc7, 0x46, 0x10, 0, 0, 0, 0,                             // mov qword [rsi+16], 0
            0x48, 0xb8, .. BitConverter.GetBytes((long)next),               // over: mov rax, next
            0xff, 0xe0,                                                     // jmp rax
        ];
        machine.CopyTo(new Span<byte>((void*)code, 4096));
        *(nint*)action = code;
        return MemoryPages.Protect(code, 4096, MemoryPages.ReadExecute) && SigAction(SegmentationFault, action, null) == 0;
    }

    [DllImport("libc", EntryPoint = "sigaction")]
    private static extern int SigAction(int signal, byte* action, byte* old);
}
