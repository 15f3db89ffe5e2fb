using System;
using System.Collections.Generic;
using System.IO;
using Starling.Core.Images;
using Starling.Runtime.Walls;

namespace Starling.Runtime.Containers;

/// <summary>An image that is unpacked and in use: as long as this is not disposed of, no process removes it.</summary>
/// <param name="root">Absolute path of its file system.</param>
/// <param name="digest">Digest of its configuration: the image's ID.</param>
/// <param name="config">What it says of itself.</param>
/// <param name="held">The lock that keeps it.</param>
internal sealed class UnpackedImage(string root, ImageDigest digest, ImageConfig config, FileStream held) : IDisposable
{
    /// <summary>Absolute path of its file system, which nothing may write to any more.</summary>
    public string Root => root;

    /// <summary>Digest of its configuration: the image's ID.</summary>
    public ImageDigest Digest => digest;

    /// <summary>Variables that it sets.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Variables => config.Variables;

    /// <summary>Absolute path in the image in which its commands begin; null: it does not say, or names what is no part of the image in a run.</summary>
    public string? WorkingFolder => config.WorkingFolder is { } folder && !Bubblewrap.OwnRoots.Contains(folder.Split('/')[1]) ? folder : null;

    /// <inheritdoc/>
    public void Dispose() => held.Dispose();
}
