using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.IO;
using System.Text;
using Starling.Runtime.Storage;

namespace Starling.Runtime.Wasm.Wasi;

/// <summary>Functions of WASI on descriptors and paths. Everything is read-only but standard output and standard error.</summary>
internal static class WasiFileFunctions
{
    /// <summary>Parts of memory of one read or write.</summary>
    public const int MaxVectors = 1_024;

    private const byte TypeUnknown = 0;
    private const byte TypeFolder = 3;
    private const byte TypeFile = 4;
    private const ulong RightRead = 1 << 1;
    private const ulong RightSeek = 1 << 2;
    private const ulong RightTell = 1 << 5;
    private const ulong RightWrite = 1 << 6;
    private const ulong RightOpenPath = 1 << 13;
    private const ulong RightReadFolder = 1 << 14;
    private const ulong RightPathState = 1 << 18;
    private const ulong RightFileState = 1 << 21;
    private const int MakeFlag = 1;
    private const int FolderFlag = 2;
    private const int NewFlag = 4;
    private const int EmptyFlag = 8;
    private const int EntrySize = 24;
    private const int StateSize = 64;

    public static int Close(int descriptor, nint instance, int stack) => (int)WasiFunctions.HostOf(instance).Close(descriptor);

    public static int Renumber(int from, int to, nint instance, int stack) => (int)WasiFunctions.HostOf(instance).Renumber(from, to);

    public static int DescriptorState(int descriptor, int place, nint instance, int stack)
    {
        if (WasiFunctions.HostOf(instance)[descriptor] is not { } open)
        {
            return (int)WasiErrno.BadDescriptor;
        }

        (byte type, ulong rights) = open switch
        {
            WasiDescriptor.Stream { IsInput: true } => (TypeUnknown, RightRead | RightFileState),
            WasiDescriptor.Stream => (TypeUnknown, RightWrite | RightFileState),
            WasiDescriptor.Open => (TypeFile, RightRead | RightSeek | RightTell | RightFileState),
            _ => (TypeFolder, RightOpenPath | RightReadFolder | RightPathState | RightFileState),
        };
        Span<byte> state = stackalloc byte[24];
        state.Clear();
        state[0] = type;
        BinaryPrimitives.WriteUInt64LittleEndian(state[8..], rights);
        BinaryPrimitives.WriteUInt64LittleEndian(state[16..], type == TypeFolder ? rights | RightRead | RightSeek | RightTell : 0);
        return (int)new WasiMemory(instance).Write(place, state);
    }

    public static int FileState(int descriptor, int place, nint instance, int stack) => (int)(WasiFunctions.HostOf(instance)[descriptor] switch
    {
        null => WasiErrno.BadDescriptor,
        WasiDescriptor.Open open => WriteState(instance, place, open.Node),
        WasiDescriptor.Folder folder => WriteState(instance, place, folder.Node),
        _ => WriteState(instance, place, null),
    });

    public static int PathState(int descriptor, int flags, int path, int length, int place, nint instance, int stack)
    {
        WasiErrno found = Find(instance, descriptor, path, length, out WasiNode? node);
        return (int)(found == WasiErrno.Success ? WriteState(instance, place, node) : found);
    }

    public static int PreopenedState(int descriptor, int place, nint instance, int stack)
    {
        if (descriptor != WasiHost.Root || WasiFunctions.HostOf(instance)[descriptor] is null)
        {
            return (int)WasiErrno.BadDescriptor;
        }

        // A folder, whose name has one byte.
        return (int)new WasiMemory(instance).Write(place, [0, 0, 0, 0, 1, 0, 0, 0]);
    }

    public static int PreopenedName(int descriptor, int place, int length, nint instance, int stack) =>
        (int)(descriptor != WasiHost.Root || WasiFunctions.HostOf(instance)[descriptor] is null ? WasiErrno.BadDescriptor
            : length < 1 ? WasiErrno.NameTooLong
            : new WasiMemory(instance).Write(place, "/"u8));

    public static int Read(int descriptor, int vectors, int count, int place, nint instance, int stack)
    {
        if (WasiFunctions.HostOf(instance)[descriptor] is not { } open)
        {
            return (int)WasiErrno.BadDescriptor;
        }

        WasiErrno read = ReadInto(instance, open, vectors, count, open.Position, out long total);
        open.Position += total;
        return (int)(read == WasiErrno.Success ? new WasiMemory(instance).Write32(place, (uint)total) : read);
    }

    public static int ReadAt(int descriptor, int vectors, int count, long offset, int place, nint instance, int stack)
    {
        if (WasiFunctions.HostOf(instance)[descriptor] is not { } open)
        {
            return (int)WasiErrno.BadDescriptor;
        }

        if (open is not WasiDescriptor.Open || offset < 0)
        {
            return (int)(offset < 0 ? WasiErrno.Invalid : WasiErrno.NoSeek);
        }

        WasiErrno read = ReadInto(instance, open, vectors, count, offset, out long total);
        return (int)(read == WasiErrno.Success ? new WasiMemory(instance).Write32(place, (uint)total) : read);
    }

    public static int Write(int descriptor, int vectors, int count, int place, nint instance, int stack)
    {
        WasiHost host = WasiFunctions.HostOf(instance);
        if (host[descriptor] is not { } open)
        {
            return (int)WasiErrno.BadDescriptor;
        }

        if (open is not WasiDescriptor.Stream { IsInput: false } || descriptor is not (1 or 2))
        {
            return (int)WasiErrno.ReadOnly;
        }

        var memory = new WasiMemory(instance);
        if ((uint)count > MaxVectors || !memory.TryGet(vectors, 8L * count, out Span<byte> list))
        {
            return (int)((uint)count > MaxVectors ? WasiErrno.Invalid : WasiErrno.Fault);
        }

        long total = 0;
        for (int i = 0; i < count; i++)
        {
            if (!memory.TryGet(BinaryPrimitives.ReadInt32LittleEndian(list[(8 * i)..]), BinaryPrimitives.ReadUInt32LittleEndian(list[((8 * i) + 4)..]), out Span<byte> bytes))
            {
                return (int)WasiErrno.Fault;
            }

            WasmOperations.Charge(instance, (ulong)bytes.Length / WasmOperations.BytesPerFuel);
            if (descriptor == 2)
            {
                host.World.Errors(bytes);
            }
            else if (!bytes.IsEmpty && !host.World.Output(bytes))
            {
                throw new WasiOutputException();
            }

            total += bytes.Length;
        }

        return (int)memory.Write32(place, (uint)total);
    }

    public static int Seek(int descriptor, long offset, int from, int place, nint instance, int stack)
    {
        if (WasiFunctions.HostOf(instance)[descriptor] is not { } open)
        {
            return (int)WasiErrno.BadDescriptor;
        }

        if (open is not WasiDescriptor.Open)
        {
            return (int)WasiErrno.NoSeek;
        }

        if (from is < 0 or > 2)
        {
            return (int)WasiErrno.Invalid;
        }

        long start = from == 0 ? 0 : from == 1 ? open.Position : RandomAccess.GetLength(open.File!);
        long target = unchecked(start + offset);
        if (target < 0)
        {
            return (int)WasiErrno.Invalid;
        }

        open.Position = target;
        return (int)new WasiMemory(instance).Write64(place, (ulong)target);
    }

    public static int Tell(int descriptor, int place, nint instance, int stack) => (int)(WasiFunctions.HostOf(instance)[descriptor] switch
    {
        null => WasiErrno.BadDescriptor,
        WasiDescriptor.Open open => new WasiMemory(instance).Write64(place, (ulong)open.Position),
        _ => WasiErrno.NoSeek,
    });

    public static int ReadFolder(int descriptor, int place, int length, long cookie, int used, nint instance, int stack)
    {
        if (WasiFunctions.HostOf(instance)[descriptor] is not WasiDescriptor.Folder folder)
        {
            return (int)(WasiFunctions.HostOf(instance)[descriptor] is null ? WasiErrno.BadDescriptor : WasiErrno.NotDirectory);
        }

        var memory = new WasiMemory(instance);
        if (!memory.TryGet(place, (uint)length, out Span<byte> buffer))
        {
            return (int)WasiErrno.Fault;
        }

        IReadOnlyList<(string Name, WasiNode Node)> children;
        try
        {
            children = folder.Node.Children();
        }
        catch (Exception failure) when (StoreProblem.IsOfTheWorld(failure))
        {
            return (int)WasiErrno.Io;
        }

        WasmOperations.Charge(instance, (ulong)children.Count + ((ulong)buffer.Length / WasmOperations.BytesPerFuel));
        int filled = 0;
        for (long i = Math.Max(0, cookie); i < children.Count && filled < buffer.Length; i++)
        {
            (string name, WasiNode node) = children[(int)i];
            byte[] text = Encoding.UTF8.GetBytes(name);
            var entry = new byte[EntrySize + text.Length];
            BinaryPrimitives.WriteInt64LittleEndian(entry, i + 1);
            BinaryPrimitives.WriteInt32LittleEndian(entry.AsSpan(16), text.Length);
            entry[20] = TypeOf(node);
            text.CopyTo(entry, EntrySize);

            // An entry that does not fit is cut: a full buffer tells the caller that there is more.
            int count = Math.Min(entry.Length, buffer.Length - filled);
            entry.AsSpan(0, count).CopyTo(buffer[filled..]);
            filled += count;
        }

        return (int)memory.Write32(used, (uint)filled);
    }

    public static int OpenPath(int descriptor, int lookup, int path, int length, int flags, long rights, long inherited, int mode, int place, nint instance, int stack)
    {
        WasiErrno found = Find(instance, descriptor, path, length, out WasiNode? node);
        if (found != WasiErrno.Success)
        {
            return (int)(found == WasiErrno.NoEntry && (flags & MakeFlag) != 0 ? WasiErrno.ReadOnly : found);
        }

        bool isFile = node is WasiNode.Content;
        WasiErrno refused = (flags & MakeFlag) != 0 && (flags & NewFlag) != 0 ? WasiErrno.Exists
            : (flags & EmptyFlag) != 0 || (isFile && ((ulong)rights & RightWrite) != 0) ? WasiErrno.ReadOnly
            : (flags & FolderFlag) != 0 && isFile ? WasiErrno.NotDirectory
            : WasiErrno.Success;
        if (refused != WasiErrno.Success)
        {
            return (int)refused;
        }

        WasiHost host = WasiFunctions.HostOf(instance);
        WasiErrno opened = host.Open(node!, out int number);
        if (opened != WasiErrno.Success)
        {
            return (int)opened;
        }

        WasiErrno written = new WasiMemory(instance).Write32(place, (uint)number);
        if (written != WasiErrno.Success)
        {
            host.Close(number);
        }

        return (int)written;
    }

    private static WasiErrno Find(nint instance, int descriptor, int path, int length, out WasiNode? node)
    {
        node = null;
        WasiDescriptor? open = WasiFunctions.HostOf(instance)[descriptor];
        if (open is not WasiDescriptor.Folder folder)
        {
            return open is null ? WasiErrno.BadDescriptor : WasiErrno.NotDirectory;
        }

        if (!new WasiMemory(instance).TryGet(path, (uint)length, out Span<byte> text))
        {
            return WasiErrno.Fault;
        }

        WasmOperations.Charge(instance, (ulong)text.Length);
        return WasiPaths.Resolve(folder.Node, text, out node);
    }

    private static WasiErrno ReadInto(nint instance, WasiDescriptor open, int vectors, int count, long position, out long total)
    {
        total = 0;
        if (open is WasiDescriptor.Folder)
        {
            return WasiErrno.IsDirectory;
        }

        if (open is WasiDescriptor.Stream { IsInput: false })
        {
            return WasiErrno.BadDescriptor;
        }

        var memory = new WasiMemory(instance);
        if ((uint)count > MaxVectors || !memory.TryGet(vectors, 8L * count, out Span<byte> list))
        {
            return (uint)count > MaxVectors ? WasiErrno.Invalid : WasiErrno.Fault;
        }

        for (int i = 0; i < count && open.File is not null; i++)
        {
            if (!memory.TryGet(BinaryPrimitives.ReadInt32LittleEndian(list[(8 * i)..]), BinaryPrimitives.ReadUInt32LittleEndian(list[((8 * i) + 4)..]), out Span<byte> bytes))
            {
                return WasiErrno.Fault;
            }

            // Whole parts are filled, so that what a module sees does not depend on how a system hands out bytes.
            while (!bytes.IsEmpty)
            {
                int read;
                try
                {
                    read = RandomAccess.Read(open.File, bytes, position + total);
                }
                catch (Exception failure) when (StoreProblem.IsOfTheWorld(failure) || failure is NotSupportedException)
                {
                    return WasiErrno.Io;
                }

                if (read == 0)
                {
                    WasmOperations.Charge(instance, (ulong)total / WasmOperations.BytesPerFuel);
                    return WasiErrno.Success;
                }

                total += read;
                bytes = bytes[read..];
            }
        }

        WasmOperations.Charge(instance, (ulong)total / WasmOperations.BytesPerFuel);
        return WasiErrno.Success;
    }

    /// <summary>Type and length; times and numbers of files differ between machines and are 0.</summary>
    private static WasiErrno WriteState(nint instance, int place, WasiNode? node)
    {
        Span<byte> state = stackalloc byte[StateSize];
        state.Clear();
        state[16] = node is null ? TypeUnknown : TypeOf(node);
        BinaryPrimitives.WriteUInt64LittleEndian(state[24..], 1);
        try
        {
            BinaryPrimitives.WriteInt64LittleEndian(state[32..], node is WasiNode.Content content ? new FileInfo(content.Path).Length : 0);
        }
        catch (Exception failure) when (StoreProblem.IsOfTheWorld(failure))
        {
            return WasiErrno.Io;
        }

        return new WasiMemory(instance).Write(place, state);
    }

    private static byte TypeOf(WasiNode node) => node is WasiNode.Content ? TypeFile : TypeFolder;
}
