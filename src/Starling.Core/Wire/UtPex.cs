using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using Starling.Core.Bencode;
using Starling.Core.Primitives;

namespace Starling.Core.Wire;

/// <summary>What is known of a peer in <c>added.f</c> (BEP 11).</summary>
[Flags]
public enum PexFlags : byte
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>It prefers encrypted connections.</summary>
    PrefersEncryption = 1,

    /// <summary>It only seeds.</summary>
    Seed = 2,

    /// <summary>It speaks uTP (BEP 29).</summary>
    SupportsUtp = 4,

    /// <summary>It takes part in hole punching (BEP 55).</summary>
    SupportsHolepunch = 8,

    /// <summary>It was reached by an outgoing connection.</summary>
    Reachable = 16,
}

/// <summary>A peer that the sender is connected to.</summary>
public readonly record struct PexPeer(PeerAddress Address, PexFlags Flags);

/// <summary>
/// <c>ut_pex</c> (BEP 11): peers that came and went since the last message. Addresses are hints of strangers: nothing but a connection
/// shows that anyone is there.
/// </summary>
/// <param name="Added">Peers that came, at most <see cref="MaxPeers"/>.</param>
/// <param name="Dropped">Peers that went, at most <see cref="MaxPeers"/>.</param>
public sealed record UtPex(IReadOnlyList<PexPeer> Added, IReadOnlyList<PeerAddress> Dropped)
{
    /// <summary>Name in <c>m</c> of the extended handshake.</summary>
    public const string Name = "ut_pex";

    /// <summary>Entries of each kind in one message, IPv4 and IPv6 together; what a sender adds beyond is ignored.</summary>
    public const int MaxPeers = 50;

    private const int MaxSize = 64 * 1024;

    private static readonly BReaderOptions Options = BReaderOptions.ForeignWire with { MaxSize = MaxSize, MaxTokens = 64, MaxDepth = 4 };

    /// <summary>Reads the payload of a <c>ut_pex</c> message. Entries without a port are left out. False: not a dictionary within the bounds.</summary>
    public static bool TryDecode(ReadOnlyMemory<byte> payload, [NotNullWhen(true)] out UtPex? message)
    {
        message = null;
        if (!BReader.TryReadDictionary(payload, Options, out BDictionary? root, out _))
        {
            return false;
        }

        var added = new List<PexPeer>();
        var dropped = new List<PexPeer>();
        Read(root, "added"u8, "added.f"u8, PeerAddress.CompactSizeV4, added);
        Read(root, "added6"u8, "added6.f"u8, PeerAddress.CompactSizeV6, added);
        Read(root, "dropped"u8, default, PeerAddress.CompactSizeV4, dropped);
        Read(root, "dropped6"u8, default, PeerAddress.CompactSizeV6, dropped);
        message = new UtPex([.. added], dropped.ConvertAll(static peer => peer.Address).ToArray());
        return true;
    }

    /// <summary>The payload of a <c>ut_pex</c> message.</summary>
    /// <exception cref="ArgumentException">More than <see cref="MaxPeers"/> added or dropped: a caller's bug.</exception>
    public byte[] Encode()
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Added.Count, MaxPeers);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Dropped.Count, MaxPeers);
        var dropped = new List<PexPeer>(Dropped.Count);
        foreach (PeerAddress address in Dropped)
        {
            dropped.Add(new PexPeer(address, PexFlags.None));
        }

        var writer = new BencodeWriter();
        writer.BeginDictionary();
        Write(writer, Added, v4: true, "added"u8, "added.f"u8);
        Write(writer, Added, v4: false, "added6"u8, "added6.f"u8);
        Write(writer, dropped, v4: true, "dropped"u8, default);
        Write(writer, dropped, v4: false, "dropped6"u8, default);
        writer.End();
        return writer.ToArray();
    }

    private static void Read(BDictionary root, ReadOnlySpan<byte> key, ReadOnlySpan<byte> flagsKey, int size, List<PexPeer> peers)
    {
        if (!root.TryGetBytes(key, MaxSize, out ReadOnlyMemory<byte> compact))
        {
            return;
        }

        ReadOnlyMemory<byte> flags = default;
        if (!flagsKey.IsEmpty)
        {
            root.TryGetBytes(flagsKey, MaxSize, out flags);
        }

        for (int i = 0; peers.Count < MaxPeers && (i + 1) * size <= compact.Length; i++)
        {
            if (PeerAddress.TryReadCompact(compact.Span.Slice(i * size, size), out PeerAddress address) && address.Port != 0)
            {
                peers.Add(new PexPeer(address, i < flags.Length ? (PexFlags)flags.Span[i] : PexFlags.None));
            }
        }
    }

    private static void Write(BencodeWriter writer, IReadOnlyList<PexPeer> peers, bool v4, ReadOnlySpan<byte> key, ReadOnlySpan<byte> flagsKey)
    {
        Span<byte> compact = stackalloc byte[MaxPeers * PeerAddress.CompactSizeV6];
        Span<byte> flags = stackalloc byte[MaxPeers];
        int used = 0;
        int count = 0;
        for (int i = 0; i < peers.Count; i++)
        {
            if (peers[i].Address.IsV4 == v4)
            {
                used += peers[i].Address.WriteCompact(compact[used..]);
                flags[count++] = (byte)peers[i].Flags;
            }
        }

        if (count == 0)
        {
            return;
        }

        writer.Bytes(key, compact[..used]);
        if (!flagsKey.IsEmpty)
        {
            writer.Bytes(flagsKey, flags[..count]);
        }
    }
}
