using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Security.Cryptography;
using Starling.Core.Primitives;

namespace Starling.Core.Torrents;

/// <summary>The canonical set of pieces that a peer may have while it is choked (BEP 6, "Allowed Fast Set Generation").</summary>
public static class AllowedFast
{
    /// <summary>
    /// The first <paramref name="count"/> pieces for the peer at <paramref name="peer"/>, or all when there are no more; none for IPv6,
    /// for which the BEP has no rule.
    /// </summary>
    public static IReadOnlyList<int> SetOf(PeerAddress peer, InfoHash infoHash, int pieceCount, int count)
    {
        var set = new List<int>();
        if (!peer.IsV4)
        {
            return set;
        }

        Span<byte> seed = stackalloc byte[sizeof(uint) + InfoHash.Size];
        BinaryPrimitives.WriteUInt32BigEndian(seed, (uint)(ulong)peer.Ip & 0xFFFFFF00);
        infoHash.CopyTo(seed[sizeof(uint)..]);
        Span<byte> x = stackalloc byte[SHA1.HashSizeInBytes];
        Hash(seed, x);
        int wanted = Math.Min(count, pieceCount);
        while (set.Count < wanted)
        {
            for (int i = 0; i < x.Length && set.Count < wanted; i += sizeof(uint))
            {
                int piece = (int)(BinaryPrimitives.ReadUInt32BigEndian(x[i..]) % (uint)pieceCount);
                if (!set.Contains(piece))
                {
                    set.Add(piece);
                }
            }

            Hash(x, x);
        }

        return set;
    }

#pragma warning disable CA5350 // The BEP says SHA-1; nothing secret depends on it.
    private static void Hash(ReadOnlySpan<byte> source, Span<byte> destination) => SHA1.HashData(source, destination);
#pragma warning restore CA5350
}
