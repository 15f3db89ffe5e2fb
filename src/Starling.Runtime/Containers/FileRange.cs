using System;
using System.IO;
using Microsoft.Win32.SafeHandles;

namespace Starling.Runtime.Containers;

/// <summary>A part of an open file as a stream to be read once from its start; the file stays open.</summary>
internal sealed class FileRange(SafeFileHandle file, long start, long length) : ReadOnlyStream
{
    private long _at;

    /// <inheritdoc/>
    public override long Length => length;

    /// <inheritdoc/>
    public override long Position
    {
        get => _at;
        set => throw new NotSupportedException();
    }

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer)
    {
        int wanted = (int)Math.Min(buffer.Length, length - _at);
        if (wanted <= 0)
        {
            return 0;
        }

        int count = RandomAccess.Read(file, buffer[..wanted], start + _at);
        _at += count;
        return count;
    }

    /// <inheritdoc/>
    public override long Skip(long count)
    {
        long skipped = Math.Min(count, length - _at);
        _at += skipped;
        return skipped;
    }
}
