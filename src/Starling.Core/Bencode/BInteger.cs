using System;

namespace Starling.Core.Bencode;

/// <summary>A whole number of 64 bits with sign; longer ones are refused when read.</summary>
public sealed class BInteger : BValue
{
    /// <summary>A number made in code.</summary>
    public BInteger(long value)
        : this(value, default)
    {
    }

    internal BInteger(long value, ReadOnlyMemory<byte> source)
        : base(source) => Value = value;

    /// <summary>The number.</summary>
    public long Value { get; }

    /// <inheritdoc/>
    public override string Kind => "a number";
}
