using System;
using System.IO;
using Microsoft.Win32.SafeHandles;

namespace Starling.Runtime.Storage;

/// <summary>Reading at a place.</summary>
internal static class FileReading
{
    /// <summary>Fills <paramref name="destination"/>; false when the file ends before.</summary>
    public static bool TryReadAt(SafeFileHandle file, long offset, Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            int read = RandomAccess.Read(file, destination, offset);
            if (read == 0)
            {
                return false;
            }

            offset += read;
            destination = destination[read..];
        }

        return true;
    }
}
