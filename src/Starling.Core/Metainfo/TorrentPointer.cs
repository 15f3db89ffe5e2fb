using System;
using System.Diagnostics.CodeAnalysis;
using Starling.Core.Bencode;
using Starling.Core.Primitives;

namespace Starling.Core.Metainfo;

/// <summary>
/// The value of the mutable item that names an author's current torrent (BEP 46): a dictionary with the info-hash under <c>ih</c>, 20 bytes. Where the torrent has v2
/// hashes, <c>ih2</c> is all 32 bytes of that info-hash, which <c>ih</c> has no room for; it is this program's own addition.
/// </summary>
public sealed record TorrentPointer
{
    private const int MaxTokens = 64;
    private const int MaxSize = 1000;

    private static readonly BReaderOptions Options = BReaderOptions.ForeignWire with { MaxSize = MaxSize, MaxTokens = MaxTokens, MaxDepth = 4 };

    /// <summary>The v1 info-hash; null: the torrent has none.</summary>
    public InfoHash? V1 { get; init; }

    /// <summary>The v2 info-hash; null: the torrent has none, or who wrote the item told none.</summary>
    public Hash256? V2 { get; init; }

    /// <summary>The pointer to a torrent.</summary>
    public static TorrentPointer To(TorrentMagnet torrent)
    {
        ArgumentNullException.ThrowIfNull(torrent);
        return new TorrentPointer { V1 = torrent.InfoHashV1, V2 = torrent.InfoHashV2 };
    }

    /// <summary>Reads the value of an item; unknown keys are left. False: it names no torrent.</summary>
    public static bool TryRead(ReadOnlyMemory<byte> value, [NotNullWhen(true)] out TorrentPointer? pointer)
    {
        pointer = null;
        if (!BReader.TryReadDictionary(value, Options, out BDictionary? read, out _)
            || !read.TryGetBytes("ih"u8, InfoHash.Size, out ReadOnlyMemory<byte> ih) || ih.Length != InfoHash.Size)
        {
            return false;
        }

        var hash = new InfoHash(ih.Span);
        Hash256? v2 = read.TryGetBytes("ih2"u8, Hash256.Size, out ReadOnlyMemory<byte> ih2) && ih2.Length == Hash256.Size ? new Hash256(ih2.Span) : null;
        pointer = new TorrentPointer { V1 = v2 is { } full && InfoHash.Of(full) == hash ? null : hash, V2 = v2 };
        return true;
    }

    /// <summary>The value, bencoded; one of both info-hashes must be known.</summary>
    public byte[] Encode()
    {
        var writer = new BencodeWriter();
        writer.BeginDictionary();
        writer.Bytes("ih"u8, (V1 ?? InfoHash.Of(V2!.Value)).ToArray());
        if (V2 is { } v2)
        {
            writer.Bytes("ih2"u8, v2.ToArray());
        }

        writer.End();
        return writer.ToArray();
    }
}
