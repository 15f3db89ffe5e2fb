using System;
using Starling.Core.Primitives;

namespace Starling.Runtime.Tasks;

/// <summary>The folder that holds the chunks of a CompTorrent file (<c>--data</c>), and where the inputs that are made of them go.</summary>
/// <param name="Path">Path of the folder.</param>
/// <param name="Layout">Absolute path of the folder for the inputs of the task with this name, made from the file with this key (hexadecimal); null: the task is only looked at.</param>
public sealed record DataFolder(string Path, Func<string, string, string>? Layout)
{
    private const int KeyLength = 16;

    /// <summary>Where the inputs of one file go; null: nowhere.</summary>
    internal string? LayoutOf(string taskName, Hash256 file) => Layout?.Invoke(taskName, file.ToString()[..KeyLength]);
}
