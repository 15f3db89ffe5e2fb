using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Starling.Core.Images;
using Starling.Core.Tasks;
using Starling.Runtime.Execution;

namespace Starling.Runtime.Containers;

/// <summary>
/// The file system of an image while it is laid down. Paths are walked part by part from the open root, and links on the way are resolved here, as within a chroot; the system itself never follows one. So nothing outside of the root
/// can be read, changed or named, whatever earlier entries made. Everything belongs to this user, who can delete it, and can be read by whoever runs in it: folders have the
/// permissions 0755, programs too, other files 0644. So they are the same on every machine, and no set-user-ID bit is left.
/// </summary>
internal sealed class RootTree : IDisposable
{
    private const int FolderMode = 0x1ED;
    private const int ProgramMode = 0x1ED;
    private const int FileMode = 0x1A4;
    private const int AnyExecute = 0x49;

    private readonly string _path;
    private readonly int _root;
    private string? _enteredPath;
    private List<OpenFolder> _entered = [];

    /// <param name="path">Absolute path of an existing folder of this program's own.</param>
    /// <exception cref="IOException">It can't be opened.</exception>
    public RootTree(string path)
    {
        _path = path;
        _root = FolderCalls.OpenPath(path);
    }

    /// <summary>Makes a folder unless it is there; whatever else has the name goes.</summary>
    public void AddFolder(LayerPath path)
    {
        if (path.Parts.Count == 0)
        {
            return;
        }

        int folder = Enter(path);
        string name = path.Parts[^1];
        int made = Made(folder, name);
        if (made < 0)
        {
            Remove(path);
            made = Made(folder = Enter(path), name);
        }

        if (made < 0)
        {
            throw LeadsThroughItself(path);
        }

        FolderCalls.Close(made);
    }

    /// <summary>Makes a file; whatever has the name goes.</summary>
    /// <param name="path">Where.</param>
    /// <param name="mode">Permission bits as the image has them.</param>
    /// <param name="modified">Unix seconds.</param>
    /// <param name="write">Writes its content.</param>
    public void AddFile(LayerPath path, int mode, long modified, Action<SafeFileHandle> write)
    {
        int folder = EnterNamed(path);
        string name = path.Parts[^1];
        SafeFileHandle? made = FolderCalls.TryCreateFile(folder, name);
        if (made is null)
        {
            Remove(path);
            made = FolderCalls.TryCreateFile(folder = Enter(path), name) ?? throw LeadsThroughItself(path);
        }

        using (made)
        {
            write(made);
            FolderCalls.SetMode((int)made.DangerousGetHandle(), (mode & AnyExecute) != 0 ? ProgramMode : FileMode, name);
        }

        FolderCalls.SetTime(folder, name, modified);
    }

    /// <summary>Makes a symbolic link, wherever it points to; whatever has the name goes.</summary>
    public void AddLink(LayerPath path, string target, long modified)
    {
        int folder = EnterNamed(path);
        string name = path.Parts[^1];
        if (!FolderCalls.TryCreateLink(folder, name, target))
        {
            Remove(path);
            if (!FolderCalls.TryCreateLink(folder = Enter(path), name, target))
            {
                throw LeadsThroughItself(path);
            }
        }

        FolderCalls.SetTime(folder, name, modified);
    }

    /// <summary>Gives a file of the image a second name; whatever has that name goes.</summary>
    public void AddName(LayerPath path, LayerPath existing)
    {
        if (existing.Parts.Count == 0 || !TryWalk(existing.Parts, existing.Parts.Count - 1, create: false, out List<OpenFolder> source))
        {
            throw Refused(path, $"is a hard link to '{Shown(existing)}', which is not in the image");
        }

        try
        {
            int from = source.Count == 0 ? _root : source[^1].Descriptor;
            string oldName = existing.Parts[^1];
            Enter(path);
            string sourcePath = PathOf(source, oldName);
            string targetPath = PathOf(_entered, path.Parts.Count > 0 ? path.Parts[^1] : "");
            if (sourcePath == targetPath)
            {
                return;
            }

            if (sourcePath.StartsWith(targetPath + "/", StringComparison.Ordinal))
            {
                throw Refused(path, $"is a hard link to '{Shown(existing)}', which lies in it");
            }

            int isFolder = FolderCalls.TryOpen(from, oldName, out int error);
            if (isFolder >= 0)
            {
                FolderCalls.Close(isFolder);
            }

            if (isFolder >= 0 || error == FolderCalls.NoEntry)
            {
                throw Refused(path, $"is a hard link to '{Shown(existing)}', which is {(isFolder >= 0 ? "a folder" : "not in the image")}");
            }

            if (!FolderCalls.TryCreateName(from, oldName, EnterNamed(path), path.Parts[^1]))
            {
                Remove(path);
                if (!FolderCalls.TryCreateName(from, oldName, Enter(path), path.Parts[^1]))
                {
                    throw LeadsThroughItself(path);
                }
            }
        }
        finally
        {
            CloseAll(source);
        }
    }

    /// <summary>Removes a name with all that is in it; a link is removed, not followed. What is not there is no matter.</summary>
    public void Remove(LayerPath path)
    {
        if (path.Parts.Count == 0 || !TryWalk(path.Parts, path.Parts.Count - 1, create: false, out List<OpenFolder> folders))
        {
            return;
        }

        string name = path.Parts[^1];
        int error = FolderCalls.TryRemove(folders.Count == 0 ? _root : folders[^1].Descriptor, name);
        CloseAll(folders);
        if (error == FolderCalls.NoEntry)
        {
            return;
        }

        Leave();
        if (error != 0)
        {
            // The path has no links in it any more, and what is deleted is not followed.
            SlotFolder.Remove(PathOf(folders, name));
        }
    }

    /// <summary>Removes everything in a folder.</summary>
    public void Clear(LayerPath path)
    {
        if (!TryWalk(path.Parts, path.Parts.Count, create: false, out List<OpenFolder> folders))
        {
            return;
        }

        CloseAll(folders);
        Leave();
        foreach (string entry in Directory.EnumerateFileSystemEntries(PathOf(folders, "")))
        {
            SlotFolder.Remove(entry);
        }
    }

    /// <summary>Makes a folder if nothing is there.</summary>
    public void MakeFolder(LayerPath path)
    {
        if (!TryWalk(path.Parts, path.Parts.Count, create: true, out List<OpenFolder> folders))
        {
            throw Refused(path, "is no folder, and commands are to begin there");
        }

        CloseAll(folders);
    }

    /// <summary>Makes all of it durable.</summary>
    public void Flush() => FolderCalls.Flush(_root);

    /// <summary>
    /// Absolute path of the regular file that a path leads to within the image, through links as a run would see them; null: there is none.
    /// </summary>
    public string? FindFile(string path)
    {
        if (!LayerPath.TrySplit(path, out List<string>? parts, out _))
        {
            return null;
        }

        for (int links = 0; links <= ImageLimits.MaxLinksFollowed && parts.Count > 0; links++)
        {
            if (!TryWalk(parts, parts.Count - 1, create: false, out List<OpenFolder> folders))
            {
                return null;
            }

            string? target = FolderCalls.LinkTarget(folders.Count == 0 ? _root : folders[^1].Descriptor, parts[^1]);
            CloseAll(folders);
            if (target is null)
            {
                string found = PathOf(folders, parts[^1]);
                return File.Exists(found) ? found : null;
            }

            if (!LayerPath.TrySplit(target, out List<string>? next, out _))
            {
                return null;
            }

            List<string> from = target.StartsWith('/') ? [] : folders.ConvertAll(static folder => folder.Name);
            parts = [.. from, .. next];
        }

        return null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Leave();
        FolderCalls.Close(_root);
    }

    private static InvalidImageException Refused(LayerPath path, string reason) => new(ImageProblem.Broken($"'{Shown(path)}'", reason));

    /// <summary>A link on the way leads through the very name, so that the way there makes again what was removed.</summary>
    private static InvalidImageException LeadsThroughItself(LayerPath path) => Refused(path, "lies below a link that leads through it");

    private static string Shown(LayerPath path) => SafePath.Quoted(path.ToString());

    private static void CloseAll(List<OpenFolder> folders)
    {
        foreach (OpenFolder folder in folders)
        {
            FolderCalls.Close(folder.Descriptor);
        }
    }

    /// <summary>An open folder of that name, made if there was none; -1: the name is something else.</summary>
    private static int Made(int folder, string name)
    {
        bool isNew = FolderCalls.TryCreateFolder(folder, name);
        int made = FolderCalls.TryOpen(folder, name, out _);
        if (isNew && made >= 0)
        {
            // Whatever this process's own mask says.
            FolderCalls.SetMode(made, FolderMode, name);
        }

        return made;
    }

    private string PathOf(List<OpenFolder> folders, string name) => Path.Combine([_path, .. folders.ConvertAll(static folder => folder.Name), name]);

    private int EnterNamed(LayerPath path) => path.Parts.Count > 0 ? Enter(path) : throw Refused(path, "something that is no folder is called like the root");

    /// <summary>The open folder in which a path's last part lies; missing ones on the way are made. Neighbours in an archive mostly share it, so the last one is kept.</summary>
    private int Enter(LayerPath path)
    {
        string text = path.ToString();
        int slash = text.LastIndexOf('/');
        string parent = slash < 0 ? "" : text[..slash];
        if (parent != _enteredPath)
        {
            Leave();
            if (!TryWalk(path.Parts, Math.Max(0, path.Parts.Count - 1), create: true, out _entered))
            {
                _entered = [];
                throw Refused(path, "lies below something that is no folder");
            }

            _enteredPath = parent;
        }

        return _entered.Count == 0 ? _root : _entered[^1].Descriptor;
    }

    private void Leave()
    {
        CloseAll(_entered);
        _entered = [];
        _enteredPath = null;
    }

    /// <summary>Opens the folders of a path one in the other. False: one is missing, or is none; then nothing stays open.</summary>
    private bool TryWalk(IReadOnlyList<string> parts, int count, bool create, out List<OpenFolder> folders)
    {
        folders = [];
        var ahead = new Stack<string>();
        for (int i = count - 1; i >= 0; i--)
        {
            ahead.Push(parts[i]);
        }

        bool isThere = false;
        try
        {
            int links = 0;
            while (ahead.TryPop(out string? name))
            {
                if (name == "..")
                {
                    Up(folders);
                    continue;
                }

                int at = folders.Count == 0 ? _root : folders[^1].Descriptor;
                int next = FolderCalls.TryOpen(at, name, out int error);
                if (next < 0 && error == FolderCalls.NoEntry && create)
                {
                    next = Made(at, name);
                }

                if (next >= 0)
                {
                    folders.Add(new OpenFolder(name, next));
                    if (folders.Count > ImageLimits.MaxPathDepth || folders.Sum(static folder => Encoding.UTF8.GetByteCount(folder.Name) + 1) > ImageLimits.MaxPathBytes)
                    {
                        throw new InvalidImageException(ImageProblem.Beyond(SafePath.Quoted(string.Join('/', parts)), "leads through links to a path that is too long"));
                    }

                    continue;
                }

                if (FolderCalls.LinkTarget(at, name) is not { } target)
                {
                    return false;
                }

                if (++links > ImageLimits.MaxLinksFollowed || !LayerPath.TrySplit(target, out List<string>? inside, out _))
                {
                    throw new InvalidImageException(ImageProblem.Broken(SafePath.Quoted(string.Join('/', parts)), "leads through links that go in a circle, or nowhere"));
                }

                if (target.StartsWith('/'))
                {
                    CloseAll(folders);
                    folders.Clear();
                }

                for (int i = inside.Count - 1; i >= 0; i--)
                {
                    ahead.Push(inside[i]);
                }
            }

            isThere = true;
            return true;
        }
        finally
        {
            if (!isThere)
            {
                CloseAll(folders);
                folders.Clear();
            }
        }
    }

    /// <summary>Above the root is the root.</summary>
    private static void Up(List<OpenFolder> folders)
    {
        if (folders.Count > 0)
        {
            FolderCalls.Close(folders[^1].Descriptor);
            folders.RemoveAt(folders.Count - 1);
        }
    }

    private readonly record struct OpenFolder(string Name, int Descriptor);
}
