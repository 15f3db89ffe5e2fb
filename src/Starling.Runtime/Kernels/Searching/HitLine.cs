using System;
using System.Buffers.Text;

namespace Starling.Runtime.Kernels.Searching;

/// <summary>Reads the lines <c>number hash</c> that the search kernels print, strictly: one number has one form.</summary>
internal static class HitLine
{
    /// <summary>Takes one line, its end included; false when it is not of this form.</summary>
    public static bool TryTake(ref ReadOnlySpan<byte> rest, out ulong number, out ReadOnlySpan<byte> hex)
    {
        number = 0;
        hex = default;
        int end = rest.IndexOf((byte)'\n');
        int blank = end < 0 ? -1 : rest[..end].IndexOf((byte)' ');
        if (blank <= 0 || !Utf8Parser.TryParse(rest[..blank], out number, out int used) || used != blank
            || (rest[0] == (byte)'0' && blank > 1) || rest[0] == (byte)'+')
        {
            return false;
        }

        hex = rest[(blank + 1)..end];
        rest = rest[(end + 1)..];
        return true;
    }

    /// <summary>Whether <paramref name="hex"/> is <paramref name="hash"/> in lower-case hexadecimal.</summary>
    public static bool Names(ReadOnlySpan<byte> hex, ReadOnlySpan<byte> hash)
    {
        Span<byte> wanted = stackalloc byte[2 * Hashing.HashNames.MaxDigestSize];
        return Convert.TryToHexStringLower(hash, wanted, out int length) && hex.SequenceEqual(wanted[..length]);
    }
}
