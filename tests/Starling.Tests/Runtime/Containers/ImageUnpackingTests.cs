using System;
using System.Formats.Tar;
using System.IO;
using System.Linq;
using Starling.Core.Images;
using Starling.Runtime.Containers;

namespace Starling.Tests.Runtime.Containers;

/// <summary>Layers as honest programs make them.</summary>
[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class ImageUnpackingTests : IDisposable
{
    private readonly ImageFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(TarEntryFormat.Pax)]
    [InlineData(TarEntryFormat.Gnu)]
    [InlineData(TarEntryFormat.Ustar)]
    [InlineData(TarEntryFormat.V7)]
    public void Every_format_of_tar_is_read(TarEntryFormat format)
    {
        string deep = string.Join('/', Enumerable.Repeat("folder", 14)) + "/é";
        var layer = new TestLayer { Format = format };
        layer.Folder("bin").File("bin/sh", Busybox.Elf(), (UnixFileMode)0x1ED).File("./etc/a.conf", "text").Link("etc/b", "a.conf").HardLink("etc/c", "etc/a.conf");
        bool isLong = format is TarEntryFormat.Pax or TarEntryFormat.Gnu;
        _ = isLong ? layer.File(deep, "deep").Link("long", deep) : layer;
        using UnpackedImage image = _folder.Use(new TestImage(layer));
        Assert.Equal("text", File.ReadAllText(Path.Combine(image.Root, "etc/b")));
        Assert.Equal("text", File.ReadAllText(Path.Combine(image.Root, "etc/c")));
        Assert.Equal("a.conf", new FileInfo(Path.Combine(image.Root, "etc/b")).LinkTarget);
        Assert.Equal(1_600_000_000, new DateTimeOffset(File.GetLastWriteTimeUtc(Path.Combine(image.Root, "etc/a.conf"))).ToUnixTimeSeconds());
        Assert.True(!isLong || File.ReadAllText(Path.Combine(image.Root, "long")) == "deep");
    }

    [Fact]
    public void Later_layers_replace_and_remove_what_lower_ones_brought()
    {
        TestLayer lower = Busybox.FakeShell.Folder("a").File("a/x", "1").File("a/y", "1").Folder("b").File("b/old", "1").Folder("c").File("c/f", "1").File("d", "1").Link("e", "a");
        TestLayer upper = new TestLayer()
            .File("a/.wh.x", "").File("a/y", "2")
            .Folder("b").File("b/new", "2").File("b/.wh..wh..opq", "").File("b/.wh..wh.plnk", "")
            .File("c", "now a file").Folder("d").File("d/f", "2").File("e/z", "through the link")
            .File("a/.wh.never-there", "").File("nowhere/.wh.x", "");
        using UnpackedImage image = _folder.Use(new TestImage(lower, upper) { Packs = true });
        string[] files = [.. Directory.EnumerateFiles(image.Root, "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(image.Root, path)).Where(path => !path.StartsWith("bin/", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
        Assert.Equal(["a/y", "a/z", "b/new", "c", "d/f", "e/y", "e/z"], files);
        Assert.Equal("2", File.ReadAllText(Path.Combine(image.Root, "a/y")));
        Assert.False(Directory.Exists(Path.Combine(image.Root, "nowhere")));
    }

    [Fact]
    public void A_whiteout_removes_from_lower_layers_only_wherever_it_stands()
    {
        TestLayer upper = new TestLayer().File("a/kept", "2").File("a/.wh.kept", "").File("a/.wh..wh..opq", "");
        using UnpackedImage image = _folder.Use(new TestImage(Busybox.FakeShell.File("a/kept", "1").File("a/gone", "1"), upper));
        Assert.Equal(["kept"], Directory.GetFiles(Path.Combine(image.Root, "a")).Select(Path.GetFileName));
        Assert.Equal("2", File.ReadAllText(Path.Combine(image.Root, "a/kept")));
    }

    [Fact]
    public void Everything_belongs_to_this_user_and_can_be_deleted()
    {
        TestLayer layer = Busybox.FakeShell.Folder("shut", 0).File("shut/f", "1", 0).File("root-shell", "1", (UnixFileMode)0xFFF).File("implied/f", "1")
            .Special(TarEntryType.Fifo, "pipe").Special(TarEntryType.CharacterDevice, "dev/null").Special(TarEntryType.BlockDevice, "dev/sda");
        using UnpackedImage image = _folder.Use(new TestImage(layer));
        Assert.Equal((UnixFileMode)0x1ED, File.GetUnixFileMode(Path.Combine(image.Root, "shut")));
        Assert.Equal((UnixFileMode)0x1ED, File.GetUnixFileMode(Path.Combine(image.Root, "implied")));
        Assert.Equal((UnixFileMode)0x1A4, File.GetUnixFileMode(Path.Combine(image.Root, "shut/f")));
        Assert.Equal((UnixFileMode)0x1ED, File.GetUnixFileMode(Path.Combine(image.Root, "root-shell")));
        Assert.False(File.Exists(Path.Combine(image.Root, "pipe")));
        Assert.False(Directory.Exists(Path.Combine(image.Root, "dev")));
    }

    [Fact]
    public void Both_forms_of_an_archive_and_a_packed_one_are_the_same_image()
    {
        var image = new TestImage(Busybox.FakeShell) { Env = ["PATH=/opt/bin", "LANG=C=D"], WorkingFolder = "/opt/../opt".Replace("/..", "", StringComparison.Ordinal) };
        foreach (byte[] archive in new[] { image.ToDocker(), image.ToOci(), TestLayer.Gzip(image.ToDocker()), TestLayer.Gzip(image.ToOci()) })
        {
            Assert.True(ImageArchive.TryReadFacts(_folder.Write("a.tar", archive), out ImageDigest digest, out ImagePlatform? platform, out var problem), problem?.ToString());
            Assert.Equal((image.Digest, new ImagePlatform("linux", TestImage.Arch)), (digest, platform));
        }

        Assert.True(_folder.TryUse(TestLayer.Gzip(image.ToDocker()), image.Digest, out UnpackedImage? unpacked, out _));
        using (unpacked)
        {
            Assert.Equal(image.Digest, unpacked.Digest);
            Assert.Equal("/opt/opt", unpacked.WorkingFolder);
            Assert.Equal([new("PATH", "/opt/bin"), new("LANG", "C=D")], unpacked.Variables);
        }

        Assert.Empty(Directory.GetFiles(_folder.Cache, "archive-*"));
    }

    [Fact]
    public void Of_an_image_for_several_platforms_the_one_for_this_machine_is_taken()
    {
        string other = TestImage.Arch == "arm64" ? "amd64" : "arm64";
        var foreign = new TestImage(new TestLayer().File("foreign", "1")) { Architecture = other };
        var mine = new TestImage(Busybox.FakeShell.File("mine", "1"));
        (byte[] archive, ImageDigest digest) = TestImage.ToOci(foreign, mine);
        Assert.True(_folder.TryUse(archive, digest, out UnpackedImage? image, out var problem), problem?.ToString());
        Assert.True(File.Exists(Path.Combine(image.Root, "mine")));
        Assert.Equal(mine.Digest, image.Digest);
        image.Dispose();
    }

    [Fact]
    public void A_layer_that_an_older_program_stored_once_is_found_through_its_link()
    {
        byte[] layer = Busybox.FakeShell.ToBytes();
        var image = new TestImage(layer);
        byte[] archive = new TestLayer().File("aa/layer.tar", layer).Link("bb/layer.tar", "../aa/layer.tar").File("c.json", image.Config)
            .File("manifest.json", "[{\"Config\":\"c.json\",\"RepoTags\":null,\"Layers\":[\"bb/layer.tar\"]}]").ToBytes();
        Assert.True(_folder.TryUse(archive, image.Digest, out UnpackedImage? unpacked, out var problem), problem?.ToString());
        unpacked.Dispose();
    }
}
