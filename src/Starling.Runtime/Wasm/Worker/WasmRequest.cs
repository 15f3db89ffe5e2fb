using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using Starling.Core.Bencode;

namespace Starling.Runtime.Wasm.Worker;

/// <summary>One run, as a worker is asked for it; paths as the worker sees them.</summary>
internal sealed record WasmRequest
{
    /// <summary>Bytes of an encoded request.</summary>
    public const int MaxSize = BReaderOptions.WireMaxSize;

    private const int MaxPath = 64 * 1024;
    private const int SeedSize = 32;

    /// <summary>Path of the module.</summary>
    public required string Module { get; init; }

    /// <summary>The module's name first, then its arguments.</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>Variables, each <c>NAME=VALUE</c>.</summary>
    public required IReadOnlyList<string> Variables { get; init; }

    /// <summary>Names below <c>/in</c>, each followed by the path of what is there.</summary>
    public required IReadOnlyList<string> Inputs { get; init; }

    /// <summary>The piece's part of an input: <c>/chunk</c> and standard input; null: none.</summary>
    public required string? Chunk { get; init; }

    /// <summary>Units of fuel.</summary>
    public required long Fuel { get; init; }

    /// <summary>Pages of memory.</summary>
    public required uint Pages { get; init; }

    /// <summary>Seed of random bytes.</summary>
    public required ReadOnlyMemory<byte> Seed { get; init; }

    /// <summary>As bencoding.</summary>
    public byte[] Encode()
    {
        var writer = new BencodeWriter(1024);
        writer.BeginDictionary();
        Texts("args"u8, Arguments);
        if (Chunk is not null)
        {
            writer.Text("chunk"u8, Chunk);
        }

        Texts("env"u8, Variables);
        writer.Integer("fuel"u8, Fuel);
        Texts("inputs"u8, Inputs);
        writer.Text("module"u8, Module);
        writer.Integer("pages"u8, Pages);
        writer.Bytes("seed"u8, Seed.Span);
        writer.End();
        return writer.ToArray();

        void Texts(ReadOnlySpan<byte> key, IReadOnlyList<string> texts)
        {
            writer.Key(key);
            writer.BeginList();
            foreach (string text in texts)
            {
                writer.Text(text);
            }

            writer.End();
        }
    }

    /// <summary>Reads what <see cref="Encode"/> wrote.</summary>
    public static bool TryDecode(ReadOnlyMemory<byte> bytes, [NotNullWhen(true)] out WasmRequest? request)
    {
        request = null;
        if (!BReader.TryReadDictionary(bytes, BReaderOptions.Wire, out BDictionary? fields, out _)
            || !TryTexts(fields, "args"u8, out List<string>? arguments)
            || !TryTexts(fields, "env"u8, out List<string>? variables)
            || !TryTexts(fields, "inputs"u8, out List<string>? inputs)
            || inputs.Count % 2 != 0
            || !fields.TryGetText("module"u8, MaxPath, out string? module)
            || !fields.TryGetInteger("fuel"u8, 0, long.MaxValue, out long fuel)
            || !fields.TryGetInteger("pages"u8, 0, Core.Wasm.WasmLimits.MaxPages, out long pages)
            || !fields.TryGetBytes("seed"u8, SeedSize, out ReadOnlyMemory<byte> seed))
        {
            return false;
        }

        string? chunk = null;
        if (fields["chunk"u8] is not null && !fields.TryGetText("chunk"u8, MaxPath, out chunk))
        {
            return false;
        }

        request = new WasmRequest
        {
            Module = module,
            Arguments = arguments,
            Variables = variables,
            Inputs = inputs,
            Chunk = chunk,
            Fuel = fuel,
            Pages = (uint)pages,
            Seed = seed,
        };
        return true;
    }

    private static bool TryTexts(BDictionary fields, ReadOnlySpan<byte> key, [NotNullWhen(true)] out List<string>? texts)
    {
        texts = null;
        if (!fields.TryGetList(key, out BList? list))
        {
            return false;
        }

        var read = new List<string>(list.Items.Count);
        foreach (BValue item in list.Items)
        {
            if (item is not BString bytes || !bytes.TryGetText(out string? text))
            {
                return false;
            }

            read.Add(text);
        }

        texts = read;
        return true;
    }
}
