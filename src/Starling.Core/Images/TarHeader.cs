using System;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Starling.Core.Images;

/// <summary>What an entry of a tar archive is.</summary>
public enum TarKind
{
    /// <summary>A file with content.</summary>
    File,

    /// <summary>Another name of a file.</summary>
    HardLink,

    /// <summary>A symbolic link.</summary>
    SymbolicLink,

    /// <summary>A folder.</summary>
    Folder,

    /// <summary>A device or a pipe.</summary>
    Special,

    /// <summary>The next entry's long name (GNU).</summary>
    LongName,

    /// <summary>The next entry's long link (GNU).</summary>
    LongLink,

    /// <summary>Values of the next entry (POSIX pax).</summary>
    Extended,

    /// <summary>Values of all further entries (POSIX pax); nothing in them matters for an image.</summary>
    Global,

    /// <summary>A file with holes (old GNU).</summary>
    Sparse,

    /// <summary>A kind that no reader of images knows.</summary>
    Unknown,
}

/// <summary>
/// One header block of a tar archive: V7, ustar (POSIX.1-1988), pax (POSIX.1-2001) and GNU. Where formats leave a choice it is read as Go's archive/tar does, which Docker and Podman read images with: what they unpack is unpacked here.
/// </summary>
/// <param name="Kind">What it is.</param>
/// <param name="Name">Its name.</param>
/// <param name="Link">What it points to.</param>
/// <param name="Size">Bytes of content that follow.</param>
/// <param name="Mode">Permission bits.</param>
/// <param name="Modified">Unix seconds.</param>
public sealed record TarHeader(TarKind Kind, string Name, string Link, long Size, int Mode, long Modified)
{
    /// <summary>Bytes of a header, and what content is padded to.</summary>
    public const int BlockSize = 512;

    private static readonly UTF8Encoding StrictUtf8 = new(false, true);

    /// <summary>Whether the block is all zeros: the end of the archive.</summary>
    public static bool IsEnd(ReadOnlySpan<byte> block) => !block.ContainsAnyExcept((byte)0);

    /// <summary>Reads a block of <see cref="BlockSize"/> bytes.</summary>
    public static bool TryRead(ReadOnlySpan<byte> block, [NotNullWhen(true)] out TarHeader? header, [NotNullWhen(false)] out string? fault)
    {
        header = null;
        if (block.Length != BlockSize)
        {
            fault = "ends within a header";
            return false;
        }

        if (!HasRightSum(block))
        {
            fault = "has a header with a wrong check sum: it is damaged, or no tar archive";
            return false;
        }

        if (!TryNumber(block.Slice(124, 12), out long size) || !TryNumber(block.Slice(100, 8), out long mode) || !TryNumber(block.Slice(136, 12), out long modified) || size < 0)
        {
            fault = "has a header with a wrong number";
            return false;
        }

        bool isPosix = block.Slice(257, 6).SequenceEqual("ustar\0"u8);
        string prefix = "";
        if (!TryText(block[..100], out string name) || !TryText(block.Slice(157, 100), out string link) || (isPosix && !TryText(block.Slice(345, 155), out prefix)))
        {
            fault = "has a name that is not UTF-8";
            return false;
        }

        name = prefix.Length > 0 ? $"{prefix}/{name}" : name;
        TarKind kind = KindOf((char)block[156], name);
        bool hasContent = kind is not (TarKind.HardLink or TarKind.SymbolicLink or TarKind.Folder or TarKind.Special);
        header = new TarHeader(kind, name, link, hasContent ? size : 0, (int)(mode & 0xFFF), modified);
        fault = null;
        return true;
    }

    /// <summary>The text of a field: strict UTF-8, up to the first zero byte.</summary>
    public static bool TryText(ReadOnlySpan<byte> field, out string text)
    {
        int end = field.IndexOf((byte)0);
        field = end < 0 ? field : field[..end];
        text = System.Text.Unicode.Utf8.IsValid(field) ? StrictUtf8.GetString(field) : "";
        return text.Length > 0 || field.IsEmpty;
    }

    private static TarKind KindOf(char type, string name) => type switch
    {
        '0' or '7' => TarKind.File,
        '\0' => name.EndsWith('/') ? TarKind.Folder : TarKind.File,
        '1' => TarKind.HardLink,
        '2' => TarKind.SymbolicLink,
        '3' or '4' or '6' => TarKind.Special,
        '5' => TarKind.Folder,
        'L' => TarKind.LongName,
        'K' => TarKind.LongLink,
        'x' or 'X' => TarKind.Extended,
        'g' => TarKind.Global,
        'S' => TarKind.Sparse,
        _ => TarKind.Unknown,
    };

    /// <summary>The sum of all bytes with the sum's own as blanks; some old writers added signed bytes.</summary>
    private static bool HasRightSum(ReadOnlySpan<byte> block)
    {
        if (!TryNumber(block.Slice(148, 8), out long said))
        {
            return false;
        }

        long plain = 8 * ' ';
        long signed = plain;
        for (int i = 0; i < block.Length; i++)
        {
            if (i is < 148 or >= 156)
            {
                plain += block[i];
                signed += (sbyte)block[i];
            }
        }

        return said == plain || said == signed;
    }

    /// <summary>Octal digits among blanks and zero bytes, or with the first bit set a big-endian number (GNU, star).</summary>
    private static bool TryNumber(ReadOnlySpan<byte> field, out long number)
    {
        number = 0;
        if ((field[0] & 0x80) != 0)
        {
            // Bit 6 is the sign: negative times exist.
            bool isNegative = (field[0] & 0x40) != 0;
            for (int i = 0; i < field.Length; i++)
            {
                int digit = i == 0 ? field[0] & 0x7F : field[i];
                digit = isNegative ? (i == 0 ? ~field[0] & 0x3F : ~field[i] & 0xFF) : digit;
                if (number > long.MaxValue >> 8)
                {
                    return false;
                }

                number = (number << 8) | (uint)digit;
            }

            number = isNegative ? ~number : number;
            return true;
        }

        ReadOnlySpan<byte> digits = field.Trim(" \0"u8);
        foreach (byte digit in digits)
        {
            if (digit is < (byte)'0' or > (byte)'7')
            {
                return false;
            }

            number = (number << 3) | (uint)(digit - '0');
        }

        return true;
    }
}
