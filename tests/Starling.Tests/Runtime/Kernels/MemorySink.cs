using System;
using System.IO;
using Starling.Core.Pieces;
using Starling.Runtime.Engine;

namespace Starling.Tests.Runtime.Kernels;

/// <summary>Keeps a run's output, up to a limit as the store does it.</summary>
internal sealed class MemorySink(int limit = int.MaxValue) : IOutputSink
{
    private readonly MemoryStream _content = new();

    public byte[] Content => _content.ToArray();

    public bool TryWrite(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > limit - _content.Length)
        {
            return false;
        }

        _content.Write(bytes);
        return true;
    }

    public ResultId Complete() => throw new InvalidOperationException("a kernel does not complete its sink");

    public void Dispose() => throw new InvalidOperationException("a kernel does not dispose its sink");
}
