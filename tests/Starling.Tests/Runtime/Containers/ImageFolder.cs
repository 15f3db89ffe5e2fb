using System;
using System.Diagnostics.CodeAnalysis;
using System.IO;
using System.Threading;
using Starling.Core.Images;
using Starling.Core.Primitives;
using Starling.Runtime.Containers;
using Starling.Runtime.Machine;
using Starling.Tests.Runtime.Execution;

namespace Starling.Tests.Runtime.Containers;

/// <summary>A cache of images in a folder of one test; beside it lies what no image may touch.</summary>
internal sealed class ImageFolder : IDisposable
{
    private readonly TestFolder _folder = new();

    public ImageFolder()
    {
        Directory.CreateDirectory(_folder["outside"]);
        File.WriteAllText(Victim, "untouched");
    }

    public string Victim => _folder["outside/victim"];

    public string Outside => _folder["outside"];

    public string Cache => _folder["images"];

    public string Write(string name, byte[] archive)
    {
        File.WriteAllBytes(_folder[name], archive);
        return _folder[name];
    }

    public bool TryUse(byte[] archive, ImageDigest digest, [NotNullWhen(true)] out UnpackedImage? image, [NotNullWhen(false)] out Problem? problem, ImageOptions? options = null) =>
        new ImageCache(Cache, options ?? new ImageOptions()).TryUse(Write("image.tar", archive), digest, NeedsCheck.ThisArch, CancellationToken.None, out image, out problem);

    public UnpackedImage Use(TestImage image)
    {
        Assert.True(TryUse(image.ToOci(), image.Digest, out UnpackedImage? unpacked, out Problem? problem), problem?.ToString());
        return unpacked;
    }

    public string Refused(TestImage image, ImageOptions? options = null, bool keepsOthers = false)
    {
        Assert.False(TryUse(image.ToDocker(), image.Digest, out _, out Problem? problem, options));
        Assert.Equal("untouched", File.ReadAllText(Victim));
        Assert.Equal([Victim], Directory.GetFileSystemEntries(Outside));
        Assert.True(keepsOthers || Directory.GetDirectories(Cache).Length == 0);
        return problem!.ToString();
    }

    public void Dispose() => _folder.Dispose();
}
