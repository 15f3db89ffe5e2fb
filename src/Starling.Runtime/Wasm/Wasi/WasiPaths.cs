using System;
using System.Collections.Generic;
using System.Text;
using System.Text.Unicode;

namespace Starling.Runtime.Wasm.Wasi;

/// <summary>Resolves the paths that modules name, relative to a folder that they have.</summary>
internal static class WasiPaths
{
    /// <summary>Bytes of a path.</summary>
    public const int MaxLength = 4_096;

    /// <summary>Parts of a path.</summary>
    public const int MaxDepth = 256;

    /// <summary>What a path means. A path that leads out of its folder, or begins with a slash, is refused.</summary>
    /// <param name="folder">Where it begins.</param>
    /// <param name="path">The path in UTF-8.</param>
    /// <param name="node">What is there.</param>
    public static WasiErrno Resolve(WasiNode folder, ReadOnlySpan<byte> path, out WasiNode? node)
    {
        node = null;
        if (path.Length > MaxLength)
        {
            return WasiErrno.NameTooLong;
        }

        if (path.IsEmpty)
        {
            return WasiErrno.NoEntry;
        }

        if (!Utf8.IsValid(path))
        {
            return WasiErrno.IllegalBytes;
        }

        if (path.Contains((byte)0))
        {
            return WasiErrno.Invalid;
        }

        if (path[0] == '/')
        {
            return WasiErrno.NotCapable;
        }

        var way = new List<WasiNode> { folder };
        foreach (string part in Encoding.UTF8.GetString(path).Split('/'))
        {
            if (part is "" or ".")
            {
                continue;
            }

            if (part == "..")
            {
                if (way.Count == 1)
                {
                    return WasiErrno.NotCapable;
                }

                way.RemoveAt(way.Count - 1);
                continue;
            }

            if (way.Count > MaxDepth)
            {
                return WasiErrno.NameTooLong;
            }

            WasiErrno found = way[^1].Find(part, out WasiNode? next);
            if (found != WasiErrno.Success)
            {
                return found;
            }

            way.Add(next!);
        }

        node = way[^1];
        return WasiErrno.Success;
    }
}
