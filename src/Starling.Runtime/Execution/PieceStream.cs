using System;
using System.IO;
using Starling.Core.Pieces;
using Starling.Runtime.Engine;

namespace Starling.Runtime.Execution;

/// <summary>A stored result as a stream that is read from its start to its end.</summary>
internal sealed class PieceStream(IPieceStore store, int piece, ResultId result) : Stream
{
    private int _position;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => result.Length;

    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException();
    }

    /// <exception cref="IOException">The result is not stored any more, or can't be read.</exception>
    public override int Read(Span<byte> buffer)
    {
        int count = Math.Min(buffer.Length, result.Length - _position);
        if (count > 0 && !store.TryRead(piece, result, _position, buffer[..count]))
        {
            throw new IOException($"the stored result of piece {piece} can't be read");
        }

        _position += count;
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
