using System;
using System.Text;
using Starling.Core.Wire;

namespace Starling.Tests.Core.Wire;

public sealed class UtMetadataTests
{
    [Fact]
    public void The_examples_of_BEP_9_are_understood()
    {
        Assert.Equal(new UtMetadata.Request(0), Decode("d8:msg_typei0e5:piecei0ee"));
        Assert.Equal(new UtMetadata.Reject(0), Decode("d8:msg_typei2e5:piecei0ee"));
        string data = new('x', 3425);
        var piece = Assert.IsType<UtMetadata.Data>(Decode($"d8:msg_typei1e5:piecei0e10:total_sizei3425ee{data}"));
        Assert.Equal((0, 3425, data), (piece.Piece, piece.TotalSize, Encoding.ASCII.GetString(piece.Bytes.Span)));
    }

    [Fact]
    public void Types_that_BEP_9_does_not_know_are_told_apart() =>
        Assert.Equal(new UtMetadata.Unknown(3), Decode("d8:msg_typei3ee"));

    [Theory]
    [InlineData("")]
    [InlineData("i0e")]
    [InlineData("de")]
    [InlineData("d8:msg_typei0ee")]
    [InlineData("d8:msg_typei-1e5:piecei0ee")]
    [InlineData("d8:msg_typei256e5:piecei0ee")]
    [InlineData("d8:msg_typei0e5:piecei-1ee")]
    [InlineData("d8:msg_typei0e5:piecei640ee")]
    [InlineData("d8:msg_typei1e5:piecei0ee")]
    [InlineData("d8:msg_typei1e5:piecei0e10:total_sizei0ee")]
    [InlineData("d8:msg_typei1e5:piecei0e10:total_sizei10485761eex")]
    [InlineData("d8:msg_typei1e5:piecei0e10:total_sizei2eex")]
    [InlineData("d8:msg_typei1e5:piecei0e10:total_sizei2eexxx")]
    [InlineData("d8:msg_typei1e5:piecei1e10:total_sizei16384ee")]
    public void What_breaks_BEP_9_or_a_bound_is_refused(string text) =>
        Assert.False(UtMetadata.TryDecode(Encoding.ASCII.GetBytes(text), out _));

    [Fact]
    public void The_last_piece_of_the_largest_metadata_is_within_the_bounds()
    {
        Assert.Equal(new UtMetadata.Request(639), Decode("d8:msg_typei0e5:piecei639ee"));
        Assert.Equal(640, UtMetadata.PieceCount(UtMetadata.MaxMetadataSize));
        Assert.Equal(1, UtMetadata.PieceCount(1));
        Assert.Equal(2, UtMetadata.PieceCount(UtMetadata.PieceSize + 1));
        Assert.Equal(1, UtMetadata.LengthOf(1, UtMetadata.PieceSize + 1));
        Assert.True(UtMetadata.LengthOf(2, UtMetadata.PieceSize + 1) <= 0);
    }

    [Theory]
    [InlineData(0, UtMetadata.PieceSize)]
    [InlineData(0, UtMetadata.PieceSize + 1)]
    [InlineData(1, UtMetadata.PieceSize + 1)]
    [InlineData(639, UtMetadata.MaxMetadataSize)]
    public void Pieces_come_back(int piece, int total)
    {
        var bytes = new byte[UtMetadata.LengthOf(piece, total)];
        bytes[^1] = 1;
        byte[] payload = new UtMetadata.Data(piece, total, bytes).Encode();
        Assert.True(UtMetadata.TryDecode(payload, out UtMetadata? message));
        var data = Assert.IsType<UtMetadata.Data>(message);
        Assert.Equal((piece, total), (data.Piece, data.TotalSize));
        Assert.Equal(bytes, data.Bytes.ToArray());
        Assert.Equal(payload, data.Encode());
    }

    [Fact]
    public void Data_of_the_wrong_length_is_not_sent()
    {
        Assert.Throws<ArgumentException>(() => new UtMetadata.Data(0, 5, new byte[4]).Encode());
        Assert.Throws<ArgumentException>(() => new UtMetadata.Unknown(7).Encode());
    }

    private static UtMetadata Decode(string text)
    {
        Assert.True(UtMetadata.TryDecode(Encoding.ASCII.GetBytes(text), out UtMetadata? message), text);
        return message;
    }
}
