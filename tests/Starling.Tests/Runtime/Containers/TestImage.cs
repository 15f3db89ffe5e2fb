using System;
using System.Collections.Generic;
using System.Linq;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Starling.Core.Images;

namespace Starling.Tests.Runtime.Containers;

/// <summary>An image as a test writes it, in either form; what a test wants broken it changes in <see cref="Config"/> or by <see cref="Change"/>.</summary>
internal sealed class TestImage(params byte[][] layers)
{
    public static readonly string Arch = System.Runtime.InteropServices.RuntimeInformation.OSArchitecture == System.Runtime.InteropServices.Architecture.Arm64 ? "arm64" : "amd64";

    private readonly byte[][] _layers = layers;

    public TestImage(params TestLayer[] layers)
        : this([.. layers.Select(layer => layer.ToBytes())])
    {
    }

    public string Architecture { get; init; } = Arch;

    public string[] Env { get; init; } = ["PATH=/bin"];

    public string? WorkingFolder { get; init; }

    public bool Packs { get; init; }

    /// <summary>Gets each file of the archive, and may give another content; null: leave it out.</summary>
    public Func<string, byte[], byte[]?> Change { get; init; } = static (_, content) => content;

    public byte[] Config => Encoding.UTF8.GetBytes(new JsonObject
    {
        ["architecture"] = Architecture,
        ["os"] = "linux",
        ["config"] = new JsonObject { ["Env"] = new JsonArray([.. Env.Select(each => (JsonNode)each)]), ["WorkingDir"] = WorkingFolder, ["User"] = "nobody" },
        ["rootfs"] = new JsonObject { ["type"] = "layers", ["diff_ids"] = new JsonArray([.. _layers.Select(layer => (JsonNode)DigestOf(layer))]) },
    }.ToJsonString());

    public ImageDigest Digest => ImageDigest.TryParse(DigestOf(Config), out ImageDigest digest) ? digest : throw new InvalidOperationException();

    public static string DigestOf(byte[] bytes) => $"sha256:{Convert.ToHexStringLower(SHA256.HashData(bytes))}";

    /// <summary>What <c>docker save</c> writes.</summary>
    public byte[] ToDocker()
    {
        var names = _layers.Select((layer, index) => $"{index}/layer.tar").ToArray();
        var manifest = new JsonArray(new JsonObject
        {
            ["Config"] = "config.json",
            ["RepoTags"] = new JsonArray("test:1"),
            ["Layers"] = new JsonArray([.. names.Select(name => (JsonNode)name)]),
        });
        var files = new List<(string, byte[])>();
        files.AddRange(names.Select((name, index) => (name, Stored(_layers[index]))));
        files.Add(("config.json", Config));
        files.Add(("manifest.json", Encoding.UTF8.GetBytes(manifest.ToJsonString())));
        return Pack(files);
    }

    /// <summary>An OCI image layout.</summary>
    public byte[] ToOci()
    {
        var files = new List<(string, byte[])>();
        JsonObject image = AddTo(files);
        return Pack([.. files, ("oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}"u8.ToArray()), ("index.json", IndexOf(image))]);
    }

    /// <summary>An OCI image layout with images for several platforms, named through one index.</summary>
    public static (byte[] Archive, ImageDigest Digest) ToOci(params TestImage[] platforms)
    {
        var files = new List<(string, byte[])>();
        JsonObject[] images = [.. platforms.Select(image => image.AddTo(files))];
        for (int i = 0; i < images.Length; i++)
        {
            images[i]["platform"] = new JsonObject { ["os"] = "linux", ["architecture"] = platforms[i].Architecture };
        }

        var note = (JsonObject)images[0].DeepClone();
        note["annotations"] = new JsonObject { ["vnd.docker.reference.type"] = "attestation-manifest" };
        note["platform"] = new JsonObject { ["os"] = "unknown", ["architecture"] = "unknown" };
        byte[] inner = IndexOf([.. images, note]);
        files.Add(($"blobs/sha256/{DigestOf(inner)[7..]}", inner));
        var outer = new JsonObject { ["mediaType"] = "application/vnd.oci.image.index.v1+json", ["digest"] = DigestOf(inner), ["size"] = inner.Length };
        files.Add(("index.json", IndexOf(outer)));
        _ = ImageDigest.TryParse(DigestOf(inner), out ImageDigest digest);
        return (platforms[0].Pack(files), digest);
    }

    private static byte[] IndexOf(params JsonObject[] manifests) => Encoding.UTF8.GetBytes(new JsonObject { ["schemaVersion"] = 2, ["manifests"] = new JsonArray([.. manifests]) }.ToJsonString());

    private byte[] Stored(byte[] layer) => Packs ? TestLayer.Gzip(layer) : layer;

    private JsonObject AddTo(List<(string, byte[])> files)
    {
        JsonObject Add(string type, byte[] content)
        {
            files.Add(($"blobs/sha256/{DigestOf(content)[7..]}", content));
            return new JsonObject { ["mediaType"] = type, ["digest"] = DigestOf(content), ["size"] = content.Length };
        }

        byte[] manifest = Encoding.UTF8.GetBytes(new JsonObject
        {
            ["schemaVersion"] = 2,
            ["config"] = Add("application/vnd.oci.image.config.v1+json", Config),
            ["layers"] = new JsonArray([.. _layers.Select(layer => (JsonNode)Add("application/vnd.oci.image.layer.v1.tar", Stored(layer)))]),
        }.ToJsonString());
        return Add("application/vnd.oci.image.manifest.v1+json", manifest);
    }

    private byte[] Pack(List<(string Name, byte[] Content)> files)
    {
        var archive = new TestLayer();
        foreach ((string name, byte[] content) in files)
        {
            if (Change(name, content) is { } changed)
            {
                archive.File(name, changed);
            }
        }

        return archive.ToBytes();
    }
}
