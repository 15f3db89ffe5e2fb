using System;
using Starling.Runtime.Walls;

namespace Starling.Tests.Runtime.Walls;

/// <summary>A test of commands within walls; skipped where this machine can't put them up, which it says.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class WallsFactAttribute : FactAttribute
{
    private static readonly Lazy<string?> _missing = new(() => WallsProbe.Missing()?.ToString());

    public WallsFactAttribute() => Skip = Missing;

    /// <summary>Why this machine can't put up walls; null: it can.</summary>
    public static string? Missing => _missing.Value;

    /// <summary>Whether this machine can put up walls.</summary>
    public static bool HasWalls => Missing is null;
}

/// <summary>The same with data.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class WallsTheoryAttribute : TheoryAttribute
{
    public WallsTheoryAttribute() => Skip = WallsFactAttribute.Missing;
}
