using System.IO;
using System.IO.Compression;
using Starling.Core.Images;

namespace Starling.Runtime.Containers;

/// <summary>One layer of an image in its archive.</summary>
/// <param name="Blob">Its name in the archive.</param>
/// <param name="Stored">Digest of it as it is stored, perhaps packed; null: the archive does not tell.</param>
/// <param name="Plain">Digest of it as a plain tar archive (<c>diff_id</c>).</param>
/// <param name="Name">What messages call it.</param>
internal sealed record ImageLayer(string Blob, ImageDigest? Stored, ImageDigest Plain, string Name)
{
    /// <summary>Reads the layer once, from start to end; afterwards both digests were right.</summary>
    /// <param name="archive">Where it lies.</param>
    /// <param name="maxBytes">Bytes that it may unpack to.</param>
    /// <param name="take">Gets each entry; the scanner gives its content.</param>
    /// <returns>Bytes of the plain archive.</returns>
    /// <exception cref="InvalidImageException">It is damaged, or another one.</exception>
    public long Read(BlobArchive archive, long maxBytes, LayerEntryTaker take)
    {
        (Microsoft.Win32.SafeHandles.SafeFileHandle file, long start, long length) = archive.Find(Blob);
        Packing packing = Unpacking.Of(file, start);
        if (packing is not (Packing.None or Packing.Gzip))
        {
            throw new InvalidImageException(ImageProblem.Packing(Name, Unpacking.NameOf(packing)));
        }

        using var stored = new HashingStream(new FileRange(file, start, length), long.MaxValue, static () => ImageProblem.Broken("", ""));
        using var plain = new HashingStream(
            packing == Packing.Gzip ? new GZipStream(stored, CompressionMode.Decompress, leaveOpen: true) : stored,
            maxBytes,
            () => ImageProblem.Beyond(Name, "the image unpacks to more bytes than one may have on this machine"));
        try
        {
            var tar = new TarScanner(plain, Name);
            while (tar.Next() is { } entry)
            {
                take(entry, tar);
            }

            ImageDigest plainDigest = plain.Finish();
            if (plainDigest != Plain)
            {
                throw new InvalidImageException(ImageProblem.Broken(Name, $"is {plainDigest}, and the image's configuration names {Plain}"));
            }

            ImageDigest storedDigest = stored.Finish();
            return Stored is null || storedDigest == Stored
                ? plain.Count
                : throw new InvalidImageException(ImageProblem.Broken(Name, $"is {storedDigest} as it is stored, and the image's manifest names {Stored}"));
        }
        catch (InvalidDataException failure)
        {
            throw new InvalidImageException(ImageProblem.Broken(Name, $"cannot be unpacked: {failure.Message.TrimEnd('.')}"));
        }
    }
}

/// <summary>Gets an entry of a layer; <paramref name="content"/> reads its content.</summary>
internal delegate void LayerEntryTaker(TarEntry entry, TarScanner content);
