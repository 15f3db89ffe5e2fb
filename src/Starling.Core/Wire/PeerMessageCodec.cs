using System;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using Starling.Core.Bencode;
using Starling.Core.Metainfo;
using Starling.Core.Primitives;
using Starling.Core.Tasks;

namespace Starling.Core.Wire;

/// <summary>Bytes ↔ <see cref="PeerMessage"/>. Fixed-size messages have exactly their size; numbers above 2^31 − 1 are refused.</summary>
public static class PeerMessageCodec
{
    /// <summary>Bytes of a frame (without its length prefix) at most: an extended message's payload and room for its header.</summary>
    public const int MaxFrameSize = MaxExtendedPayload + 1024;

    /// <summary>Bytes of an extended message's payload at most.</summary>
    public const int MaxExtendedPayload = BReaderOptions.WireMaxSize;

    /// <summary>Bytes of one block at most. Ours are 16 KiB; other programs ask for up to this much.</summary>
    public const int MaxBlockLength = 128 * 1024;

    /// <summary>Bytes of a bitfield at most.</summary>
    public const int MaxBitfieldLength = TaskLimitsOfFormat.MaxPieces / 8;

    /// <summary>Bytes of the length prefix.</summary>
    public const int PrefixSize = 4;

    /// <summary>Bytes before the data of a <c>piece</c> message, length prefix included.</summary>
    public const int BlockHeaderSize = 13;

    /// <summary>Hashes of one <c>hashes</c> message at most: those that a request may ask for (BEP 52), and an uncle for each layer of the largest file.</summary>
    public const int MaxHashes = PieceLayers.MaxRequestLength + 64;

    /// <summary>Bytes of a <c>request</c>, length prefix included.</summary>
    public const int RequestSize = 17;

    /// <summary>Bytes of a <c>have</c>, length prefix included.</summary>
    public const int HaveSize = 9;

    private const byte ChokeId = 0;
    private const byte UnchokeId = 1;
    private const byte InterestedId = 2;
    private const byte NotInterestedId = 3;
    private const byte HaveId = 4;
    private const byte BitfieldId = 5;
    private const byte RequestId = 6;
    private const byte BlockId = 7;
    private const byte CancelId = 8;
    private const byte PortId = 9;
    private const byte SuggestPieceId = 13;
    private const byte HaveAllId = 14;
    private const byte HaveNoneId = 15;
    private const byte RejectRequestId = 16;
    private const byte AllowedFastId = 17;
    private const byte ExtendedId = 20;
    private const byte HashRequestId = 21;
    private const byte HashesId = 22;
    private const byte HashRejectId = 23;
    private const int HashRangeSize = Hash256.Size + 16;

    private static readonly PeerMessage KeepAlive = new PeerMessage.KeepAlive();
    private static readonly PeerMessage Choke = new PeerMessage.Choke();
    private static readonly PeerMessage Unchoke = new PeerMessage.Unchoke();
    private static readonly PeerMessage Interested = new PeerMessage.Interested();
    private static readonly PeerMessage NotInterested = new PeerMessage.NotInterested();
    private static readonly PeerMessage HaveAll = new PeerMessage.HaveAll();
    private static readonly PeerMessage HaveNone = new PeerMessage.HaveNone();

    /// <summary>
    /// Reads a frame without its length prefix; the message's memory is a slice of it. False: the sender broke the protocol. Messages
    /// that this program does not know come out as <see cref="PeerMessage.Unknown"/>.
    /// </summary>
    public static bool TryDecode(ReadOnlyMemory<byte> frame, [NotNullWhen(true)] out PeerMessage? message)
    {
        message = null;
        ReadOnlySpan<byte> bytes = frame.Span;
        if (bytes.IsEmpty)
        {
            message = KeepAlive;
            return true;
        }

        if (bytes.Length > MaxFrameSize)
        {
            return false;
        }

        byte id = bytes[0];
        ReadOnlySpan<byte> body = bytes[1..];
        message = id switch
        {
            ChokeId => body.IsEmpty ? Choke : null,
            UnchokeId => body.IsEmpty ? Unchoke : null,
            InterestedId => body.IsEmpty ? Interested : null,
            NotInterestedId => body.IsEmpty ? NotInterested : null,
            HaveId => TryReadPiece(body, out int piece) ? new PeerMessage.Have(piece) : null,
            BitfieldId => body.Length <= MaxBitfieldLength ? new PeerMessage.Bitfield(frame[1..]) : null,
            RequestId => TryReadRange(body, out int piece, out int begin, out int length)
                ? new PeerMessage.Request(piece, begin, length) : null,
            BlockId => TryReadBlock(frame[1..]),
            CancelId => TryReadRange(body, out int piece, out int begin, out int length)
                ? new PeerMessage.Cancel(piece, begin, length) : null,
            PortId => body.Length == 2 ? new PeerMessage.Port(BinaryPrimitives.ReadUInt16BigEndian(body)) : null,
            SuggestPieceId => TryReadPiece(body, out int piece) ? new PeerMessage.SuggestPiece(piece) : null,
            HaveAllId => body.IsEmpty ? HaveAll : null,
            HaveNoneId => body.IsEmpty ? HaveNone : null,
            RejectRequestId => TryReadRange(body, out int piece, out int begin, out int length)
                ? new PeerMessage.RejectRequest(piece, begin, length) : null,
            AllowedFastId => TryReadPiece(body, out int piece) ? new PeerMessage.AllowedFast(piece) : null,
            ExtendedId => body.Length is >= 1 and <= MaxExtendedPayload + 1 ? new PeerMessage.Extended(body[0], frame[2..]) : null,
            HashRequestId => TryReadHashRange(body, out HashRange range) && body.Length == HashRangeSize ? new PeerMessage.HashRequest(range) : null,
            HashesId => TryReadHashRange(body, out HashRange range) && IsHashes(body.Length - HashRangeSize)
                ? new PeerMessage.Hashes(range, frame[(1 + HashRangeSize)..]) : null,
            HashRejectId => TryReadHashRange(body, out HashRange range) && body.Length == HashRangeSize ? new PeerMessage.HashReject(range) : null,
            _ => new PeerMessage.Unknown(id),
        };
        return message is not null;
    }

    /// <summary>The message with its length prefix, ready to be sent.</summary>
    /// <exception cref="ArgumentException">The message is <see cref="PeerMessage.Unknown"/> or beyond a bound: a caller's bug.</exception>
    public static byte[] Encode(PeerMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        return message switch
        {
            PeerMessage.KeepAlive => new byte[PrefixSize],
            PeerMessage.Choke => Frame(ChokeId, 0, out _),
            PeerMessage.Unchoke => Frame(UnchokeId, 0, out _),
            PeerMessage.Interested => Frame(InterestedId, 0, out _),
            PeerMessage.NotInterested => Frame(NotInterestedId, 0, out _),
            PeerMessage.Have have => OfPiece(HaveId, have.Piece),
            PeerMessage.Bitfield bitfield => OfBytes(BitfieldId, bitfield.Bits.Span, MaxBitfieldLength),
            PeerMessage.Request request => OfRange(RequestId, request.Piece, request.Begin, request.Length),
            PeerMessage.Block block => OfBlock(block),
            PeerMessage.Cancel cancel => OfRange(CancelId, cancel.Piece, cancel.Begin, cancel.Length),
            PeerMessage.Port port => OfPort(port.Number),
            PeerMessage.SuggestPiece suggest => OfPiece(SuggestPieceId, suggest.Piece),
            PeerMessage.HaveAll => Frame(HaveAllId, 0, out _),
            PeerMessage.HaveNone => Frame(HaveNoneId, 0, out _),
            PeerMessage.RejectRequest reject => OfRange(RejectRequestId, reject.Piece, reject.Begin, reject.Length),
            PeerMessage.AllowedFast allowed => OfPiece(AllowedFastId, allowed.Piece),
            PeerMessage.Extended extended => EncodeExtended(extended.Id, extended.Payload.Span),
            PeerMessage.HashRequest request => OfHashes(HashRequestId, request.Range, default),
            PeerMessage.Hashes hashes => OfHashes(HashesId, hashes.Range, hashes.Bytes.Span),
            PeerMessage.HashReject reject => OfHashes(HashRejectId, reject.Range, default),
            _ => throw new ArgumentException($"{message.GetType().Name} has no encoding.", nameof(message)),
        };
    }

    /// <summary>An extended message (BEP 10) with its length prefix.</summary>
    public static byte[] EncodeExtended(byte id, ReadOnlySpan<byte> payload)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(payload.Length, MaxExtendedPayload);
        byte[] frame = Frame(ExtendedId, 1 + payload.Length, out Span<byte> body);
        body[0] = id;
        payload.CopyTo(body[1..]);
        return frame;
    }

    /// <summary>
    /// Writes all of a <c>piece</c> message but its <paramref name="length"/> bytes of data to the start of
    /// <paramref name="destination"/>: 13 bytes, length prefix included. Returns 13.
    /// </summary>
    public static int WriteBlockHeader(Span<byte> destination, int piece, int begin, int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, MaxBlockLength);
        BinaryPrimitives.WriteInt32BigEndian(destination, BlockHeaderSize - PrefixSize + length);
        destination[4] = BlockId;
        BinaryPrimitives.WriteInt32BigEndian(destination[5..], piece);
        BinaryPrimitives.WriteInt32BigEndian(destination[9..], begin);
        return BlockHeaderSize;
    }

    /// <summary>Writes a <c>request</c> with its length prefix; returns <see cref="RequestSize"/>.</summary>
    public static int WriteRequest(Span<byte> destination, int piece, int begin, int length)
    {
        BinaryPrimitives.WriteInt32BigEndian(destination, RequestSize - PrefixSize);
        destination[PrefixSize] = RequestId;
        BinaryPrimitives.WriteInt32BigEndian(destination[5..], piece);
        BinaryPrimitives.WriteInt32BigEndian(destination[9..], begin);
        BinaryPrimitives.WriteInt32BigEndian(destination[13..], length);
        return RequestSize;
    }

    /// <summary>Writes a <c>have</c> with its length prefix; returns <see cref="HaveSize"/>.</summary>
    public static int WriteHave(Span<byte> destination, int piece)
    {
        BinaryPrimitives.WriteInt32BigEndian(destination, HaveSize - PrefixSize);
        destination[PrefixSize] = HaveId;
        BinaryPrimitives.WriteInt32BigEndian(destination[5..], piece);
        return HaveSize;
    }

    private static bool TryReadPiece(ReadOnlySpan<byte> body, out int piece)
    {
        piece = body.Length == 4 ? BinaryPrimitives.ReadInt32BigEndian(body) : -1;
        return piece >= 0;
    }

    internal static bool TryReadRange(ReadOnlySpan<byte> body, out int piece, out int begin, out int length)
    {
        piece = begin = length = 0;
        if (body.Length != 12)
        {
            return false;
        }

        piece = BinaryPrimitives.ReadInt32BigEndian(body);
        begin = BinaryPrimitives.ReadInt32BigEndian(body[4..]);
        length = BinaryPrimitives.ReadInt32BigEndian(body[8..]);
        return piece >= 0 && begin >= 0 && length is >= 1 and <= MaxBlockLength;
    }

    private static PeerMessage.Block? TryReadBlock(ReadOnlyMemory<byte> body)
    {
        if (body.Length is <= 8 or > 8 + MaxBlockLength)
        {
            return null;
        }

        int piece = BinaryPrimitives.ReadInt32BigEndian(body.Span);
        int begin = BinaryPrimitives.ReadInt32BigEndian(body.Span[4..]);
        return piece >= 0 && begin >= 0 ? new PeerMessage.Block(piece, begin, body[8..]) : null;
    }

    private static byte[] Frame(byte id, int bodyLength, out Span<byte> body)
    {
        var frame = new byte[PrefixSize + 1 + bodyLength];
        BinaryPrimitives.WriteInt32BigEndian(frame, 1 + bodyLength);
        frame[PrefixSize] = id;
        body = frame.AsSpan(PrefixSize + 1);
        return frame;
    }

    private static byte[] OfPiece(byte id, int piece)
    {
        byte[] frame = Frame(id, 4, out Span<byte> body);
        BinaryPrimitives.WriteInt32BigEndian(body, piece);
        return frame;
    }

    private static byte[] OfRange(byte id, int piece, int begin, int length)
    {
        byte[] frame = Frame(id, 12, out Span<byte> body);
        BinaryPrimitives.WriteInt32BigEndian(body, piece);
        BinaryPrimitives.WriteInt32BigEndian(body[4..], begin);
        BinaryPrimitives.WriteInt32BigEndian(body[8..], length);
        return frame;
    }

    private static byte[] OfPort(ushort number)
    {
        byte[] frame = Frame(PortId, 2, out Span<byte> body);
        BinaryPrimitives.WriteUInt16BigEndian(body, number);
        return frame;
    }

    private static byte[] OfBytes(byte id, ReadOnlySpan<byte> bytes, int max)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes.Length, max);
        byte[] frame = Frame(id, bytes.Length, out Span<byte> body);
        bytes.CopyTo(body);
        return frame;
    }

    private static byte[] OfBlock(PeerMessage.Block block)
    {
        var frame = new byte[BlockHeaderSize + block.Data.Length];
        WriteBlockHeader(frame, block.Piece, block.Begin, block.Data.Length);
        block.Data.Span.CopyTo(frame.AsSpan(BlockHeaderSize));
        return frame;
    }

    private static bool IsHashes(int length) => length % Hash256.Size == 0 && length is > 0 and <= MaxHashes * Hash256.Size;

    private static bool TryReadHashRange(ReadOnlySpan<byte> body, out HashRange range)
    {
        range = default;
        if (body.Length < HashRangeSize)
        {
            return false;
        }

        ReadOnlySpan<byte> numbers = body[Hash256.Size..];
        range = new HashRange(
            new Hash256(body),
            BinaryPrimitives.ReadInt32BigEndian(numbers),
            BinaryPrimitives.ReadInt32BigEndian(numbers[4..]),
            BinaryPrimitives.ReadInt32BigEndian(numbers[8..]),
            BinaryPrimitives.ReadInt32BigEndian(numbers[12..]));
        return range is { BaseLayer: >= 0, Index: >= 0, Length: >= 0, ProofLayers: >= 0 };
    }

    private static byte[] OfHashes(byte id, HashRange range, ReadOnlySpan<byte> hashes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(hashes.Length, MaxHashes * Hash256.Size);
        byte[] frame = Frame(id, HashRangeSize + hashes.Length, out Span<byte> body);
        range.Root.CopyTo(body);
        Span<byte> numbers = body[Hash256.Size..];
        BinaryPrimitives.WriteInt32BigEndian(numbers, range.BaseLayer);
        BinaryPrimitives.WriteInt32BigEndian(numbers[4..], range.Index);
        BinaryPrimitives.WriteInt32BigEndian(numbers[8..], range.Length);
        BinaryPrimitives.WriteInt32BigEndian(numbers[12..], range.ProofLayers);
        hashes.CopyTo(body[HashRangeSize..]);
        return frame;
    }
}
