using System;
using System.Collections.Generic;
using Starling.Core.Torrents;

namespace Starling.Runtime.Torrents;

/// <summary>What is known of a torrent's files when it is opened.</summary>
/// <param name="Pieces">Pieces that were checked and are there: one bit a piece, as in the <c>bitfield</c> message.</param>
/// <param name="Unchecked">
/// Pieces of which bytes are there that nobody vouches for, because their files changed or came from elsewhere: to be checked before they count. None
/// of them is in <paramref name="Pieces"/>.
/// </param>
/// <param name="Partial">Unfinished pieces.</param>
public sealed record TorrentResume(byte[] Pieces, byte[] Unchecked, IReadOnlyList<PartialPiece> Partial)
{
    /// <summary>Unfinished pieces that are kept over a restart.</summary>
    public const int MaxPartial = 4_096;

    /// <summary>Whether a bit is set.</summary>
    public static bool Has(ReadOnlySpan<byte> bits, int index) => (bits[index >> 3] & (0x80 >> (index & 7))) != 0;

    /// <summary>Sets a bit or takes it away.</summary>
    public static void Set(Span<byte> bits, int index, bool value)
    {
        byte mask = (byte)(0x80 >> (index & 7));
        bits[index >> 3] = (byte)(value ? bits[index >> 3] | mask : bits[index >> 3] & ~mask);
    }

    /// <summary>Bytes of a field of <paramref name="count"/> bits.</summary>
    public static int SizeOf(int count) => (count + 7) / 8;
}
