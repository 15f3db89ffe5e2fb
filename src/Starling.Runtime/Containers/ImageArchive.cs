using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.IO;
using Starling.Core.Images;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Runtime.Storage;

namespace Starling.Runtime.Containers;

/// <summary>
/// An image in a file: an OCI image layout or what <c>docker save</c> and <c>podman save</c> write, as a tar archive, plain or packed with gzip. Every document is compared with the digest by which it is named; layers are when they are read.
/// </summary>
internal sealed class ImageArchive : IDisposable
{
    private const string OciIndex = "index.json";
    private const string DockerIndex = "manifest.json";

    private readonly BlobArchive _blobs;
    private readonly ImageIndex? _platforms;
    private readonly SelectedImage? _only;

    private ImageArchive(BlobArchive blobs)
    {
        _blobs = blobs;
        if (blobs.Has(OciIndex))
        {
            (_only, _platforms, Digest) = ReadOci();
        }
        else if (blobs.Has(DockerIndex))
        {
            _only = ReadDocker();
            Digest = _only.ConfigDigest;
        }
        else
        {
            throw new InvalidImageException(ImageProblem.Broken("the archive", $"has neither {OciIndex} nor {DockerIndex}: it is no image"));
        }
    }

    /// <summary>
    /// What the image is called by its content: the digest of its configuration, which covers every layer (Docker and Podman call it the image's ID); of an image for several platforms the digest of the index that lists them.
    /// </summary>
    public ImageDigest Digest { get; }

    /// <summary>Opens an image.</summary>
    /// <param name="path">The archive.</param>
    /// <param name="folder">Where an archive that is packed as a whole may be unpacked.</param>
    /// <param name="options">What the owner grants.</param>
    /// <param name="image">The image; its layers are not read yet.</param>
    /// <param name="problem">Why it is none.</param>
    public static bool TryOpen(string path, string folder, ImageOptions options, [NotNullWhen(true)] out ImageArchive? image, [NotNullWhen(false)] out Problem? problem)
    {
        image = null;
        problem = null;
        BlobArchive? blobs = null;
        try
        {
            if (Directory.Exists(path))
            {
                problem = new Problem(ImageProblem.Code, $"image: '{SafePath.Quoted(path)}' is a folder, not an archive", "Pack it: 'tar -C FOLDER -cf image.tar .'.");
                return false;
            }

            blobs = BlobArchive.Open(path, folder, options.MaxImageBytes);
            image = new ImageArchive(blobs);
            return true;
        }
        catch (InvalidImageException failure)
        {
            problem = failure.Problem;
        }
        catch (Exception failure) when (StoreProblem.IsOfTheWorld(failure))
        {
            problem = StoreProblem.IsDiskFull(failure)
                ? StoreProblem.OfWrite(failure, folder, 0)
                : StoreProblem.OfAccess(failure, ImageProblem.Code, $"image: '{SafePath.Quoted(path)}' cannot be read");
        }

        if (image is null)
        {
            blobs?.Dispose();
        }

        return false;
    }

    /// <summary>For which machines it is; null: for several.</summary>
    public ImagePlatform? Platform => _only?.Config.Platform;

    /// <summary>What a task needs to know of an image in a file.</summary>
    /// <param name="path">The archive.</param>
    /// <param name="digest">What it is called by its content.</param>
    /// <param name="platform">For which machines it is; null: for several.</param>
    /// <param name="problem">Why it is none.</param>
    public static bool TryReadFacts(string path, out ImageDigest digest, out ImagePlatform? platform, [NotNullWhen(false)] out Problem? problem)
    {
        digest = default;
        platform = null;
        if (!TryOpen(path, Path.GetTempPath(), new ImageOptions(), out ImageArchive? image, out problem))
        {
            return false;
        }

        digest = image.Digest;
        platform = image.Platform;
        image.Dispose();
        return true;
    }

    /// <summary>The image for Linux on <paramref name="arch"/>.</summary>
    /// <exception cref="InvalidImageException">There is none, or it is broken.</exception>
    public SelectedImage Select(string arch)
    {
        SelectedImage image = _only ?? ReadManifest(_platforms!.Choose(arch, out Problem? problem) ?? throw new InvalidImageException(problem!));
        return image.Config.Platform.Fits(arch) ? image : throw new InvalidImageException(ImageProblem.OtherPlatform(image.Config.Platform.ToString(), arch));
    }

    /// <summary>Reads a layer (<see cref="ImageLayer.Read"/>).</summary>
    public long Read(ImageLayer layer, long maxBytes, LayerEntryTaker take) => layer.Read(_blobs, maxBytes, take);

    /// <inheritdoc/>
    public void Dispose() => _blobs.Dispose();

    private static T Valid<T>(bool isRead, T? value, Problem? problem)
        where T : class => isRead ? value! : throw new InvalidImageException(problem!);

    private static string BlobOf(ImageDigest digest) => $"blobs/sha256/{digest.Hash}";

    private static ImageIndex IndexOf(ReadOnlyMemory<byte> json, string where) => Valid(ImageJson.TryReadIndex(json, where, out ImageIndex? index, out Problem? problem), index, problem);

    private (SelectedImage? Only, ImageIndex? Platforms, ImageDigest Digest) ReadOci()
    {
        byte[] document = _blobs.ReadDocument(OciIndex);
        ImageIndex index = IndexOf(document, OciIndex);
        if (index.Manifests.Count > 1 && !index.IsOfPlatforms)
        {
            throw new InvalidImageException(ImageProblem.Broken("the archive", $"holds {index.Manifests.Count} images: save one alone"));
        }

        var digest = new ImageDigest(Hash256.Of(document));
        for (int depth = 1; index.Manifests.Count == 1; depth++)
        {
            ImageDescriptor only = index.Manifests[0];
            if (!ImageJson.IsIndex(only))
            {
                SelectedImage image = ReadManifest(only);
                return (image, null, image.ConfigDigest);
            }

            if (depth == ImageLimits.MaxIndexDepth)
            {
                throw new InvalidImageException(ImageProblem.Beyond("the archive", $"has more than {ImageLimits.MaxIndexDepth} indexes within each other"));
            }

            digest = only.Digest;
            index = IndexOf(ReadNamed(only), only.Digest.ToString());
        }

        return (null, index, digest);
    }

    private SelectedImage ReadManifest(ImageDescriptor descriptor)
    {
        string where = descriptor.Digest.ToString();
        ImageManifest manifest = Valid(ImageJson.TryReadManifest(ReadNamed(descriptor), where, out ImageManifest? read, out Problem? problem), read, problem);
        byte[] config = ReadNamed(manifest.Config);
        var layers = new List<(string, ImageDigest?, long?)>();
        foreach (ImageDescriptor layer in manifest.Layers)
        {
            layers.Add((BlobOf(layer.Digest), layer.Digest, layer.Size));
        }

        return Selected(config, layers);
    }

    private SelectedImage ReadDocker()
    {
        DockerManifest manifest = Valid(ImageJson.TryReadDocker(_blobs.ReadDocument(DockerIndex), DockerIndex, out DockerManifest? read, out Problem? problem), read, problem);
        var layers = new List<(string, ImageDigest?, long?)>();
        foreach (string layer in manifest.Layers)
        {
            layers.Add((layer, null, null));
        }

        return Selected(_blobs.ReadDocument(manifest.Config), layers);
    }

    private SelectedImage Selected(byte[] document, List<(string Blob, ImageDigest? Stored, long? Length)> stored)
    {
        ImageConfig config = Valid(ImageJson.TryReadConfig(document, "the configuration", out ImageConfig? read, out Problem? problem), read, problem);
        if (config.DiffIds.Count != stored.Count)
        {
            throw new InvalidImageException(ImageProblem.Broken("the configuration", $"names {config.DiffIds.Count} layers, and the archive holds {stored.Count}"));
        }

        var layers = new List<ImageLayer>();
        for (int i = 0; i < stored.Count; i++)
        {
            (_, _, long length) = _blobs.Find(stored[i].Blob);
            if (stored[i].Length is { } told && told != length)
            {
                throw new InvalidImageException(ImageProblem.Broken($"layer {i + 1}", $"has {length} bytes, and the manifest says {told}"));
            }

            layers.Add(new ImageLayer(stored[i].Blob, stored[i].Stored, config.DiffIds[i], $"layer {i + 1}"));
        }

        return new SelectedImage(new ImageDigest(Hash256.Of(document)), document, config, layers);
    }

    /// <summary>A document that another one names by its digest.</summary>
    private byte[] ReadNamed(ImageDescriptor descriptor)
    {
        byte[] document = _blobs.ReadDocument(BlobOf(descriptor.Digest));
        var digest = new ImageDigest(Hash256.Of(document));
        return digest == descriptor.Digest
            ? document
            : throw new InvalidImageException(ImageProblem.Broken(descriptor.Digest.ToString(), $"is {digest} in truth: the archive is damaged"));
    }
}

/// <summary>The image for one platform.</summary>
/// <param name="ConfigDigest">Digest of its configuration: the image's ID.</param>
/// <param name="Document">The configuration as it is stored.</param>
/// <param name="Config">What it says.</param>
/// <param name="Layers">Its layers, lowest first.</param>
internal sealed record SelectedImage(ImageDigest ConfigDigest, byte[] Document, ImageConfig Config, IReadOnlyList<ImageLayer> Layers);
