using System;
using System.IO;
using Microsoft.Win32.SafeHandles;

namespace Starling.Runtime.Containers;

/// <summary>How an archive or a layer is packed, by its first bytes: what it is called is not believed.</summary>
internal enum Packing
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>RFC 1952.</summary>
    Gzip,

    /// <summary>RFC 8878, for which .NET has no reader.</summary>
    Zstandard,

    /// <summary>For which .NET has no reader.</summary>
    Xz,

    /// <summary>For which .NET has no reader.</summary>
    Bzip2,
}

/// <summary>Tells <see cref="Packing"/>s apart.</summary>
internal static class Unpacking
{
    /// <summary>How what begins at <paramref name="start"/> is packed.</summary>
    public static Packing Of(SafeFileHandle file, long start)
    {
        Span<byte> head = stackalloc byte[6];
        head = head[..RandomAccess.Read(file, head, start)];
        return head.StartsWith<byte>([0x1F, 0x8B]) ? Packing.Gzip
            : head.StartsWith<byte>([0x28, 0xB5, 0x2F, 0xFD]) ? Packing.Zstandard
            : head.StartsWith<byte>([0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0]) ? Packing.Xz
            : head.StartsWith("BZh"u8) ? Packing.Bzip2
            : Packing.None;
    }

    /// <summary>What people call it.</summary>
    public static string NameOf(Packing packing) => packing switch
    {
        Packing.Zstandard => "zstd",
        Packing.Xz => "xz",
        Packing.Bzip2 => "bzip2",
        Packing.Gzip => "gzip",
        _ => "nothing",
    };
}
