using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Starling.Core.Primitives;

namespace Starling.Core.Bencode;

/// <summary>
/// Reads bencoding (BEP 3) into values. Never throws on bad input, allocates no more than a fixed multiple of
/// <see cref="BReaderOptions.MaxTokens"/>, and names the byte at which the input is wrong.
/// </summary>
public static class BReader
{
    /// <summary>Code of every <see cref="Problem"/> that comes from here.</summary>
    public const string ProblemCode = "bencode";

    /// <summary>Reads one value that takes all of <paramref name="bytes"/>.</summary>
    public static bool TryRead(
        ReadOnlyMemory<byte> bytes,
        BReaderOptions options,
        [NotNullWhen(true)] out BValue? value,
        [NotNullWhen(false)] out Problem? problem)
    {
        if (!TryReadPrefix(bytes, options, out value, out int consumed, out problem))
        {
            return false;
        }

        // An editor may have left a line end on a file that was written by hand.
        ReadOnlySpan<byte> rest = bytes.Span[consumed..];
        if (!(options.Canonical ? rest : rest.TrimEnd(" \r\n"u8)).IsEmpty)
        {
            value = null;
            problem = Wrong(consumed, "bytes follow the end of the value");
            return false;
        }

        return true;
    }

    /// <summary>Reads one dictionary that takes all of <paramref name="bytes"/>: the form of every message and file.</summary>
    public static bool TryReadDictionary(
        ReadOnlyMemory<byte> bytes,
        BReaderOptions options,
        [NotNullWhen(true)] out BDictionary? dictionary,
        [NotNullWhen(false)] out Problem? problem)
    {
        dictionary = null;
        if (!TryRead(bytes, options, out BValue? value, out problem))
        {
            return false;
        }

        dictionary = value as BDictionary;
        problem = dictionary is null ? Wrong(0, $"{value.Kind} where a dictionary is due") : null;
        return dictionary is not null;
    }

    /// <summary>Reads one value from the start of <paramref name="bytes"/>; anything may follow it (<c>ut_metadata</c>, BEP 9).</summary>
    /// <param name="bytes">The input.</param>
    /// <param name="options">Its bounds.</param>
    /// <param name="value">The value; it refers to <paramref name="bytes"/>.</param>
    /// <param name="consumed">Bytes that the value takes.</param>
    /// <param name="problem">What is wrong, with the offset.</param>
    public static bool TryReadPrefix(
        ReadOnlyMemory<byte> bytes,
        BReaderOptions options,
        [NotNullWhen(true)] out BValue? value,
        out int consumed,
        [NotNullWhen(false)] out Problem? problem)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.MaxDepth, BReaderOptions.DefaultMaxDepth, nameof(options));
        value = null;
        consumed = 0;
        if (bytes.Length > options.MaxSize)
        {
            problem = Wrong(options.MaxSize, Text($"longer than {options.MaxSize} bytes"));
            return false;
        }

        var pass = new Pass(bytes, options);
        value = pass.ReadValue(0);
        consumed = pass.Position;
        problem = pass.Problem;
        return value is not null;
    }

    private static Problem Wrong(int offset, string what) => new(ProblemCode, Text($"wrong bencoding at byte {offset}: {what}"));

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    /// <summary>One pass over one input. Each method returns null, and leaves the problem, where the input is wrong.</summary>
    private struct Pass(ReadOnlyMemory<byte> bytes, BReaderOptions options)
    {
        private int _tokens;

        /// <summary>The next byte.</summary>
        public int Position { get; private set; }

        /// <summary>The first thing that was wrong.</summary>
        public Problem? Problem { get; private set; }

        public BValue? ReadValue(int depth)
        {
            ReadOnlySpan<byte> span = bytes.Span;
            if (Position >= span.Length)
            {
                return Fail<BValue>("the input ends within a value");
            }

            if (++_tokens > options.MaxTokens)
            {
                return Fail<BValue>(Text($"more than {options.MaxTokens} values"));
            }

            byte first = span[Position];
            if (first is (byte)'l' or (byte)'d' && depth >= options.MaxDepth)
            {
                return Fail<BValue>(Text($"nested deeper than {options.MaxDepth}"));
            }

            return first switch
            {
                (byte)'i' => ReadInteger(),
                (byte)'l' => ReadList(depth),
                (byte)'d' => ReadDictionary(depth),
                >= (byte)'0' and <= (byte)'9' => ReadString(),
                _ => Fail<BValue>(Text($"0x{first:x2} starts no value")),
            };
        }

        private BInteger? ReadInteger()
        {
            int start = Position++;
            bool parsed = TryReadNumber((byte)'e', signed: true, out long number);
            return parsed ? new BInteger(number, bytes[start..Position]) : null;
        }

        private BString? ReadString()
        {
            int start = Position;
            if (!TryReadNumber((byte)':', signed: false, out long length))
            {
                return null;
            }

            if (length > bytes.Length - Position)
            {
                Position = start;
                return Fail<BString>(Text($"a text of {length} bytes where {bytes.Length - start} are left"));
            }

            ReadOnlyMemory<byte> content = bytes.Slice(Position, (int)length);
            Position += (int)length;
            return new BString(content, bytes[start..Position]);
        }

        private BList? ReadList(int depth)
        {
            int start = Position++;
            List<BValue>? items = null;
            while (!AtEndMark())
            {
                if (ReadValue(depth + 1) is not { } item)
                {
                    return null;
                }

                (items ??= []).Add(item);
            }

            Position++;
            return new BList(items ?? (IReadOnlyList<BValue>)[], bytes[start..Position]);
        }

        private BDictionary? ReadDictionary(int depth)
        {
            int start = Position++;
            List<BEntry>? entries = null;
            bool sorted = true;
            while (!AtEndMark())
            {
                int keyStart = Position;
                if (ReadKey() is not { } key || !IsInOrder(entries, key.Bytes.Span, keyStart, ref sorted) || ReadValue(depth + 1) is not { } value)
                {
                    return null;
                }

                (entries ??= []).Add(new BEntry(key.Bytes, value));
            }

            if (entries is not null && !sorted && !BDictionary.TrySort(entries))
            {
                Position = start;
                return Fail<BDictionary>("a key stands twice in this dictionary");
            }

            Position++;
            return new BDictionary(entries ?? (IReadOnlyList<BEntry>)[], bytes[start..Position]);
        }

        private BString? ReadKey()
        {
            if (Position < bytes.Length && bytes.Span[Position] is < (byte)'0' or > (byte)'9')
            {
                return Fail<BString>("a key is not a text");
            }

            return ReadValue(BReaderOptions.DefaultMaxDepth) as BString;
        }

        private bool IsInOrder(List<BEntry>? entries, ReadOnlySpan<byte> key, int keyStart, ref bool sorted)
        {
            int order = entries is null ? -1 : entries[^1].Key.Span.SequenceCompareTo(key);
            if (order < 0)
            {
                return true;
            }

            if (order == 0 || options.Canonical)
            {
                Position = keyStart;
                Fail<BString>(order == 0 ? "a key stands twice in this dictionary" : "keys are not in order");
                return false;
            }

            sorted = false;
            return true;
        }

        private readonly bool AtEndMark() => Position < bytes.Length && bytes.Span[Position] == (byte)'e';

        /// <summary>Reads digits up to <paramref name="end"/>, and the end itself.</summary>
        private bool TryReadNumber(byte end, bool signed, out long number)
        {
            ReadOnlySpan<byte> span = bytes.Span;
            number = 0;
            int start = Position;
            bool negative = signed && Position < span.Length && span[Position] == (byte)'-';
            Position += negative ? 1 : 0;
            int firstDigit = Position;
            while (Position < span.Length && span[Position] is >= (byte)'0' and <= (byte)'9')
            {
                int digit = span[Position] - '0';

                // Counted downwards, because the lowest number has no positive counterpart.
                if (number < (long.MinValue + digit) / 10)
                {
                    return Refuse(start, "a number of more than 64 bits");
                }

                number = (number * 10) - digit;
                Position++;
            }

            int digits = Position - firstDigit;
            if (Position >= span.Length || span[Position] != end || digits == 0)
            {
                return Refuse(Position, Position >= span.Length ? "the input ends within a number" : "not a digit in a number");
            }

            if (options.Canonical && ((digits > 1 && span[firstDigit] == (byte)'0') || (negative && number == 0)))
            {
                return Refuse(start, "a number with a leading zero, or -0");
            }

            if (!negative && number == long.MinValue)
            {
                return Refuse(start, "a number of more than 64 bits");
            }

            number = negative ? number : -number;
            Position++;
            return true;
        }

        private bool Refuse(int offset, string what)
        {
            Position = offset;
            Problem ??= Wrong(offset, what);
            return false;
        }

        private T? Fail<T>(string what)
            where T : BValue
        {
            Problem ??= Wrong(Position, what);
            return null;
        }
    }
}
