using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.IO;
using System.IO.Compression;
using Microsoft.Win32.SafeHandles;
using Starling.Core.Images;
using Starling.Core.Tasks;

namespace Starling.Runtime.Containers;

/// <summary>The archive that an image comes in, as documents and layers by name. One that is packed with gzip is unpacked beside first, into a file that has no name and so goes with this program.</summary>
internal sealed class BlobArchive : IDisposable
{
    private readonly SafeFileHandle _file;
    private readonly Dictionary<string, (long Start, long Length)> _blobs = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _links = new(StringComparer.Ordinal);

    private BlobArchive(SafeFileHandle file)
    {
        _file = file;
        long length = RandomAccess.GetLength(file);
        using var range = new FileRange(file, 0, length);
        var tar = new TarScanner(range, "the archive");
        for (int entries = 0; tar.Next() is { } entry; entries++)
        {
            if (entries == ImageLimits.MaxArchiveEntries)
            {
                throw new InvalidImageException(ImageProblem.Beyond("the archive", $"has more than {ImageLimits.MaxArchiveEntries} entries"));
            }

            Add(entry, range.Position, length);
        }
    }

    /// <summary>Opens an archive, reading where in it what lies.</summary>
    /// <param name="path">The file.</param>
    /// <param name="folder">Where a packed one may be unpacked.</param>
    /// <param name="maxBytes">Bytes that it may unpack to.</param>
    /// <exception cref="InvalidImageException">It is no image.</exception>
    public static BlobArchive Open(string path, string folder, long maxBytes)
    {
        SafeFileHandle? file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        SafeFileHandle? plain = null;
        try
        {
            Packing packing = Unpacking.Of(file, 0);
            if (packing == Packing.Gzip)
            {
                plain = Unpack(file, folder, maxBytes);
            }
            else if (packing != Packing.None)
            {
                throw new InvalidImageException(ImageProblem.Packing("the archive", Unpacking.NameOf(packing)));
            }

            var archive = new BlobArchive(plain ?? file);
            (plain is null ? ref file : ref plain) = null;
            return archive;
        }
        finally
        {
            file?.Dispose();
            plain?.Dispose();
        }
    }

    /// <summary>Whether there is a document or layer of that name.</summary>
    public bool Has(string name) => TryFind(name, out _);

    /// <summary>Where a document or layer lies.</summary>
    /// <exception cref="InvalidImageException">There is none of that name.</exception>
    public (SafeFileHandle File, long Start, long Length) Find(string name) => TryFind(name, out (long Start, long Length) place)
        ? (_file, place.Start, place.Length)
        : throw new InvalidImageException(ImageProblem.Broken("the archive", $"'{SafePath.Quoted(name)}' is missing"));

    /// <summary>Reads a whole document.</summary>
    /// <exception cref="InvalidImageException">There is none, or it is too long.</exception>
    public byte[] ReadDocument(string name)
    {
        (SafeFileHandle file, long start, long length) = Find(name);
        if (length > ImageLimits.MaxDocumentBytes)
        {
            throw new InvalidImageException(ImageProblem.Beyond(SafePath.Quoted(name), $"{length} bytes, and a document has at most {ImageLimits.MaxDocumentBytes}"));
        }

        var document = new byte[length];
        using var range = new FileRange(file, start, length);
        range.ReadExactly(document);
        return document;
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static SafeFileHandle Unpack(SafeFileHandle packed, string folder, long maxBytes)
    {
        Directory.CreateDirectory(folder);
        string path = Path.Combine(folder, $"archive-{Guid.NewGuid():n}.part");
        SafeFileHandle plain = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Delete);
        try
        {
            File.Delete(path);
            using var range = new FileRange(packed, 0, RandomAccess.GetLength(packed));
            using var gzip = new GZipStream(range, CompressionMode.Decompress);
            var buffer = new byte[128 * 1024];
            long total = 0;
            for (int count; (count = gzip.Read(buffer)) > 0; total += count)
            {
                if (total + count > maxBytes)
                {
                    throw new InvalidImageException(ImageProblem.Beyond("the archive", $"unpacks to more than the {maxBytes} bytes that an image may have here"));
                }

                RandomAccess.Write(plain, buffer.AsSpan(0, count), total);
            }

            return plain;
        }
        catch (Exception failure)
        {
            plain.Dispose();
            if (failure is InvalidDataException)
            {
                throw new InvalidImageException(ImageProblem.Broken("the archive", $"cannot be unpacked: {failure.Message.TrimEnd('.')}"));
            }

            throw;
        }
    }

    private void Add(TarEntry entry, long at, long length)
    {
        if (!LayerPath.TryRead(entry.Name, out LayerPath? path, out string? fault))
        {
            throw new InvalidImageException(ImageProblem.Broken("the archive", $"the name '{SafePath.Quoted(entry.Name)}' {fault}"));
        }

        string name = path.ToString();
        if (entry.Kind == TarKind.File)
        {
            if (entry.Size > length - at)
            {
                throw new InvalidImageException(ImageProblem.Broken("the archive", $"ends within '{SafePath.Quoted(name)}': it was not copied whole"));
            }

            _blobs[name] = (at, entry.Size);
        }
        else if (entry.Kind is TarKind.SymbolicLink or TarKind.HardLink)
        {
            // Older versions of 'docker save' and 'podman save' store a layer once and link to it.
            _links[name] = Beside(entry.Kind == TarKind.SymbolicLink ? path : null, entry.Link);
        }
    }

    private static string Beside(LayerPath? link, string target)
    {
        var parts = new List<string>();
        if (!LayerPath.TrySplit(target, out List<string>? split, out _))
        {
            return "";
        }

        if (link is not null && !target.StartsWith('/'))
        {
            for (int i = 0; i < link.Parts.Count - 1; i++)
            {
                parts.Add(link.Parts[i]);
            }
        }

        foreach (string part in split)
        {
            if (part != "..")
            {
                parts.Add(part);
            }
            else if (parts.Count > 0)
            {
                parts.RemoveAt(parts.Count - 1);
            }
        }

        return string.Join('/', parts);
    }

    private bool TryFind(string name, [NotNullWhen(true)] out (long Start, long Length) place)
    {
        place = default;
        string? normal = LayerPath.TryRead(name, out LayerPath? path, out _) ? path.ToString() : null;
        return normal is not null && (_blobs.TryGetValue(normal, out place) || (_links.TryGetValue(normal, out string? target) && _blobs.TryGetValue(target, out place)));
    }
}
