using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using Starling.Core.Primitives;
using Starling.Runtime.Wasm.Worker;

namespace Starling.Tests.Runtime.Wasm;

/// <summary>What comes from a worker is judged as if whoever broke out of a module wrote it.</summary>
public sealed class WasmReplyReaderTests
{
    private static readonly byte[] Stream = [(byte)'o', 3, 0, 0, 0, .. "abc"u8, (byte)'e', 0, 0, 0, 0, (byte)'z', 2, 0, 0, 0, .. "de"u8];

    [Fact]
    public void RepliesAreTheSameHoweverTheyAreCut()
    {
        for (int size = 1; size <= Stream.Length; size++)
        {
            var replies = new List<string>();
            var reader = new WasmReplyReader();
            foreach (byte[] part in Stream.Chunk(size))
            {
                Assert.True(reader.Append(part, (kind, content) =>
                {
                    replies.Add($"{kind} {Encoding.UTF8.GetString(content)}");
                    return true;
                }));
            }

            Assert.Equal(["Output abc", "Errors ", "End de"], replies);
        }
    }

    [Theory]
    [InlineData('o', WasmReplyReader.MaxContent, true)]
    [InlineData('o', WasmReplyReader.MaxContent + 1, false)]
    [InlineData('q', 1, false)]
    public void LengthAndKindAreBounded(char kind, int length, bool isTaken)
    {
        byte[] header = [(byte)kind, .. BitConverter.GetBytes(length)];
        var reader = new WasmReplyReader();
        Assert.Equal(isTaken, reader.Append(header, (_, _) => true));
    }

    [Fact]
    public void EndsAndRequestsAreReadAsTheyWereWritten()
    {
        var end = new WasmEnd(3, 1_000, new Problem("trap:x", "why", "what to do"));
        Assert.True(WasmEnd.TryDecode(end.Encode(), out WasmEnd? read));
        Assert.Equal(end, read);
        Assert.False(WasmEnd.TryDecode(new byte[WasmEnd.MaxSize + 1], out _));
        var request = new WasmRequest
        {
            Module = "/m",
            Arguments = ["m", "a b"],
            Variables = ["A=ü"],
            Inputs = ["x", "/y"],
            Chunk = "/c",
            Fuel = long.MaxValue,
            Pages = 65_536,
            Seed = new byte[32],
        };
        Assert.True(WasmRequest.TryDecode(request.Encode(), out WasmRequest? again));
        Assert.Equal(request.Encode(), again.Encode());
    }
}
