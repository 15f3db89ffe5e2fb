using System;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Starling.Runtime.Kernels.Hashing;

/// <summary>Short messages as the words that <see cref="IBlockHash{TVector}.HashBlock"/> takes.</summary>
internal static class PaddedBlock
{
    /// <summary>Longest message that fits one block of every hash with its padding.</summary>
    public const int MaxMessageSize = 55;

    private const byte EndMark = 0x80;

    /// <summary>Writes message, end mark and length into 16 words.</summary>
    public static void Write<TVector, TWord, THash>(ReadOnlySpan<byte> message, Span<TWord> words)
        where TVector : unmanaged
        where TWord : unmanaged, IBinaryInteger<TWord>, IUnsignedNumber<TWord>
        where THash : struct, IBlockHash<TVector>
    {
        int wordSize = Unsafe.SizeOf<TWord>();
        Span<byte> block = stackalloc byte[IBlockHash<TVector>.BlockWords * sizeof(ulong)];
        block.Clear();
        message.CopyTo(block);
        block[message.Length] = EndMark;
        for (int i = 0; i < words.Length; i++)
        {
            words[i] = ReadWord<TVector, TWord, THash>(block.Slice(i * wordSize, wordSize));
        }

        words[^(1 + THash.LengthWordFromEnd)] = TWord.CreateTruncating(message.Length * 8);
    }

    /// <summary>Bytes as one word of this hash.</summary>
    public static TWord ReadWord<TVector, TWord, THash>(ReadOnlySpan<byte> bytes)
        where TVector : unmanaged
        where TWord : unmanaged, IBinaryInteger<TWord>, IUnsignedNumber<TWord>
        where THash : struct, IBlockHash<TVector> =>
        THash.IsBigEndian ? TWord.ReadBigEndian(bytes, isUnsigned: true) : TWord.ReadLittleEndian(bytes, isUnsigned: true);
}
