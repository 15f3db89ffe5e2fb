using System;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Starling.Core.Gossip;

/// <summary>
/// How an environment class is written: 0 to 64 printable ASCII characters, so that it is compared byte by byte, and shown and logged
/// without escaping.
/// </summary>
internal static class EnvironmentClassText
{
    public static bool IsValid(string text)
    {
        foreach (char character in text)
        {
            if (character is < ' ' or > '~')
            {
                return false;
            }
        }

        return text.Length <= AttestationBatch.MaxEnvironmentClassLength;
    }

    public static bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out string? text)
    {
        text = null;
        if (bytes.Length > AttestationBatch.MaxEnvironmentClassLength || bytes.ContainsAnyExceptInRange((byte)' ', (byte)'~'))
        {
            return false;
        }

        text = Encoding.ASCII.GetString(bytes);
        return true;
    }

    public static int Write(Span<byte> destination, string text)
    {
        if (!IsValid(text))
        {
            throw new ArgumentException("An environment class is at most 64 printable ASCII characters.", nameof(text));
        }

        return Encoding.ASCII.GetBytes(text, destination);
    }
}
