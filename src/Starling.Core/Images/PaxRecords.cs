using System;
using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;

namespace Starling.Core.Images;

/// <summary>The values of an extended header (POSIX pax: <c>LENGTH KEY=VALUE\n</c> one after the other) that matter for an image. Null: not said.</summary>
/// <param name="Path">The entry's name.</param>
/// <param name="Link">What it points to.</param>
/// <param name="Size">Bytes of its content.</param>
/// <param name="Modified">Unix seconds.</param>
/// <param name="IsSparse">Whether its content has holes that are not stored.</param>
public sealed record PaxRecords(string? Path, string? Link, long? Size, long? Modified, bool IsSparse)
{
    /// <summary>Reads the content of an extended header.</summary>
    public static bool TryRead(ReadOnlySpan<byte> content, [NotNullWhen(true)] out PaxRecords? records, [NotNullWhen(false)] out string? fault)
    {
        records = null;
        var read = new PaxRecords(null, null, null, null, false);
        while (!content.IsEmpty)
        {
            if (!Utf8Parser.TryParse(content, out int length, out int digits) || length <= digits + 1 || length > content.Length || content[digits] != ' ' || content[length - 1] != '\n')
            {
                fault = "has an extended header with a wrong length";
                return false;
            }

            ReadOnlySpan<byte> record = content[(digits + 1)..(length - 1)];
            int equals = record.IndexOf((byte)'=');
            if (equals <= 0 || read.With(record[..equals], record[(equals + 1)..]) is not { } added)
            {
                fault = "has an extended header with a wrong value";
                return false;
            }

            read = added;
            content = content[length..];
        }

        fault = null;
        records = read;
        return true;
    }

    /// <summary>With one more record; null: it is wrong. An empty name takes back an earlier one, and further keys say nothing that matters.</summary>
    private PaxRecords? With(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        if (key.SequenceEqual("path"u8))
        {
            return TryName(value, out string? path) ? this with { Path = path } : null;
        }

        if (key.SequenceEqual("linkpath"u8))
        {
            return TryName(value, out string? link) ? this with { Link = link } : null;
        }

        if (key.SequenceEqual("size"u8))
        {
            return TryWhole(value, out long size) && size >= 0 ? this with { Size = size } : null;
        }

        if (key.SequenceEqual("mtime"u8))
        {
            // Seconds with a fraction; whole seconds do.
            int dot = value.IndexOf((byte)'.');
            return TryWhole(dot < 0 ? value : value[..dot], out long seconds) ? this with { Modified = seconds } : null;
        }

        return this with { IsSparse = IsSparse || key.StartsWith("GNU.sparse."u8) };
    }

    private static bool TryWhole(ReadOnlySpan<byte> text, out long number) => Utf8Parser.TryParse(text, out number, out int used) && used == text.Length;

    private static bool TryName(ReadOnlySpan<byte> value, out string? name)
    {
        name = null;
        if (value.Contains((byte)0) || !TarHeader.TryText(value, out string text))
        {
            return false;
        }

        name = text.Length > 0 ? text : null;
        return true;
    }
}
