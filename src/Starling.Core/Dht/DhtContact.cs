using System;
using System.Collections.Generic;
using Starling.Core.Primitives;

namespace Starling.Core.Dht;

/// <summary>A node as others are told of it: its id and its address (BEP 5 compact node info, BEP 32 for IPv6).</summary>
/// <param name="Id">Its id, as claimed.</param>
/// <param name="Address">Where its UDP port is.</param>
internal readonly record struct DhtContact(NodeId Id, PeerAddress Address)
{
    /// <summary>Bytes of one node in <c>nodes</c>.</summary>
    public const int CompactSizeV4 = NodeId.Size + PeerAddress.CompactSizeV4;

    /// <summary>Bytes of one node in <c>nodes6</c>.</summary>
    public const int CompactSizeV6 = NodeId.Size + PeerAddress.CompactSizeV6;

    /// <summary>Nodes read from one list; what stands behind them is left.</summary>
    public const int MaxInList = 32;

    /// <summary>Reads a list of one family; false when its length is no multiple of a node's. Nodes without a usable address are left out.</summary>
    public static bool TryReadList(ReadOnlySpan<byte> bytes, bool v6, out List<DhtContact> contacts)
    {
        int size = v6 ? CompactSizeV6 : CompactSizeV4;
        contacts = [];
        if (bytes.Length % size != 0)
        {
            return false;
        }

        for (; !bytes.IsEmpty && contacts.Count < MaxInList; bytes = bytes[size..])
        {
            if (PeerAddress.TryReadCompact(bytes[NodeId.Size..size], out PeerAddress address) && AddressRange.IsUsable(address) && address.IsV4 != v6)
            {
                contacts.Add(new DhtContact(new NodeId(bytes), address));
            }
        }

        return true;
    }

    /// <summary>The compact form of nodes of one family.</summary>
    public static byte[] WriteList(IReadOnlyList<DhtContact> contacts, bool v6)
    {
        int size = v6 ? CompactSizeV6 : CompactSizeV4;
        var bytes = new byte[contacts.Count * size];
        for (int i = 0; i < contacts.Count; i++)
        {
            contacts[i].Id.CopyTo(bytes.AsSpan(i * size));
            contacts[i].Address.WriteCompact(bytes.AsSpan(i * size + NodeId.Size));
        }

        return bytes;
    }
}
