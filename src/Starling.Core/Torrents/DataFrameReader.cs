using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using Starling.Core.Primitives;
using Starling.Core.Wire;

namespace Starling.Core.Torrents;

/// <summary>
/// Cuts the bytes of a data link, from behind the handshake on, into messages. Takes every byte it is given: blocks are copied once, into
/// buffers of the pool; of other messages only what has come in is held, never what a prefix merely announces. For one thread.
/// </summary>
/// <param name="rent">Gives a buffer for a block.</param>
public sealed class DataFrameReader(Func<BlockBuffer> rent)
{
    private const byte HaveId = 4;
    private const byte RequestId = 6;
    private const byte BlockId = 7;
    private const int PrefixSize = PeerMessageCodec.PrefixSize;
    private const int BlockHeaderSize = PeerMessageCodec.BlockHeaderSize;
    private const int BlockOverhead = BlockHeaderSize - PrefixSize;
    private const int InitialBody = 4096;

    private readonly byte[] _head = new byte[BlockHeaderSize];
    private int _headCount;
    private byte[] _body = [];
    private int _bodyCount;
    private int _bodyLength = -1;
    private BlockBuffer? _block;
    private int _blockCount;
    private int _piece;
    private int _begin;

    /// <summary>Why the stream can't be read further (code <c>protocol</c>); null while all is well.</summary>
    public Problem? Problem { get; private set; }

    /// <summary>Takes the next bytes, and adds the messages that they complete to <paramref name="frames"/>.</summary>
    public void Read(ReadOnlySpan<byte> bytes, List<DataFrame> frames)
    {
        ArgumentNullException.ThrowIfNull(frames);
        while (Problem is null && !bytes.IsEmpty)
        {
            if (_block is not null)
            {
                FillBlock(ref bytes, frames);
            }
            else if (_bodyLength >= 0)
            {
                FillBody(ref bytes, frames);
            }
            else
            {
                ReadHead(ref bytes, frames);
            }
        }
    }

    /// <summary>Gives up the block that is half read, if any.</summary>
    public BlockBuffer? TakePartialBlock()
    {
        BlockBuffer? block = _block;
        _block = null;
        Problem ??= new Problem("protocol", "The reader is closed");
        return block;
    }

    /// <summary>The head of a message: prefix and id, for blocks also piece and offset.</summary>
    private void ReadHead(ref ReadOnlySpan<byte> bytes, List<DataFrame> frames)
    {
        int wanted = HeadSize();
        int taken = Math.Min(wanted - _headCount, bytes.Length);
        bytes[..taken].CopyTo(_head.AsSpan(_headCount));
        _headCount += taken;
        bytes = bytes[taken..];
        if (_headCount < wanted || _headCount < HeadSize())
        {
            return;
        }

        uint length = LengthOfFrame();
        _headCount = 0;
        if (length > PeerMessageCodec.MaxFrameSize)
        {
            Fail($"The peer announced a message of {length} bytes; the bound is {PeerMessageCodec.MaxFrameSize}");
        }
        else if (length == 0)
        {
            Add(ReadOnlyMemory<byte>.Empty, frames);
        }
        else if (_head[PrefixSize] == BlockId)
        {
            BeginBlock(length);
        }
        else
        {
            _bodyLength = (int)length;
            _bodyCount = 0;
            EnsureBody(Math.Min(_bodyLength, InitialBody));
            _body[_bodyCount++] = _head[PrefixSize];
            if (_bodyCount == _bodyLength)
            {
                EndBody(frames);
            }
        }
    }

    /// <summary>Bytes of the head that are needed by what is known of it.</summary>
    private int HeadSize() => _headCount < PrefixSize ? PrefixSize
        : LengthOfFrame() == 0 ? PrefixSize
        : _headCount == PrefixSize ? PrefixSize + 1
        : _head[PrefixSize] == BlockId && LengthOfFrame() is > BlockOverhead and <= BlockOverhead + BlockBuffer.Capacity ? BlockHeaderSize
        : PrefixSize + 1;

    private uint LengthOfFrame() => BinaryPrimitives.ReadUInt32BigEndian(_head);

    private void BeginBlock(uint length)
    {
        if (length is <= BlockOverhead or > BlockOverhead + BlockBuffer.Capacity)
        {
            Fail($"The peer sent a block of {(long)length - BlockOverhead} bytes; blocks have 1 to {BlockBuffer.Capacity}");
            return;
        }

        _piece = BinaryPrimitives.ReadInt32BigEndian(_head.AsSpan(5));
        _begin = BinaryPrimitives.ReadInt32BigEndian(_head.AsSpan(9));
        if (_piece < 0 || _begin < 0)
        {
            Fail("The peer sent a block of a piece or an offset beyond 2^31");
            return;
        }

        _block = rent();
        _block.Length = (int)length - BlockOverhead;
        _blockCount = 0;
    }

    private void FillBlock(ref ReadOnlySpan<byte> bytes, List<DataFrame> frames)
    {
        BlockBuffer block = _block!;
        int taken = Math.Min(block.Length - _blockCount, bytes.Length);
        bytes[..taken].CopyTo(block.Bytes.Span[_blockCount..]);
        _blockCount += taken;
        bytes = bytes[taken..];
        if (_blockCount == block.Length)
        {
            _block = null;
            frames.Add(DataFrame.OfBlock(_piece, _begin, block));
        }
    }

    private void FillBody(ref ReadOnlySpan<byte> bytes, List<DataFrame> frames)
    {
        int taken = Math.Min(_bodyLength - _bodyCount, bytes.Length);
        EnsureBody(_bodyCount + taken);
        bytes[..taken].CopyTo(_body.AsSpan(_bodyCount));
        _bodyCount += taken;
        bytes = bytes[taken..];
        if (_bodyCount == _bodyLength)
        {
            EndBody(frames);
        }
    }

    private void EndBody(List<DataFrame> frames)
    {
        ReadOnlySpan<byte> body = _body.AsSpan(0, _bodyLength);
        _bodyLength = -1;
        switch (body[0])
        {
            case RequestId when PeerMessageCodec.TryReadRange(body[1..], out int piece, out int begin, out int length):
                frames.Add(DataFrame.OfRequest(new BlockRange(piece, begin, length)));
                return;
            case HaveId when body.Length == 5 && BinaryPrimitives.ReadInt32BigEndian(body[1..]) is >= 0 and int piece:
                frames.Add(DataFrame.OfHave(piece));
                return;
            default:
                Add(body.ToArray(), frames);
                break;
        }

        if (_body.Length > InitialBody)
        {
            // An idle link should not keep the memory of its largest message.
            _body = [];
        }
    }

    private void Add(ReadOnlyMemory<byte> frame, List<DataFrame> frames)
    {
        if (PeerMessageCodec.TryDecode(frame, out PeerMessage? message))
        {
            frames.Add(DataFrame.Of(message));
        }
        else
        {
            Fail($"The peer sent a broken message (id {frame.Span[0]}, {frame.Length} bytes)");
        }
    }

    private void EnsureBody(int size)
    {
        if (_body.Length < size)
        {
            Array.Resize(ref _body, Math.Max(size, Math.Min(_bodyLength, Math.Max(InitialBody, 2 * _body.Length))));
        }
    }

    private void Fail(string reason) => Problem = new Problem("protocol", reason);
}
