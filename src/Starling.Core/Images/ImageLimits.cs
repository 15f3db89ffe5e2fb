namespace Starling.Core.Images;

/// <summary>The bounds of an image archive. What goes beyond is refused with the bound named; how many bytes an image may unpack to is the owner's to say.</summary>
public static class ImageLimits
{
    /// <summary>Bytes of one JSON document: index, manifest, configuration.</summary>
    public const int MaxDocumentBytes = 4 * 1024 * 1024;

    /// <summary>Levels of nesting in one.</summary>
    public const int MaxDocumentDepth = 32;

    /// <summary>Images that one index lists.</summary>
    public const int MaxManifests = 1_000;

    /// <summary>Indexes within each other.</summary>
    public const int MaxIndexDepth = 4;

    /// <summary>Layers of an image.</summary>
    public const int MaxLayers = 512;

    /// <summary>Variables that an image sets, and the bytes of all.</summary>
    public const int MaxVariables = 1_000;

    /// <summary>Bytes of one variable with its name, of a path, of a word of the configuration.</summary>
    public const int MaxTextBytes = 32 * 1024;

    /// <summary>Files in the archive itself: documents and layers.</summary>
    public const int MaxArchiveEntries = 16_384;

    /// <summary>Entries of all layers together.</summary>
    public const int MaxEntries = 1_000_000;

    /// <summary>Bytes of an extended header of a tar entry, which holds a long name.</summary>
    public const int MaxExtendedHeader = 64 * 1024;

    /// <summary>Bytes of a path in a layer, and of what a link points to.</summary>
    public const int MaxPathBytes = 3_072;

    /// <summary>Bytes of one part of a path: what file systems take.</summary>
    public const int MaxPathPartBytes = 255;

    /// <summary>Parts of a path.</summary>
    public const int MaxPathDepth = 128;

    /// <summary>Symbolic links that one path may lead through.</summary>
    public const int MaxLinksFollowed = 40;

    /// <summary>Files, folders and links in the root and in <c>/etc</c> together: each is shown to a run by a mount of its own, and bubblewrap takes 9,000 arguments.</summary>
    public const int MaxMounts = 1_500;

    /// <summary>Bytes at the start of a program in which its interpreter is looked for.</summary>
    public const int ProgramHeadBytes = 64 * 1024;
}
