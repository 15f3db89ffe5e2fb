namespace Starling.Core.Primitives;

/// <summary>
/// What names a torrent for good: its v2 info-hash (BEP 52, 32 bytes); for a torrent without one its v1 info-hash (BEP 3, 20 bytes).
/// </summary>
public readonly record struct TorrentId
{
    /// <summary>A torrent with v2 hashes.</summary>
    public TorrentId(Hash256 v2) => V2 = v2;

    /// <summary>A torrent with v1 hashes alone.</summary>
    public TorrentId(InfoHash v1) => V1 = v1;

    /// <summary>The v2 info-hash; null: the torrent has none.</summary>
    public Hash256? V2 { get; }

    /// <summary>The v1 info-hash of a torrent that has no other; null: <see cref="V2"/> names it.</summary>
    public InfoHash? V1 { get; }

    /// <summary>The 20 bytes that name its swarm on the wire; a hybrid torrent has another one too, which its metadata tells.</summary>
    public InfoHash SwarmHash => V2 is { } v2 ? InfoHash.Of(v2) : V1 ?? default;

    /// <summary>Reads 32 or 20 bytes; other lengths name nothing.</summary>
    public static bool TryRead(System.ReadOnlySpan<byte> bytes, out TorrentId id)
    {
        id = bytes.Length switch
        {
            Hash256.Size => new TorrentId(new Hash256(bytes)),
            InfoHash.Size => new TorrentId(new InfoHash(bytes)),
            _ => default,
        };
        return bytes.Length is Hash256.Size or InfoHash.Size;
    }

    /// <summary>The 32 or 20 bytes.</summary>
    public byte[] ToArray()
    {
        if (V2 is { } v2)
        {
            return v2.ToArray();
        }

        var bytes = new byte[InfoHash.Size];
        (V1 ?? default).CopyTo(bytes);
        return bytes;
    }

    /// <summary>64 or 40 hexadecimal digits.</summary>
    public override string ToString() => V2?.ToString() ?? V1?.ToString() ?? "";
}
