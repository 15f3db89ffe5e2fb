using System;
using System.Collections.Generic;
using System.Security.Cryptography;

namespace Starling.Runtime.Kernels.Hashing;

/// <summary>The hashes that kernels know, in the order of <see cref="HashNames.All"/>.</summary>
internal enum HashName
{
    Md5,
    Sha1,
    Sha256,
    Sha512,
}

/// <summary>Names, sizes and the library's implementation of each <see cref="HashName"/>.</summary>
internal static class HashNames
{
    /// <summary>Bytes of the longest digest.</summary>
    public const int MaxDigestSize = SHA512.HashSizeInBytes;

    /// <summary>As task files write them.</summary>
    public static IReadOnlyList<string> All { get; } = ["md5", "sha1", "sha256", "sha512"];

    /// <summary>Bytes of a digest.</summary>
    public static int DigestSize(this HashName name) => name switch
    {
        HashName.Md5 => MD5.HashSizeInBytes,
        HashName.Sha1 => SHA1.HashSizeInBytes,
        HashName.Sha256 => SHA256.HashSizeInBytes,
        _ => SHA512.HashSizeInBytes,
    };

    /// <summary>Hashes by the library; <paramref name="digest"/> has <see cref="DigestSize"/> bytes at least.</summary>
    public static void Hash(this HashName name, ReadOnlySpan<byte> message, Span<byte> digest)
    {
        switch (name)
        {
            case HashName.Md5:
                MD5.HashData(message, digest);
                break;
            case HashName.Sha1:
                SHA1.HashData(message, digest);
                break;
            case HashName.Sha256:
                SHA256.HashData(message, digest);
                break;
            default:
                SHA512.HashData(message, digest);
                break;
        }
    }
}
