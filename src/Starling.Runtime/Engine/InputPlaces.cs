using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Starling.Core.Metainfo;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Runtime.Storage;
using Starling.Runtime.Tasks;
using Starling.Runtime.Torrents;

namespace Starling.Runtime.Engine;

/// <summary>
/// Where the inputs of a task lie on this machine: found somewhere in the owner's folders and shared from there, or fetched into <c>.starling/inputs-fetched</c>.
/// </summary>
internal sealed class InputPlaces
{
    private const string FetchedFolder = "inputs-fetched";
    private const string SeedStateFolder = "inputs-seeded";

    private readonly string _fetched;
    private readonly string _seedState;
    private readonly IReadOnlyList<string> _folders;
    private readonly IReadOnlyDictionary<string, InputSource> _sources;
    private readonly Dictionary<string, InputTorrent> _torrents;

    private InputPlaces(TaskFile task, TaskSessionOptions options, Action<Problem> remark)
    {
        string privateFolder = Path.Combine(options.Folder, TaskFolder.PrivateName);
        _fetched = Path.Combine(privateFolder, FetchedFolder);
        _seedState = Path.Combine(privateFolder, SeedStateFolder);

        // Beside the task file and in the working folder was looked already, where there was a task file.
        _folders = options.Task is null ? [Environment.CurrentDirectory, options.Folder] : [options.Folder];
        _sources = task.InputSources;
        _torrents = InputTorrent.Of(task, remark);
        foreach (InputSpec input in task.Info.Inputs)
        {
            // What an earlier start learnt of the torrent is beside its files.
            InputTorrent? told = _torrents.GetValueOrDefault(input.Name);
            if (told?.File is null && Saved(input) is { } saved)
            {
                _torrents[input.Name] = new InputTorrent(saved, told?.Magnet);
            }
        }

        InputSpec[] missing = [.. task.Info.Inputs.Where(input => !options.Inputs.ContainsKey(input.Name))];
        (IReadOnlyList<LocalInput> here, _) = InputFinder.Find(missing, _folders, _torrents);
        Found = options.Inputs.Concat(FoundInput.ByName(here)).ToDictionary();
    }

    /// <summary>The inputs that are here, by name, checked.</summary>
    public IReadOnlyDictionary<string, FoundInput> Found { get; }

    /// <summary>Looks for what the options do not name.</summary>
    /// <param name="task">The task.</param>
    /// <param name="options">The session.</param>
    /// <param name="remark">Told what is wrong with the task's words about its inputs.</param>
    public static InputPlaces Of(TaskFile task, TaskSessionOptions options, Action<Problem> remark) => new(task, options, remark);

    /// <summary>Absolute path of an input, where it lies or will lie.</summary>
    public string PathOf(InputSpec input) => Found.TryGetValue(input.Name, out FoundInput? here) ? here.Path : Path.Combine(_fetched, input.Name);

    /// <summary>Whether an input is a torrent of somebody else, known outside of the task.</summary>
    public bool IsForeign(InputSpec input) => _sources.ContainsKey(input.Name);

    /// <summary>What shares or fetches an input.</summary>
    public TorrentRequest RequestOf(InputSpec input)
    {
        if (Found.TryGetValue(input.Name, out FoundInput? here))
        {
            return new TorrentRequest
            {
                File = here.Torrent,
                Magnet = _torrents.GetValueOrDefault(input.Name)?.Magnet,
                Folder = Path.GetDirectoryName(here.Path)!,
                StateFolder = _seedState,
                IsChecked = true,
            };
        }

        InputTorrent? known = _torrents.GetValueOrDefault(input.Name);
        string path = Path.Combine(_fetched, input.Name);
        DropLink(path);
        return new TorrentRequest
        {
            File = known?.File,
            Magnet = known?.Magnet ?? (known?.File is not null ? null : new TorrentMagnet { InfoHashV1 = input.Torrent.V1, InfoHashV2 = input.Torrent.V2, Name = input.Name }),
            Folder = _fetched,
            Locate = torrent => Locate(input, torrent),
        };
    }

    /// <summary>
    /// The metadata came, which tells what the files must be: they may lie in the owner's folders after all. Runs look for them where they would have been fetched to, so a link leads from there.
    /// </summary>
    private TorrentPlace? Locate(InputSpec input, TorrentFile torrent)
    {
        var known = new Dictionary<string, InputTorrent> { [input.Name] = new(torrent, null) };
        if (torrent.Info.Name != input.Name || InputFinder.Find([input], _folders, known).Here is not [{ } here])
        {
            return null;
        }

        try
        {
            Directory.CreateDirectory(_fetched);
            string link = Path.Combine(_fetched, input.Name);
            if (File.Exists(link) || Directory.Exists(link))
            {
                // Part of it was fetched before: that goes on.
                return null;
            }

            File.CreateSymbolicLink(link, here.Path);
            return new TorrentPlace(here.Torrent(), Path.GetDirectoryName(here.Path)!, _seedState);
        }
        catch (Exception failure) when (StoreProblem.IsOfTheWorld(failure))
        {
            return null;
        }
    }

    private TorrentFile? Saved(InputSpec input)
    {
        InfoHash hash = input.Torrent.SwarmHash;
        TorrentFile? saved = TorrentFolder.ReadTorrent(_fetched, hash) ?? TorrentFolder.ReadTorrentBelow(_seedState, hash);
        return saved?.Info.Id == input.Torrent ? saved : null;
    }

    /// <summary>An earlier start found the input elsewhere, where it is no more.</summary>
    private static void DropLink(string path)
    {
        try
        {
            if (new FileInfo(path).LinkTarget is not null)
            {
                File.Delete(path);
            }
        }
        catch (Exception failure) when (StoreProblem.IsOfTheWorld(failure))
        {
            // The torrent's storage says what is wrong.
        }
    }
}
