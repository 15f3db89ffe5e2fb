using System.Diagnostics;
using Starling.Core.Primitives;

namespace Starling.Runtime.Engine;

/// <summary>The monotonic clock whose instants the engine is given; its origin is the moment of its making.</summary>
public sealed class EngineClock
{
    private readonly long _origin = Stopwatch.GetTimestamp();

    /// <summary>The present.</summary>
    public Instant Now => new(Stopwatch.GetElapsedTime(_origin).Ticks);
}
