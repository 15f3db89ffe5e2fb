using System;
using System.Collections.Generic;
using System.IO;
using System.Threading;
using Microsoft.Win32.SafeHandles;
using Starling.Core.Images;
using Starling.Core.Primitives;
using Starling.Core.Tasks;

namespace Starling.Runtime.Containers;

/// <summary>
/// Lays the layers of an image on each other in an empty folder. Each layer is read twice: the first time nothing is written, its digest and every entry are checked, and what it removes from lower layers is gathered, wherever in it that stands; the second
/// time it is laid down. Devices and pipes are left out: a run has its own, and no ordinary user could make them.
/// </summary>
internal sealed class ImageUnpacker
{
    /// <summary>What removes something from lower layers, in one layer.</summary>
    public const int MaxWhiteouts = 100_000;

    private const int CopyBuffer = 128 * 1024;

    private readonly ImageArchive _archive;
    private readonly string _folder;
    private readonly CancellationToken _cancel;
    private readonly byte[] _buffer = new byte[CopyBuffer];
    private long _bytesLeft;
    private int _entriesLeft = ImageLimits.MaxEntries;

    /// <param name="archive">Where the layers lie.</param>
    /// <param name="folder">Absolute path of the root's folder, whose disk must have room.</param>
    /// <param name="maxBytes">Bytes that all may unpack to.</param>
    /// <param name="cancel">Ends it.</param>
    public ImageUnpacker(ImageArchive archive, string folder, long maxBytes, CancellationToken cancel)
    {
        _archive = archive;
        _folder = folder;
        _bytesLeft = maxBytes;
        _cancel = cancel;
    }

    /// <summary>Bytes of the layers as plain archives.</summary>
    public long Bytes { get; private set; }

    /// <summary>Unpacks.</summary>
    /// <exception cref="InvalidImageException">The image is broken, or goes beyond a bound.</exception>
    /// <exception cref="IOException">The disk.</exception>
    /// <exception cref="OperationCanceledException">It was ended.</exception>
    public void Unpack(SelectedImage image, RootTree root)
    {
        foreach (ImageLayer layer in image.Layers)
        {
            Unpack(layer, root);
        }
    }

    private void Unpack(ImageLayer layer, RootTree root)
    {
        var removed = new List<(LayerPath Folder, Whiteout What)>();
        long bytes = _archive.Read(layer, _bytesLeft, (entry, _) => Look(layer, entry, removed));
        _bytesLeft -= bytes;
        Bytes += bytes;
        long free = new DriveInfo(_folder).AvailableFreeSpace;
        if (free < bytes)
        {
            throw new InvalidImageException(new Problem(
                "disk-full", $"the image's {layer.Name} unpacks to {bytes} bytes, and {free} are free where {_folder} lies", "Free that much there, or set STARLING_HOME to a folder on a larger disk."));
        }

        foreach ((LayerPath folder, Whiteout what) in removed)
        {
            if (what.Kind == WhiteoutKind.Opaque)
            {
                root.Clear(folder);
            }
            else
            {
                root.Remove(folder.With(what.Name));
            }
        }

        // Digests are compared again: a file that changes between both readings is not believed.
        _archive.Read(layer, bytes, (entry, content) => Lay(layer, entry, content, root));
    }

    /// <summary>The first reading.</summary>
    private void Look(ImageLayer layer, TarEntry entry, List<(LayerPath, Whiteout)> removed)
    {
        _cancel.ThrowIfCancellationRequested();
        if (--_entriesLeft < 0)
        {
            throw new InvalidImageException(ImageProblem.Beyond(layer.Name, $"the image has more than {ImageLimits.MaxEntries} entries"));
        }

        (LayerPath path, Whiteout what) = PathOf(layer, entry);
        if (what.Kind is WhiteoutKind.Removed or WhiteoutKind.Opaque)
        {
            removed.Add((path.Parent, what));
            if (removed.Count > MaxWhiteouts)
            {
                throw new InvalidImageException(ImageProblem.Beyond(layer.Name, $"removes more than {MaxWhiteouts} names"));
            }
        }
    }

    /// <summary>The second reading.</summary>
    private void Lay(ImageLayer layer, TarEntry entry, TarScanner content, RootTree root)
    {
        _cancel.ThrowIfCancellationRequested();
        (LayerPath path, Whiteout what) = PathOf(layer, entry);
        if (what.Kind != WhiteoutKind.None)
        {
            return;
        }

        switch (entry.Kind)
        {
            case TarKind.Folder:
                root.AddFolder(path);
                break;
            case TarKind.File:
                root.AddFile(path, entry.Mode, entry.Modified, file => Copy(content, file));
                break;
            case TarKind.SymbolicLink:
                root.AddLink(path, entry.Link, entry.Modified);
                break;
            case TarKind.HardLink:
                root.AddName(path, LayerPath.TryRead(entry.Link, out LayerPath? existing, out string? fault) ? existing : throw Wrong(layer, entry.Link, fault));
                break;
        }
    }

    private static (LayerPath Path, Whiteout What) PathOf(ImageLayer layer, TarEntry entry)
    {
        if (!LayerPath.TryRead(entry.Name, out LayerPath? path, out string? fault))
        {
            throw Wrong(layer, entry.Name, fault);
        }

        if (path.Parts.Count == 0)
        {
            return (path, default);
        }

        if (!Whiteout.TryRead(path.Parts[^1], out Whiteout what, out fault))
        {
            throw Wrong(layer, entry.Name, fault);
        }

        // What a link points to may be anything that a name can hold: it is resolved within the root.
        return entry.Kind != TarKind.SymbolicLink || (entry.Link.Length > 0 && LayerPath.TrySplit(entry.Link, out _, out fault)) ? (path, what) : throw Wrong(layer, entry.Link, fault ?? "is empty");
    }

    private static InvalidImageException Wrong(ImageLayer layer, string name, string fault) => new(ImageProblem.Broken(layer.Name, $"the name '{SafePath.Quoted(name)}' {fault}"));

    private void Copy(TarScanner content, SafeFileHandle file)
    {
        long at = 0;
        for (int count; (count = content.Read(_buffer)) > 0; at += count)
        {
            _cancel.ThrowIfCancellationRequested();
            RandomAccess.Write(file, _buffer.AsSpan(0, count), at);
        }
    }
}
