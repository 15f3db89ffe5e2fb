using System;
using System.Globalization;
using System.Text;
using Starling.Core.Primitives;

namespace Starling.Core.Wasm;

/// <summary>
/// Reads the numbers and names of the binary format. The first failure stays: from then on every read gives 0 and the position no longer
/// moves, so that callers look at <see cref="Failed"/> once a loop and not after each read.
/// </summary>
internal ref struct WasmReader
{
    /// <summary>Code of a <see cref="Problem"/> about bytes that are no module.</summary>
    public const string Malformed = "wasm:malformed";

    /// <summary>Code of a <see cref="Problem"/> about a module that breaks the rules of its types.</summary>
    public const string Invalid = "wasm:invalid";

    /// <summary>Code of a <see cref="Problem"/> about a module that is larger than this program takes.</summary>
    public const string Limit = "wasm:limit";

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: false);

    private readonly ReadOnlySpan<byte> _bytes;

    public WasmReader(ReadOnlySpan<byte> bytes, int start, int end)
    {
        _bytes = bytes[..end];
        Position = start;
    }

    /// <summary>Offset of the next byte in the module.</summary>
    public int Position { get; private set; }

    /// <summary>What is wrong; null: nothing so far.</summary>
    public Problem? Problem { get; private set; }

    /// <summary>True after the first failure.</summary>
    public readonly bool Failed => Problem is not null;

    /// <summary>True when all was read.</summary>
    public readonly bool AtEnd => Position == _bytes.Length;

    /// <summary>Offset after the last byte.</summary>
    public readonly int End => _bytes.Length;

    /// <summary>Notes a failure at the present position; only the first counts.</summary>
    public void Fail(string code, string reason) => FailAt(Position, code, reason);

    /// <summary>Notes a failure; only the first counts.</summary>
    public void FailAt(int position, string code, string reason) =>
        Problem ??= new Problem(code, string.Create(CultureInfo.InvariantCulture, $"the WebAssembly module is refused: at byte {position}, {reason}"));

    public byte Byte()
    {
        if (Failed || AtEnd)
        {
            Fail(Malformed, "it ends too early");
            return 0;
        }

        return _bytes[Position++];
    }

    public uint U32() => (uint)Unsigned(32);

    public int S32() => (int)Signed(32);

    public long S33() => Signed(33);

    public long S64() => Signed(64);

    public uint Fixed32()
    {
        ReadOnlySpan<byte> bytes = Span(4);
        return bytes.IsEmpty ? 0 : System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(bytes);
    }

    public ulong Fixed64()
    {
        ReadOnlySpan<byte> bytes = Span(8);
        return bytes.IsEmpty ? 0 : System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }

    /// <summary>A count of things of at least one byte each: never more than what is left, and never more than <paramref name="most"/>.</summary>
    public int Count(int most, string what)
    {
        uint count = U32();
        if (count > _bytes.Length - Position)
        {
            Fail(Malformed, string.Create(CultureInfo.InvariantCulture, $"there can't be {count} {what}: it ends before"));
        }
        else if (count > most)
        {
            Fail(Limit, string.Create(CultureInfo.InvariantCulture, $"there are {count} {what}; at most {most} are taken"));
        }

        return Failed ? 0 : (int)count;
    }

    /// <summary>The next bytes; empty after a failure.</summary>
    public ReadOnlySpan<byte> Span(int length)
    {
        if (Failed || length > _bytes.Length - Position)
        {
            Fail(Malformed, "it ends too early");
            return [];
        }

        ReadOnlySpan<byte> span = _bytes.Slice(Position, length);
        Position += length;
        return span;
    }

    /// <summary>A name: UTF-8 with its length before it.</summary>
    public string Name()
    {
        int length = Count(WasmLimits.MaxNameLength, "bytes of a name");
        int at = Position;
        ReadOnlySpan<byte> bytes = Span(length);
        if (!System.Text.Unicode.Utf8.IsValid(bytes))
        {
            FailAt(at, Malformed, "a name is not UTF-8");
            return "";
        }

        return StrictUtf8.GetString(bytes);
    }

    /// <summary>A value type.</summary>
    public WasmType ValueType()
    {
        int at = Position;
        byte number = Byte();
        if (!Failed && !WasmTypes.IsKnown(number))
        {
            FailAt(at, Malformed, string.Create(CultureInfo.InvariantCulture, $"0x{number:x2} is no value type"));
        }

        return (WasmType)number;
    }

    /// <summary>A reference type.</summary>
    public WasmType ReferenceType()
    {
        int at = Position;
        WasmType type = ValueType();
        if (!Failed && !type.IsReference())
        {
            FailAt(at, Malformed, "a reference type is due");
        }

        return type;
    }

    private ulong Unsigned(int bits)
    {
        int start = Position;
        ulong value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte next = Byte();
            if (Failed)
            {
                return 0;
            }

            // The last byte may hold no more bits than are left.
            if (shift + 7 >= bits && next >> (bits - shift) != 0)
            {
                FailAt(start, Malformed, (next & 0x80) != 0 ? "a number is too long" : "a number is too large");
                return 0;
            }

            value |= (ulong)(next & 0x7f) << shift;
            if ((next & 0x80) == 0)
            {
                return value;
            }
        }
    }

    private long Signed(int bits)
    {
        int start = Position;
        long value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte next = Byte();
            if (Failed)
            {
                return 0;
            }

            if (shift + 7 >= bits)
            {
                // Bits beyond the number repeat its sign.
                int rest = (sbyte)(next << 1) >> (bits - shift);
                if ((next & 0x80) != 0 || (rest != 0 && rest != -1))
                {
                    FailAt(start, Malformed, (next & 0x80) != 0 ? "a number is too long" : "a number is too large");
                    return 0;
                }
            }

            value |= (long)(next & 0x7f) << shift;
            if ((next & 0x80) == 0)
            {
                shift += 7;
                return shift < 64 && (next & 0x40) != 0 ? value | (-1L << shift) : value;
            }
        }
    }
}
