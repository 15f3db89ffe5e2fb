using System;
using System.Collections.Generic;
using Starling.Core.Primitives;

namespace Starling.Tests.Core.Fuzz;

/// <summary>Damaged copies of right messages: the same seed gives the same ones for ever.</summary>
public sealed class Mutation(ulong seed, IReadOnlyList<byte[]> corpus)
{
    private static readonly byte[] Telling = [0, 1, 0x7F, 0x80, 0xFF, (byte)'d', (byte)'e', (byte)'i', (byte)'l', (byte)':', (byte)'-', (byte)'9'];

    private readonly DeterministicRandom _random = new(seed);

    /// <summary>The next damaged message: one of the corpus, changed in one to four places.</summary>
    public byte[] Next()
    {
        byte[] bytes = [.. corpus[_random.Next(corpus.Count)]];
        for (int changes = 1 + _random.Next(4); changes > 0; changes--)
        {
            bytes = Changed(bytes);
        }

        return bytes;
    }

    private byte[] Changed(byte[] bytes)
    {
        int at = _random.Next(bytes.Length + 1);
        int length = Math.Min(bytes.Length - at, _random.Next(9));
        switch (_random.Next(7))
        {
            case 0 when at < bytes.Length:
                bytes[at] ^= (byte)(1 << _random.Next(8));
                return bytes;
            case 1 when at < bytes.Length:
                bytes[at] = Telling[_random.Next(Telling.Length)];
                return bytes;
            case 2:
                return bytes[..at];
            case 3:
                return [.. bytes[..at], .. bytes[(at + length)..]];
            case 4:
                return [.. bytes[..(at + length)], .. bytes[at..]];
            case 5:
                byte[] other = corpus[_random.Next(corpus.Count)];
                return [.. bytes[..at], .. other[_random.Next(other.Length + 1)..]];
            default:
                return [.. bytes[..at], Telling[_random.Next(Telling.Length)], .. bytes[at..]];
        }
    }
}
