using System;
using Starling.Core.Primitives;

namespace Starling.Runtime.Identity;

/// <summary>
/// Which keys and signatures are looked at at all. RFC 8032 leaves room at the edges, where libraries differ; peers with different
/// libraries must agree, so whatever lies there is refused before any library sees it: keys and numbers that are not in their one
/// canonical form, and keys of low order, under which one signature can fit many messages.
/// </summary>
internal static class Ed25519Encoding
{
    private const int Size = 32;

    /// <summary>2^255 - 19, little-endian.</summary>
    private static ReadOnlySpan<byte> FieldPrime =>
    [
        0xED, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
        0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F,
    ];

    /// <summary>The order of the base point, little-endian (RFC 8032, section 5.1).</summary>
    private static ReadOnlySpan<byte> GroupOrder =>
    [
        0xED, 0xD3, 0xF5, 0x5C, 0x1A, 0x63, 0x12, 0x58, 0xD6, 0x9C, 0xF7, 0xA2, 0xDE, 0xF9, 0xDE, 0x14,
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x10,
    ];

    /// <summary>The y of the points of order 8, one after the other; those of orders 1, 2 and 4 are 1, -1 and 0.</summary>
    private static ReadOnlySpan<byte> OrderEight =>
    [
        0x26, 0xE8, 0x95, 0x8F, 0xC2, 0xB2, 0x27, 0xB0, 0x45, 0xC3, 0xF4, 0x89, 0xF2, 0xEF, 0x98, 0xF0,
        0xD5, 0xDF, 0xAC, 0x05, 0xD3, 0xC6, 0x33, 0x39, 0xB1, 0x38, 0x02, 0x88, 0x6D, 0x53, 0xFC, 0x05,
        0xC7, 0x17, 0x6A, 0x70, 0x3D, 0x4D, 0xD8, 0x4F, 0xBA, 0x3C, 0x0B, 0x76, 0x0D, 0x10, 0x67, 0x0F,
        0x2A, 0x20, 0x53, 0xFA, 0x2C, 0x39, 0xCC, 0xC6, 0x4E, 0xC7, 0xFD, 0x77, 0x92, 0xAC, 0x03, 0x7A,
    ];

    /// <summary>Whether a key is canonical and not of low order.</summary>
    public static bool IsGoodKey(in PublicKey key)
    {
        Span<byte> y = stackalloc byte[Size];
        key.CopyTo(y);
        y[Size - 1] &= 0x7F;
        if (!IsBelow(y, FieldPrime) || y.SequenceEqual(OrderEight[..Size]) || y.SequenceEqual(OrderEight[Size..]))
        {
            return false;
        }

        bool isTiny = y[0] <= 1 && y[1..].IndexOfAnyExcept((byte)0) < 0;
        y[0]++;
        return !isTiny && !y.SequenceEqual(FieldPrime);
    }

    /// <summary>Whether the second half of a signature is below the group's order.</summary>
    public static bool IsGoodSignature(ReadOnlySpan<byte> signature) => IsBelow(signature[Size..], GroupOrder);

    private static bool IsBelow(ReadOnlySpan<byte> number, ReadOnlySpan<byte> bound)
    {
        for (int i = Size - 1; i >= 0; i--)
        {
            if (number[i] != bound[i])
            {
                return number[i] < bound[i];
            }
        }

        return false;
    }
}
