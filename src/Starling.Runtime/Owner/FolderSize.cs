using System;
using System.IO;

namespace Starling.Runtime.Owner;

/// <summary>What a folder takes on the disk, looked at now and then: walking through many files is not free.</summary>
internal sealed class FolderSize(string folder, TimeProvider time)
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(10);

    /// <summary>Files that are counted; a folder with more is as large as those.</summary>
    private const int MaxFiles = 1_000_000;

    private long _bytes;
    private long? _lookedAt;

    /// <summary>Bytes of all files in it, at most 10 s old.</summary>
    public long Read()
    {
        if (_lookedAt is { } at && time.GetElapsedTime(at) < Every)
        {
            return _bytes;
        }

        _lookedAt = time.GetTimestamp();
        long bytes = 0;
        int files = 0;
        try
        {
            var options = new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true, AttributesToSkip = FileAttributes.ReparsePoint };
            foreach (FileInfo file in new DirectoryInfo(folder).EnumerateFiles("*", options))
            {
                bytes += LengthOf(file);
                if (++files == MaxFiles)
                {
                    break;
                }
            }

            _bytes = bytes;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // It is not there yet, or changed too fast: what was seen before counts.
        }

        return _bytes;
    }

    private static long LengthOf(FileInfo file)
    {
        try
        {
            return file.Length;
        }
        catch (FileNotFoundException)
        {
            return 0;
        }
    }
}
