using System.Collections.Generic;
using System.Linq;
using System.Threading;
using Starling.Core.Primitives;
using Starling.Core.Wasm;
using Starling.Runtime.Wasm;

namespace Starling.Tests.Runtime.Wasm;

/// <summary>What this engine promises beyond the specification: fuel, one NaN, a stack that is counted. The rest is the test suite's.</summary>
public sealed class WasmEngineTests
{
    private const byte I32 = 0x7f;
    private const byte I64 = 0x7e;
    private const byte F64 = 0x7c;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void FuelIsTheInstructionsOfTheSegmentsThatWereEntered(bool guarded)
    {
        // Ten times round a loop of five instructions, and one behind it.
        byte[] loop = [0x03, 0x40, 0x20, 0, 0x41, 1, 0x6b, 0x22, 0, 0x0d, 0, 0x0b, 0x20, 0, 0x0b];
        Assert.Equal((WasmTrap.None, 51L), FuelOf(guarded, [I32], [I32], loop, 10));

        // The condition, one arm or the other, and what follows both: 2 + 1 + 1.
        byte[] arms = [0x20, 0, 0x04, I32, 0x41, 7, 0x05, 0x41, 8, 0x41, 9, 0x6a, 0x0b, 0x1a, 0x41, 1, 0x0b];
        Assert.Equal((WasmTrap.None, 2 + 1 + 2L), FuelOf(guarded, [I32], [I32], arms, 1));
        Assert.Equal((WasmTrap.None, 2 + 3 + 2L), FuelOf(guarded, [I32], [I32], arms, 0));

        // What no control reaches is free; a branch that leaves a segment gives nothing back.
        Assert.Equal((WasmTrap.None, 2L), FuelOf(guarded, [I32], [I32], [0x41, 1, 0x0f, 0x41, 2, 0x1a, 0x0b], 0));
        byte[] leaves = [0x02, 0x40, 0x20, 0, 0x0d, 0, 0x41, 1, 0x1a, 0x0b, 0x41, 3, 0x0b];
        Assert.Equal(FuelOf(guarded, [I32], [I32], leaves, 0), FuelOf(guarded, [I32], [I32], leaves, 1));
    }

    [Fact]
    public void FuelEndsARunAtTheSamePlaceWhateverIsLeft()
    {
        byte[] loop = [0x03, 0x40, 0x20, 0, 0x41, 1, 0x6b, 0x22, 0, 0x0d, 0, 0x0b, 0x20, 0, 0x0b];
        Assert.Equal(WasmTrap.None, Run(true, Module([I32], [I32], loop), 51, [10], out _, out _));
        Assert.Equal(WasmTrap.OutOfFuel, Run(true, Module([I32], [I32], loop), 49, [10], out _, out _));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void WhatIsNoNumberIsOneNumber(bool guarded)
    {
        // 0/0, its negative, and the same through a variable that also takes the parameter, whose bits are kept.
        Assert.Equal(0x7ff8000000000000, Bits([0x44, 0, 0, 0, 0, 0, 0, 0, 0, 0x44, 0, 0, 0, 0, 0, 0, 0, 0, 0xa3, 0xbd, 0x0b]));
        Assert.Equal(unchecked((long)0xfff8000000000000), Bits([0x44, 0, 0, 0, 0, 0, 0, 0, 0, 0x44, 0, 0, 0, 0, 0, 0, 0, 0, 0xa3, 0x9a, 0xbd, 0x0b]));
        Assert.Equal(unchecked((long)0xfff4000000000001), Bits([0x20, 0, 0xbd, 0x0b]));
        Assert.Equal(0x7ff8000000000000, Bits([0x20, 0, 0x44, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0xa0, 0xbd, 0x0b]));
        Assert.Equal(0x7ff8000000000000, Bits([0x20, 0, 0x20, 0, 0xa2, 0x21, 0, 0x20, 0, 0xbd, 0x0b]));

        long Bits(byte[] code)
        {
            Assert.Equal(WasmTrap.None, Run(guarded, Module([F64], [I64], code), 1000, [unchecked((long)0xfff4000000000001)], out long[] results, out _));
            return results[0];
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3_000)]
    [InlineData(60_000)]
    public void CallsThatGoTooDeepEndTheRun_AlsoWhereDotnetCompilesWithoutOptimising(int repeats)
    {
        // Calls itself, then holds operands across many more calls, so that frames become as large as they can.
        IEnumerable<byte> more = Enumerable.Repeat<byte[]>([0x41, 1, 0x10, 1, 0x41, 2, 0x10, 1, 0x6a, 0x1a], repeats).SelectMany(bytes => bytes);
        byte[] code = [0x20, 0, 0x10, 0, 0x1a, .. more, 0x41, 0, 0x0b];
        Assert.Equal(WasmTrap.StackExhausted, Run(true, Module([I32], [I32], code, [0x20, 0, 0x0b]), long.MaxValue, [0], out _, out _));
    }

    [Fact]
    public void FramesWithManyLocalsFitTheStackToo()
    {
        byte[] code = [0x20, 0, 0x10, 0, 0x0b];
        Assert.Equal(WasmTrap.StackExhausted, Run(true, Module([I32], [I32], code, null, [1, 0xcf, 0x86, 0x03, I64]), long.MaxValue, [0], out _, out _));
    }

    private static (WasmTrap Trap, long Fuel) FuelOf(bool guarded, byte[] parameters, byte[] results, byte[] code, long argument)
    {
        WasmTrap trap = Run(guarded, Module(parameters, results, code), 1_000_000, [argument], out _, out long left);
        return (trap, 1_000_000 - left);
    }

    private static WasmTrap Run(bool guarded, byte[] bytes, long fuel, long[] arguments, out long[] results, out long left)
    {
        WasmTrap trap = WasmTrap.None;
        long rest = 0;
        var taken = new long[1];
        string? failure = null;
        var thread = new Thread(
            () =>
            {
                var engine = new WasmEngine(guarded);
                if (!ModuleDecoder.TryDecode(bytes, out WasmModule? module, out Problem? problem)
                    || !engine.TryCompile(module, out CompiledModule? compiled, out problem)
                    || !WasmInstance.TryCreate(compiled, new NoImports(), new InstanceLimits(fuel, 10), out WasmInstance? instance, out problem))
                {
                    failure = problem.ToString();
                    return;
                }

                using (instance)
                {
                    trap = instance.Call(0, arguments, taken);
                    rest = instance.Fuel;
                }
            },
            StackBudget.ThreadStackSize);
        thread.Start();
        thread.Join();
        Assert.Null(failure);
        (results, left) = (taken, rest);
        return trap;
    }

    /// <summary>A module of one function, or two of the same type.</summary>
    private static byte[] Module(byte[] parameters, byte[] results, byte[] code, byte[]? second = null, byte[]? locals = null)
    {
        byte[] type = [1, 0x60, (byte)parameters.Length, .. parameters, (byte)results.Length, .. results];
        byte[] body = [.. locals ?? [0], .. code];
        byte[] bodies = [(byte)(second is null ? 1 : 2), .. Leb(body.Length), .. body];
        if (second is not null)
        {
            bodies = [.. bodies, .. Leb(second.Length + 1), 0, .. second];
        }

        return [0, (byte)'a', (byte)'s', (byte)'m', 1, 0, 0, 0, .. Section(1, type), .. Section(3, second is null ? [1, 0] : [2, 0, 0]), .. Section(10, bodies)];
    }

    private static byte[] Section(byte id, byte[] content) => [id, .. Leb(content.Length), .. content];

    private static byte[] Leb(int value) => [(byte)(value | 0x80), (byte)((value >> 7) | 0x80), (byte)((value >> 14) | 0x80), (byte)(value >> 21)];

    private sealed class NoImports : IWasmImports
    {
        public bool TryFind(WasmImport import, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out WasmExternal? external)
        {
            external = null;
            return false;
        }
    }
}
