using System;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Starling.Runtime.Kernels.Chains;

/// <summary>
/// All texts of one length over a set of characters, numbered as they would be sorted if the characters stood in the set's order: with
/// <c>abc</c> and length 2, 0 is <c>aa</c>, 1 is <c>ab</c>, 8 is <c>cc</c>.
/// </summary>
internal sealed class TextSpace
{
    /// <summary>Most texts, so that sums of two numbers stay within 64 bits.</summary>
    public const ulong MaxCount = 1UL << 63;

    private readonly byte[] _charset;

    private TextSpace(byte[] charset, int length, ulong count)
    {
        _charset = charset;
        Length = length;
        Count = count;
    }

    /// <summary>Characters of a text.</summary>
    public int Length { get; }

    /// <summary>Number of texts.</summary>
    public ulong Count { get; }

    /// <summary>Whether a set has at least two characters, each once, printable ASCII without the space.</summary>
    public static bool IsCharset(string charset)
    {
        for (int i = 0; i < charset.Length; i++)
        {
            if (charset[i] is <= ' ' or > '~' || charset.IndexOf(charset[i], StringComparison.Ordinal) != i)
            {
                return false;
            }
        }

        return charset.Length >= 2;
    }

    /// <summary>False when there are more than <see cref="MaxCount"/> texts.</summary>
    public static bool TryCreate(string charset, int length, [NotNullWhen(true)] out TextSpace? space)
    {
        space = null;
        UInt128 count = 1;
        for (int i = 0; i < length; i++)
        {
            count *= (uint)charset.Length;
            if (count > MaxCount)
            {
                return false;
            }
        }

        space = new TextSpace(Encoding.ASCII.GetBytes(charset), length, (ulong)count);
        return true;
    }

    /// <summary>Writes text <paramref name="number"/> to the first <see cref="Length"/> bytes of <paramref name="destination"/>.</summary>
    public void Write(ulong number, Span<byte> destination)
    {
        byte[] charset = _charset;
        ulong size = (ulong)charset.Length;
        ulong rest = number;
        for (int i = Length - 1; i >= 0; i--)
        {
            (rest, ulong digit) = Math.DivRem(rest, size);
            destination[i] = charset[digit];
        }
    }
}
