using System;
using System.Buffers.Binary;

namespace Starling.Runtime.Wasm.Wasi;

/// <summary>The memory of the module that called, with every access checked. After an access outside, nothing more is written.</summary>
internal readonly unsafe ref struct WasiMemory(nint instance)
{
    private readonly LinearMemory? _memory = WasmInstance.Of(instance).Memory;

    /// <summary>A range; false when it is not in the memory.</summary>
    public bool TryGet(int start, long length, out Span<byte> bytes)
    {
        if (_memory is null || length is < 0 or > int.MaxValue || !_memory.Holds((uint)start, (ulong)length))
        {
            bytes = default;
            return false;
        }

        bytes = _memory.Bytes((uint)start, (ulong)length);
        return true;
    }

    /// <summary>Writes a number of 32 bits.</summary>
    public WasiErrno Write32(int place, uint value)
    {
        if (!TryGet(place, 4, out Span<byte> bytes))
        {
            return WasiErrno.Fault;
        }

        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return WasiErrno.Success;
    }

    /// <summary>Writes a number of 64 bits.</summary>
    public WasiErrno Write64(int place, ulong value)
    {
        if (!TryGet(place, 8, out Span<byte> bytes))
        {
            return WasiErrno.Fault;
        }

        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        return WasiErrno.Success;
    }

    /// <summary>Writes bytes.</summary>
    public WasiErrno Write(int place, ReadOnlySpan<byte> value)
    {
        if (!TryGet(place, value.Length, out Span<byte> bytes))
        {
            return WasiErrno.Fault;
        }

        value.CopyTo(bytes);
        return WasiErrno.Success;
    }
}
