using System;
using System.IO;
using Starling.Core.Primitives;
using Starling.Runtime.Walls;

namespace Starling.Tests.Runtime.Walls;

/// <summary>A test of commands within walls; skipped where this machine can't put them up, which it says.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class WallsFactAttribute : FactAttribute
{
    private static readonly Lazy<string?> _missing = new(() =>
    {
        string folder = Directory.CreateTempSubdirectory("starling-walls-").FullName;
        try
        {
            return WallsProbe.TryOpen(folder, [], out _, out Problem? problem) ? null : $"{problem.Reason} {problem.Hint}";
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    });

    public WallsFactAttribute() => Skip = _missing.Value;

    /// <summary>Whether this machine can put up walls.</summary>
    public static bool HasWalls => _missing.Value is null;
}
