using System;
using System.Globalization;
using System.IO;
using Starling.Runtime.Storage;

namespace Starling.Runtime.Execution;

/// <summary>
/// A folder that one run after another gets empty. Making and removing a folder for each run would cost a tenth of a short run; looking
/// whether it is empty costs nearly nothing. What can't be emptied is left behind, and another folder takes its place.
/// </summary>
internal sealed class SlotFolder
{
    private const int MaxVersions = 1_000;
    private const UnixFileMode OwnersRights = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private readonly string _stem;
    private int _version;
    private bool _clean;

    /// <param name="stem">Absolute path; later versions get a number behind it.</param>
    public SlotFolder(string stem)
    {
        _stem = stem;
        Path = stem;
    }

    /// <summary>Absolute path of the present folder.</summary>
    public string Path { get; private set; }

    /// <summary>Whether something is in it. A folder that is gone, or is none any more, counts as not empty.</summary>
    public bool IsEmpty()
    {
        try
        {
            foreach (string _ in Directory.EnumerateFileSystemEntries(Path))
            {
                return false;
            }

            return true;
        }
        catch (Exception failure) when (StoreProblem.IsOfTheWorld(failure))
        {
            return false;
        }
    }

    /// <summary>Gives it to a run: it exists and is empty, and from now on counts as used.</summary>
    /// <exception cref="IOException">No folder can be made there.</exception>
    /// <exception cref="UnauthorizedAccessException">No folder may be made there.</exception>
    public string Use()
    {
        if (!_clean)
        {
            Empty();
        }

        _clean = false;
        return Path;
    }

    /// <summary>Makes it exist and be empty.</summary>
    /// <exception cref="IOException">No folder can be made there.</exception>
    /// <exception cref="UnauthorizedAccessException">No folder may be made there.</exception>
    public void Empty()
    {
        _clean = true;
        if (IsEmpty() && IsItsOwners())
        {
            return;
        }

        _clean = false;

        while (!TryRemove(Path))
        {
            if (_version == MaxVersions)
            {
                throw new IOException($"{_stem} and {MaxVersions} folders in its place can't be emptied");
            }

            _version++;
            Path = string.Create(CultureInfo.InvariantCulture, $"{_stem}-{_version}");
        }

        Directory.CreateDirectory(Path);
        _clean = true;
    }

    // A run may have taken the rights to it from whoever runs next.
    private bool IsItsOwners() => OperatingSystem.IsWindows() || (File.GetUnixFileMode(Path) & OwnersRights) == OwnersRights;

    /// <summary>Moves it away as a whole; the next <see cref="Empty"/> makes a new one.</summary>
    /// <exception cref="IOException">The target exists, or can't be made.</exception>
    public void MoveTo(string target) => Directory.Move(Path, target);

    /// <summary>Like <see cref="Remove"/>; false when something in it can't be deleted (a path too long, a folder without write access).</summary>
    public static bool TryRemove(string path)
    {
        try
        {
            Remove(path);
            return true;
        }
        catch (Exception failure) when (StoreProblem.IsOfTheWorld(failure))
        {
            return false;
        }
    }

    /// <summary>Deletes a folder with all that is in it, or whatever else has its name; a link is deleted, not followed.</summary>
    /// <exception cref="IOException">Something in it can't be deleted.</exception>
    public static void Remove(string path)
    {
        var entry = new FileInfo(path);
        if (entry.LinkTarget is not null || entry.Exists)
        {
            entry.Delete();
        }
        else if (Directory.Exists(path))
        {
            if (OperatingSystem.IsLinux())
            {
                HostileTree.Delete(path);
            }
            else
            {
                Directory.Delete(path, recursive: true);
            }
        }
    }
}
