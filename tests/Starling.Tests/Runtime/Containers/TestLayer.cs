using System;
using System.Collections.Generic;
using System.Formats.Tar;
using System.IO;
using System.IO.Compression;
using System.Text;

namespace Starling.Tests.Runtime.Containers;

/// <summary>A layer as a test writes it, by the BCL's own writer.</summary>
internal sealed class TestLayer
{
    private readonly List<Action<TarWriter>> _entries = [];

    public TarEntryFormat Format { get; init; } = TarEntryFormat.Pax;

    public TestLayer File(string name, string text, UnixFileMode mode = (UnixFileMode)0x1A4) => File(name, Encoding.UTF8.GetBytes(text), mode);

    public TestLayer File(string name, byte[] content, UnixFileMode mode = (UnixFileMode)0x1A4) => Add(TarEntryType.RegularFile, name, entry =>
    {
        entry.Mode = mode;
        entry.DataStream = new MemoryStream(content);
    });

    public TestLayer Folder(string name, UnixFileMode mode = (UnixFileMode)0x1ED) => Add(TarEntryType.Directory, name, entry => entry.Mode = mode);

    public TestLayer Link(string name, string target) => Add(TarEntryType.SymbolicLink, name, entry => entry.LinkName = target);

    public TestLayer HardLink(string name, string target) => Add(TarEntryType.HardLink, name, entry => entry.LinkName = target);

    public TestLayer Special(TarEntryType type, string name) => Add(type, name, static _ => { });

    public byte[] ToBytes()
    {
        var stream = new MemoryStream();
        using (var writer = new TarWriter(stream, Format, leaveOpen: true))
        {
            _entries.ForEach(entry => entry(writer));
        }

        return stream.ToArray();
    }

    public static byte[] Gzip(byte[] bytes)
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
        {
            gzip.Write(bytes);
        }

        return packed.ToArray();
    }

    private TestLayer Add(TarEntryType type, string name, Action<System.Formats.Tar.TarEntry> fill)
    {
        _entries.Add(writer =>
        {
            System.Formats.Tar.TarEntry entry = Format switch
            {
                TarEntryFormat.Gnu => new GnuTarEntry(type, name),
                TarEntryFormat.Ustar => new UstarTarEntry(type, name),
                TarEntryFormat.V7 => new V7TarEntry(type == TarEntryType.RegularFile ? TarEntryType.V7RegularFile : type, name),
                _ => new PaxTarEntry(type, name),
            };
            entry.ModificationTime = DateTimeOffset.FromUnixTimeSeconds(1_600_000_000);
            fill(entry);
            writer.WriteEntry(entry);
        });
        return this;
    }
}
