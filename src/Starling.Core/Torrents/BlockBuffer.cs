using System;
using Starling.Core.Wire;

namespace Starling.Core.Torrents;

/// <summary>Memory of one block (16 KiB), owned by whoever holds it: passed from the link to the swarm, to the disk, and back to its pool.</summary>
public sealed class BlockBuffer
{
    /// <summary>Bytes of a block at most; only the last of a piece is shorter.</summary>
    public const int Capacity = 16 * 1024;

    /// <summary>A buffer of its own memory.</summary>
    public BlockBuffer()
        : this(new byte[Capacity])
    {
    }

    /// <summary>A buffer in a part of a larger memory.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It has not exactly <see cref="Capacity"/> bytes.</exception>
    public BlockBuffer(Memory<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(bytes.Length, Capacity, nameof(bytes));
        Bytes = bytes;
    }

    /// <summary>The memory, <see cref="Capacity"/> bytes, of which <see cref="Length"/> are used.</summary>
    public Memory<byte> Bytes { get; }

    /// <summary>Bytes in use.</summary>
    public int Length { get; set; }

    /// <summary>The bytes in use.</summary>
    public ReadOnlyMemory<byte> Used => Bytes[..Length];
}

/// <summary>A range of a piece, in bytes.</summary>
public readonly record struct BlockRange(int Piece, int Begin, int Length);

/// <summary>A block that came in and belongs to a piece that is being fetched.</summary>
/// <param name="Index">Number of the block within the piece; it begins at <c>Index * BlockBuffer.Capacity</c>.</param>
/// <param name="Data">Its bytes.</param>
public readonly record struct HeldBlock(int Index, BlockBuffer Data);

/// <summary>What a <see cref="DataFrame"/> holds.</summary>
public enum DataFrameKind : byte
{
    /// <summary>A <c>piece</c> message: <see cref="DataFrame.Block"/>.</summary>
    Block,

    /// <summary>A <c>request</c>.</summary>
    Request,

    /// <summary>A <c>have</c>.</summary>
    Have,

    /// <summary>Any other message: <see cref="DataFrame.Message"/>.</summary>
    Message,
}

/// <summary>One message of a data link. The frequent ones need no memory of their own.</summary>
public readonly struct DataFrame
{
    private readonly object? _item;

    private DataFrame(DataFrameKind kind, BlockRange range, object? item) => (Kind, Range, _item) = (kind, range, item);

    /// <summary>Which of the others is set.</summary>
    public DataFrameKind Kind { get; }

    /// <summary>The range of a block or a request; of a <c>have</c> only the piece.</summary>
    public BlockRange Range { get; }

    /// <summary>The data of a block; the receiver owns it.</summary>
    public BlockBuffer Block => (BlockBuffer)_item!;

    /// <summary>Any other message.</summary>
    public PeerMessage Message => (PeerMessage)_item!;

    /// <summary>A <c>piece</c> message.</summary>
    public static DataFrame OfBlock(int piece, int begin, BlockBuffer data)
    {
        ArgumentNullException.ThrowIfNull(data);
        return new(DataFrameKind.Block, new BlockRange(piece, begin, data.Length), data);
    }

    /// <summary>A <c>request</c>.</summary>
    public static DataFrame OfRequest(BlockRange range) => new(DataFrameKind.Request, range, null);

    /// <summary>A <c>have</c>.</summary>
    public static DataFrame OfHave(int piece) => new(DataFrameKind.Have, new BlockRange(piece, 0, 0), null);

    /// <summary>Any message; blocks come by <see cref="OfBlock"/>.</summary>
    public static DataFrame Of(PeerMessage message) => message switch
    {
        PeerMessage.Request request => OfRequest(new BlockRange(request.Piece, request.Begin, request.Length)),
        PeerMessage.Have have => OfHave(have.Piece),
        _ => new(DataFrameKind.Message, default, message),
    };
}
