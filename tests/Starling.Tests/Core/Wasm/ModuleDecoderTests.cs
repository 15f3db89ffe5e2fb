using System;
using System.Collections.Generic;
using System.Linq;
using Starling.Core.Primitives;
using Starling.Core.Wasm;

namespace Starling.Tests.Core.Wasm;

/// <summary>Modules that are refused, each with a reason; what is valid is shown by the test suite.</summary>
public sealed class ModuleDecoderTests
{
    private static readonly byte[] Header = [0, (byte)'a', (byte)'s', (byte)'m', 1, 0, 0, 0];

    [Fact]
    public void TheEmptyModuleIsOne()
    {
        Assert.True(ModuleDecoder.TryDecode(Header, out WasmModule? module, out _));
        Assert.Empty(module.Functions);
    }

    [Theory]
    [InlineData("", "does not begin with")]
    [InlineData("0061736d02000000", "version is not 1")]
    [InlineData("0061736d01000000 01", "ends too early")]
    [InlineData("0061736d01000000 0105", "ends before")]
    [InlineData("0061736d01000000 010100 010100", "twice or not in its place")]
    [InlineData("0061736d01000000 0d0100", "13 is no section")]
    [InlineData("0061736d01000000 01020000", "longer than its content")]
    [InlineData("0061736d01000000 0106ffffffff0f00", "can't be 4294967295 types")]
    [InlineData("0061736d01000000 01068080808080 00", "too long")]
    [InlineData("0061736d01000000 010401 6001 7b", "is no value type")]
    [InlineData("0061736d01000000 0302 0100", "not as many bodies")]
    [InlineData("0061736d01000000 05040101 0201", "maximum is less")]
    [InlineData("0061736d01000000 05050100 818004", "65536 pages")]
    [InlineData("0061736d01000000 0404017000 00 0707 0101 61 0001 00", "")]
    [InlineData("0061736d01000000 0010 ff ff ff ff 0f 0000000000000000000000", "bytes of a name")]
    [InlineData("0061736d01000000 0003 02 c328", "not UTF-8")]
    public void WhatIsNoModule_IsRefusedWithAReason(string hex, string reason)
    {
        byte[] bytes = Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));
        Assert.False(ModuleDecoder.TryDecode(bytes, out _, out Problem? problem));
        Assert.Contains(reason, problem.Reason, StringComparison.Ordinal);
        Assert.StartsWith("wasm:", problem.Code, StringComparison.Ordinal);
    }

    [Fact]
    public void EveryTruncationOfAModuleIsRefused()
    {
        byte[] module = Function([], [0x41, 0x01, 0x1a, 0x0b]);
        Assert.True(ModuleDecoder.TryDecode(module, out _, out Problem? none), none?.ToString());
        for (int length = 0; length < module.Length; length++)
        {
            // A prefix that ends between sections misses the code of its function.
            bool taken = ModuleDecoder.TryDecode(module.AsMemory(0, length), out WasmModule? part, out Problem? problem);
            Assert.True(taken ? part!.Functions.Count == 0 : problem!.Reason.Length > 0, $"{length}");
        }
    }

    [Theory]
    [InlineData(WasmLimits.MaxLocals + 1, false)]
    [InlineData(WasmLimits.MaxLocals, true)]
    [InlineData(int.MaxValue, false)]
    public void LocalsAreBounded(int count, bool isTaken) => Assert.Equal(isTaken, Code([1, .. Leb((uint)count), 0x7f], [0x0b], out Problem? problem) || problem!.Code != "wasm:limit");

    [Fact]
    public void ManyFunctionsWithManyLocalsTakeLittleMemory()
    {
        // 20,000 functions, each with 50,000 locals in a group of 4 bytes.
        const int count = 20_000;
        byte[] body = [.. Leb(6), 1, .. Leb(WasmLimits.MaxLocals), 0x7e, 0x0b];
        byte[] code = [.. Leb(count), .. Enumerable.Repeat(body, count).SelectMany(bytes => bytes)];
        byte[] functions = [.. Leb(count), .. new byte[count]];
        byte[] module = [.. Header, .. Section(1, [1, 0x60, 0, 0]), .. Section(3, functions), .. Section(10, code)];
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.True(ModuleDecoder.TryDecode(module, out _, out Problem? problem), problem?.ToString());
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 * 1024 * 1024);
    }

    [Theory]
    [InlineData(WasmLimits.MaxNesting - 2, true)]
    [InlineData(WasmLimits.MaxNesting + 1, false)]
    public void NestingIsBounded(int depth, bool isTaken)
    {
        byte[] code = [.. Enumerable.Repeat<byte[]>([0x02, 0x40], depth).SelectMany(b => b), .. Enumerable.Repeat((byte)0x0b, depth), 0x0b];
        Assert.Equal(isTaken, Code([0], code, out Problem? problem));
        Assert.Equal(isTaken ? null : "wasm:limit", problem?.Code);
    }

    [Fact]
    public void OperandsAreBounded()
    {
        byte[] code = [.. Enumerable.Repeat<byte[]>([0x41, 0x00], WasmLimits.MaxOperands + 1).SelectMany(b => b), .. Enumerable.Repeat((byte)0x1a, WasmLimits.MaxOperands + 1), 0x0b];
        Assert.False(Code([0], code, out Problem? problem));
        Assert.Equal("wasm:limit", problem!.Code);
    }

    [Fact]
    public void BodiesAreBounded()
    {
        Assert.False(Code([0], [.. Enumerable.Repeat((byte)0x01, WasmLimits.MaxBodySize), 0x0b], out Problem? problem));
        Assert.Equal("wasm:limit", problem!.Code);
    }

    [Fact]
    public void TargetsAreBounded()
    {
        Assert.False(Code([0], [0x41, 0, 0x0e, .. Leb(WasmLimits.MaxBranchTargets + 1), .. new byte[WasmLimits.MaxBranchTargets + 2], 0x0b], out Problem? problem));
        Assert.Equal("wasm:limit", problem!.Code);
        byte[] table = [0x41, 0, 0x0e, .. Leb(60_000), .. new byte[60_001]];
        Assert.False(Code([0], [.. Enumerable.Repeat(table, (WasmLimits.MaxBranchTargetsOfFunction / 60_000) + 1).SelectMany(b => b), 0x0b], out problem));
        Assert.Equal("wasm:limit", problem!.Code);
    }

    [Fact]
    public void TablesThatBeginLargeAreRefused()
    {
        byte[] module = [.. Header, .. Section(4, [1, 0x70, 0, .. Leb(WasmLimits.MaxTableElements + 1)])];
        Assert.False(ModuleDecoder.TryDecode(module, out _, out Problem? problem));
        Assert.Equal("wasm:limit", problem.Code);
    }

    [Fact]
    public void ModulesAreBounded()
    {
        Assert.False(ModuleDecoder.TryDecode(new byte[WasmLimits.MaxModuleSize + 1], out _, out Problem? problem));
        Assert.Equal("wasm:limit", problem.Code);
    }

    private static bool Code(byte[] locals, byte[] code, out Problem? problem) => ModuleDecoder.TryDecode(Function(locals, code), out _, out problem);

    private static byte[] Function(byte[] locals, byte[] code)
    {
        byte[] body = [.. locals.Length == 0 ? [0] : locals, .. code];
        return [.. Header, .. Section(1, [1, 0x60, 0, 0]), .. Section(3, [1, 0]), .. Section(10, [1, .. Leb((uint)body.Length), .. body])];
    }

    private static byte[] Section(byte id, byte[] content) => [id, .. Leb((uint)content.Length), .. content];

    private static IEnumerable<byte> Leb(uint value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            yield return (byte)(value | 0x80);
        }

        yield return (byte)value;
    }
}
