using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Text;
using Starling.Runtime.Execution;
using Starling.Runtime.Storage;

namespace Starling.Runtime.Walls;

/// <summary>
/// Files of a run that have no name any more, but are open or mapped: they take disk, and no folder tells of them. What one thread has open another need not have. A descriptor that is on its way
/// through a socket is in no table, and not seen.
/// </summary>
internal static unsafe class DeletedFiles
{
    private const string Mark = " (deleted)";

    // Memory that is shared without a file is shown like a deleted one; no run can make files of these names.
    private static readonly string[] _memory = ["/dev/zero", "/SYSV", "/memfd:", "/[aio]", "/anon_hugepage", "/i915", "/drm"];

    /// <summary>Bytes on disk of such files of all that came from a process, each counted once; <see cref="long.MaxValue"/> / 2 where one of them hides what it has open.</summary>
    /// <param name="root">The first process inside, which is not the run's.</param>
    public static long BytesOf(int root)
    {
        var files = new Dictionary<(ulong Device, ulong Number), long>();
        var mapped = new Dictionary<(string Device, ulong Number), long>();
        foreach (int pid in ProcessTree.Of(root))
        {
            if (pid != root && !TryAdd(pid, files, mapped) && !Environment.IsPrivilegedProcess && ProcessTree.HasMemory(pid))
            {
                // Its programs can't be read: then their processes can't be looked into either, except by root.
                return long.MaxValue / 2;
            }
        }

        long bytes = 0;
        var open = new HashSet<ulong>();
        foreach (((_, ulong number), long size) in files)
        {
            bytes += size;
            open.Add(number);
        }

        // Some file systems give a device other numbers here than there: that of the file has to do.
        foreach (((_, ulong number), long size) in mapped)
        {
            bytes += open.Contains(number) ? 0 : size;
        }

        return bytes;
    }

    /// <summary>False when the process may not be looked into; one that has ended has nothing.</summary>
    private static bool TryAdd(int pid, Dictionary<(ulong Device, ulong Number), long> files, Dictionary<(string Device, ulong Number), long> mapped)
    {
        try
        {
            foreach (string thread in Directory.EnumerateDirectories(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/task")))
            {
                foreach (string descriptor in Directory.EnumerateFileSystemEntries(thread + "/fd"))
                {
                    AddOpen(descriptor, files);
                }
            }

            foreach (string line in File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/maps")))
            {
                if (line.EndsWith(Mark, StringComparison.Ordinal))
                {
                    AddMapped(line, mapped);
                }
            }

            return true;
        }
        catch (UnauthorizedAccessException)
        {
            return false;
        }
        catch (Exception failure) when (StoreProblem.IsOfTheWorld(failure))
        {
            return true;
        }
    }

    private static void AddOpen(string descriptor, Dictionary<(ulong Device, ulong Number), long> files)
    {
        LibC.FileStatus status;
        fixed (byte* path = Encoding.ASCII.GetBytes(descriptor + "\0"))
        {
            if (LibC.StatusAt(LibC.CurrentFolder, path, 0, LibC.BasicStatus, &status) == 0 && status.Links == 0 && status.IsFile)
            {
                files[(status.Device, status.Number)] = status.BytesOnDisk;
            }
        }
    }

    /// <summary>Only root may ask for the file behind a mapping; so its size is at least as far as it is mapped.</summary>
    private static void AddMapped(string line, Dictionary<(string Device, ulong Number), long> mapped)
    {
        // start-end rights offset device inode path
        string[] fields = line.Split(' ', 6, StringSplitOptions.RemoveEmptyEntries);
        string[] ends = fields[0].Split('-');
        if (fields.Length < 6
            || Array.Exists(_memory, name => fields[5].StartsWith(name, StringComparison.Ordinal))
            || !ulong.TryParse(fields[4], CultureInfo.InvariantCulture, out ulong number)
            || ends.Length != 2
            || !long.TryParse(ends[0], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out long start)
            || !long.TryParse(ends[1], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out long end)
            || !long.TryParse(fields[2], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out long offset))
        {
            return;
        }

        (string Device, ulong Number) file = (fields[3], number);
        mapped[file] = Math.Max(mapped.GetValueOrDefault(file), offset + (end - start));
    }
}
