using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Linq;
using System.Text;

namespace Starling.Core.Images;

/// <summary>
/// Where an entry of a layer goes: parts below the root of the image, none of them <c>.</c>, <c>..</c> or empty. Absolute names mean the same below the root, as for every reader of images; a name with <c>..</c> is refused.
/// </summary>
public sealed class LayerPath
{
    private LayerPath(IReadOnlyList<string> parts) => Parts = parts;

    /// <summary>The parts; empty: the root itself.</summary>
    public IReadOnlyList<string> Parts { get; }

    /// <summary>Where the last part lies; the root's is the root.</summary>
    public LayerPath Parent => Parts.Count == 0 ? this : new LayerPath([.. Parts.Take(Parts.Count - 1)]);

    /// <summary>A name in this folder; one part, which is neither <c>.</c> nor <c>..</c>.</summary>
    public LayerPath With(string name) => new([.. Parts, name]);

    /// <summary>Reads the name of an entry.</summary>
    /// <param name="name">As the archive has it.</param>
    /// <param name="path">Where it goes.</param>
    /// <param name="fault">What is wrong, to be put after the name.</param>
    public static bool TryRead(string name, [NotNullWhen(true)] out LayerPath? path, [NotNullWhen(false)] out string? fault)
    {
        ArgumentNullException.ThrowIfNull(name);
        path = null;
        if (!TrySplit(name, out List<string>? parts, out fault))
        {
            return false;
        }

        if (parts.Contains(".."))
        {
            fault = "walks up (..)";
            return false;
        }

        path = new LayerPath(parts);
        return true;
    }

    /// <summary>Reads what a symbolic link points to: <c>..</c> may be in it, and counts within the root.</summary>
    public static bool TrySplit(string text, [NotNullWhen(true)] out List<string>? parts, [NotNullWhen(false)] out string? fault)
    {
        ArgumentNullException.ThrowIfNull(text);
        parts = null;
        fault = text.Contains('\0', StringComparison.Ordinal) ? "has a zero byte"
            : text.Length > ImageLimits.MaxPathBytes || Encoding.UTF8.GetByteCount(text) > ImageLimits.MaxPathBytes ? $"is longer than {ImageLimits.MaxPathBytes} bytes"
            : null;
        if (fault is not null)
        {
            return false;
        }

        var split = new List<string>();
        foreach (string part in text.Split('/'))
        {
            if (part is "" or ".")
            {
                continue;
            }

            if (Encoding.UTF8.GetByteCount(part) > ImageLimits.MaxPathPartBytes)
            {
                fault = $"has a part of more than {ImageLimits.MaxPathPartBytes} bytes";
                return false;
            }

            split.Add(part);
        }

        if (split.Count > ImageLimits.MaxPathDepth)
        {
            fault = $"has more than {ImageLimits.MaxPathDepth} parts";
            return false;
        }

        parts = split;
        return true;
    }

    /// <summary>The parts with slashes between.</summary>
    public override string ToString() => string.Join('/', Parts);
}
