using System;
using System.Collections.Generic;

namespace Starling.Core.Bencode;

/// <summary>A list of values of any kind.</summary>
public sealed class BList : BValue
{
    /// <summary>A list made in code.</summary>
    public BList(IReadOnlyList<BValue> items)
        : this(items, default)
    {
    }

    internal BList(IReadOnlyList<BValue> items, ReadOnlyMemory<byte> source)
        : base(source) => Items = items;

    /// <summary>The items in order.</summary>
    public IReadOnlyList<BValue> Items { get; }

    /// <inheritdoc/>
    public override string Kind => "a list";
}
