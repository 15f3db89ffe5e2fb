using System;
using Starling.Core.Engine;
using Starling.Events;

namespace Starling.Display;

/// <summary>Where the events of a run go. Safe from every thread.</summary>
internal interface IRunOutput : IDisposable
{
    /// <summary>The first thing of all: how a second machine joins. Told again when it becomes known later.</summary>
    void ShowMagnet(string commandLine);

    /// <summary>Name and number of pieces, when they are known before the first event.</summary>
    void Know(string name, int pieces);

    void Take(RunEvent runEvent);

    /// <summary>Last lines for a person, after all events: where the output is.</summary>
    void Conclude(string line);

    /// <summary>Where views of the node come from; null: there are none.</summary>
    Func<NodeSnapshot>? Snapshots { get; set; }
}
