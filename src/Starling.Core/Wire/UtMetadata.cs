using System;
using System.Diagnostics.CodeAnalysis;
using Starling.Core.Bencode;

namespace Starling.Core.Wire;

/// <summary>
/// <c>ut_metadata</c> (BEP 9): fetches the <c>info</c> dictionary from peers, for magnet links. A dictionary, behind which the data of
/// a piece stands bare.
/// </summary>
public abstract record UtMetadata
{
    /// <summary>Name in <c>m</c> of the extended handshake.</summary>
    public const string Name = "ut_metadata";

    /// <summary>Bytes of a piece of metadata; only the last one is shorter.</summary>
    public const int PieceSize = 16 * 1024;

    /// <summary>Bytes of the metadata at most.</summary>
    public const int MaxMetadataSize = 10 * 1024 * 1024;

    private const int MaxPiece = (MaxMetadataSize - 1) / PieceSize;
    private const int RequestType = 0;
    private const int DataType = 1;
    private const int RejectType = 2;

    private static readonly BReaderOptions Options =
        BReaderOptions.ForeignWire with { MaxSize = PieceSize + 1024, MaxTokens = 64, MaxDepth = 4 };

    private UtMetadata()
    {
    }

    /// <summary>Asks for a piece.</summary>
    public sealed record Request(int Piece) : UtMetadata;

    /// <summary>A piece, and the length of the whole; the piece has exactly the bytes that follow from both.</summary>
    public sealed record Data(int Piece, int TotalSize, ReadOnlyMemory<byte> Bytes) : UtMetadata;

    /// <summary>The sender does not have (or does not give) this piece.</summary>
    public sealed record Reject(int Piece) : UtMetadata;

    /// <summary>A type that BEP 9 does not know; to be ignored.</summary>
    public sealed record Unknown(int Type) : UtMetadata;

    /// <summary>Pieces of metadata of <paramref name="totalSize"/> bytes.</summary>
    public static int PieceCount(int totalSize) => (totalSize + PieceSize - 1) / PieceSize;

    /// <summary>Bytes of piece <paramref name="piece"/> of metadata of <paramref name="totalSize"/> bytes; 0 or less beyond its end.</summary>
    public static int LengthOf(int piece, int totalSize) => Math.Min(PieceSize, totalSize - (piece * PieceSize));

    /// <summary>Reads the payload of a <c>ut_metadata</c> message; data is a slice of it. False: the sender broke the protocol.</summary>
    public static bool TryDecode(ReadOnlyMemory<byte> payload, [NotNullWhen(true)] out UtMetadata? message)
    {
        message = null;
        if (!BReader.TryReadPrefix(payload, Options, out BValue? value, out int consumed, out _)
            || value is not BDictionary root
            || !root.TryGetInteger("msg_type"u8, 0, byte.MaxValue, out long type))
        {
            return false;
        }

        if (type > RejectType)
        {
            message = new Unknown((int)type);
            return true;
        }

        if (!root.TryGetInteger("piece"u8, 0, MaxPiece, out long number))
        {
            return false;
        }

        int piece = (int)number;
        message = type switch
        {
            RequestType => new Request(piece),
            RejectType => new Reject(piece),
            _ => ReadData(root, piece, payload[consumed..]),
        };
        return message is not null;
    }

    /// <summary>The payload of a <c>ut_metadata</c> message.</summary>
    /// <exception cref="ArgumentException">The message is <see cref="Unknown"/>, or data of the wrong length: a caller's bug.</exception>
    public byte[] Encode() => this switch
    {
        Request request => Head(RequestType, request.Piece, null).ToArray(),
        Reject reject => Head(RejectType, reject.Piece, null).ToArray(),
        Data data when IsPiece(data.Piece, data.TotalSize, data.Bytes.Length) =>
            [.. Head(DataType, data.Piece, data.TotalSize).Written, .. data.Bytes.Span],
        _ => throw new ArgumentException($"{this} has no encoding."),
    };

    private static bool IsPiece(int piece, int totalSize, int length) => length > 0 && length == LengthOf(piece, totalSize);

    private static Data? ReadData(BDictionary root, int piece, ReadOnlyMemory<byte> bytes) =>
        root.TryGetInteger("total_size"u8, 1, MaxMetadataSize, out long total) && IsPiece(piece, (int)total, bytes.Length)
            ? new Data(piece, (int)total, bytes)
            : null;

    private static BencodeWriter Head(int type, int piece, int? totalSize)
    {
        var writer = new BencodeWriter(64);
        writer.BeginDictionary();
        writer.Integer("msg_type"u8, type);
        writer.Integer("piece"u8, piece);
        if (totalSize is { } total)
        {
            writer.Integer("total_size"u8, total);
        }

        writer.End();
        return writer;
    }
}
