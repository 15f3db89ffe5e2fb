using System;
using System.Collections.Generic;
using System.Threading;
using Starling.Core.Primitives;
using Starling.Core.Wasm;
using Starling.Fuzz.Engine;
using Starling.Runtime.Wasm;
using Starling.Runtime.Wasm.Worker;

namespace Starling.Fuzz.Targets;

/// <summary>Modules of strangers: whole ones are only read; the code of a function is also compiled and run.</summary>
internal static class WasmTargets
{
    // Made by wat2wasm: every section, calls, tables, segments, blocks with values.
    private const string Whole =
        "AGFzbQEAAAABEwRgAn98AX5gAX8AYAAAYAACf30CDgIBbQFmAAEBbQFnA38AAwQDAgMABAUBcAEECAUEAQEBAwYOAn4BQgULfQBDAACgfwsHEQMDcnVuAAMDbWVtAgABZwMBCAEBCRADAEEACwIDAQEAAQMDAAECDAECCocBAwIACwkAQQFD"
        + "AAAAQAt4AwF/AX4BfQJ+A0AgAkEBaiECIAJBCkkNAAtBECAB/AY3AwhBAEEIQQT8CgAAQQBBAEEC/AgBAPwJASAABH9BAwUQAhoLAkACQCAADgIBAAELCxpBAUQAAAAAAADwP0EAEQAAGtBwQQH8DwAaQgFBECkDAEEAGwsLCw0CAEEACwNhYmMBAnh5";

    private const string Small = "AGFzbQEAAAABBQFgAAF/AwIBAAcFAQFmAAAKBgEEAEEBCw==";

    // A module of three functions, two tables, a memory, globals and segments, without its third function's code.
    private const string BeforeCode =
        "0061736d0100000001110360027f7c017e60000060027e7d027f7d03040301020004080270010408700002050401010103061303" + "7e0142050b7d01430000803f0b7f0041070b07090201660002016d0200090e020041000b030001020100020002" + "0c0102";

    private const string OtherBodies = "02000b08002000a720018c0b";
    private const string AfterCode = "0b16020041000b0c01020304ffffc07f0000a07f01027879";
    private const long Fuel = 20_000;

    public static FuzzTarget[] All { get; } =
    [
        new()
        {
            Name = "wasm-module",
            Covers = [typeof(ModuleDecoder), typeof(ModuleValidator), typeof(WasmProgram)],
            Encodes = false,
            Words = ["\0asm\x01\0\0\0", "\x60\0\0", "\x0b", "\xfc\x0a\0\0", "\x80\x80\x80\x80\x08", "\xff\xff\xff\xff\x0f"],
            MaxSize = 1024,
            Seeds = () => [Convert.FromBase64String(Whole), Convert.FromBase64String(Small), Assemble([0x00, 0x42, 0x00, 0x0b])],
            Start = () => Read,
            FixedAllocation = 256 * 1024,
            AllocationPerByte = 512,
        },
        new()
        {
            Name = "wasm-reply",
            Covers = [typeof(WasmReplyReader), typeof(WasmEnd)],
            Encodes = false,
            Words = ["o\0\0\0\0", "e\x01\0\0\0x", "z", "d4:fueli1e6:statusi0ee", "4:code1:a4:hint0:6:reason1:b"],
            MaxSize = 512,
            Seeds = () => [[(byte)'o', 1, 0, 0, 0, 7], Reply(new WasmEnd(3, 9, null)), Reply(new WasmEnd(0, 9, new Problem("trap:x", "why", "")))],
            Start = () => static input =>
            {
                var reader = new WasmReplyReader();
                _ = reader.Append(input.Span, static (kind, content) => kind != WasmReplyKind.End || WasmEnd.TryDecode(content.ToArray(), out _));
                return null;
            },
            FixedAllocation = 128 * 1024,
        },
        new()
        {
            Name = "wasm-request",
            Covers = [typeof(WasmRequest)],
            Shape = InputShape.Bencode,
            Words = ["args", "chunk", "env", "fuel", "inputs", "module", "pages", "seed"],
            Seeds = () => [new WasmRequest { Module = "m", Arguments = ["a"], Variables = ["b=c"], Inputs = ["i", "/i"], Chunk = "/c", Fuel = 1, Pages = 2, Seed = new byte[32] }.Encode()],
            Start = () => static input => WasmRequest.TryDecode(input, out WasmRequest? request) ? request.Encode() : null,
        },
        new()
        {
            Name = "wasm-code",
            Covers = [],
            Encodes = false,
            Words =
            [
                "\x20\0", "\x20\x01", "\x21\0", "\x41\x01", "\x42\x7f", "\x44\0\0\0\0\0\0\xf8\x7f", "\x02\x40", "\x03\x40", "\x04\x7e", "\x05", "\x0b", "\x0c\0", "\x0d\0", "\x0e\x01\0\0", "\x10\0", "\x10\x01", "\x10\x02",
                "\x11\0\0", "\x1a", "\x1b", "\x28\x02\0", "\x37\x03\0", "\x39\x03\0", "\x40\0", "\xa7", "\xac", "\xb0", "\xbd", "\xbf", "\xa3", "\x92", "\xa6", "\xfc\x0a\0\0", "\xfc\x0b\0", "\xfc\x08\x01\0", "\xfc\x0c\x01\0", "\xfc\x0f\0",
            ],
            MaxSize = 256,
            Seeds = Codes,
            Start = CodePass,

            // What .NET's compiler and the builder of IL take.
            FixedAllocation = 64 * 1024 * 1024,
            QuickInputs = 500,
        },
    ];

    private static byte[] Reply(WasmEnd end)
    {
        byte[] content = end.Encode();
        return [(byte)'z', (byte)content.Length, 0, 0, 0, .. content];
    }

    private static byte[]? Read(ReadOnlyMemory<byte> input)
    {
        bool read = ModuleDecoder.TryDecode(input, out WasmModule? module, out Problem? problem);
        FuzzFailureException.Unless(read ? module is not null : problem!.Code.StartsWith("wasm:", StringComparison.Ordinal), "a module or a problem, one of both");
        FuzzFailureException.Unless(WasmProgram.Check(input) is not null || read, "what is no module can be run");
        return null;
    }

    /// <summary>Bodies that begin with "no locals".</summary>
    private static IEnumerable<byte[]> Codes() =>
    [
        [0x00, 0x42, 0x00, 0x0b],

        // A loop that counts up to the parameter.
        [0x01, 0x01, 0x7e, 0x03, 0x40, 0x20, 0x02, 0x42, 0x01, 0x7c, 0x22, 0x02, 0x20, 0x00, 0xac, 0x53, 0x0d, 0x00, 0x0b, 0x20, 0x02, 0x0b],

        // Recursion, and a store of arithmetic.
        [0x00, 0x41, 0x08, 0x20, 0x01, 0x20, 0x01, 0xa3, 0x39, 0x03, 0x00, 0x20, 0x00, 0x04, 0x7e, 0x20, 0x00, 0x41, 0x01, 0x6b, 0x20, 0x01, 0x10, 0x02, 0x05, 0x41, 0x08, 0x29, 0x03, 0x00, 0x0b, 0x0b],

        // Both results of a call, an indirect call, growth.
        [0x00, 0x42, 0x05, 0x43, 0x00, 0x00, 0xc0, 0x7f, 0x10, 0x01, 0xbc, 0x1a, 0x41, 0x01, 0x40, 0x00, 0x6a, 0xac, 0x41, 0x00, 0x11, 0x01, 0x00, 0x0b],
    ];

    private static byte[] Assemble(ReadOnlySpan<byte> body)
    {
        byte[] others = Convert.FromHexString(OtherBodies);
        byte[] code = [0x03, .. others, .. Number(body.Length), .. body];
        return [.. Convert.FromHexString(BeforeCode), 0x0a, .. Number(code.Length), .. code, .. Convert.FromHexString(AfterCode)];
    }

    private static byte[] Number(int value) => [(byte)(0x80 | (value & 0x7f)), (byte)(0x80 | ((value >> 7) & 0x7f)), (byte)(value >> 14)];

    /// <summary>Code that is valid runs the same with and without checks of memory in the code: same end, same result, same memory, same fuel.</summary>
    private static Pass CodePass()
    {
        var guarded = new WasmEngine();
        var isChecked = new WasmEngine(guarded: false);
        return input =>
        {
            if (!ModuleDecoder.TryDecode(Assemble(input.Span), out WasmModule? module, out _))
            {
                return null;
            }

            RunEnd first = default;
            RunEnd second = default;
            var thread = new Thread(
                () =>
                {
                    first = Run(guarded, module);
                    second = Run(isChecked, module);
                },
                StackBudget.ThreadStackSize);
            thread.Start();
            thread.Join();
            FuzzFailureException.Unless(first == second, $"{first} with guards, {second} with checks");
            return null;
        };
    }

    private static RunEnd Run(WasmEngine engine, WasmModule module)
    {
        FuzzFailureException.Unless(engine.TryCompile(module, out CompiledModule? compiled, out Problem? problem), $"a valid module is not compiled: {problem}");
        FuzzFailureException.Unless(
            WasmInstance.TryCreate(compiled!, new NoImports(), new InstanceLimits(Fuel, 3), out WasmInstance? instance, out problem), $"a valid module has no instance: {problem}");
        using (instance)
        {
            WasmTrap trap = instance!.Start();
            var results = new long[1];
            trap = trap == WasmTrap.None ? instance.Call(2, [3, BitConverter.DoubleToInt64Bits(1.5)], results) : trap;
            Hash256 memory = Hash256.Of(instance.Memory!.Bytes(0, (ulong)instance.Memory.Pages * WasmLimits.PageSize));

            // Fuel of a run that a fault ended is what was written last, which is not asked for.
            bool faulted = trap is WasmTrap.MemoryOutOfBounds;
            return new RunEnd(trap, results[0], faulted ? 0 : instance.Fuel, memory);
        }
    }

    private readonly record struct RunEnd(WasmTrap Trap, long Result, long Fuel, Hash256 Memory);

    private sealed class NoImports : IWasmImports
    {
        public bool TryFind(WasmImport import, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out WasmExternal? external)
        {
            external = null;
            return false;
        }
    }
}
