using System;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Primitives;
using Starling.Runtime.Containers;
using Starling.Runtime.Machine;

namespace Starling.Tests.Runtime.Containers;

public sealed class ImageCacheTests : IDisposable
{
    private readonly ImageFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void An_image_is_unpacked_once_for_all_who_ask()
    {
        var image = new TestImage(Busybox.FakeShell.File("a", "1"));
        string archive = _folder.Write("image.tar", image.ToOci());
        var stamps = new string[8];
        Parallel.For(0, stamps.Length, new ParallelOptions { MaxDegreeOfParallelism = stamps.Length }, i =>
        {
            // Each as a process of its own would: locks are those of the file, not of the object.
            var cache = new ImageCache(_folder.Cache, new ImageOptions());
            Assert.True(cache.TryUse(archive, image.Digest, NeedsCheck.ThisArch, CancellationToken.None, out UnpackedImage? unpacked, out Problem? problem), problem?.ToString());
            using (unpacked)
            {
                // A second unpacking would have made another file.
                stamps[i] = $"{unpacked.Root} {Directory.GetCreationTimeUtc(unpacked.Root).Ticks}";
            }
        });
        Assert.Single(stamps.Distinct());
    }

    [Fact]
    public void What_is_there_needs_no_archive_any_more()
    {
        var image = new TestImage(Busybox.FakeShell);
        _folder.Use(image).Dispose();
        Assert.True(_folder.TryUse([], image.Digest, out UnpackedImage? again, out _));
        again.Dispose();
    }

    [Fact]
    public void What_a_killed_process_left_is_swept_and_does_not_count()
    {
        var image = new TestImage(Busybox.FakeShell);
        string part = Path.Combine(_folder.Cache, $"{image.Digest.Hash}-{NeedsCheck.ThisArch}.part");
        Directory.CreateDirectory(Path.Combine(part, "root", "bin"));
        using (UnpackedImage unpacked = _folder.Use(image))
        {
            Assert.True(File.Exists(Path.Combine(unpacked.Root, "bin/sh")));
            Assert.False(Directory.Exists(part));
        }

        string other = Path.Combine(_folder.Cache, $"{new string('0', 64)}-x64.part");
        Directory.CreateDirectory(Path.Combine(other, "root"));
        new ImageCache(_folder.Cache, new ImageOptions()).Sweep();
        Assert.False(Directory.Exists(other));
    }

    [Fact]
    public void Beyond_the_bound_what_nobody_uses_goes_the_oldest_first()
    {
        TestImage[] images = [.. Enumerable.Range(0, 3).Select(i => new TestImage(Busybox.FakeShell.File($"file-{i}", new byte[100_000])))];
        UnpackedImage[] unpacked = [.. images.Select(_folder.Use)];
        for (int i = 0; i < 3; i++)
        {
            File.SetLastWriteTimeUtc(Path.GetDirectoryName(unpacked[i].Root)! + ".lock", DateTime.UtcNow.AddDays(i - 10));
        }

        unpacked[1].Dispose();
        unpacked[2].Dispose();
        var cache = new ImageCache(_folder.Cache, new ImageOptions { MaxUnusedBytes = 150_000 });
        cache.Sweep();
        Assert.True(Directory.Exists(unpacked[0].Root));
        Assert.False(Directory.Exists(unpacked[1].Root));
        Assert.True(Directory.Exists(unpacked[2].Root));
        unpacked[0].Dispose();
        cache.Sweep();
        Assert.False(Directory.Exists(unpacked[0].Root));
    }

    [Fact]
    public void Unpacking_ends_when_it_is_asked_to()
    {
        var image = new TestImage(Busybox.FakeShell);
        using var cancel = new CancellationTokenSource();
        cancel.Cancel();
        Assert.Throws<OperationCanceledException>(() => new ImageCache(_folder.Cache, new ImageOptions()).TryUse(
            _folder.Write("image.tar", image.ToOci()), image.Digest, NeedsCheck.ThisArch, cancel.Token, out _, out _));
        Assert.True(!Directory.Exists(_folder.Cache) || Directory.GetDirectories(_folder.Cache).Length == 0);
    }
}
