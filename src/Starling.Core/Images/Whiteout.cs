using System;
using System.Diagnostics.CodeAnalysis;

namespace Starling.Core.Images;

/// <summary>What an entry of a layer says about lower layers instead of bringing something (OCI image specification, layer.md): the entry's name begins with <c>.wh.</c>.</summary>
/// <param name="Kind">What it says.</param>
/// <param name="Name">The name that goes, for <see cref="WhiteoutKind.Removed"/>; else empty.</param>
public readonly record struct Whiteout(WhiteoutKind Kind, string Name)
{
    private const string Prefix = ".wh.";
    private const string Opaque = ".wh..wh..opq";
    private const string OwnOfAufs = ".wh..wh.";

    /// <summary>Reads the last part of an entry's path. False: the name would lead out of its folder.</summary>
    public static bool TryRead(string name, out Whiteout whiteout, [NotNullWhen(false)] out string? fault)
    {
        ArgumentNullException.ThrowIfNull(name);
        fault = null;
        whiteout = default;
        if (!name.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return true;
        }

        if (name == Opaque)
        {
            whiteout = new Whiteout(WhiteoutKind.Opaque, "");
            return true;
        }

        if (name.StartsWith(OwnOfAufs, StringComparison.Ordinal))
        {
            whiteout = new Whiteout(WhiteoutKind.Nothing, "");
            return true;
        }

        string removed = name[Prefix.Length..];
        if (removed is "" or "." or ".." || removed.Contains('/', StringComparison.Ordinal))
        {
            fault = "is a whiteout of no name";
            return false;
        }

        whiteout = new Whiteout(WhiteoutKind.Removed, removed);
        return true;
    }
}

/// <summary>Kinds of <see cref="Whiteout"/>.</summary>
public enum WhiteoutKind
{
    /// <summary>An ordinary entry.</summary>
    None,

    /// <summary>A name of lower layers is gone.</summary>
    Removed,

    /// <summary>Everything that lower layers have in the folder is gone.</summary>
    Opaque,

    /// <summary>A note of the program that made the layer: neither brings nor removes anything.</summary>
    Nothing,
}
