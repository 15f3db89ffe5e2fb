using System;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Starling.Core.Bencode;

/// <summary>A byte string: text in UTF-8, or binary.</summary>
public sealed class BString : BValue
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Bytes made in code; the memory is kept, not copied.</summary>
    public BString(ReadOnlyMemory<byte> bytes)
        : this(bytes, default)
    {
    }

    /// <summary>Text made in code.</summary>
    public BString(string text)
        : this(StrictUtf8.GetBytes(text), default)
    {
    }

    internal BString(ReadOnlyMemory<byte> bytes, ReadOnlyMemory<byte> source)
        : base(source) => Bytes = bytes;

    /// <summary>The content.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    /// <inheritdoc/>
    public override string Kind => "a text";

    /// <summary>The content as text; false where it is not UTF-8. Allocates as much as the content is long: check its length before.</summary>
    public bool TryGetText([NotNullWhen(true)] out string? text) => TryGetText(Bytes.Span, out text);

    /// <summary>The text in <paramref name="bytes"/>; false where they are not UTF-8.</summary>
    public static bool TryGetText(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out string? text)
    {
        text = System.Text.Unicode.Utf8.IsValid(bytes) ? StrictUtf8.GetString(bytes) : null;
        return text is not null;
    }
}
