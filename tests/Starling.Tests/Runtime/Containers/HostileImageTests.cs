using System;
using System.Buffers.Binary;
using System.IO;
using System.Linq;
using System.Text;
using Starling.Core.Images;
using Starling.Core.Primitives;
using Starling.Runtime.Containers;

namespace Starling.Tests.Runtime.Containers;

/// <summary>Images that want out, want everything, or are not what they say. Each is refused in words, leaves nothing behind, and touches nothing outside.</summary>
public sealed class HostileImageTests : IDisposable
{
    private readonly ImageFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("../outside/victim")]
    [InlineData("a/../../outside/victim")]
    [InlineData("a/.wh...")]
    [InlineData(".wh..")]
    [InlineData(".wh.")]
    public void A_name_that_walks_up_is_refused(string name) =>
        Assert.Contains("the name", _folder.Refused(new TestImage(Busybox.FakeShell.Folder("a").File(name, "evil"))), StringComparison.Ordinal);

    [Fact]
    public void An_absolute_name_stays_within_the_root()
    {
        using UnpackedImage image = _folder.Use(new TestImage(Busybox.FakeShell.File(_folder.Victim, "evil")));
        Assert.Equal("evil", File.ReadAllText(image.Root + _folder.Victim));
        Assert.Equal("untouched", File.ReadAllText(_folder.Victim));
    }

    [Theory]
    [InlineData("{0}")]
    [InlineData("../../../../../../../../../../../../../../../../../../{0}")]
    [InlineData("b")]
    public void What_is_written_through_links_stays_within_the_root(string target)
    {
        // a -> outside (absolute, relative, or through a second link), then files below it: made, replaced, removed, emptied, linked.
        string outside = string.Format(System.Globalization.CultureInfo.InvariantCulture, target, _folder.Outside);
        TestLayer lower = Busybox.FakeShell.Link("a", outside).Link("b", _folder.Outside).File("a/new", "1").File("a/victim", "evil").Folder("a/sub");
        TestLayer upper = new TestLayer().File("a/.wh.victim", "").File("b/.wh..wh..opq", "").HardLink("named", "a/new").File("a/sub", "now a file").Folder("a/victim");
        TestLayer last = new TestLayer().File("a/.wh.new", "").Folder("a").File("a/victim", "evil");
        var image = new TestImage(lower, upper, last);
        if (_folder.TryUse(image.ToOci(), image.Digest, out UnpackedImage? unpacked, out _))
        {
            unpacked.Dispose();
        }

        Assert.Equal("untouched", File.ReadAllText(_folder.Victim));
        Assert.Equal([_folder.Victim], Directory.GetFileSystemEntries(_folder.Outside));
    }

    [Theory]
    [InlineData("")]
    [InlineData("etc/")]
    public void More_than_can_be_shown_to_a_run_is_refused(string folder)
    {
        TestLayer layer = Busybox.FakeShell;
        for (int i = 0; i <= ImageLimits.MaxMounts; i++)
        {
            layer = layer.File($"{folder}{i}", "");
        }

        Assert.Contains("can't be shown to a run", _folder.Refused(new TestImage(layer)), StringComparison.Ordinal);
    }

    [Fact]
    public void What_lies_below_a_link_that_leads_through_it_is_refused()
    {
        // The way to 1/a goes into a and out again: a is a folder whenever somebody is there.
        TestLayer lower = Busybox.FakeShell.Link("1", "a/..");
        Assert.Contains("leads through it", _folder.Refused(new TestImage(lower.File("1/a", "x"))), StringComparison.Ordinal);
        Assert.Contains("leads through it", _folder.Refused(new TestImage(lower.Link("1/a", "x"))), StringComparison.Ordinal);
        Assert.Contains("leads through it", _folder.Refused(new TestImage(lower.File("b", "x").HardLink("1/a", "b"))), StringComparison.Ordinal);
    }

    [Fact]
    public void A_hard_link_names_nothing_outside()
    {
        Assert.Contains("hard link", _folder.Refused(new TestImage(Busybox.FakeShell.HardLink("mine", _folder.Victim))), StringComparison.Ordinal);
        Assert.Contains("hard link", _folder.Refused(new TestImage(Busybox.FakeShell.Link("a", _folder.Outside).Folder("x").HardLink("mine", "a/victim"))), StringComparison.Ordinal);
        Assert.Contains("walks up", _folder.Refused(new TestImage(Busybox.FakeShell.HardLink("mine", "../outside/victim"))), StringComparison.Ordinal);
        Assert.Contains("folder", _folder.Refused(new TestImage(Busybox.FakeShell.HardLink("mine", "bin"))), StringComparison.Ordinal);
        Assert.Contains("lies in it", _folder.Refused(new TestImage(Busybox.FakeShell.HardLink("bin", "bin/sh"))), StringComparison.Ordinal);
    }

    [Fact]
    public void A_hard_link_to_a_link_names_the_link_and_not_what_it_points_to()
    {
        using UnpackedImage image = _folder.Use(new TestImage(Busybox.FakeShell.Link("a", _folder.Victim).HardLink("b", "a").File("b", "evil").HardLink("bin/sh", "bin/sh")));
        Assert.Equal("evil", File.ReadAllText(Path.Combine(image.Root, "b")));
        Assert.Equal("untouched", File.ReadAllText(_folder.Victim));
    }

    [Fact]
    public void Links_in_a_circle_are_refused()
    {
        Assert.Contains("circle", _folder.Refused(new TestImage(Busybox.FakeShell.Link("a", "b").Link("b", "a").File("a/x", "1"))), StringComparison.Ordinal);
        Assert.Contains("circle", _folder.Refused(new TestImage(Busybox.FakeShell.Link("a", "a/a").File("a/x", "1"))), StringComparison.Ordinal);
        Assert.Contains("no folder", _folder.Refused(new TestImage(Busybox.FakeShell.File("a", "1").File("a/x", "1"))), StringComparison.Ordinal);
    }

    [Fact]
    public void Links_that_lead_on_and_on_are_bounded()
    {
        TestLayer layer = Busybox.FakeShell.Folder("l0");
        for (int i = 1; i <= ImageLimits.MaxLinksFollowed + 1; i++)
        {
            layer.Link($"l{i}", $"l{i - 1}");
        }

        using UnpackedImage image = _folder.Use(new TestImage(layer.File($"l{ImageLimits.MaxLinksFollowed}/x", "1")));
        Assert.True(File.Exists(Path.Combine(image.Root, "l0/x")));
        Assert.Contains("circle", _folder.Refused(new TestImage(layer.File($"l{ImageLimits.MaxLinksFollowed + 1}/x", "1")), keepsOthers: true), StringComparison.Ordinal);
    }

    [Fact]
    public void Indexes_within_indexes_are_bounded()
    {
        static byte[] Index(byte[] inner) => Encoding.UTF8.GetBytes(
            "{\"manifests\":[{\"mediaType\":\"application/vnd.oci.image.index.v1+json\",\"digest\":\"@\",\"size\":1}]}".Replace("@", TestImage.DigestOf(inner), StringComparison.Ordinal));
        byte[] index = Index([]);
        TestLayer archive = new TestLayer();
        for (int i = 0; i < ImageLimits.MaxIndexDepth; i++)
        {
            archive.File($"blobs/sha256/{TestImage.DigestOf(index)[7..]}", index);
            index = Index(index);
        }

        Assert.False(_folder.TryUse(archive.File("index.json", index).ToBytes(), default, out _, out Problem? problem));
        Assert.Contains($"more than {ImageLimits.MaxIndexDepth} indexes", problem!.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_path_that_grows_through_links_is_bounded()
    {
        string deep = string.Join('/', Enumerable.Repeat("d", ImageLimits.MaxPathDepth - 2));
        Assert.Contains("too long", _folder.Refused(new TestImage(Busybox.FakeShell.Link("a", deep).File("a/x", "1").File("a/1/2/3/x", "1"))), StringComparison.Ordinal);
        Assert.Contains($"{ImageLimits.MaxPathDepth} parts", _folder.Refused(new TestImage(Busybox.FakeShell.File(deep + "/a/b/c", "1"))), StringComparison.Ordinal);
        Assert.Contains($"{ImageLimits.MaxPathPartBytes} bytes", _folder.Refused(new TestImage(Busybox.FakeShell.File(new string('x', ImageLimits.MaxPathPartBytes + 1), "1"))), StringComparison.Ordinal);
        Assert.Contains($"{ImageLimits.MaxPathBytes} bytes", _folder.Refused(new TestImage(Busybox.FakeShell.Link("a", new string('x', ImageLimits.MaxPathBytes + 1)))), StringComparison.Ordinal);
    }

    [Fact]
    public void The_root_itself_is_no_file()
    {
        Assert.Contains("root", _folder.Refused(new TestImage(Busybox.FakeShell.File("./", "1"))), StringComparison.Ordinal);
        Assert.Contains("root", _folder.Refused(new TestImage(Busybox.FakeShell.Link(".", "bin"))), StringComparison.Ordinal);
    }

    [Fact]
    public void An_image_that_unpacks_to_too_much_is_refused_before_it_is_written()
    {
        var bomb = new TestImage(Busybox.FakeShell.File("zeros", new byte[8 << 20])) { Packs = true };
        Assert.True(bomb.ToDocker().Length < 1 << 20);
        Assert.Contains("more bytes than one may have", _folder.Refused(bomb, new ImageOptions { MaxImageBytes = 4 << 20 }), StringComparison.Ordinal);
        byte[] packed = TestLayer.Gzip(new TestImage(Busybox.FakeShell.File("zeros", new byte[8 << 20])).ToDocker());
        Assert.False(_folder.TryUse(packed, bomb.Digest, out _, out Problem? problem, new ImageOptions { MaxImageBytes = 4 << 20 }));
        Assert.Contains("unpacks to more than", problem!.Reason, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_folder.Cache, "archive-*"));
    }

    [Fact]
    public void Entries_without_number_are_refused()
    {
        // One block each, the same name over and over: 512 MB of archive that gzip makes small.
        byte[] one = new TestLayer { Format = System.Formats.Tar.TarEntryFormat.Ustar }.File("x", "").ToBytes()[..512];
        var layer = new byte[512 * (ImageLimits.MaxEntries + 2)];
        for (int i = 0; i <= ImageLimits.MaxEntries; i++)
        {
            one.CopyTo(layer, 512 * i);
        }

        Assert.Contains($"more than {ImageLimits.MaxEntries} entries", _folder.Refused(new TestImage(layer) { Packs = true }), StringComparison.Ordinal);
    }

    [Fact]
    public void Whiteouts_without_number_are_refused()
    {
        byte[] one = new TestLayer { Format = System.Formats.Tar.TarEntryFormat.Ustar }.File(".wh.x", "").ToBytes()[..512];
        byte[] layer = [.. Enumerable.Repeat(one, ImageUnpacker.MaxWhiteouts + 1).SelectMany(each => each)];
        Assert.Contains($"more than {ImageUnpacker.MaxWhiteouts} names", _folder.Refused(new TestImage(layer) { Packs = true }), StringComparison.Ordinal);
    }

    [Fact]
    public void Names_that_are_not_UTF8_are_refused()
    {
        byte[] layer = new TestLayer { Format = System.Formats.Tar.TarEntryFormat.Ustar }.File("xxé", "").ToBytes();
        layer[3] = 0xFF;
        FixSum(layer);
        Assert.Contains("UTF-8", _folder.Refused(new TestImage(layer)), StringComparison.Ordinal);
    }

    [Fact]
    public void An_extended_header_takes_no_memory_by_what_it_says()
    {
        byte[] layer = new TestLayer { Format = System.Formats.Tar.TarEntryFormat.Ustar }.File("x", "").ToBytes();
        layer[156] = (byte)'x';
        Encoding.ASCII.GetBytes("13132610400").CopyTo(layer, 124);
        FixSum(layer);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains($"{ImageLimits.MaxExtendedHeader}", _folder.Refused(new TestImage(layer)), StringComparison.Ordinal);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 64 << 20);
    }

    [Fact]
    public void Files_with_holes_and_unknown_kinds_are_refused()
    {
        byte[] layer = new TestLayer { Format = System.Formats.Tar.TarEntryFormat.Ustar }.File("x", "").ToBytes();
        layer[156] = (byte)'S';
        FixSum(layer);
        Assert.Contains("sparse", _folder.Refused(new TestImage(layer)), StringComparison.Ordinal);
        layer[156] = (byte)'D';
        FixSum(layer);
        Assert.Contains("of a kind", _folder.Refused(new TestImage(layer)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_truncated_or_damaged_archive_is_refused_at_every_length()
    {
        byte[] archive = new TestImage(Busybox.FakeShell.File("a", "text")) { Packs = true }.ToOci();
        ImageDigest digest = new TestImage(Busybox.FakeShell.File("a", "text")).Digest;
        for (int length = 0; length < archive.Length - 1024; length += 509)
        {
            Assert.False(_folder.TryUse(archive[..length], digest, out _, out Problem? problem), $"{length}");
            Assert.NotEmpty(problem!.Hint);
        }

        for (int at = 0; at < archive.Length - 1024; at += 251)
        {
            byte[] damaged = [.. archive];
            damaged[at] ^= 0x40;
            if (_folder.TryUse(damaged, digest, out UnpackedImage? image, out _))
            {
                // The change hit what does not matter, such as padding.
                Assert.Equal("text", File.ReadAllText(Path.Combine(image.Root, "a")));
                image.Dispose();
                Directory.Delete(Path.GetDirectoryName(image.Root)!, recursive: true);
            }
        }
    }

    [Fact]
    public void Another_image_than_the_task_names_is_refused()
    {
        var image = new TestImage(Busybox.FakeShell);
        Assert.False(_folder.TryUse(image.ToOci(), new TestImage(Busybox.FakeShell.File("x", "")).Digest, out _, out Problem? problem));
        Assert.Contains(image.Digest.ToString(), problem!.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_document_and_layer_is_compared_with_its_digest()
    {
        foreach (string part in (string[])["\"schemaVersion\"", "\"rootfs\"", "bin/sh"])
        {
            var image = new TestImage(Busybox.FakeShell)
            {
                Change = (name, content) =>
                {
                    string text = Encoding.Latin1.GetString(content);
                    bool isMeant = name.StartsWith("blobs/", StringComparison.Ordinal) && text.Contains(part, StringComparison.Ordinal);
                    return isMeant ? Encoding.Latin1.GetBytes(part == "bin/sh" ? text.Replace("bin/sh0\n", "bin/sh1\n", StringComparison.Ordinal) : text.Replace("{", "{ ", StringComparison.Ordinal)) : content;
                },
            };
            Assert.False(_folder.TryUse(image.ToOci(), image.Digest, out _, out Problem? problem), part);
            Assert.Contains("sha256:", problem!.Reason, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void What_is_missing_is_named()
    {
        Assert.Contains("manifest.json", _folder.Refused(new TestImage(Busybox.FakeShell) { Change = (name, content) => name == "manifest.json" ? null : content }), StringComparison.Ordinal);
        Assert.Contains("0/layer.tar", _folder.Refused(new TestImage(Busybox.FakeShell) { Change = (name, content) => name == "0/layer.tar" ? null : content }), StringComparison.Ordinal);
        Assert.Contains("no /bin/sh", _folder.Refused(new TestImage(new TestLayer().File("a", "1"))), StringComparison.Ordinal);
        Assert.Contains("/bin/sh", _folder.Refused(new TestImage(new TestLayer().Link("bin/sh", "/bin/bash").Link("bin/bash", "sh"))), StringComparison.Ordinal);
        Assert.Contains("/lib/loader", _folder.Refused(new TestImage(new TestLayer().File("bin/sh", "#! /lib/loader -x\n"))), StringComparison.Ordinal);
        Assert.Contains("/lib64/ld-test.so", _folder.Refused(new TestImage(new TestLayer().File("bin/sh", Dynamic("/lib64/ld-test.so")))), StringComparison.Ordinal);
    }

    [Fact]
    public void An_image_for_other_machines_is_refused_with_what_to_do()
    {
        string said = _folder.Refused(new TestImage(Busybox.FakeShell) { Architecture = "riscv64" });
        Assert.Contains("linux/riscv64", said, StringComparison.Ordinal);
        Assert.Contains("--platform", said, StringComparison.Ordinal);

        // The configuration says amd64, the shell is for another processor.
        Assert.Contains("other", _folder.Refused(new TestImage(new TestLayer().File("bin/sh", Busybox.Elf(243)))), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new byte[] { 0x28, 0xB5, 0x2F, 0xFD, 0, 0 }, "zstd")]
    [InlineData(new byte[] { 0xFD, 0x37, 0x7A, 0x58, 0x5A, 0 }, "xz")]
    [InlineData(new byte[] { 0x42, 0x5A, 0x68, 0x39, 0, 0 }, "bzip2")]
    public void Other_packings_are_refused_with_what_to_do(byte[] head, string name)
    {
        Assert.Contains(name, _folder.Refused(new TestImage(head)), StringComparison.Ordinal);
        Assert.False(_folder.TryUse(head, default, out _, out Problem? problem));
        Assert.Contains(name, problem!.Reason, StringComparison.Ordinal);
        Assert.Contains("gzip", problem.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public void The_archive_itself_is_bounded()
    {
        byte[] one = new TestLayer { Format = System.Formats.Tar.TarEntryFormat.Ustar }.File("x", "").ToBytes()[..512];
        byte[] archive = [.. Enumerable.Repeat(one, ImageLimits.MaxArchiveEntries + 1).SelectMany(each => each)];
        Assert.False(_folder.TryUse(archive, default, out _, out Problem? problem));
        Assert.Contains($"{ImageLimits.MaxArchiveEntries}", problem!.Reason, StringComparison.Ordinal);
        Assert.Contains($"{ImageLimits.MaxDocumentBytes}", _folder.Refused(new TestImage(Busybox.FakeShell) { Change = (file, content) => file == "manifest.json" ? new byte[ImageLimits.MaxDocumentBytes + 1] : content }), StringComparison.Ordinal);
    }

    private static byte[] Dynamic(string interpreter)
    {
        byte[] head = [.. Busybox.Elf(), .. new byte[56], .. Encoding.ASCII.GetBytes(interpreter), 0];
        BinaryPrimitives.WriteUInt64LittleEndian(head.AsSpan(32), 64);
        BinaryPrimitives.WriteUInt16LittleEndian(head.AsSpan(54), 56);
        BinaryPrimitives.WriteUInt16LittleEndian(head.AsSpan(56), 1);
        BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(64), 3);
        BinaryPrimitives.WriteUInt64LittleEndian(head.AsSpan(64 + 8), 120);
        BinaryPrimitives.WriteUInt64LittleEndian(head.AsSpan(64 + 32), (ulong)interpreter.Length + 1);
        return head;
    }

    private static void FixSum(byte[] layer)
    {
        int sum = 8 * ' ';
        for (int i = 0; i < 512; i++)
        {
            sum += i is < 148 or >= 156 ? layer[i] : 0;
        }

        Encoding.ASCII.GetBytes(Convert.ToString(sum, 8).PadLeft(6, '0') + "\0 ").CopyTo(layer, 148);
    }
}
