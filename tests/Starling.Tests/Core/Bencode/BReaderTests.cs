using System;
using System.Linq;
using System.Text;
using Starling.Core.Bencode;
using Starling.Core.Primitives;

namespace Starling.Tests.Core.Bencode;

public sealed class BReaderTests
{
    [Theory]
    [InlineData("i0e")]
    [InlineData("i-1e")]
    [InlineData("i9223372036854775807e")]
    [InlineData("i-9223372036854775808e")]
    [InlineData("0:")]
    [InlineData("3:abc")]
    [InlineData("le")]
    [InlineData("de")]
    [InlineData("li1e1:ad1:bleee")]
    [InlineData("d0:i1e1:ai2e2:aai3e1:bi4ee")]
    public void Canonical_input_comes_back_byte_for_byte(string text)
    {
        byte[] bytes = Encoding.Latin1.GetBytes(text);
        Assert.True(BReader.TryRead(bytes, BReaderOptions.File, out BValue? value, out Problem? problem), problem?.ToString());
        Assert.Equal(bytes, value.ToBytes());
        Assert.Equal(bytes, value.Source.ToArray());
    }

    [Theory]
    [InlineData("", 0)]
    [InlineData("x", 0)]
    [InlineData("i1", 2)]
    [InlineData("ie", 1)]
    [InlineData("i-e", 2)]
    [InlineData("i--1e", 2)]
    [InlineData("i+1e", 1)]
    [InlineData("i1.5e", 2)]
    [InlineData("i01e", 1)]
    [InlineData("i-0e", 1)]
    [InlineData("i-01e", 1)]
    [InlineData("i9223372036854775808e", 1)]
    [InlineData("i-9223372036854775809e", 1)]
    [InlineData("i99999999999999999999999999e", 1)]
    [InlineData("1:", 0)]
    [InlineData("01:a", 0)]
    [InlineData("4:abc", 0)]
    [InlineData("9223372036854775807:abc", 0)]
    [InlineData("99999999999999999999:abc", 0)]
    [InlineData("3abc", 1)]
    [InlineData("-1:a", 0)]
    [InlineData("l", 1)]
    [InlineData("li1e", 4)]
    [InlineData("e", 0)]
    [InlineData("di1ei2ee", 1)]
    [InlineData("d1:ae", 4)]
    [InlineData("d1:a", 4)]
    [InlineData("d1:bi1e1:ai2ee", 7)]
    [InlineData("d1:ai1e1:ai2ee", 7)]
    [InlineData("d2:aai1e1:bi1e2:aai2ee", 14)]
    [InlineData("i1ei2e", 3)]
    [InlineData("4:abcd ", 6)]
    public void Wrong_input_is_refused_with_its_offset(string text, int offset)
    {
        Assert.False(BReader.TryRead(Encoding.Latin1.GetBytes(text), BReaderOptions.File, out BValue? value, out Problem? problem));
        Assert.Null(value);
        Assert.StartsWith($"wrong bencoding at byte {offset}: ", problem.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Foreign_files_may_have_keys_in_any_order_leading_zeros_and_a_line_end()
    {
        byte[] bytes = "d1:bi007e1:ai-0ee\n"u8.ToArray();
        Assert.True(BReader.TryReadDictionary(bytes, BReaderOptions.ForeignFile, out BDictionary? value, out _));
        Assert.Equal("d1:ai0e1:bi7ee"u8.ToArray(), value.ToBytes());
        Assert.Equal(bytes[..^1], value.Source.ToArray());
    }

    [Theory]
    [InlineData("d1:ai1e1:ai2ee")]
    [InlineData("d1:bi1e1:ai1e1:bi2ee")]
    [InlineData("d1:bi1e1:ae1:bi2ee")]
    public void A_key_that_stands_twice_or_a_rest_is_refused_even_in_foreign_files(string text) =>
        Assert.False(BReader.TryRead(Encoding.Latin1.GetBytes(text), BReaderOptions.ForeignFile, out _, out _));

    [Fact]
    public void Depth_is_bounded()
    {
        static byte[] Nested(int depth) => Encoding.Latin1.GetBytes(new string('l', depth) + new string('e', depth));
        Assert.True(BReader.TryRead(Nested(BReaderOptions.DefaultMaxDepth), BReaderOptions.File, out _, out _));
        Assert.False(BReader.TryRead(Nested(BReaderOptions.DefaultMaxDepth + 1), BReaderOptions.File, out _, out Problem? problem));
        Assert.Equal("wrong bencoding at byte 100: nested deeper than 100", problem.Reason);
        Assert.False(BReader.TryRead(Nested(1_000_000), BReaderOptions.File, out _, out _));
        Assert.True(BReader.TryRead(Nested(3), BReaderOptions.File with { MaxDepth = 3 }, out _, out _));
        Assert.False(BReader.TryRead(Nested(4), BReaderOptions.File with { MaxDepth = 3 }, out _, out _));
        Assert.False(BReader.TryRead("d1:ad1:ad1:adeeee"u8.ToArray(), BReaderOptions.File with { MaxDepth = 3 }, out _, out _));
    }

    [Fact]
    public void Tokens_and_size_are_bounded()
    {
        byte[] list = Encoding.Latin1.GetBytes("l" + string.Concat(Enumerable.Repeat("0:", 9)) + "e");
        Assert.True(BReader.TryRead(list, BReaderOptions.File with { MaxTokens = 10 }, out _, out _));
        Assert.False(BReader.TryRead(list, BReaderOptions.File with { MaxTokens = 9 }, out _, out Problem? tokens));
        Assert.Contains("more than 9 values", tokens.Reason, StringComparison.Ordinal);
        Assert.True(BReader.TryRead(list, BReaderOptions.File with { MaxSize = 20 }, out _, out _));
        Assert.False(BReader.TryRead(list, BReaderOptions.File with { MaxSize = 19 }, out _, out Problem? size));
        Assert.Contains("longer than 19 bytes", size.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_message_of_others_has_bounded_values_and_bytes()
    {
        static byte[] List(int values) => Encoding.Latin1.GetBytes("l" + string.Concat(Enumerable.Repeat("0:", values - 1)) + "e");
        Assert.True(BReader.TryRead(List(BReaderOptions.WireMaxTokens), BReaderOptions.Wire, out _, out _));
        Assert.False(BReader.TryRead(List(BReaderOptions.WireMaxTokens + 1), BReaderOptions.Wire, out _, out _));

        static byte[] Text(int size) => Encoding.Latin1.GetBytes($"{size - 8}:" + new string('x', size - 8));
        Assert.Equal(BReaderOptions.WireMaxSize, Text(BReaderOptions.WireMaxSize).Length);
        Assert.True(BReader.TryRead(Text(BReaderOptions.WireMaxSize), BReaderOptions.Wire, out _, out _));
        Assert.False(BReader.TryRead(Text(BReaderOptions.WireMaxSize + 1), BReaderOptions.Wire, out _, out _));
    }

    [Fact]
    public void A_prefix_is_read_and_its_length_told()
    {
        byte[] bytes = "d8:msg_typei1eeRAW"u8.ToArray();
        Assert.True(BReader.TryReadPrefix(bytes, BReaderOptions.Wire, out BValue? value, out int consumed, out _));
        Assert.Equal(15, consumed);
        Assert.True(Assert.IsType<BDictionary>(value).TryGetInteger("msg_type"u8, 0, 2, out long type));
        Assert.Equal(1, type);
    }

    [Fact]
    public void Every_value_knows_its_exact_bytes()
    {
        byte[] bytes = "d4:infod4:name1:xe9:signature2:sse"u8.ToArray();
        Assert.True(BReader.TryReadDictionary(bytes, BReaderOptions.File, out BDictionary? file, out _));
        Assert.Equal("d4:name1:xe"u8.ToArray(), file["info"u8]!.Source.ToArray());
        Assert.Equal("2:ss"u8.ToArray(), file["signature"u8]!.Source.ToArray());
    }

    [Fact]
    public void A_dictionary_is_due_where_one_is_asked_for()
    {
        Assert.False(BReader.TryReadDictionary("li1ee"u8.ToArray(), BReaderOptions.Wire, out _, out Problem? problem));
        Assert.Contains("a list where a dictionary is due", problem.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_cut_of_a_message_is_refused()
    {
        byte[] bytes = "d1:ai12e1:bl1:xi-3ed1:cdeee2:zz3:endee"u8.ToArray()[..^1];
        Assert.True(BReader.TryRead(bytes, BReaderOptions.Wire, out _, out _));
        for (int length = 0; length < bytes.Length; length++)
        {
            Assert.False(BReader.TryRead(bytes.AsMemory(0, length), BReaderOptions.Wire, out _, out _));
        }
    }

    [Fact]
    public void Lookups_check_kind_and_bounds()
    {
        byte[] bytes = "d1:bi5e1:l2:\u00e41:nlee"u8.ToArray();
        Assert.True(BReader.TryReadDictionary(bytes, BReaderOptions.Wire, out BDictionary? value, out _));
        Assert.True(value.TryGetInteger("b"u8, 5, 5, out _));
        Assert.False(value.TryGetInteger("b"u8, 6, 9, out _));
        Assert.False(value.TryGetInteger("b"u8, 0, 4, out _));
        Assert.False(value.TryGetInteger("l"u8, 0, 4, out _));
        Assert.False(value.TryGetInteger("missing"u8, 0, 0, out _));
        Assert.True(value.TryGetText("l"u8, 2, out string? text));
        Assert.Equal("\u00e4", text);
        Assert.False(value.TryGetText("l"u8, 1, out _));
        Assert.True(value.TryGetList("n"u8, out _));
        Assert.False(value.TryGetDictionary("n"u8, out _));
    }

    [Fact]
    public void Text_that_is_not_utf8_is_bytes_only()
    {
        Assert.True(BReader.TryReadDictionary(new byte[] { (byte)'d', (byte)'1', (byte)':', (byte)'a', (byte)'1', (byte)':', 0xff, (byte)'e' }, BReaderOptions.Wire, out BDictionary? value, out _));
        Assert.False(value.TryGetText("a"u8, 10, out _));
        Assert.True(value.TryGetBytes("a"u8, 10, out ReadOnlyMemory<byte> raw));
        Assert.Equal(0xff, raw.Span[0]);
    }
}
