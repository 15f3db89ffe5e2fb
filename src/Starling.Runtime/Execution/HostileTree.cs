using System;
using System.Collections.Generic;
using System.IO;
using System.Runtime.InteropServices;
using System.Text;

namespace Starling.Runtime.Execution;

/// <summary>
/// Walks a folder that a foreign run filled as it liked: names that are no text, paths longer than the system allows, links to anywhere, folders without rights. Every
/// step goes from an open folder to one name in it and follows no link, so nothing outside is ever touched, whatever changes meanwhile.
/// </summary>
internal static unsafe class HostileTree
{
    /// <summary>How deep folders are entered. Deeper ones are moved up before they are deleted, and count as too much when they are measured.</summary>
    public const int MaxDepth = 200;

    private const int BufferSize = 32 * 1024;
    private const int NameOffset = 19;
    private const int LengthOffset = 16;
    private const uint OwnerAll = 0x1C0;
    private const int PathOnly = 0x200000;

    private static readonly int _openForReading = LibC.CloseOnExec | LibC.FolderOnly | LibC.NoLink;

    /// <summary>What a tree takes.</summary>
    /// <param name="Bytes">Bytes on disk.</param>
    /// <param name="Entries">Files, folders and whatever else has a name; <see cref="long.MaxValue"/> when it is nested too deep to be counted.</param>
    public readonly record struct Size(long Bytes, long Entries);

    /// <summary>
    /// Counts what lies below a folder, up to about <paramref name="mostEntries"/>; a folder that is not there takes nothing. A folder that keeps its owner out gets the owner's rights back, for
    /// else it would hide what is in it.
    /// </summary>
    public static Size Measure(string path, long mostEntries)
    {
        long bytes = 0;
        long entries = 0;
        int top = OpenInsisting(LibC.CurrentFolder, Encode(path));
        if (top < 0)
        {
            return Marshal.GetLastPInvokeError() == LibC.ErrorNoAccess ? new Size(0, long.MaxValue) : default;
        }

        var open = new Stack<(int Descriptor, Queue<byte[]> Folders)>();
        var folders = Count(top, ref bytes, ref entries, mostEntries);
        open.Push((top, folders));
        while (open.Count > 0)
        {
            (int descriptor, Queue<byte[]> waiting) = open.Peek();
            if (entries > mostEntries || !waiting.TryDequeue(out byte[]? name))
            {
                _ = LibC.Close(descriptor);
                open.Pop();
            }
            else if (open.Count == MaxDepth)
            {
                entries = long.MaxValue;
            }
            else if (OpenInsisting(descriptor, name) is int child and >= 0)
            {
                open.Push((child, Count(child, ref bytes, ref entries, mostEntries)));
            }
            else if (Marshal.GetLastPInvokeError() == LibC.ErrorNoAccess)
            {
                entries = long.MaxValue;
            }
        }

        return new Size(bytes, entries);
    }

    /// <summary>Deletes a folder with all that is in it.</summary>
    /// <exception cref="IOException">Something in it can't be deleted.</exception>
    public static void Delete(string path)
    {
        byte[] name = Encode(path);
        Empty(LibC.CurrentFolder, name);
        Remove(LibC.CurrentFolder, name, LibC.RemoveFolder);
    }

    /// <summary>Gives a folder with all that is in it to a user and a group of the host; links themselves, not what they point to.</summary>
    /// <exception cref="IOException">It can't be given away.</exception>
    public static void GiveTo(string path, int user)
    {
        byte[] top = Encode(path);
        GiveOne(LibC.CurrentFolder, top, user);
        var folders = new Stack<(int Descriptor, Queue<byte[]> Names)>();
        int first = Open(LibC.CurrentFolder, top);
        if (first < 0)
        {
            throw Failed("cannot open", top);
        }

        folders.Push((first, Names(first)));
        try
        {
            while (folders.Count > 0)
            {
                (int descriptor, Queue<byte[]> names) = folders.Peek();
                if (!names.TryDequeue(out byte[]? name))
                {
                    _ = LibC.Close(descriptor);
                    folders.Pop();
                    continue;
                }

                GiveOne(descriptor, name, user);
                if (folders.Count < MaxDepth && Open(descriptor, name) is int child and >= 0)
                {
                    folders.Push((child, Names(child)));
                }
            }
        }
        finally
        {
            while (folders.TryPop(out (int Descriptor, Queue<byte[]> Names) left))
            {
                _ = LibC.Close(left.Descriptor);
            }
        }
    }

    /// <summary>Whether it is an ordinary file: no link, pipe, device or folder.</summary>
    public static bool IsFile(string path)
    {
        LibC.FileStatus status;
        fixed (byte* name = Encode(path))
        {
            return LibC.StatusAt(LibC.CurrentFolder, name, LibC.DoNotFollow, LibC.BasicStatus, &status) == 0 && status.IsFile;
        }
    }

    /// <summary>Whose a file is; null: it is not there.</summary>
    public static int? OwnerOf(string path)
    {
        LibC.FileStatus status;
        fixed (byte* name = Encode(path))
        {
            return LibC.StatusAt(LibC.CurrentFolder, name, LibC.DoNotFollow, LibC.BasicStatus, &status) == 0 ? (int)status.User : null;
        }
    }

    private static void GiveOne(int folder, byte[] name, int user)
    {
        fixed (byte* pointer = name)
        {
            if (LibC.ChangeOwnerAt(folder, pointer, (uint)user, (uint)user, LibC.DoNotFollow) != 0 && Marshal.GetLastPInvokeError() != LibC.ErrorNoSuchFile)
            {
                throw Failed("cannot give away", name);
            }
        }
    }

    private static void Empty(int parent, byte[] name)
    {
        int top = OpenInsisting(parent, name);
        if (top < 0)
        {
            if (Marshal.GetLastPInvokeError() == LibC.ErrorNoSuchFile)
            {
                return;
            }

            throw Failed("cannot open", name);
        }

        // What was moved up from the depths gets names that count on.
        int moved = 0;
        var open = new Stack<(int Descriptor, byte[] Name, Queue<byte[]> Waiting)>();
        open.Push((top, name, Names(top)));
        try
        {
            while (open.TryPeek(out (int Descriptor, byte[] Name, Queue<byte[]> Waiting) level))
            {
                if (level.Waiting.TryDequeue(out byte[]? entry))
                {
                    if (TryRemove(level.Descriptor, entry, 0))
                    {
                        continue;
                    }

                    if (open.Count == MaxDepth)
                    {
                        byte[] shallow = Encoding.ASCII.GetBytes($".moved-{Environment.ProcessId}-{moved++}\0");
                        fixed (byte* from = entry, to = shallow)
                        {
                            if (LibC.RenameAt(level.Descriptor, from, top, to) != 0)
                            {
                                throw Failed("cannot move", entry);
                            }
                        }

                        Queue<byte[]> first = Bottom(open).Waiting;
                        first.Enqueue(shallow);
                        continue;
                    }

                    int child = OpenInsisting(level.Descriptor, entry);
                    if (child < 0)
                    {
                        throw Failed("cannot open", entry);
                    }

                    open.Push((child, entry, Names(child)));
                    continue;
                }

                _ = LibC.Close(level.Descriptor);
                open.Pop();
                if (open.TryPeek(out (int Descriptor, byte[] Name, Queue<byte[]> Waiting) above))
                {
                    Remove(above.Descriptor, level.Name, LibC.RemoveFolder);
                }
            }
        }
        finally
        {
            while (open.TryPop(out (int Descriptor, byte[] Name, Queue<byte[]> Waiting) left))
            {
                _ = LibC.Close(left.Descriptor);
            }
        }
    }

    private static (int Descriptor, byte[] Name, Queue<byte[]> Waiting) Bottom(Stack<(int Descriptor, byte[] Name, Queue<byte[]> Waiting)> open)
    {
        (int, byte[], Queue<byte[]>) last = default;
        foreach ((int, byte[], Queue<byte[]>) level in open)
        {
            last = level;
        }

        return last;
    }

    // A run may take all rights from a folder that it made; the owner can give them back. It may also put a link in its place meanwhile: what is open for its path alone is
    // named in /proc/self/fd, whatever else has its name by then.
    private static int OpenInsisting(int folder, byte[] name)
    {
        int child = Open(folder, name);
        if (child >= 0 || Marshal.GetLastPInvokeError() != LibC.ErrorNoAccess)
        {
            return child;
        }

        int path;
        fixed (byte* pointer = name)
        {
            path = LibC.OpenAt(folder, pointer, _openForReading | PathOnly);
        }

        if (path < 0)
        {
            return path;
        }

        fixed (byte* link = Encode($"/proc/self/fd/{path}"), itself = ".\0"u8)
        {
            child = LibC.ChangeModeAt(LibC.CurrentFolder, link, OwnerAll, 0) == 0 ? LibC.OpenAt(path, itself, _openForReading) : -1;
        }

        int error = Marshal.GetLastPInvokeError();
        _ = LibC.Close(path);
        Marshal.SetLastPInvokeError(error);
        return child;
    }

    private static Queue<byte[]> Count(int descriptor, ref long bytes, ref long entries, long mostEntries)
    {
        var folders = new Queue<byte[]>();
        foreach (byte[] name in Names(descriptor, mostEntries))
        {
            LibC.FileStatus status;
            fixed (byte* pointer = name)
            {
                if (LibC.StatusAt(descriptor, pointer, LibC.DoNotFollow, LibC.BasicStatus, &status) != 0)
                {
                    if (Marshal.GetLastPInvokeError() != LibC.ErrorNoAccess)
                    {
                        continue;
                    }

                    // It may be listed, but not entered.
                    if (LibC.ChangeMode(descriptor, OwnerAll) != 0 || LibC.StatusAt(descriptor, pointer, LibC.DoNotFollow, LibC.BasicStatus, &status) != 0)
                    {
                        entries = long.MaxValue;
                        return folders;
                    }
                }
            }

            entries++;
            bytes += status.BytesOnDisk;
            if (status.IsFolder)
            {
                folders.Enqueue(name);
            }

        }

        return folders;
    }

    /// <summary>All names of an open folder but "." and "..", each with a zero behind it.</summary>
    private static Queue<byte[]> Names(int descriptor, long most = long.MaxValue)
    {
        var names = new Queue<byte[]>();
        byte[] buffer = new byte[BufferSize];
        fixed (byte* start = buffer)
        {
            while (true)
            {
                nint count = LibC.ReadFolder(descriptor, start, BufferSize);
                if (count <= 0 || names.Count > most)
                {
                    return names;
                }

                for (int at = 0; at < count;)
                {
                    int length = *(ushort*)(start + at + LengthOffset);
                    ReadOnlySpan<byte> name = MemoryMarshal.CreateReadOnlySpanFromNullTerminated(start + at + NameOffset);
                    if (!name.SequenceEqual("."u8) && !name.SequenceEqual(".."u8))
                    {
                        names.Enqueue([.. name, 0]);
                    }

                    at += length;
                }
            }
        }
    }

    private static int Open(int folder, byte[] name)
    {
        fixed (byte* pointer = name)
        {
            return LibC.OpenAt(folder, pointer, _openForReading);
        }
    }

    /// <summary>False when it is a folder, which must be emptied first.</summary>
    private static bool TryRemove(int folder, byte[] name, int flags)
    {
        fixed (byte* pointer = name)
        {
            if (LibC.UnlinkAt(folder, pointer, flags) == 0)
            {
                return true;
            }

            if (Marshal.GetLastPInvokeError() == LibC.ErrorNoAccess
                && folder >= 0
                && LibC.ChangeMode(folder, OwnerAll) == 0
                && LibC.UnlinkAt(folder, pointer, flags) == 0)
            {
                return true;
            }
        }

        return Marshal.GetLastPInvokeError() switch
        {
            LibC.ErrorNoSuchFile => true,
            LibC.ErrorIsFolder => false,
            _ => throw Failed("cannot delete", name),
        };
    }

    private static void Remove(int folder, byte[] name, int flags) => _ = TryRemove(folder, name, flags);

    private static byte[] Encode(string path) => Encoding.UTF8.GetBytes(path + "\0");

    private static IOException Failed(string what, byte[] name)
    {
        int error = Marshal.GetLastPInvokeError();
        return new IOException($"{what} {Encoding.UTF8.GetString(name.AsSpan(0, Math.Min(name.Length - 1, 200)))}: {Marshal.GetPInvokeErrorMessage(error)}", error);
    }
}
