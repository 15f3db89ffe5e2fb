using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Threading;
using Starling.Runtime.Storage;

namespace Starling.Runtime.Execution;

/// <summary>
/// <c>.starling/stderr/</c>: the last 64 KiB that the latest attempt of a piece, or a merge, wrote to standard error; a run that wrote
/// nothing has no file. At most <see cref="MaxFiles"/>, the oldest go first.
/// </summary>
internal sealed class StderrFolder(string path)
{
    /// <summary>Files that are kept.</summary>
    public const int MaxFiles = 1_000;

    private readonly Lock _gate = new();
    private readonly LinkedList<string> _byAge = [];
    private bool _listed;

    /// <summary>The name for a piece.</summary>
    public static string NameOf(int piece) => string.Create(CultureInfo.InvariantCulture, $"piece-{piece:D6}.txt");

    /// <summary>Saves it under <paramref name="name"/>; the path, or null when there is nothing to save or the disk won't have it.</summary>
    public string? Save(string name, StderrTail errors)
    {
        if (errors.TotalBytes == 0)
        {
            return null;
        }

        lock (_gate)
        {
            try
            {
                List();
                string target = Path.Combine(path, name);
                File.WriteAllBytes(target, errors.ToArray());
                _byAge.Remove(name);
                _byAge.AddLast(name);
                while (_byAge.Count > MaxFiles && _byAge.First is { } oldest)
                {
                    _byAge.Remove(oldest);
                    File.Delete(Path.Combine(path, oldest.Value));
                }

                return target;
            }
            catch (Exception failure) when (StoreProblem.IsOfTheWorld(failure))
            {
                // Its tail is in the run's outcome anyway; a full disk is told by the store.
                return null;
            }
        }
    }

    private void List()
    {
        if (_listed)
        {
            return;
        }

        Directory.CreateDirectory(path);
        var files = new List<FileInfo>(new DirectoryInfo(path).GetFiles());
        files.Sort((left, right) => left.LastWriteTimeUtc.CompareTo(right.LastWriteTimeUtc));
        foreach (FileInfo file in files)
        {
            _byAge.AddLast(file.Name);
        }

        _listed = true;
    }
}
