using System.Collections.Generic;
using Starling.Core.Metainfo;
using Starling.Core.Tasks;

namespace Starling.Runtime.Tasks;

/// <summary>Where an input of a task is on this machine.</summary>
/// <param name="Input">The input, as the task names it.</param>
/// <param name="Path">Absolute path of the file or folder; runs see it as <c>$INPUTS/name</c>.</param>
/// <param name="Files">Absolute paths of its files in the order of the torrent: with <c>each</c>, piece i is computed from file i.</param>
/// <param name="Torrent">Its torrent, under which it is seeded to others.</param>
public sealed record LocalInput(InputSpec Input, string Path, IReadOnlyList<string> Files, CreatedTorrent Torrent);
