using System;
using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Starling.Runtime.Wasm.Wasi;

/// <summary>Random bytes that are the same in every run of the same piece: SHA-256 of a seed and a counter.</summary>
internal sealed class WasiRandom(ReadOnlyMemory<byte> seed)
{
    private readonly byte[] _input = [.. seed.Span, 0, 0, 0, 0, 0, 0, 0, 0];
    private readonly byte[] _block = new byte[SHA256.HashSizeInBytes];
    private ulong _counter;
    private int _left;

    public void Fill(Span<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            if (_left == 0)
            {
                BinaryPrimitives.WriteUInt64BigEndian(_input.AsSpan(_input.Length - 8), _counter++);
                SHA256.HashData(_input, _block);
                _left = _block.Length;
            }

            int count = Math.Min(_left, bytes.Length);
            _block.AsSpan(_block.Length - _left, count).CopyTo(bytes);
            _left -= count;
            bytes = bytes[count..];
        }
    }
}
