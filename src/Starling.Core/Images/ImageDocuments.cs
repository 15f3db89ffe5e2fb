using System.Collections.Generic;
using Starling.Core.Primitives;

namespace Starling.Core.Images;

/// <summary>Which machines an image is for, in the words of Go that the OCI specification uses.</summary>
/// <param name="Os">Such as <c>linux</c>.</param>
/// <param name="Architecture">Such as <c>amd64</c> or <c>arm64</c>.</param>
/// <param name="Variant">Such as <c>v8</c>; empty: not said.</param>
public sealed record ImagePlatform(string Os, string Architecture, string Variant = "")
{
    /// <summary>Whether it is for Linux on <paramref name="arch"/>, in this program's words (<c>x64</c>, <c>arm64</c>, …).</summary>
    public bool Fits(string arch) => Os == "linux" && ArchOf(Architecture) == arch;

    /// <summary>This program's word for an architecture of Go; the same word where there is no other.</summary>
    public static string ArchOf(string architecture) => architecture switch
    {
        "amd64" => "x64",
        "386" => "x86",
        _ => architecture,
    };

    /// <inheritdoc/>
    public override string ToString() => Variant.Length == 0 ? $"{Os}/{Architecture}" : $"{Os}/{Architecture}/{Variant}";
}

/// <summary>What one document says of another, or of a layer (OCI descriptor).</summary>
/// <param name="MediaType">Its kind; empty: not said.</param>
/// <param name="Digest">Its name.</param>
/// <param name="Size">Its bytes.</param>
/// <param name="Platform">Which machines it is for; null: not said.</param>
public sealed record ImageDescriptor(string MediaType, ImageDigest Digest, long Size, ImagePlatform? Platform);

/// <summary>A list of images, for several platforms or of several names. What signs or describes other images is left out.</summary>
/// <param name="Manifests">The images, at least one.</param>
public sealed record ImageIndex(IReadOnlyList<ImageDescriptor> Manifests)
{
    /// <summary>The first image for Linux on <paramref name="arch"/>; null, and the problem says for what there are some.</summary>
    public ImageDescriptor? Choose(string arch, out Problem? problem)
    {
        problem = null;
        var platforms = new List<string>();
        foreach (ImageDescriptor manifest in Manifests)
        {
            if (manifest.Platform?.Fits(arch) == true)
            {
                return manifest;
            }

            platforms.Add(manifest.Platform?.ToString() ?? "machines that it does not name");
        }

        problem = ImageProblem.OtherPlatform(string.Join(", ", platforms), arch);
        return null;
    }

    /// <summary>Whether its images differ in nothing but the platform.</summary>
    public bool IsOfPlatforms
    {
        get
        {
            var seen = new HashSet<ImagePlatform>();
            foreach (ImageDescriptor manifest in Manifests)
            {
                if (manifest.Platform is not { } platform || !seen.Add(platform))
                {
                    return false;
                }
            }

            return true;
        }
    }
}

/// <summary>An image: its configuration, and the layers in the order in which they are laid on each other.</summary>
/// <param name="Config">Its configuration.</param>
/// <param name="Layers">Its layers as they are stored, compressed or not.</param>
public sealed record ImageManifest(ImageDescriptor Config, IReadOnlyList<ImageDescriptor> Layers);

/// <summary>The image in an archive of <c>docker save</c> or <c>podman save</c>: the names of its parts in the archive.</summary>
/// <param name="Config">Path of its configuration.</param>
/// <param name="Layers">Paths of its layers, lowest first.</param>
public sealed record DockerManifest(string Config, IReadOnlyList<string> Layers);

/// <summary>What an image says of how to run it. <c>User</c>, <c>Entrypoint</c>, <c>Cmd</c> and <c>Volumes</c> are not used: a run is the task's command, under a user without rights.</summary>
/// <param name="Platform">Which machines it is for.</param>
/// <param name="Variables">Variables of the environment, in order.</param>
/// <param name="WorkingFolder">Absolute path in the image in which commands begin; null: not said.</param>
/// <param name="DiffIds">Digests of the layers as plain tar archives, lowest first.</param>
public sealed record ImageConfig(
    ImagePlatform Platform, IReadOnlyList<KeyValuePair<string, string>> Variables, string? WorkingFolder, IReadOnlyList<ImageDigest> DiffIds);
