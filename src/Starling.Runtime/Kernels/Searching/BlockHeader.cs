using System;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Starling.Runtime.Kernels.Hashing;

namespace Starling.Runtime.Kernels.Searching;

/// <summary>
/// The 80 bytes of a block header whose double SHA-256 is searched, and everything about them that does not depend on the nonce: the state
/// after the first 64 bytes ("midstate"), the rounds of the second block before the nonce comes in, and the target.
/// </summary>
internal sealed class BlockHeader
{
    /// <summary>Bytes of a header.</summary>
    public const int Size = 80;

    /// <summary>Where the nonce stands, 4 bytes little-endian, to the end.</summary>
    public const int NonceOffset = 76;

    private const int BitsOffset = 72;
    private const int BlockSize = 64;
    private const int TargetSize = 32;

    private readonly byte[] _header;
    private readonly byte[] _target = new byte[TargetSize];

    private BlockHeader(byte[] header)
    {
        _header = header;
        Span<uint> words = stackalloc uint[16];
        ReadWords(header.AsSpan(0, BlockSize), words);
        Sha256<uint, Lanes32x1>.HashBlock(ref words[0], ref Midstate[0]);
        words.Clear();
        ReadWords(header.AsSpan(BlockSize, 12), words);
        words[4] = 0x80000000;
        words[15] = Size * 8;
        PrepareRounds(words);
        PrepareSchedule(words);
    }

    /// <summary>State after the first block.</summary>
    public uint[] Midstate { get; } = new uint[8];

    /// <summary>
    /// State after round 3 of the second block, in the slots that round 4 wants (<see cref="Sha256{TVector, TLanes}"/> renames registers
    /// instead of moving them). To slots 0 and 4 the nonce, as a big-endian word, is still to be added: it enters nowhere else in that
    /// round.
    /// </summary>
    public uint[] AfterRound3 { get; } = new uint[8];

    /// <summary>Constant plus word of rounds 0 to 17 of the second block; of use from round 4 on, where no nonce is in the word.</summary>
    public uint[] KeyedWords { get; } = new uint[18];

    /// <summary>Words 16 and 17 of the schedule, whole; 18 and 19 without the nonce's part; the constant part of 31.</summary>
    public (uint W16, uint W17, uint W18, uint W19, uint W31) Schedule { get; private set; }

    /// <summary>The first four bytes of the target as explorers print it: a hash that is above it there is above it.</summary>
    public uint TopOfTarget => BinaryPrimitives.ReadUInt32BigEndian(_target);

    /// <summary>Reads a header. The target comes from its bits: mantissa of 3 bytes times 256^(exponent − 3).</summary>
    /// <param name="header">80 bytes; the last four are ignored.</param>
    /// <param name="found">The header.</param>
    /// <returns>False when the bits say no target: negative, zero, or above 256 bits.</returns>
    public static bool TryCreate(ReadOnlySpan<byte> header, [NotNullWhen(true)] out BlockHeader? found)
    {
        found = null;
        uint bits = BinaryPrimitives.ReadUInt32LittleEndian(header[BitsOffset..]);
        int exponent = (int)(bits >> 24);
        uint mantissa = bits & 0x007FFFFF;
        bool negative = (bits & 0x00800000) != 0;
        if (negative)
        {
            return false;
        }

        byte[] target = new byte[TargetSize];
        bool any = false;
        for (int i = 0; i < 3; i++)
        {
            // Byte i of the mantissa, counted from the lowest, has the weight 256^(exponent - 3 + i).
            byte digit = (byte)(mantissa >> (8 * i));
            int position = TargetSize - 1 - (exponent - 3 + i);
            if (digit == 0 || position >= TargetSize)
            {
                continue;
            }

            if (position < 0)
            {
                return false;
            }

            target[position] = digit;
            any = true;
        }

        if (!any)
        {
            return false;
        }

        found = new BlockHeader(header.ToArray());
        target.CopyTo(found._target, 0);
        return true;
    }

    /// <summary>Hashes the header with a nonce by the library's SHA-256.</summary>
    /// <param name="nonce">The nonce.</param>
    /// <param name="hash">Takes 32 bytes in the order of explorers: the reverse of the digest.</param>
    /// <returns>Whether the hash is at most the target.</returns>
    public bool Check(uint nonce, Span<byte> hash)
    {
        Span<byte> header = stackalloc byte[Size];
        _header.CopyTo(header);
        BinaryPrimitives.WriteUInt32LittleEndian(header[NonceOffset..], nonce);
        SHA256.HashData(header, hash);
        SHA256.HashData(hash, hash);
        hash.Reverse();
        return hash.SequenceCompareTo(_target) <= 0;
    }

    private static void ReadWords(ReadOnlySpan<byte> bytes, Span<uint> words)
    {
        for (int i = 0; i < bytes.Length / 4; i++)
        {
            words[i] = BinaryPrimitives.ReadUInt32BigEndian(bytes[(4 * i)..]);
        }
    }

    private void PrepareRounds(ReadOnlySpan<uint> words)
    {
        Span<uint> s = stackalloc uint[8];
        Midstate.CopyTo(s);
        for (int round = 0; round < 4; round++)
        {
            // In round 3 the word is the nonce: 0 here, added per lane.
            uint kw = Sha256Constants.Rounds[round] + words[round];
            uint h = s[7];
            Sha256<uint, Lanes32x1>.Round(s[0], s[1], s[2], ref s[3], s[4], s[5], s[6], ref h, kw);
            s[..7].CopyTo(s[1..]);
            s[0] = h;
        }

        for (int i = 0; i < 8; i++)
        {
            AfterRound3[i] = s[(i + 4) & 7];
        }
    }

    private void PrepareSchedule(ReadOnlySpan<uint> words)
    {
        uint w16 = words[0] + Sha256<uint, Lanes32x1>.SmallSigma0(words[1]);
        uint w17 = words[1] + Sha256<uint, Lanes32x1>.SmallSigma0(words[2]) + Sha256<uint, Lanes32x1>.SmallSigma1(words[15]);
        uint w18 = words[2] + Sha256<uint, Lanes32x1>.SmallSigma1(w16);
        uint w19 = Sha256<uint, Lanes32x1>.SmallSigma0(words[4]) + Sha256<uint, Lanes32x1>.SmallSigma1(w17);
        uint w31 = words[15] + Sha256<uint, Lanes32x1>.SmallSigma0(w16);
        Schedule = (w16, w17, w18, w19, w31);
        for (int i = 0; i < 16; i++)
        {
            KeyedWords[i] = Sha256Constants.Rounds[i] + words[i];
        }

        KeyedWords[16] = Sha256Constants.Rounds[16] + w16;
        KeyedWords[17] = Sha256Constants.Rounds[17] + w17;
    }
}
