using System;
using Starling.Core.Pieces;
using Starling.Runtime.Engine;

namespace Starling.Bench;

/// <summary>Counts what a run writes, keeps nothing.</summary>
internal sealed class DiscardingSink : IOutputSink
{
    private int _length;

    public bool TryWrite(ReadOnlySpan<byte> bytes)
    {
        _length += bytes.Length;
        return true;
    }

    public ResultId Complete() => new(_length, default);

    public void Dispose()
    {
    }
}
