using System;
using System.Diagnostics.CodeAnalysis;
using System.IO;
using System.Linq;
using System.Threading;
using Starling.Core.Images;
using Starling.Core.Primitives;
using Starling.Runtime.Execution;
using Starling.Runtime.Storage;

namespace Starling.Runtime.Containers;

/// <summary>
/// The unpacked images of one owner, by digest: what one process unpacked all others use, and later tasks too. An image appears whole or not at all. A lock beside each image is held shared by whoever uses it, and alone by who makes or removes it; the system
/// gives locks back when a process ends, however it ends.
/// </summary>
/// <param name="folder">Absolute path of the folder of images.</param>
/// <param name="options">What the owner grants.</param>
internal sealed class ImageCache(string folder, ImageOptions options)
{
    private const string LockEnd = ".lock";
    private const string PartEnd = ".part";
    private const string RootName = "root";
    private const string ConfigName = "config.json";

    /// <summary>The owner lists it, and folders above are closed to others: an image may hold what is nobody else's business.</summary>
    private const UnixFileMode OwnersAlone = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(50);

    /// <summary>Absolute path of the folder of images.</summary>
    public string Folder => folder;

    /// <summary>Gets an image ready: at once when it is there already, else by unpacking it. Waits while another process unpacks the same.</summary>
    /// <param name="archive">Absolute path of the archive.</param>
    /// <param name="digest">The image that the task names.</param>
    /// <param name="arch">This machine, such as <c>x64</c>.</param>
    /// <param name="cancel">Ends the waiting and the unpacking.</param>
    /// <param name="image">The image; to be disposed of after the last run.</param>
    /// <param name="problem">Why not.</param>
    /// <exception cref="OperationCanceledException">It was ended.</exception>
    public bool TryUse(
        string archive, ImageDigest digest, string arch, CancellationToken cancel, [NotNullWhen(true)] out UnpackedImage? image, [NotNullWhen(false)] out Problem? problem)
    {
        image = null;
        problem = null;
        string name = $"{digest.Hash}-{arch}";
        try
        {
            Directory.CreateDirectory(folder);
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(folder, OwnersAlone);
            }

            while ((image = Present(name, cancel)) is null)
            {
                using FileStream? mine = TryLock(name, isShared: false);
                if (mine is not null)
                {
                    Unpack(archive, digest, arch, name, cancel);
                }

                _ = cancel.WaitHandle.WaitOne(mine is null ? Patience : TimeSpan.Zero);
                cancel.ThrowIfCancellationRequested();
            }

            return true;
        }
        catch (InvalidImageException failure)
        {
            problem = failure.Problem;
            return false;
        }
        catch (Exception failure) when (StoreProblem.IsOfTheWorld(failure))
        {
            problem = StoreProblem.IsDiskFull(failure)
                ? StoreProblem.OfWrite(failure, folder, 0)
                : StoreProblem.OfAccess(failure, ImageProblem.Code, $"the image cannot be unpacked below {folder}");
            return false;
        }
    }

    /// <summary>Removes what a killed process left half made, and of the images that no process uses those used longest ago, until the owner's bound holds. What can't be removed is left for later.</summary>
    public void Sweep()
    {
        try
        {
            if (!Directory.Exists(folder))
            {
                return;
            }

            foreach (string part in Directory.EnumerateDirectories(folder, $"*{PartEnd}"))
            {
                RemoveIfUnused(Path.GetFileNameWithoutExtension(part), part);
            }

            long kept = 0;
            foreach (DirectoryInfo unused in new DirectoryInfo(folder).EnumerateDirectories().Where(static each => each.Extension.Length == 0).OrderByDescending(LastUse).ToList())
            {
                kept += SizeOf(unused);
                if (kept > options.MaxUnusedBytes)
                {
                    RemoveIfUnused(unused.Name, unused.FullName);
                }
            }
        }
        catch (Exception failure) when (StoreProblem.IsOfTheWorld(failure))
        {
            // Another process sweeps too, or the disk is ill, which the next unpacking tells.
        }
    }

    private DateTime LastUse(DirectoryInfo image) => File.GetLastWriteTimeUtc(Path.Combine(folder, image.Name + LockEnd));

    /// <summary>As it was noted when it was unpacked; reading a million files again would tell the same.</summary>
    private static long SizeOf(DirectoryInfo image)
    {
        string note = Path.Combine(image.FullName, "bytes");
        return File.Exists(note) && long.TryParse(File.ReadAllText(note), out long bytes) ? bytes : 0;
    }

    private void RemoveIfUnused(string name, string path)
    {
        using FileStream? mine = TryLock(name, isShared: false);
        if (mine is not null)
        {
            // Under its own name nobody may see half of it.
            string gone = path.EndsWith(PartEnd, StringComparison.Ordinal) ? path : path + PartEnd;
            if (gone != path)
            {
                SlotFolder.Remove(gone);
                Directory.Move(path, gone);
            }

            SlotFolder.Remove(gone);
        }
    }

    /// <summary>The image if it is there; null: it has to be made, or its maker is at it.</summary>
    private UnpackedImage? Present(string name, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        string path = Path.Combine(folder, name);
        if (!Directory.Exists(path) || TryLock(name, isShared: true) is not { } held)
        {
            return null;
        }

        // It may have been removed before the lock was ours.
        if (!Directory.Exists(path))
        {
            held.Dispose();
            return null;
        }

        File.SetLastWriteTimeUtc(held.Name, DateTime.UtcNow);
        byte[] document = File.ReadAllBytes(Path.Combine(path, ConfigName));
        if (!ImageJson.TryReadConfig(document, ConfigName, out ImageConfig? config, out Problem? problem))
        {
            held.Dispose();
            throw new InvalidImageException(problem with { Hint = $"Delete {path}: it is made again." });
        }

        return new UnpackedImage(Path.Combine(path, RootName), new ImageDigest(Hash256.Of(document)), config, held);
    }

    /// <summary>The lock of an image; null: somebody else has it in a way that keeps us out.</summary>
    private FileStream? TryLock(string name, bool isShared)
    {
        string path = Path.Combine(folder, name + LockEnd);
        try
        {
            using (File.Open(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite))
            {
            }

            // .NET makes these a shared and an exclusive flock(2).
            return new FileStream(path, FileMode.Open, FileAccess.Read, isShared ? FileShare.Read : FileShare.None, 1);
        }
        catch (IOException failure) when (FolderLock.IsHeldElsewhere(failure))
        {
            return null;
        }
    }

    /// <summary>Under the lock.</summary>
    private void Unpack(string archive, ImageDigest digest, string arch, string name, CancellationToken cancel)
    {
        string whole = Path.Combine(folder, name);
        if (Directory.Exists(whole))
        {
            return;
        }

        string part = whole + PartEnd;
        SlotFolder.Remove(part);
        string rootPath = Path.Combine(part, RootName);
        Directory.CreateDirectory(rootPath);
        try
        {
            if (!ImageArchive.TryOpen(archive, folder, options, out ImageArchive? image, out Problem? problem))
            {
                throw new InvalidImageException(problem);
            }

            using (image)
            {
                if (image.Digest != digest)
                {
                    throw new InvalidImageException(ImageProblem.Another(image.Digest, digest));
                }

                Lay(image, image.Select(arch), part, rootPath, arch, cancel);
            }

            Directory.Move(part, whole);
            NativeFiles.FlushFolder(folder);
        }
        catch
        {
            SlotFolder.TryRemove(part);
            throw;
        }
    }

    private void Lay(ImageArchive archive, SelectedImage image, string part, string rootPath, string arch, CancellationToken cancel)
    {
        using var root = new RootTree(rootPath);
        var unpacker = new ImageUnpacker(archive, rootPath, options.MaxImageBytes, cancel);
        unpacker.Unpack(image, root);
        if (image.Config.WorkingFolder is { } working && LayerPath.TryRead(working, out LayerPath? folder, out _))
        {
            // As engines do where the image does not have it.
            root.MakeFolder(folder);
        }

        if (ImageShell.Missing(root, arch) is { } problem)
        {
            throw new InvalidImageException(problem);
        }

        int mounts = Directory.GetFileSystemEntries(rootPath).Length;
        if (new DirectoryInfo(Path.Combine(rootPath, "etc")) is { Exists: true, LinkTarget: null } settings)
        {
            mounts += settings.GetFileSystemInfos().Length;
        }

        if (mounts > ImageLimits.MaxMounts)
        {
            throw new InvalidImageException(new Problem(
                ImageProblem.Code,
                $"image: it has {mounts} files and folders in its root and in /etc, and more than {ImageLimits.MaxMounts} can't be shown to a run",
                "Put what the task needs into folders of its own, such as /usr/share/NAME."));
        }

        File.WriteAllBytes(Path.Combine(part, ConfigName), image.Document);
        File.WriteAllText(Path.Combine(part, "bytes"), unpacker.Bytes.ToString(System.Globalization.CultureInfo.InvariantCulture));

        // One call for all files: after a power failure, what has its name is whole.
        root.Flush();
    }
}
