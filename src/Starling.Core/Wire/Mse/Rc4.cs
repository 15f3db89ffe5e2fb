using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Starling.Core.Wire.Mse;

/// <summary>
/// One direction of RC4 with the first 1,024 bytes of the key stream dropped (MSE, "Crypto"). It hides a protocol from machines on the way, nothing
/// else: RC4 is broken as a cipher. Every byte of an encrypted connection passes here, so the loop has no bounds checks.
/// </summary>
public sealed class Rc4
{
    /// <summary>Bytes of the key stream that are thrown away.</summary>
    public const int DroppedBytes = 1024;

    private const int StateSize = 256;

    private readonly byte[] _state = new byte[StateSize];
    private byte _i;
    private byte _j;

    /// <summary>A key stream behind its dropped bytes.</summary>
    /// <param name="key">1 to 256 bytes.</param>
    public Rc4(ReadOnlySpan<byte> key)
    {
        ArgumentOutOfRangeException.ThrowIfZero(key.Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(key.Length, StateSize);
        for (int i = 0; i < StateSize; i++)
        {
            _state[i] = (byte)i;
        }

        byte j = 0;
        for (int i = 0; i < StateSize; i++)
        {
            j += (byte)(_state[i] + key[i % key.Length]);
            (_state[i], _state[j]) = (_state[j], _state[i]);
        }

        Span<byte> dropped = stackalloc byte[DroppedBytes];
        Process(dropped, dropped);
    }

    /// <summary>Encrypts or decrypts the next bytes of the stream, which is the same.</summary>
    /// <param name="source">The bytes.</param>
    /// <param name="destination">At least as long; may be the very same memory, but not overlap otherwise.</param>
    public void Process(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(destination.Length, source.Length);
        ref byte state = ref MemoryMarshal.GetArrayDataReference(_state);
        ref byte from = ref MemoryMarshal.GetReference(source);
        ref byte to = ref MemoryMarshal.GetReference(destination);
        uint i = _i;
        uint j = _j;
        for (nint at = 0; at < source.Length; at++)
        {
            // The state has 256 bytes and every index is cut to 8 bits; the cursor stays below the length checked above.
            i = (byte)(i + 1);
            uint a = Unsafe.Add(ref state, i);
            j = (byte)(j + a);
            uint b = Unsafe.Add(ref state, j);
            Unsafe.Add(ref state, i) = (byte)b;
            Unsafe.Add(ref state, j) = (byte)a;
            Unsafe.Add(ref to, at) = (byte)(Unsafe.Add(ref from, at) ^ Unsafe.Add(ref state, (byte)(a + b)));
        }

        _i = (byte)i;
        _j = (byte)j;
    }

    /// <summary>Encrypts or decrypts the next bytes of the stream in place.</summary>
    public void Process(Span<byte> bytes) => Process(bytes, bytes);
}
