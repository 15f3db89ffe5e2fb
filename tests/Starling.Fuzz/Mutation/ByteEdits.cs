using System;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Text;
using Starling.Fuzz.Engine;

namespace Starling.Fuzz.Mutation;

/// <summary>Changes of bytes that know nothing of a format: bits, ranges, numbers at bounds, words, parts of other inputs.</summary>
internal sealed class ByteEdits
{
    private static readonly long[] Numbers =
    [
        0, 1, -1, 2, 7, 8, 9, 16, 20, 31, 32, 33, 48, 50, 63, 64, 65, 96, 100, 127, 128, 129, 200, 255, 256, 257, 511, 512, 513, 1023, 1024, 4095, 4096, 16_383, 16_384,
        16_385, 32_767, 32_768, 65_535, 65_536, 131_072, 131_073, 1_000_000, 1_048_576, 1_048_577, 16_777_216, int.MaxValue - 1, int.MaxValue, 1L + int.MaxValue,
        uint.MaxValue, 1L + uint.MaxValue, long.MaxValue, long.MinValue, long.MinValue + 1,
    ];

    private static readonly byte[] Telling = [0, 1, 2, 0x7F, 0x80, 0xFF, 0xFE, (byte)'d', (byte)'e', (byte)'i', (byte)'l', (byte)':', (byte)'-', (byte)'0', (byte)'9', (byte)'\n', (byte)' ', (byte)'%', (byte)'/'];

    private readonly FuzzRandom _random;
    private readonly byte[][] _words;
    private readonly byte[] _scratch = new byte[512];

    public ByteEdits(FuzzRandom random, string[] words)
    {
        _random = random;
        _words = [.. Array.ConvertAll(words, Encoding.Latin1.GetBytes)];
    }

    public bool HasWords => _words.Length > 0;

    public byte[] Word() => _random.Of(_words);

    public long Number() => _random.Next(3) switch
    {
        0 => (long)_random.Next() >> _random.Next(64),
        1 => _random.Of(Numbers) + _random.Next(3) - 1,
        _ => _random.Of(Numbers),
    };

    /// <summary>Changes something; <paramref name="donor"/> is another input to take parts of.</summary>
    public void Apply(ByteSpace space, ReadOnlySpan<byte> donor)
    {
        if (space.Length == 0)
        {
            space.Set(donor);
            return;
        }

        int at = _random.Next(space.Length);
        int count = 1 + _random.NextSmall(Math.Min(64, space.Length - at) - 1);
        Span<byte> span = space.Span;
        switch (_random.Next(16))
        {
            case 0:
                span[at] ^= (byte)(1 << _random.Next(8));
                break;
            case 1:
                span[at] = _random.NextByte();
                break;
            case 2:
                span[at] = _random.Of(Telling);
                break;
            case 3:
                span[at] += (byte)(1 + _random.Next(8) - 4);
                break;
            case 4:
                WriteNumber(span[at..]);
                break;
            case 5 or 6:
                ReplaceDigits(space, at);
                break;
            case 7:
                space.Remove(at, count);
                break;
            case 8:
                span.Slice(at, count).CopyTo(_scratch);
                space.Replace(_random.Next(space.Length + 1), 0, _scratch.AsSpan(0, count));
                break;
            case 9:
                _scratch.AsSpan(0, count).Fill(_random.OneIn(2) ? _random.NextByte() : _random.Of(Telling));
                space.Replace(at, _random.OneIn(2) ? count : 0, _scratch.AsSpan(0, count));
                break;
            case 10:
                space.Truncate(at);
                break;
            case 11 or 12 when HasWords:
                byte[] word = Word();
                space.Replace(at, _random.OneIn(2) ? Math.Min(word.Length, space.Length - at) : 0, word);
                break;
            case 13 when donor.Length > 0:
                int from = _random.Next(donor.Length);
                space.Replace(at, _random.OneIn(2) ? count : 0, donor.Slice(from, 1 + _random.NextSmall(donor.Length - from - 1)));
                break;
            case 14 when donor.Length > 0:
                space.Truncate(at);
                space.Append(donor[_random.Next(donor.Length)..]);
                break;
            default:
                int to = _random.Next(space.Length);
                (span[at], span[to]) = (span[to], span[at]);
                break;
        }
    }

    /// <summary>A number at a bound in digits; returns how many bytes of <paramref name="text"/> it takes.</summary>
    public int WriteDigits(Span<byte> text)
    {
        Utf8Formatter.TryFormat(Number(), text, out int written);
        return written;
    }

    private void WriteNumber(Span<byte> at)
    {
        long number = Number();
        switch (_random.Next(3))
        {
            case 0 when at.Length >= 2:
                BinaryPrimitives.WriteInt16BigEndian(at, (short)number);
                break;
            case 1 when at.Length >= 4:
                BinaryPrimitives.WriteInt32BigEndian(at, (int)number);
                break;
            case 2 when at.Length >= 8:
                BinaryPrimitives.WriteInt64BigEndian(at, number);
                break;
            default:
                at[0] = (byte)number;
                break;
        }
    }

    /// <summary>The next digits behind <paramref name="at"/> become another number: one more, one less, or one at a bound.</summary>
    private void ReplaceDigits(ByteSpace space, int at)
    {
        int start = space.Span[at..].IndexOfAnyInRange((byte)'0', (byte)'9');
        if (start < 0)
        {
            return;
        }

        start += at;
        int length = space.Span[start..].IndexOfAnyExceptInRange((byte)'0', (byte)'9');
        length = length < 0 ? space.Length - start : length;
        int written;
        if (_random.OneIn(2) && Utf8Parser.TryParse(space.Span.Slice(start, length), out long old, out int used) && used == length)
        {
            Utf8Formatter.TryFormat(old + _random.Next(5) - 2, _scratch, out written);
        }
        else
        {
            written = WriteDigits(_scratch);
        }

        space.Replace(start, length, _scratch.AsSpan(0, written));
    }
}
