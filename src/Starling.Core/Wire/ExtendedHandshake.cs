using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using Starling.Core.Bencode;
using Starling.Core.Gossip;
using Starling.Core.Primitives;

namespace Starling.Core.Wire;

/// <summary>One entry of <c>m</c>: the id by which the sender wants messages of this name; 0 switches the message off.</summary>
public readonly record struct ExtensionId(string Name, byte Id);

/// <summary>
/// The extended handshake (BEP 10: extended message 0). What another program writes wrongly into an optional key counts as not
/// written; only <c>st</c>, which is ours, must be right.
/// </summary>
public sealed record ExtendedHandshake
{
    /// <summary>The extended message id of this message itself.</summary>
    public const byte MessageId = 0;

    /// <summary>Bytes of the whole at most.</summary>
    public const int MaxSize = 16 * 1024;

    /// <summary>Entries of <c>m</c> at most; further ones are ignored.</summary>
    public const int MaxExtensions = 64;

    /// <summary>Bytes of a name in <c>m</c> at most; longer ones are ignored.</summary>
    public const int MaxNameLength = 64;

    /// <summary>Bytes of <c>v</c> at most; a longer one is ignored.</summary>
    public const int MaxClientLength = 128;

    private const int IPv4Size = 4;
    private const int IPv6Size = 16;

    private static readonly BReaderOptions Options = BReaderOptions.ForeignWire with { MaxSize = MaxSize, MaxTokens = 512, MaxDepth = 8 };

    /// <summary>Key <c>m</c>: the messages that the sender understands, each name once.</summary>
    public IReadOnlyList<ExtensionId> Extensions { get; init; } = [];

    /// <summary>Key <c>p</c>: the TCP port on which the sender listens.</summary>
    public ushort? ListenPort { get; init; }

    /// <summary>Key <c>v</c>: the sender's program and version. A text of strangers: escape before display.</summary>
    public string? Client { get; init; }

    /// <summary>Key <c>reqq</c>: outstanding requests that the sender keeps without dropping any.</summary>
    public int? RequestQueue { get; init; }

    /// <summary>Key <c>metadata_size</c> (BEP 9): bytes of the <c>info</c> dictionary; 1 to <see cref="UtMetadata.MaxMetadataSize"/>.</summary>
    public int? MetadataSize { get; init; }

    /// <summary>Key <c>yourip</c>: the receiver's address as the sender sees it; port 0.</summary>
    public PeerAddress? YourAddress { get; init; }

    /// <summary>Key <c>ipv4</c>: the sender's own IPv4 address; port 0.</summary>
    public PeerAddress? V4 { get; init; }

    /// <summary>Key <c>ipv6</c>: the sender's own IPv6 address; port 0.</summary>
    public PeerAddress? V6 { get; init; }

    /// <summary>Key <c>upload_only</c> (BEP 21): whether the sender wants nothing from anyone.</summary>
    public bool UploadOnly { get; init; }

    /// <summary>Key <c>st</c>: the sender's place in a task swarm; null in data swarms.</summary>
    public StHandshake? St { get; init; }

    /// <summary>Whether the sender takes messages of this name, and under which id (1..255).</summary>
    public bool TryGetId(string name, out byte id)
    {
        foreach (ExtensionId extension in Extensions)
        {
            if (extension.Name == name && extension.Id != 0)
            {
                id = extension.Id;
                return true;
            }
        }

        id = 0;
        return false;
    }

    /// <summary>Reads the payload of extended message 0. False: not a dictionary within the bounds, or a wrong <c>st</c>.</summary>
    public static bool TryDecode(ReadOnlyMemory<byte> payload, [NotNullWhen(true)] out ExtendedHandshake? handshake)
    {
        handshake = null;
        if (!BReader.TryReadDictionary(payload, Options, out BDictionary? root, out _))
        {
            return false;
        }

        StHandshake? st = null;
        if (root["st"u8] is { } value && !StHandshakeCodec.TryRead(value, out st))
        {
            return false;
        }

        handshake = new ExtendedHandshake
        {
            Extensions = root.TryGetDictionary("m"u8, out BDictionary? m) ? ReadExtensions(m) : [],
            ListenPort = root.TryGetInteger("p"u8, 1, ushort.MaxValue, out long port) ? (ushort)port : null,
            Client = root.TryGetText("v"u8, MaxClientLength, out string? client) ? client : null,
            RequestQueue = root.TryGetInteger("reqq"u8, 0, int.MaxValue, out long queue) ? (int)queue : null,
            MetadataSize = root.TryGetInteger("metadata_size"u8, 1, UtMetadata.MaxMetadataSize, out long size) ? (int)size : null,
            YourAddress = ReadAddress(root, "yourip"u8, IPv4Size) ?? ReadAddress(root, "yourip"u8, IPv6Size),
            V4 = ReadAddress(root, "ipv4"u8, IPv4Size),
            V6 = ReadAddress(root, "ipv6"u8, IPv6Size),
            UploadOnly = root.TryGetInteger("upload_only"u8, 0, int.MaxValue, out long uploadOnly) && uploadOnly != 0,
            St = st,
        };
        return true;
    }

    /// <summary>The payload of extended message 0.</summary>
    /// <exception cref="InvalidOperationException">A name twice in <see cref="Extensions"/>: a caller's bug.</exception>
    public byte[] Encode()
    {
        var writer = new BencodeWriter();
        writer.BeginDictionary();
        WriteAddress(writer, "ipv4"u8, V4);
        WriteAddress(writer, "ipv6"u8, V6);
        writer.Key("m"u8);
        WriteExtensions(writer);
        WriteNumber(writer, "metadata_size"u8, MetadataSize);
        WriteNumber(writer, "p"u8, ListenPort);
        WriteNumber(writer, "reqq"u8, RequestQueue);
        if (St is not null)
        {
            writer.Key("st"u8);
            StHandshakeCodec.Write(writer, St);
        }

        WriteNumber(writer, "upload_only"u8, UploadOnly ? 1 : null);
        if (Client is not null)
        {
            writer.Text("v"u8, Client);
        }

        WriteAddress(writer, "yourip"u8, YourAddress);
        writer.End();
        return writer.ToArray();
    }

    private static ExtensionId[] ReadExtensions(BDictionary m)
    {
        var extensions = new List<ExtensionId>(Math.Min(m.Entries.Count, MaxExtensions));
        foreach (BEntry entry in m.Entries)
        {
            if (extensions.Count < MaxExtensions
                && entry.Key.Length <= MaxNameLength
                && entry.Value is BInteger { Value: >= 0 and <= byte.MaxValue } id
                && BString.TryGetText(entry.Key.Span, out string? name))
            {
                extensions.Add(new ExtensionId(name, (byte)id.Value));
            }
        }

        return [.. extensions];
    }

    private void WriteExtensions(BencodeWriter writer)
    {
        var sorted = new List<ExtensionId>(Extensions);
        sorted.Sort(static (left, right) => string.CompareOrdinal(left.Name, right.Name));
        writer.BeginDictionary();
        foreach (ExtensionId extension in sorted)
        {
            writer.Integer(System.Text.Encoding.UTF8.GetBytes(extension.Name), extension.Id);
        }

        writer.End();
    }

    private static void WriteNumber(BencodeWriter writer, ReadOnlySpan<byte> key, int? value)
    {
        if (value is { } number)
        {
            writer.Integer(key, number);
        }
    }

    private static void WriteAddress(BencodeWriter writer, ReadOnlySpan<byte> key, PeerAddress? address)
    {
        if (address is { } present)
        {
            Span<byte> compact = stackalloc byte[PeerAddress.CompactSizeV6];
            int size = present.WriteCompact(compact) - sizeof(ushort);
            writer.Bytes(key, compact[..size]);
        }
    }

    private static PeerAddress? ReadAddress(BDictionary root, ReadOnlySpan<byte> key, int size)
    {
        if (!root.TryGetBytes(key, IPv6Size, out ReadOnlyMemory<byte> bytes) || bytes.Length != size)
        {
            return null;
        }

        Span<byte> compact = stackalloc byte[PeerAddress.CompactSizeV6];
        compact.Clear();
        bytes.Span.CopyTo(compact);
        return PeerAddress.TryReadCompact(compact[..(size + sizeof(ushort))], out PeerAddress address) ? address : null;
    }
}
