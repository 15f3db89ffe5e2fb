using System;
using System.IO;
using System.Security.Cryptography;
using Starling.Core.Images;
using Starling.Core.Primitives;

namespace Starling.Runtime.Containers;

/// <summary>Hashes what is read through it, in large pieces, and lets no more than a number of bytes through.</summary>
/// <param name="source">Where it comes from; disposed with this.</param>
/// <param name="maxBytes">Bytes that may come.</param>
/// <param name="tooLong">What is wrong if there are more.</param>
internal sealed class HashingStream(Stream source, long maxBytes, Func<Problem> tooLong) : ReadOnlyStream
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly byte[] _buffer = new byte[64 * 1024];
    private int _next;
    private int _end;

    /// <summary>Bytes that came.</summary>
    public long Count { get; private set; }

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer)
    {
        if (_next == _end && !Fill())
        {
            return 0;
        }

        int count = Math.Min(buffer.Length, _end - _next);
        _buffer.AsSpan(_next, count).CopyTo(buffer);
        _next += count;
        return count;
    }

    /// <summary>Reads what is left, and tells the digest of all.</summary>
    public ImageDigest Finish()
    {
        while (Fill())
        {
        }

        return new ImageDigest(new Hash256(_hash.GetHashAndReset()));
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _hash.Dispose();
            source.Dispose();
        }

        base.Dispose(disposing);
    }

    private bool Fill()
    {
        _next = 0;
        _end = source.Read(_buffer);
        _hash.AppendData(_buffer.AsSpan(0, _end));
        Count += _end;
        return Count <= maxBytes ? _end > 0 : throw new InvalidImageException(tooLong());
    }
}
