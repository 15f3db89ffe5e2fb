using System;
using System.IO;
using Starling.Core.Engine;
using Starling.Events;

namespace Starling.Display;

/// <summary><c>--json</c>: every event as it comes, one line each, and nothing else.</summary>
internal sealed class JsonOutput(TextWriter writer) : IRunOutput
{
    private readonly object _gate = new();

    public Func<NodeSnapshot>? Snapshots { get; set; }

    public void ShowMagnet(string commandLine)
    {
        // The started event has the link.
    }

    public void Know(string name, int pieces)
    {
    }

    public void Take(RunEvent runEvent) => Write(RunEventText.Write(runEvent));

    /// <summary>One line, whole.</summary>
    public void Write(string line)
    {
        lock (_gate)
        {
            writer.Write(line);
            writer.Write('\n');
            writer.Flush();
        }
    }

    public void Conclude(string line)
    {
        // The complete event has the paths.
    }

    public void Dispose() => writer.Flush();
}
