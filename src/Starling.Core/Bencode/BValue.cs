using System;
using System.Diagnostics.CodeAnalysis;

namespace Starling.Core.Bencode;

/// <summary>
/// One bencoded value (BEP 3): <see cref="BInteger"/>, <see cref="BString"/>, <see cref="BList"/> or <see cref="BDictionary"/>.
/// Values that were read refer to the bytes that they came from instead of copying them.
/// </summary>
[SuppressMessage("Naming", "CA1708", Justification = "The names are bencoding's own.")]
public abstract class BValue
{
    private protected BValue(ReadOnlyMemory<byte> source) => Source = source;

    /// <summary>
    /// The exact bytes that the value was read from, for hashing and signatures over a part of a message; empty for values made in code.
    /// </summary>
    public ReadOnlyMemory<byte> Source { get; }

    /// <summary>What the value is, as a message to a person names it: <c>a number</c>, <c>a text</c>, <c>a list</c>, <c>a dictionary</c>.</summary>
    public abstract string Kind { get; }

    /// <summary>The canonical encoding: for a value read in strict mode the same bytes as <see cref="Source"/>.</summary>
    public byte[] ToBytes()
    {
        var writer = new BencodeWriter();
        writer.Value(this);
        return writer.ToArray();
    }
}
