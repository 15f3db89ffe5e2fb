using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using Starling.Core.Bencode;

namespace Starling.Core.Dht;

/// <summary>What of the routing tables outlives the process: own ids and nodes that answered. A bencoded dictionary: <c>id</c>, <c>id6</c>, <c>nodes</c>, <c>nodes6</c>.</summary>
internal sealed record SavedTable
{
    /// <summary>Nodes saved of each family.</summary>
    public const int MaxNodes = 200;

    private static readonly BReaderOptions Options = new() { MaxSize = DhtOptions.MaxSavedSize, MaxTokens = 64, MaxDepth = 2 };

    public NodeId? Id { get; init; }

    public NodeId? Id6 { get; init; }

    /// <summary>Nodes by IPv4.</summary>
    public IReadOnlyList<DhtContact> Nodes { get; init; } = [];

    /// <summary>Nodes by IPv6.</summary>
    public IReadOnlyList<DhtContact> Nodes6 { get; init; } = [];

    public byte[] Encode()
    {
        var writer = new BencodeWriter();
        writer.BeginDictionary();
        if (Id is { } id)
        {
            writer.Bytes("id"u8, id.ToArray());
        }

        if (Id6 is { } id6)
        {
            writer.Bytes("id6"u8, id6.ToArray());
        }

        writer.Bytes("nodes"u8, DhtContact.WriteList(Nodes, v6: false));
        writer.Bytes("nodes6"u8, DhtContact.WriteList(Nodes6, v6: true));
        writer.End();
        return writer.ToArray();
    }

    public static bool TryDecode(ReadOnlyMemory<byte> bytes, [NotNullWhen(true)] out SavedTable? table)
    {
        table = null;
        if (!BReader.TryReadDictionary(bytes, Options, out BDictionary? saved, out _)
            || !TryReadNodes(saved, "nodes"u8, v6: false, out List<DhtContact> nodes)
            || !TryReadNodes(saved, "nodes6"u8, v6: true, out List<DhtContact> nodes6))
        {
            return false;
        }

        table = new SavedTable { Id = ReadId(saved, "id"u8), Id6 = ReadId(saved, "id6"u8), Nodes = nodes, Nodes6 = nodes6 };
        return true;
    }

    private static NodeId? ReadId(BDictionary saved, ReadOnlySpan<byte> key) =>
        saved.TryGetBytes(key, NodeId.Size, out ReadOnlyMemory<byte> bytes) && bytes.Length == NodeId.Size ? new NodeId(bytes.Span) : null;

    private static bool TryReadNodes(BDictionary saved, ReadOnlySpan<byte> key, bool v6, out List<DhtContact> nodes)
    {
        nodes = [];
        int size = v6 ? DhtContact.CompactSizeV6 : DhtContact.CompactSizeV4;
        if (!saved.TryGetBytes(key, MaxNodes * size, out ReadOnlyMemory<byte> bytes) || bytes.Length % size != 0)
        {
            return false;
        }

        for (int at = 0; at < bytes.Length; at += size)
        {
            if (!DhtContact.TryReadList(bytes.Span.Slice(at, size), v6, out List<DhtContact> one))
            {
                return false;
            }

            nodes.AddRange(one);
        }

        return true;
    }
}
