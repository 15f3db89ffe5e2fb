using System;
using System.Buffers.Binary;

namespace Starling.Runtime.Wasm.Worker;

/// <summary>What comes back from a worker.</summary>
internal enum WasmReplyKind : byte
{
    /// <summary>Standard output.</summary>
    Output = (byte)'o',

    /// <summary>Standard error.</summary>
    Errors = (byte)'e',

    /// <summary>A <see cref="WasmEnd"/>.</summary>
    End = (byte)'z',
}

/// <summary>Takes what comes from a worker; false: no more is wanted, and the worker is ended.</summary>
internal delegate bool WasmReplyReceiver(WasmReplyKind kind, ReadOnlySpan<byte> content);

/// <summary>
/// Cuts a worker's replies out of its standard output: kind (1 byte), length (4 bytes, little-endian), content. Holds one reply at most; a reply of
/// another kind or greater length is the end of it.
/// </summary>
internal sealed class WasmReplyReader
{
    /// <summary>Bytes of the content of one reply.</summary>
    public const int MaxContent = 64 * 1024;

    /// <summary>Bytes before the content.</summary>
    public const int HeaderSize = 5;

    private readonly byte[] _held = new byte[HeaderSize + MaxContent];
    private int _count;

    /// <summary>Takes further bytes and hands on each reply that is whole; false: broken, or the receiver wants no more.</summary>
    public bool Append(ReadOnlySpan<byte> bytes, WasmReplyReceiver receiver)
    {
        while (true)
        {
            int needed = HeaderSize;
            if (_count >= HeaderSize)
            {
                uint length = BinaryPrimitives.ReadUInt32LittleEndian(_held.AsSpan(1));
                if (length > MaxContent || !Enum.IsDefined((WasmReplyKind)_held[0]))
                {
                    return false;
                }

                needed += (int)length;
                if (_count == needed)
                {
                    _count = 0;
                    if (!receiver((WasmReplyKind)_held[0], _held.AsSpan(HeaderSize, (int)length)))
                    {
                        return false;
                    }

                    continue;
                }
            }

            int taken = Math.Min(needed - _count, bytes.Length);
            if (taken == 0)
            {
                return true;
            }

            bytes[..taken].CopyTo(_held.AsSpan(_count));
            _count += taken;
            bytes = bytes[taken..];
        }
    }
}
