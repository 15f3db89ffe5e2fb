using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;
using Starling.Core.Primitives;

namespace Starling.Core.Images;

/// <summary>
/// Reads the JSON documents of images: OCI index, manifest and configuration (image specification 1.1), Docker's equals, and <c>manifest.json</c> of <c>docker save</c>. Keys that are not known are skipped;
/// doubled keys are refused, since two readers could see two images.
/// </summary>
public static class ImageJson
{
    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = ImageLimits.MaxDocumentDepth, AllowDuplicateProperties = false };

    private static readonly string[] IndexTypes = ["application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json"];
    private static readonly string[] ManifestTypes = ["application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json"];

    private delegate T Reader<T>(JsonElement root);

    /// <summary>Whether a descriptor is that of an index rather than of an image.</summary>
    public static bool IsIndex(ImageDescriptor descriptor)
    {
        ArgumentNullException.ThrowIfNull(descriptor);
        return Array.IndexOf(IndexTypes, descriptor.MediaType) >= 0;
    }

    /// <summary>Reads an index; what it lists beside images (signatures, attestations, other artefacts) is left out.</summary>
    public static bool TryReadIndex(ReadOnlyMemory<byte> json, string where, [NotNullWhen(true)] out ImageIndex? index, [NotNullWhen(false)] out Problem? problem) =>
        TryReadDocument(json, where, static root =>
        {
            var manifests = new List<ImageDescriptor>();
            foreach (JsonElement item in Items(Required(root, "manifests"), "manifests", ImageLimits.MaxManifests))
            {
                if (IsImage(item))
                {
                    manifests.Add(Descriptor(item, "manifests"));
                }
            }

            return manifests.Count > 0 ? new ImageIndex(manifests) : throw new JsonException("manifests: lists no image");
        }, out index, out problem);

    /// <summary>Reads an image's manifest.</summary>
    public static bool TryReadManifest(ReadOnlyMemory<byte> json, string where, [NotNullWhen(true)] out ImageManifest? manifest, [NotNullWhen(false)] out Problem? problem) =>
        TryReadDocument(json, where, static root =>
        {
            var layers = new List<ImageDescriptor>();
            foreach (JsonElement item in Items(Required(root, "layers"), "layers", ImageLimits.MaxLayers))
            {
                layers.Add(Descriptor(item, "layers"));
            }

            return new ImageManifest(Descriptor(Required(root, "config"), "config"), layers);
        }, out manifest, out problem);

    /// <summary>Reads <c>manifest.json</c> of an archive of <c>docker save</c>, which must hold one image.</summary>
    public static bool TryReadDocker(ReadOnlyMemory<byte> json, string where, [NotNullWhen(true)] out DockerManifest? manifest, [NotNullWhen(false)] out Problem? problem) =>
        TryReadDocument(json, where, static root =>
        {
            List<JsonElement> images = Items(root, "the list of images", ImageLimits.MaxManifests);
            if (images.Count != 1)
            {
                throw new JsonException($"holds {images.Count} images: save one alone");
            }

            var layers = new List<string>();
            foreach (JsonElement layer in Items(Required(images[0], "Layers"), "Layers", ImageLimits.MaxLayers))
            {
                layers.Add(Text(layer, "Layers"));
            }

            return new DockerManifest(Text(Required(images[0], "Config"), "Config"), layers);
        }, out manifest, out problem);

    /// <summary>Reads an image's configuration.</summary>
    public static bool TryReadConfig(ReadOnlyMemory<byte> json, string where, [NotNullWhen(true)] out ImageConfig? config, [NotNullWhen(false)] out Problem? problem) =>
        TryReadDocument(json, where, static root =>
        {
            ImagePlatform platform = Platform(root);
            JsonElement rootfs = Required(root, "rootfs");
            var diffIds = new List<ImageDigest>();
            foreach (JsonElement item in Items(Required(rootfs, "diff_ids"), "rootfs.diff_ids", ImageLimits.MaxLayers))
            {
                diffIds.Add(Digest(Text(item, "rootfs.diff_ids"), "rootfs.diff_ids"));
            }

            JsonElement? settings = Optional(root, "config");
            string? folder = settings is { } some && Optional(some, "WorkingDir") is { } given ? Text(given, "config.WorkingDir") : null;
            return new ImageConfig(platform, settings is { } set ? Variables(set) : [], WorkingFolder(folder), diffIds);
        }, out config, out problem);

    /// <summary>The one place where what System.Text.Json throws becomes a problem: wrong JSON, depth, doubled keys, texts that are no Unicode.</summary>
    private static bool TryReadDocument<T>(ReadOnlyMemory<byte> json, string where, Reader<T> read, [NotNullWhen(true)] out T? value, [NotNullWhen(false)] out Problem? problem)
        where T : class
    {
        value = null;
        problem = null;
        if (json.Length > ImageLimits.MaxDocumentBytes)
        {
            problem = ImageProblem.Beyond(where, $"{json.Length} bytes, and a document has at most {ImageLimits.MaxDocumentBytes}");
            return false;
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(json, Strict);
            value = read(document.RootElement);
            return true;
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            problem = ImageProblem.Broken(where, Tasks.SafePath.Quoted(failure.Message.TrimEnd('.')));
            return false;
        }
    }

    /// <summary>Attestations of BuildKit and artefacts of other kinds stand in the same list.</summary>
    private static bool IsImage(JsonElement item)
    {
        string type = Optional(item, "mediaType") is { } media ? Text(media, "mediaType") : "";
        bool isKnown = type.Length == 0 || Array.IndexOf(IndexTypes, type) >= 0 || Array.IndexOf(ManifestTypes, type) >= 0;
        bool isArtefact = Optional(item, "artifactType") is not null;
        bool describesOther = Optional(item, "annotations") is { } notes && Optional(notes, "vnd.docker.reference.type") is not null;
        return isKnown && !isArtefact && !describesOther;
    }

    private static ImagePlatform Platform(JsonElement said) => new(
        Text(Required(said, "os"), "os"), Text(Required(said, "architecture"), "architecture"), Optional(said, "variant") is { } variant ? Text(variant, "variant") : "");

    private static ImageDescriptor Descriptor(JsonElement item, string key)
    {
        ImagePlatform? platform = Optional(item, "platform") is { } said ? Platform(said) : null;
        if (!Required(item, "size").TryGetInt64(out long size) || size < 0)
        {
            throw new JsonException($"{key}: size is no number of bytes");
        }

        return new ImageDescriptor(
            Optional(item, "mediaType") is { } type ? Text(type, "mediaType") : "", Digest(Text(Required(item, "digest"), "digest"), key), size, platform);
    }

    private static List<KeyValuePair<string, string>> Variables(JsonElement config)
    {
        var variables = new List<KeyValuePair<string, string>>();
        if (Optional(config, "Env") is not { } list)
        {
            return variables;
        }

        foreach (JsonElement item in Items(list, "config.Env", ImageLimits.MaxVariables))
        {
            string text = Text(item, "config.Env");
            int equals = text.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                throw new JsonException("config.Env: an entry is not NAME=VALUE");
            }

            variables.Add(new(text[..equals], text[(equals + 1)..]));
        }

        return variables;
    }

    /// <summary>Null for none and for the root, where nothing of the task can be meant.</summary>
    private static string? WorkingFolder(string? folder)
    {
        if (string.IsNullOrEmpty(folder))
        {
            return null;
        }

        if (!LayerPath.TryRead(folder, out LayerPath? path, out string? fault))
        {
            throw new JsonException($"config.WorkingDir: {fault}");
        }

        return path.Parts.Count == 0 ? null : $"/{path}";
    }

    private static ImageDigest Digest(string text, string key) =>
        ImageDigest.TryParse(text, out ImageDigest digest) ? digest : throw new JsonException($"{key}: a digest is not sha256: and 64 hexadecimal digits");

    private static JsonElement Required(JsonElement element, string key) => Optional(element, key) ?? throw new JsonException($"{key} is missing");

    /// <summary>A null counts as missing: Go writes empty lists so.</summary>
    private static JsonElement? Optional(JsonElement element, string key)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            throw new JsonException($"{element.ValueKind} where a map with {key} is due");
        }

        return element.TryGetProperty(key, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;
    }

    private static List<JsonElement> Items(JsonElement element, string key, int max)
    {
        if (element.ValueKind != JsonValueKind.Array)
        {
            throw new JsonException($"{key}: {element.ValueKind} where a list is due");
        }

        if (element.GetArrayLength() > max)
        {
            throw new JsonException($"{key}: has {element.GetArrayLength()} entries, and at most {max} are allowed");
        }

        return [.. element.EnumerateArray()];
    }

    private static string Text(JsonElement element, string key)
    {
        if (element.ValueKind != JsonValueKind.String)
        {
            throw new JsonException($"{key}: {element.ValueKind} where a text is due");
        }

        string text = element.GetString()!;
        return text.Length <= ImageLimits.MaxTextBytes && Encoding.UTF8.GetByteCount(text) <= ImageLimits.MaxTextBytes && !text.Contains('\0', StringComparison.Ordinal)
            ? text
            : throw new JsonException($"{key}: a text is longer than {ImageLimits.MaxTextBytes} bytes, or has a zero byte");
    }
}
