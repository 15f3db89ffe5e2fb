using System;
using System.Collections.Generic;
using System.Text;
using Starling.Core.Bencode;

namespace Starling.Tests.Core.Bencode;

public sealed class BencodeWriterTests
{
    [Fact]
    public void A_message_is_written_in_canonical_form()
    {
        var writer = new BencodeWriter(1);
        writer.BeginDictionary();
        writer.Integer("a"u8, long.MinValue);
        writer.Key("l"u8);
        writer.BeginList();
        writer.Text("\u00e4\u20ac");
        writer.Bytes([]);
        writer.BeginDictionary();
        writer.End();
        writer.End();
        writer.Text("z"u8, new string('x', 300));
        writer.Key("zz"u8);
        writer.Raw("i7e"u8);
        writer.End();
        Assert.Equal($"d1:ai-9223372036854775808e1:ll5:\u00e4\u20ac0:dee1:z300:{new string('x', 300)}2:zzi7ee", Encoding.UTF8.GetString(writer.ToArray()));
    }

    [Fact]
    public void A_dictionary_made_in_code_is_sorted_by_raw_bytes()
    {
        var value = new BDictionary(new Dictionary<string, BValue>
        {
            ["b"] = new BInteger(1),
            ["B"] = new BString("x"),
            ["aa"] = new BList([]),
            ["a"] = new BInteger(-1),
        });
        Assert.Equal("d1:B1:x1:ai-1e2:aale1:bi1ee", Encoding.UTF8.GetString(value.ToBytes()));
    }

    [Fact]
    public void Misuse_is_a_bug_that_throws()
    {
        Assert.Throws<InvalidOperationException>(() => new BencodeWriter().End());
        Assert.Throws<InvalidOperationException>(() => new BencodeWriter().Key("a"u8));
        Assert.Throws<InvalidOperationException>(() =>
        {
            var writer = new BencodeWriter();
            writer.BeginDictionary();
            writer.Integer(1);
        });
        Assert.Throws<InvalidOperationException>(() =>
        {
            var writer = new BencodeWriter();
            writer.BeginDictionary();
            writer.Integer("b"u8, 1);
            writer.Key("a"u8);
        });
        Assert.Throws<InvalidOperationException>(() =>
        {
            var writer = new BencodeWriter();
            writer.BeginDictionary();
            writer.Integer("b"u8, 1);
            writer.Key("b"u8);
        });
        Assert.Throws<InvalidOperationException>(() =>
        {
            var writer = new BencodeWriter();
            writer.BeginDictionary();
            writer.Key("b"u8);
            writer.End();
        });
        Assert.Throws<InvalidOperationException>(() =>
        {
            var writer = new BencodeWriter();
            writer.BeginList();
            writer.ToArray();
        });
        Assert.Throws<ArgumentException>(() => new BDictionary([new BEntry("a"u8.ToArray(), new BInteger(1)), new BEntry("a"u8.ToArray(), new BInteger(2))]));
    }

    [Fact]
    public void Keys_of_sibling_dictionaries_are_independent()
    {
        var writer = new BencodeWriter();
        writer.BeginDictionary();
        writer.Key("a"u8);
        writer.BeginDictionary();
        writer.Integer("z"u8, 1);
        writer.End();
        writer.Integer("b"u8, 2);
        writer.End();
        Assert.Equal("d1:ad1:zi1ee1:bi2ee", Encoding.UTF8.GetString(writer.ToArray()));
        writer.Clear();
        writer.Integer(3);
        Assert.Equal("i3e", Encoding.UTF8.GetString(writer.Written));
    }
}
