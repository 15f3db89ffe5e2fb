using System;
using System.Buffers.Binary;
using Starling.Core.Wire;

namespace Starling.Runtime.Network;

/// <summary>What a connection starts with (DESIGN section 2: one port serves everything).</summary>
internal enum ConnectionKind
{
    /// <summary>More bytes are needed.</summary>
    Undecided,

    /// <summary>A TLS record with a handshake: a task swarm.</summary>
    Tls,

    /// <summary>Plain BitTorrent: a data swarm.</summary>
    BitTorrent,

    /// <summary>Neither.</summary>
    Unknown,
}

/// <summary>Tells the protocol of an incoming connection by its first bytes, never more than <see cref="MaxSize"/>.</summary>
internal static class FirstBytes
{
    /// <summary>Bytes after which every connection is decided: the protocol name of a BitTorrent handshake.</summary>
    public const int MaxSize = 20;

    private const int RecordHeaderSize = 5;
    private const int MaxRecordSize = 16 * 1024 + 256;

    /// <summary>Judges what has come in so far.</summary>
    public static ConnectionKind Classify(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            return ConnectionKind.Undecided;
        }

        if (bytes[0] == 0x16)
        {
            return ClassifyRecord(bytes);
        }

        int known = Math.Min(bytes.Length, MaxSize);
        return !Handshake.Prefix.StartsWith(bytes[..known]) ? ConnectionKind.Unknown
            : known == MaxSize ? ConnectionKind.BitTorrent
            : ConnectionKind.Undecided;
    }

    /// <summary>Content type 22, version 3.x, length 1 to 2^14 + 256 (RFC 8446, section 5.1).</summary>
    private static ConnectionKind ClassifyRecord(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > 1 && bytes[1] != 0x03)
        {
            return ConnectionKind.Unknown;
        }

        if (bytes.Length < RecordHeaderSize)
        {
            return ConnectionKind.Undecided;
        }

        return BinaryPrimitives.ReadUInt16BigEndian(bytes[3..]) is > 0 and <= MaxRecordSize ? ConnectionKind.Tls : ConnectionKind.Unknown;
    }
}
