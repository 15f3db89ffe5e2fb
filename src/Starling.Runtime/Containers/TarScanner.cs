using System;
using Starling.Core.Images;
using Starling.Core.Tasks;

namespace Starling.Runtime.Containers;

/// <summary>One entry of a tar archive, its long names put together.</summary>
/// <param name="Kind">File, hard link, symbolic link, folder or special.</param>
/// <param name="Name">Name as the archive has it.</param>
/// <param name="Link">What it points to.</param>
/// <param name="Size">Bytes of content.</param>
/// <param name="Mode">Permission bits, set-user-ID and the like among them.</param>
/// <param name="Modified">Unix seconds.</param>
internal sealed record TarEntry(TarKind Kind, string Name, string Link, long Size, int Mode, long Modified);

/// <summary>
/// Reads a tar archive entry by entry from a stream. Nothing is allocated by a size that the archive declares: content is handed on in pieces, and extended headers are bounded. (System.Formats.Tar's reader takes as much memory as an
/// extended header says that it is long, see docs/decisions.md.)
/// </summary>
/// <param name="source">The archive.</param>
/// <param name="where">What messages call it.</param>
internal sealed class TarScanner(ReadOnlyStream source, string where)
{
    private readonly byte[] _block = new byte[TarHeader.BlockSize];
    private long _content;
    private long _padding;

    /// <summary>The next entry; null at the end of the archive.</summary>
    /// <exception cref="InvalidImageException">It is damaged, or uses what images do not.</exception>
    public TarEntry? Next()
    {
        PaxRecords? pax = null;
        string? longName = null;
        string? longLink = null;
        while (NextHeader() is { } header)
        {
            switch (header.Kind)
            {
                case TarKind.Extended:
                    pax = PaxRecords.TryRead(Text(header), out PaxRecords? records, out string? fault) ? records : throw Broken(fault);
                    continue;
                case TarKind.LongName:
                    longName = Name(header);
                    continue;
                case TarKind.LongLink:
                    longLink = Name(header);
                    continue;
                case TarKind.Global:
                    continue;
                case TarKind.Sparse:
                    throw Sparse();
                case TarKind.Unknown:
                    throw Broken($"has an entry '{SafePath.Quoted(header.Name)}' of a kind that no image has");
            }

            if (pax is { IsSparse: true })
            {
                throw Sparse();
            }

            var entry = new TarEntry(
                header.Kind, longName ?? pax?.Path ?? header.Name, longLink ?? pax?.Link ?? header.Link, header.Kind == TarKind.File ? pax?.Size ?? header.Size : 0, header.Mode, pax?.Modified ?? header.Modified);
            Expect(entry.Size);
            return entry;
        }

        return pax is null && longName is null && longLink is null ? null : throw Broken("ends after an extended header");
    }

    /// <summary>Reads on in the content of the present entry; 0 at its end.</summary>
    public int Read(Span<byte> buffer)
    {
        int wanted = (int)Math.Min(buffer.Length, _content);
        if (wanted == 0)
        {
            return 0;
        }

        int count = source.Read(buffer[..wanted]);
        _content -= count;
        return count > 0 ? count : throw Broken("ends within a file");
    }

    /// <summary>Bytes of the present entry that were not read yet.</summary>
    public long Left => _content;

    private TarHeader? NextHeader()
    {
        Skip();
        int count = source.ReadAtLeast(_block, _block.Length, throwOnEndOfStream: false);
        if (count == 0 || (count == _block.Length && TarHeader.IsEnd(_block)))
        {
            return null;
        }

        if (!TarHeader.TryRead(_block.AsSpan(0, count), out TarHeader? header, out string? fault))
        {
            throw Broken(fault);
        }

        Expect(header.Size);
        return header;
    }

    private void Expect(long size)
    {
        _content = size;
        _padding = (TarHeader.BlockSize - (size % TarHeader.BlockSize)) % TarHeader.BlockSize;
    }

    private void Skip()
    {
        if (source.Skip(_content + _padding) < _content + _padding)
        {
            throw Broken("ends within a file");
        }

        _content = 0;
        _padding = 0;
    }

    private byte[] Text(TarHeader header)
    {
        if (header.Size > ImageLimits.MaxExtendedHeader)
        {
            throw new InvalidImageException(ImageProblem.Beyond(where, $"has an extended header of {header.Size} bytes, and one has at most {ImageLimits.MaxExtendedHeader}"));
        }

        var text = new byte[header.Size];
        for (int at = 0; at < text.Length;)
        {
            at += Read(text.AsSpan(at));
        }

        return text;
    }

    private string Name(TarHeader header) =>
        TarHeader.TryText(Text(header), out string name) && name.Length > 0 ? name : throw Broken("has a name that is not UTF-8");

    private InvalidImageException Broken(string fault) => new(ImageProblem.Broken(where, fault));

    private InvalidImageException Sparse() => new(ImageProblem.Packing(where, "holes in files (sparse entries)"));
}
