using System;
using System.Diagnostics.CodeAnalysis;
using Starling.Core.Bencode;
using Starling.Core.Primitives;

namespace Starling.Runtime.Wasm.Worker;

/// <summary>How a run of a module ended, as its worker tells it.</summary>
/// <param name="Status">Exit status of a module that ended by itself.</param>
/// <param name="Fuel">Fuel that it used.</param>
/// <param name="Problem">Why it did not end by itself; null: it did.</param>
internal sealed record WasmEnd(int Status, long Fuel, Problem? Problem)
{
    /// <summary>Bytes of an encoded end.</summary>
    public const int MaxSize = 16 * 1024;

    private const int MaxText = 4 * 1024;

    /// <summary>As bencoding.</summary>
    public byte[] Encode()
    {
        var writer = new BencodeWriter();
        writer.BeginDictionary();
        if (Problem is not null)
        {
            writer.Text("code"u8, Cut(Problem.Code));
        }

        writer.Integer("fuel"u8, Fuel);
        if (Problem is not null)
        {
            writer.Text("hint"u8, Cut(Problem.Hint));
            writer.Text("reason"u8, Cut(Problem.Reason));
        }

        writer.Integer("status"u8, Status);
        writer.End();
        return writer.ToArray();
    }

    /// <summary>Reads what a worker wrote, which whoever broke out of a module may have written too.</summary>
    public static bool TryDecode(ReadOnlyMemory<byte> bytes, [NotNullWhen(true)] out WasmEnd? end)
    {
        end = null;
        if (bytes.Length > MaxSize
            || !BReader.TryReadDictionary(bytes, BReaderOptions.Wire, out BDictionary? fields, out _)
            || !fields.TryGetInteger("fuel"u8, 0, long.MaxValue, out long fuel)
            || !fields.TryGetInteger("status"u8, int.MinValue, int.MaxValue, out long status))
        {
            return false;
        }

        Problem? problem = null;
        if (fields["code"u8] is not null)
        {
            if (!fields.TryGetText("code"u8, MaxText, out string? code) || !fields.TryGetText("hint"u8, MaxText, out string? hint)
                || !fields.TryGetText("reason"u8, MaxText, out string? reason))
            {
                return false;
            }

            problem = new Problem(code, reason, hint);
        }

        end = new WasmEnd((int)status, fuel, problem);
        return true;
    }

    private static string Cut(string text) => text.Length > MaxText / 4 ? text[..(MaxText / 4)] : text;
}
