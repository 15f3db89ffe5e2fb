using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Starling.Runtime.Kernels.Hashing;

namespace Starling.Runtime.Kernels.Searching;

/// <summary>
/// The search in lanes. Integers go through in tables of 10,000 that differ in their last four digits only: the other digits, the padding
/// and the length are the same in all lanes and made once a table, the four digits come from a list and are put in place by two shifts.
/// </summary>
internal sealed class LaneDecimalSearcher<TVector, TWord, TLanes, THash> : DecimalSearcher
    where TVector : unmanaged
    where TWord : unmanaged, IBinaryInteger<TWord>, IUnsignedNumber<TWord>
    where TLanes : struct, ILanes<TVector, TWord>
    where THash : struct, IBlockHash<TVector>
{
    private const int SuffixDigits = 4;

    /// <summary>Integers that share all digits but the last four. A multiple of every number of lanes.</summary>
    private const uint TableSize = 10_000;

    private const int MaxDigits = 20;
    private const int BlockWords = IBlockHash<TVector>.BlockWords;

    /// <summary>Words of the block as they are before the four digits, words in work, digest.</summary>
    private readonly AlignedBuffer<TVector> _memory = new(BlockWords + BlockWords + IBlockHash<TVector>.MaxDigestWords);

    private readonly TWord[] _suffixes = new TWord[TableSize];
    private readonly TVector _mask;
    private readonly int _maskedWord;

    public LaneDecimalSearcher(ZeroBits wanted)
    {
        int bits = Unsafe.SizeOf<TWord>() * 8;
        ulong mask = wanted.MaskOfWord(bits);
        if (!THash.IsBigEndian)
        {
            mask = BinaryPrimitives.ReverseEndianness(mask) >> (64 - bits);
        }

        _mask = TLanes.Of(TWord.CreateTruncating(mask));
        _maskedWord = wanted.AtEnd ? THash.DigestWords - 1 : 0;
        Span<byte> digits = stackalloc byte[SuffixDigits];
        for (int i = 0; i < _suffixes.Length; i++)
        {
            i.TryFormat(digits, out _, "D4", CultureInfo.InvariantCulture);
            uint word = THash.IsBigEndian ? BinaryPrimitives.ReadUInt32BigEndian(digits) : BinaryPrimitives.ReadUInt32LittleEndian(digits);
            _suffixes[i] = TWord.CreateTruncating(word);
        }
    }

    public override void Search(ulong first, ulong count, List<ulong> candidates)
    {
        ulong next = first;
        ulong rest = count;
        while (rest > 0)
        {
            uint from = (uint)(next % TableSize);
            uint to = from + (uint)Math.Min(TableSize - from, rest);
            SearchTable(next - from, from, to, candidates);
            next += to - from;
            rest -= to - from;
        }
    }

    public override void Dispose() => _memory.Dispose();

    /// <summary>Hashes integers [from, to) of the table that begins at <paramref name="zero"/>.</summary>
    private void SearchTable(ulong zero, uint from, uint to, List<ulong> candidates)
    {
        if (zero == 0)
        {
            // Integers of fewer digits: too few to be worth a path of their own.
            for (uint i = from; i < to; i++)
            {
                candidates.Add(i);
            }

            return;
        }

        SuffixPlace place = FillBlock(zero);
        uint lanes = (uint)TLanes.Count;
        for (uint i = from / lanes * lanes; i < to; i += lanes)
        {
            for (uint hits = Hash(i, place); hits != 0; hits &= hits - 1)
            {
                uint found = i + (uint)BitOperations.TrailingZeroCount(hits);
                if (found >= from && found < to)
                {
                    candidates.Add(zero + found);
                }
            }
        }
    }

    /// <summary>Makes the block of <paramref name="zero"/> in all lanes, with 0 bytes for its last four digits.</summary>
    private SuffixPlace FillBlock(ulong zero)
    {
        Span<byte> digits = stackalloc byte[MaxDigits];
        zero.TryFormat(digits, out int length, default, CultureInfo.InvariantCulture);
        digits.Slice(length - SuffixDigits, SuffixDigits).Clear();
        Span<TWord> words = stackalloc TWord[BlockWords];
        PaddedBlock.Write<TVector, TWord, THash>(digits[..length], words);
        for (int i = 0; i < BlockWords; i++)
        {
            Unsafe.Add(ref _memory.First, i) = TLanes.Of(words[i]);
        }

        return SuffixPlace.Of(length - SuffixDigits, Unsafe.SizeOf<TWord>(), THash.IsBigEndian);
    }

    /// <summary>Hashes as many integers as there are lanes; a bit is set for each candidate.</summary>
    private uint Hash(uint suffix, SuffixPlace place)
    {
        ref TVector block = ref _memory.First;
        ref TVector words = ref Unsafe.Add(ref block, BlockWords);
        ref TVector digest = ref Unsafe.Add(ref words, BlockWords);
        for (int i = 0; i < BlockWords; i++)
        {
            Unsafe.Add(ref words, i) = Unsafe.Add(ref block, i);
        }

        ref TWord list = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_suffixes), suffix);
        TVector digits = Unsafe.ReadUnaligned<TVector>(ref Unsafe.As<TWord, byte>(ref list));
        ref TVector word = ref Unsafe.Add(ref words, place.Word);
        if (place.Straddles)
        {
            ref TVector second = ref Unsafe.Add(ref word, 1);
            word = TLanes.Or(word, place.IsBigEndian ? TLanes.ShiftRight(digits, place.Shift) : TLanes.ShiftLeft(digits, place.Shift));
            second = TLanes.Or(second, place.IsBigEndian ? TLanes.ShiftLeft(digits, place.Rest) : TLanes.ShiftRight(digits, place.Rest));
        }
        else
        {
            word = TLanes.Or(word, TLanes.ShiftLeft(digits, place.Shift));
        }

        THash.HashBlock(ref words, ref digest);
        return TLanes.AtMost(TLanes.And(Unsafe.Add(ref digest, _maskedWord), _mask), TWord.Zero);
    }
}
