using System;
using System.Buffers.Binary;
using System.IO;

namespace Starling.Runtime.Containers;

/// <summary>
/// Both outputs of a container in one stream, as Docker's API sends them: frames of a byte that says which (1 standard output, 2 standard error), three zeros, and the length in four bytes, high byte first. Frames are handed on in pieces, however long
/// they say that they are.
/// </summary>
internal static class EngineOutput
{
    private const int HeaderSize = 8;
    private const int ErrorStream = 2;

    /// <summary>Reads to the end. False: the stream is none of that kind, or ends within a frame.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="output">Gets standard output; false: no more is wanted, and what follows is passed over.</param>
    /// <param name="errors">Gets standard error.</param>
    public static bool TryRead(Stream stream, Execution.OutputReceiver output, Action<ReadOnlyMemory<byte>> errors)
    {
        var header = new byte[HeaderSize];
        var buffer = new byte[64 * 1024];
        bool isWanted = true;
        while (true)
        {
            int got = stream.ReadAtLeast(header, HeaderSize, throwOnEndOfStream: false);
            if (got < HeaderSize)
            {
                return got == 0;
            }

            if (header[0] > ErrorStream || header[1] != 0 || header[2] != 0 || header[3] != 0)
            {
                return false;
            }

            long left = BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(4));
            while (left > 0)
            {
                int count = stream.Read(buffer, 0, (int)Math.Min(buffer.Length, left));
                if (count == 0)
                {
                    return false;
                }

                left -= count;
                if (header[0] == ErrorStream)
                {
                    errors(buffer.AsMemory(0, count));
                }
                else
                {
                    isWanted = isWanted && output(buffer.AsSpan(0, count));
                }
            }
        }
    }
}
