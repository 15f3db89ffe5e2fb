using System;
using System.Collections.Generic;
using System.IO;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Runtime.Storage;

namespace Starling.Runtime.Execution;

/// <summary>
/// The inputs of a task as its runs see them: <c>INPUTS</c>, a folder of links named as in the task, and <c>CHUNK</c>, a run's part of
/// one input. Parts by size are cut when their run starts and deleted after it; parts by file are the files themselves.
/// </summary>
internal sealed class InputFolder
{
    /// <summary>Code of every <see cref="Problem"/> about inputs.</summary>
    public const string Code = "inputs";

    private const int CopyBuffer = 1024 * 1024;
    private const string SeenInputs = "/in";
    private const string SeenChunk = "/chunk";
    private const string SeenChunks = "/chunks";

    private readonly ChunkSpec? _chunks;
    private readonly string _chunkFolder;
    private readonly string _source = "";
    private readonly List<(string Name, string Path)> _paths = [];
    private readonly Func<IReadOnlyList<string>> _files = static () => [];

    /// <param name="task">The task.</param>
    /// <param name="privateFolder"><c>.starling</c>.</param>
    /// <param name="places">Where each input lies.</param>
    public InputFolder(TaskInfo task, string privateFolder, IReadOnlyDictionary<string, InputPlace> places)
    {
        _chunks = task.Chunks;
        _chunkFolder = Path.Combine(privateFolder, "chunks");
        if (task.Inputs.Count == 0)
        {
            return;
        }

        try
        {
            string links = Path.Combine(privateFolder, "inputs");
            SlotFolder.Remove(links);
            SlotFolder.Remove(_chunkFolder);
            Directory.CreateDirectory(links);
            Directory.CreateDirectory(_chunkFolder);
            foreach (InputSpec input in task.Inputs)
            {
                if (!places.TryGetValue(input.Name, out InputPlace? place)
                    || (!place.IsAwaited && !File.Exists(place.Path) && !Directory.Exists(place.Path)))
                {
                    Problem = new Problem(Code, $"input '{input.Name}' of the task is not on this machine", "Wait until it is downloaded.");
                    return;
                }

                _paths.Add((input.Name, place.Path));
                File.CreateSymbolicLink(Path.Combine(links, input.Name), place.Path);
            }

            FolderPath = links;
            if (_chunks is not null)
            {
                InputPlace place = places[_chunks.Input];
                _source = place.Path;
                _files = place.Files;
            }
        }
        catch (Exception failure) when (StoreProblem.IsOfTheWorld(failure))
        {
            Problem = StoreProblem.OfAccess(failure, Code, "cannot lay out the inputs");
        }
    }

    /// <summary>Why no run can have its inputs; null: they can.</summary>
    public Problem? Problem { get; }

    /// <summary>Value of <c>INPUTS</c>; null when the task has none.</summary>
    public string? FolderPath { get; }

    /// <summary>Shows the inputs to a command; the value of its <c>INPUTS</c>, or null when the task has none.</summary>
    public string? Show(RunPlace place)
    {
        ArgumentNullException.ThrowIfNull(place);
        if (!place.IsWalled || FolderPath is null)
        {
            return FolderPath;
        }

        foreach ((string name, string path) in _paths)
        {
            if (Path.Exists(path))
            {
                place.Show(path, $"{SeenInputs}/{name}");
            }
        }

        return SeenInputs;
    }

    /// <summary>Shows the part that <see cref="TryEnter"/> made, or found; the value of <c>CHUNK</c>. To be called after <see cref="Show"/>.</summary>
    public string? ShowChunk(RunPlace place, string? chunk)
    {
        ArgumentNullException.ThrowIfNull(place);
        if (chunk is null || !place.IsWalled)
        {
            return chunk;
        }

        // A file of an input is seen in that input.
        return _chunks!.Size == 0 && chunk.StartsWith(_source, StringComparison.Ordinal)
            ? $"{SeenInputs}/{_chunks.Input}{chunk[_source.Length..]}"
            : place.Show(chunk, SeenChunk);
    }

    /// <summary>Shows the folder in which parts are cut to a command that stays for several pieces. To be called after <see cref="Show"/>.</summary>
    public void ShowChunks(RunPlace place)
    {
        ArgumentNullException.ThrowIfNull(place);
        if (_chunks is { Size: > 0 })
        {
            place.Show(_chunkFolder, SeenChunks);
        }
    }

    /// <summary>The path under which such a command sees a part.</summary>
    public string? PathOfChunk(RunPlace place, string? chunk)
    {
        ArgumentNullException.ThrowIfNull(place);
        return chunk is null || !place.IsWalled || _chunks is null or { Size: 0 } ? ShowChunk(place, chunk) : $"{SeenChunks}/{Path.GetFileName(chunk)}";
    }

    /// <summary>Makes the part of a piece for <paramref name="user"/>, who has one at a time; its path, or null when the task has no parts.</summary>
    public Problem? TryEnter(int piece, string user, out string? chunk)
    {
        chunk = null;
        if (Problem is not null || _chunks is null)
        {
            return Problem;
        }

        if (_chunks.Size == 0)
        {
            IReadOnlyList<string> files = _files();
            chunk = piece < files.Count ? files[piece] : null;
            return chunk is null ? new Problem(Code, $"input '{_chunks.Input}' has no file for piece {piece}: it has {files.Count}") : null;
        }

        chunk = Path.Combine(_chunkFolder, user);
        try
        {
            return Cut(piece, chunk);
        }
        catch (Exception failure) when (StoreProblem.IsOfTheWorld(failure))
        {
            return StoreProblem.OfWrite(failure, _chunkFolder, _chunks.Size);
        }
    }

    /// <summary>Deletes what <see cref="TryEnter"/> made.</summary>
    /// <exception cref="IOException">It can't be deleted; the next part of the slot is written over it.</exception>
    public void Leave(string? chunk)
    {
        if (chunk is not null && _chunks is { Size: > 0 })
        {
            SlotFolder.Remove(chunk);
        }
    }

    private Problem? Cut(int piece, string target)
    {
        using FileStream source = File.OpenRead(_source);
        long start = piece * _chunks!.Size;
        if (start >= source.Length)
        {
            return new Problem(Code, $"input '{_chunks.Input}' ends before piece {piece}: it has {source.Length} bytes");
        }

        source.Position = start;
        using FileStream cut = File.Create(target);
        var buffer = new byte[Math.Min(CopyBuffer, _chunks.Size)];
        for (long left = _chunks.Size; left > 0;)
        {
            int count = source.Read(buffer, 0, (int)Math.Min(buffer.Length, left));
            if (count == 0)
            {
                break;
            }

            cut.Write(buffer, 0, count);
            left -= count;
        }

        return null;
    }
}
