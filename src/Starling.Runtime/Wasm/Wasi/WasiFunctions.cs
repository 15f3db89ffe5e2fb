using System;
using System.Collections.Generic;
using System.Linq;
using Starling.Core.Wasm;

namespace Starling.Runtime.Wasm.Wasi;

/// <summary>
/// The functions of <c>wasi_snapshot_preview1</c>: arguments, variables, standard streams, the clock that stands still, seeded random bytes.
/// Files are in <see cref="WasiFileFunctions"/>; what changes files, waits or reaches a network is there and refuses.
/// </summary>
internal sealed unsafe class WasiFunctions : IWasmImports
{
    /// <summary>Name of the module that programs import from.</summary>
    public const string Module = "wasi_snapshot_preview1";

    /// <summary>What every clock says, in nanoseconds since 1970: the first moment of 2000.</summary>
    public const ulong Now = 946_684_800_000_000_000;

    private const ulong ClockStep = 1_000;
    private const int ClockKinds = 4;

    private static readonly Dictionary<string, WasmExternal> Table = MakeTable();

    /// <summary>Names of all functions.</summary>
    public static IReadOnlyCollection<string> Names => Table.Keys;

    /// <inheritdoc/>
    public bool TryFind(WasmImport import, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out WasmExternal? external)
    {
        external = null;
        return import.Module == Module && Table.TryGetValue(import.Name, out external);
    }

    /// <summary>The state of the run that an instance belongs to.</summary>
    public static WasiHost HostOf(nint instance) => (WasiHost)WasmInstance.Of(instance).Host!;

    private static Dictionary<string, WasmExternal> MakeTable()
    {
        var table = new Dictionary<string, WasmExternal>(StringComparer.Ordinal);
        Add("args_get", "ii", (delegate*<int, int, nint, int, int>)&ArgsGet);
        Add("args_sizes_get", "ii", (delegate*<int, int, nint, int, int>)&ArgsSizesGet);
        Add("environ_get", "ii", (delegate*<int, int, nint, int, int>)&EnvironGet);
        Add("environ_sizes_get", "ii", (delegate*<int, int, nint, int, int>)&EnvironSizesGet);
        Add("clock_res_get", "ii", (delegate*<int, int, nint, int, int>)&ClockResGet);
        Add("clock_time_get", "ili", (delegate*<int, long, int, nint, int, int>)&ClockTimeGet);
        Add("random_get", "ii", (delegate*<int, int, nint, int, int>)&RandomGet);
        Add("sched_yield", "", (delegate*<nint, int, int>)&SchedYield);
        Add("fd_close", "i", (delegate*<int, nint, int, int>)&WasiFileFunctions.Close);
        Add("fd_renumber", "ii", (delegate*<int, int, nint, int, int>)&WasiFileFunctions.Renumber);
        Add("fd_fdstat_get", "ii", (delegate*<int, int, nint, int, int>)&WasiFileFunctions.DescriptorState);
        Add("fd_filestat_get", "ii", (delegate*<int, int, nint, int, int>)&WasiFileFunctions.FileState);
        Add("fd_prestat_get", "ii", (delegate*<int, int, nint, int, int>)&WasiFileFunctions.PreopenedState);
        Add("fd_prestat_dir_name", "iii", (delegate*<int, int, int, nint, int, int>)&WasiFileFunctions.PreopenedName);
        Add("fd_read", "iiii", (delegate*<int, int, int, int, nint, int, int>)&WasiFileFunctions.Read);
        Add("fd_pread", "iiili", (delegate*<int, int, int, long, int, nint, int, int>)&WasiFileFunctions.ReadAt);
        Add("fd_write", "iiii", (delegate*<int, int, int, int, nint, int, int>)&WasiFileFunctions.Write);
        Add("fd_seek", "ilii", (delegate*<int, long, int, int, nint, int, int>)&WasiFileFunctions.Seek);
        Add("fd_tell", "ii", (delegate*<int, int, nint, int, int>)&WasiFileFunctions.Tell);
        Add("fd_readdir", "iiili", (delegate*<int, int, int, long, int, nint, int, int>)&WasiFileFunctions.ReadFolder);
        Add("path_open", "iiiiillii", (delegate*<int, int, int, int, int, long, long, int, int, nint, int, int>)&WasiFileFunctions.OpenPath);
        Add("path_filestat_get", "iiiii", (delegate*<int, int, int, int, int, nint, int, int>)&WasiFileFunctions.PathState);
        table.Add("proc_exit", new WasmExternal.Host(new FunctionType([WasmType.I32], []), (nint)(delegate*<int, nint, int, void>)&ProcExit));

        // What would change files.
        Add("fd_allocate", "ill", (delegate*<int, long, long, nint, int, int>)&ReadOnly);
        Add("fd_datasync", "i", (delegate*<int, nint, int, int>)&Nothing);
        Add("fd_sync", "i", (delegate*<int, nint, int, int>)&Nothing);
        Add("fd_advise", "illi", (delegate*<int, long, long, int, nint, int, int>)&Nothing);
        Add("fd_fdstat_set_flags", "ii", (delegate*<int, int, nint, int, int>)&Nothing);
        Add("fd_fdstat_set_rights", "ill", (delegate*<int, long, long, nint, int, int>)&Nothing);
        Add("fd_filestat_set_size", "il", (delegate*<int, long, nint, int, int>)&ReadOnly);
        Add("fd_filestat_set_times", "illi", (delegate*<int, long, long, int, nint, int, int>)&ReadOnly);
        Add("fd_pwrite", "iiili", (delegate*<int, int, int, long, int, nint, int, int>)&ReadOnly);
        Add("path_create_directory", "iii", (delegate*<int, int, int, nint, int, int>)&ReadOnly);
        Add("path_filestat_set_times", "iiiilli", (delegate*<int, int, int, int, long, long, int, nint, int, int>)&ReadOnly);
        Add("path_link", "iiiiiii", (delegate*<int, int, int, int, int, int, int, nint, int, int>)&ReadOnly);
        Add("path_remove_directory", "iii", (delegate*<int, int, int, nint, int, int>)&ReadOnly);
        Add("path_rename", "iiiiii", (delegate*<int, int, int, int, int, int, nint, int, int>)&ReadOnly);
        Add("path_symlink", "iiiii", (delegate*<int, int, int, int, int, nint, int, int>)&ReadOnly);
        Add("path_unlink_file", "iii", (delegate*<int, int, int, nint, int, int>)&ReadOnly);

        // There are no links, no waiting, no signals, no network.
        Add("path_readlink", "iiiiii", (delegate*<int, int, int, int, int, int, nint, int, int>)&NoLink);
        Add("poll_oneoff", "iiii", (delegate*<int, int, int, int, nint, int, int>)&NotSupported);
        Add("proc_raise", "i", (delegate*<int, nint, int, int>)&NotSupported);
        Add("sock_accept", "iii", (delegate*<int, int, int, nint, int, int>)&NotSupported);
        Add("sock_recv", "iiiiii", (delegate*<int, int, int, int, int, int, nint, int, int>)&NotSupported);
        Add("sock_send", "iiiii", (delegate*<int, int, int, int, int, nint, int, int>)&NotSupported);
        Add("sock_shutdown", "ii", (delegate*<int, int, nint, int, int>)&NotSupported);
        return table;

        void Add(string name, string parameters, void* code) => table.Add(
            name, new WasmExternal.Host(new FunctionType([.. parameters.Select(letter => letter == 'l' ? WasmType.I64 : WasmType.I32)], [WasmType.I32]), (nint)code));

    }

    private static int ArgsGet(int pointers, int bytes, nint instance, int stack) => WriteTexts(HostOf(instance).Arguments, pointers, bytes, instance);

    private static int ArgsSizesGet(int count, int size, nint instance, int stack) => WriteSizes(HostOf(instance).Arguments, count, size, instance);

    private static int EnvironGet(int pointers, int bytes, nint instance, int stack) => WriteTexts(HostOf(instance).Variables, pointers, bytes, instance);

    private static int EnvironSizesGet(int count, int size, nint instance, int stack) => WriteSizes(HostOf(instance).Variables, count, size, instance);

    private static int ClockResGet(int clock, int place, nint instance, int stack) =>
        (int)((uint)clock < ClockKinds ? new WasiMemory(instance).Write64(place, ClockStep) : WasiErrno.Invalid);

    private static int ClockTimeGet(int clock, long precision, int place, nint instance, int stack) =>
        (int)((uint)clock < ClockKinds ? new WasiMemory(instance).Write64(place, Now) : WasiErrno.Invalid);

    private static int RandomGet(int place, int length, nint instance, int stack)
    {
        if (!new WasiMemory(instance).TryGet(place, (uint)length, out Span<byte> bytes))
        {
            return (int)WasiErrno.Fault;
        }

        // A hash for each 32 bytes.
        WasmOperations.Charge(instance, (ulong)bytes.Length * 4);
        HostOf(instance).Random.Fill(bytes);
        return (int)WasiErrno.Success;
    }

    private static int SchedYield(nint instance, int stack) => (int)WasiErrno.Success;

    private static void ProcExit(int code, nint instance, int stack) => throw new WasiExitException(code);

    private static int WriteSizes(byte[][] texts, int count, int size, nint instance)
    {
        var memory = new WasiMemory(instance);
        WasiErrno written = memory.Write32(count, (uint)texts.Length);
        return (int)(written == WasiErrno.Success ? memory.Write32(size, (uint)texts.Sum(text => text.Length)) : written);
    }

    private static int WriteTexts(byte[][] texts, int pointers, int bytes, nint instance)
    {
        var memory = new WasiMemory(instance);
        foreach (byte[] text in texts)
        {
            WasiErrno written = memory.Write32(pointers, (uint)bytes);
            written = written == WasiErrno.Success ? memory.Write(bytes, text) : written;
            if (written != WasiErrno.Success)
            {
                return (int)written;
            }

            pointers += 4;
            bytes += text.Length;
        }

        return (int)WasiErrno.Success;
    }

    private static int Nothing(int a, nint instance, int stack) => Known(a, instance);

    private static int Nothing(int a, int b, nint instance, int stack) => Known(a, instance);

    private static int Nothing(int a, long b, long c, nint instance, int stack) => Known(a, instance);

    private static int Nothing(int a, long b, long c, int d, nint instance, int stack) => Known(a, instance);

    private static int Known(int descriptor, nint instance) => (int)(HostOf(instance)[descriptor] is null ? WasiErrno.BadDescriptor : WasiErrno.Success);

    private static int ReadOnly(int a, int b, int c, nint instance, int stack) => (int)WasiErrno.ReadOnly;

    private static int ReadOnly(int a, long b, nint instance, int stack) => (int)WasiErrno.ReadOnly;

    private static int ReadOnly(int a, long b, long c, nint instance, int stack) => (int)WasiErrno.ReadOnly;

    private static int ReadOnly(int a, long b, long c, int d, nint instance, int stack) => (int)WasiErrno.ReadOnly;

    private static int ReadOnly(int a, int b, int c, long d, int e, nint instance, int stack) => (int)WasiErrno.ReadOnly;

    private static int ReadOnly(int a, int b, int c, int d, int e, nint instance, int stack) => (int)WasiErrno.ReadOnly;

    private static int ReadOnly(int a, int b, int c, int d, int e, int f, nint instance, int stack) => (int)WasiErrno.ReadOnly;

    private static int ReadOnly(int a, int b, int c, int d, int e, int f, int g, nint instance, int stack) => (int)WasiErrno.ReadOnly;

    private static int ReadOnly(int a, int b, int c, int d, long e, long f, int g, nint instance, int stack) => (int)WasiErrno.ReadOnly;

    private static int NoLink(int a, int b, int c, int d, int e, int f, nint instance, int stack) => (int)WasiErrno.Invalid;

    private static int NotSupported(int a, nint instance, int stack) => (int)WasiErrno.NotSupported;

    private static int NotSupported(int a, int b, nint instance, int stack) => (int)WasiErrno.NotSupported;

    private static int NotSupported(int a, int b, int c, nint instance, int stack) => (int)WasiErrno.NotSupported;

    private static int NotSupported(int a, int b, int c, int d, nint instance, int stack) => (int)WasiErrno.NotSupported;

    private static int NotSupported(int a, int b, int c, int d, int e, nint instance, int stack) => (int)WasiErrno.NotSupported;

    private static int NotSupported(int a, int b, int c, int d, int e, int f, nint instance, int stack) => (int)WasiErrno.NotSupported;
}
