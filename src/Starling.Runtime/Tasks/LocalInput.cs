using System;
using System.Collections.Generic;
using System.Linq;
using Starling.Core.Metainfo;
using Starling.Core.Primitives;
using Starling.Core.Tasks;

namespace Starling.Runtime.Tasks;

/// <summary>Where an input of a task is on this machine.</summary>
/// <param name="Input">The input, as the task names it.</param>
/// <param name="Path">Absolute path of the file or folder; runs see it as <c>$INPUTS/name</c>.</param>
/// <param name="Files">Absolute paths of its files in the order of the torrent: with <c>each</c>, piece i is computed from file i.</param>
/// <param name="Torrent">Makes its torrent, under which it is seeded to others; work that who only looks at the task need not do.</param>
public sealed record LocalInput(InputSpec Input, string Path, IReadOnlyList<string> Files, Func<TorrentFile> Torrent)
{
    /// <summary>An input that was hashed here.</summary>
    public static LocalInput Of(InputSpec input, string path, IReadOnlyList<string> files, CreatedTorrent torrent) => new(
        input, path, files, () => torrent.TryToFile(out TorrentFile? file, out Problem? problem)
            ? file
            : throw new InvalidOperationException($"A torrent that was made here can't be read back: {problem}"));
}

/// <summary>An input that is on this machine.</summary>
/// <param name="Path">Absolute path of the file or folder.</param>
/// <param name="Torrent">Its torrent.</param>
public sealed record FoundInput(string Path, TorrentFile Torrent)
{
    /// <summary>Those inputs by name.</summary>
    public static Dictionary<string, FoundInput> ByName(IEnumerable<LocalInput> inputs) =>
        inputs.ToDictionary(static input => input.Input.Name, static input => new FoundInput(input.Path, input.Torrent()));
}
