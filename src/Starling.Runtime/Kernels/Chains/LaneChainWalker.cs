using System;
using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using Starling.Runtime.Execution;
using Starling.Runtime.Kernels.Hashing;

namespace Starling.Runtime.Kernels.Chains;

/// <summary>The walk in lanes: only the words of the text differ from lane to lane, padding and length are the same in all.</summary>
internal sealed class LaneChainWalker<TVector, TWord, TLanes, THash> : ChainWalker
    where TVector : unmanaged
    where TWord : unmanaged, IBinaryInteger<TWord>, IUnsignedNumber<TWord>
    where TLanes : struct, ILanes<TVector, TWord>
    where THash : struct, IBlockHash<TVector>
{
    private const int BlockWords = IBlockHash<TVector>.BlockWords;

    /// <summary>Steps between two looks at the token: a few milliseconds without vectors.</summary>
    private const int StepsAtOnce = 1 << 10;

    private readonly TextSpace _texts;
    private readonly Reduction _reduction;

    /// <summary>Words in work, then the digest.</summary>
    private readonly AlignedBuffer<TVector> _memory = new(BlockWords + IBlockHash<TVector>.MaxDigestWords);

    private readonly TWord[] _padding = new TWord[BlockWords];

    /// <summary>Words that hold characters of the text.</summary>
    private readonly int _textWords;

    public LaneChainWalker(TextSpace texts, Reduction reduction)
    {
        _texts = texts;
        _reduction = reduction;
        int wordSize = Unsafe.SizeOf<TWord>();
        _textWords = (texts.Length + wordSize - 1) / wordSize;
        Span<byte> empty = stackalloc byte[RainbowTableKernel.MaxTextLength];
        empty.Clear();
        PaddedBlock.Write<TVector, TWord, THash>(empty[..texts.Length], _padding);
    }

    public override int Lanes => TLanes.Count;

    public override bool Walk(Span<ulong> texts, int steps, RunPace pace)
    {
        for (int column = 0; column < steps; column++)
        {
            if (column % StepsAtOnce == 0 && pace.IsCancellationRequested)
            {
                return false;
            }

            FillBlocks(texts);
            THash.HashBlock(ref _memory.First, ref Unsafe.Add(ref _memory.First, BlockWords));
            for (int lane = 0; lane < texts.Length; lane++)
            {
                texts[lane] = _reduction.TextOf(StartOfDigest(lane), column);
            }
        }

        return true;
    }

    public override void Dispose() => _memory.Dispose();

    private void FillBlocks(ReadOnlySpan<ulong> texts)
    {
        for (int i = _textWords; i < BlockWords; i++)
        {
            Unsafe.Add(ref _memory.First, i) = TLanes.Of(_padding[i]);
        }

        int wordSize = Unsafe.SizeOf<TWord>();
        Span<byte> text = stackalloc byte[RainbowTableKernel.MaxTextLength + sizeof(ulong)];
        text.Clear();
        for (int lane = 0; lane < texts.Length; lane++)
        {
            _texts.Write(texts[lane], text);
            for (int i = 0; i < _textWords; i++)
            {
                TWord word = PaddedBlock.ReadWord<TVector, TWord, THash>(text.Slice(i * wordSize, wordSize));
                _memory.Lanes<TWord>(i)[lane] = word | _padding[i];
            }
        }
    }

    /// <summary>The first 8 bytes of a lane's digest as a little-endian number.</summary>
    private ulong StartOfDigest(int lane)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        int wordSize = Unsafe.SizeOf<TWord>();
        for (int i = 0; i < sizeof(ulong) / wordSize; i++)
        {
            TWord word = _memory.Lanes<TWord>(BlockWords + i)[lane];
            Span<byte> place = bytes.Slice(i * wordSize, wordSize);
            _ = THash.IsBigEndian ? word.WriteBigEndian(place) : word.WriteLittleEndian(place);
        }

        return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }
}
