using System;
using Starling.Core.Primitives;

namespace Starling.Core.Images;

/// <summary>The name of a document or layer of an image by its content, written <c>sha256:</c> and 64 lower-case hexadecimal digits (OCI image specification, descriptor.md).</summary>
/// <param name="Hash">SHA-256 of its bytes.</param>
public readonly record struct ImageDigest(Hash256 Hash)
{
    /// <summary>The one algorithm that is understood.</summary>
    public const string Prefix = "sha256:";

    /// <summary>Characters of the text form.</summary>
    public const int TextLength = 7 + (2 * Hash256.Size);

    /// <summary>Reads the text form; upper-case digits and other algorithms are none.</summary>
    public static bool TryParse(string text, out ImageDigest digest)
    {
        ArgumentNullException.ThrowIfNull(text);
        digest = default;
        if (text.Length != TextLength || !text.StartsWith(Prefix, StringComparison.Ordinal) || text.AsSpan().ContainsAnyInRange('A', 'F')
            || !Hash256.TryParse(text.AsSpan(Prefix.Length), out Hash256 hash))
        {
            return false;
        }

        digest = new ImageDigest(hash);
        return true;
    }

    /// <summary>The text form.</summary>
    public override string ToString() => $"{Prefix}{Hash}";
}
