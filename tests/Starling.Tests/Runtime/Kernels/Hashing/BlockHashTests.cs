using System;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Starling.Core.Primitives;
using Starling.Runtime.Kernels.Hashing;

namespace Starling.Tests.Runtime.Kernels.Hashing;

public sealed class BlockHashTests
{
    private const int BlocksEach = 60;

    [Theory]
    [ClassData(typeof(VectorPathsAvailable))]
    public void Every_lane_gives_the_digest_of_the_library(VectorPath path)
    {
        switch (path)
        {
            case VectorPath.Vector512:
                Compare32<Vector512<uint>, Lanes32x16>();
                Compare<Vector512<ulong>, ulong, Lanes64x8, Sha512<Vector512<ulong>, Lanes64x8>>(HashName.Sha512);
                break;
            case VectorPath.Vector256:
                Compare32<Vector256<uint>, Lanes32x8>();
                Compare<Vector256<ulong>, ulong, Lanes64x4, Sha512<Vector256<ulong>, Lanes64x4>>(HashName.Sha512);
                break;
            case VectorPath.Vector128:
                Compare32<Vector128<uint>, Lanes32x4>();
                Compare<Vector128<ulong>, ulong, Lanes64x2, Sha512<Vector128<ulong>, Lanes64x2>>(HashName.Sha512);
                break;
            default:
                Compare32<uint, Lanes32x1>();
                Compare<ulong, ulong, Lanes64x1, Sha512<ulong, Lanes64x1>>(HashName.Sha512);
                break;
        }
    }

    private static void Compare32<TVector, TLanes>()
        where TVector : unmanaged
        where TLanes : struct, ILanes<TVector, uint>
    {
        Compare<TVector, uint, TLanes, Md5<TVector, TLanes>>(HashName.Md5);
        Compare<TVector, uint, TLanes, Sha1<TVector, TLanes>>(HashName.Sha1);
        Compare<TVector, uint, TLanes, Sha256<TVector, TLanes>>(HashName.Sha256);
    }

    private static void Compare<TVector, TWord, TLanes, THash>(HashName name)
        where TVector : unmanaged
        where TWord : unmanaged, IBinaryInteger<TWord>, IUnsignedNumber<TWord>
        where TLanes : struct, ILanes<TVector, TWord>
        where THash : struct, IBlockHash<TVector>
    {
        var random = new DeterministicRandom(3);
        int wordSize = Unsafe.SizeOf<TWord>();
        using var words = new AlignedBuffer<TVector>(16);
        using var digest = new AlignedBuffer<TVector>(8);
        byte[][] messages = new byte[TLanes.Count][];
        TWord[] block = new TWord[16];
        for (int n = 0; n < BlocksEach; n++)
        {
            for (int lane = 0; lane < messages.Length; lane++)
            {
                messages[lane] = new byte[n < 56 ? n : random.Next(PaddedBlock.MaxMessageSize + 1)];
                random.Fill(messages[lane]);
                PaddedBlock.Write<TVector, TWord, THash>(messages[lane], block);
                for (int i = 0; i < 16; i++)
                {
                    words.Lanes<TWord>(i)[lane] = block[i];
                }
            }

            THash.HashBlock(ref words.First, ref digest.First);
            byte[] expected = new byte[name.DigestSize()];
            for (int lane = 0; lane < messages.Length; lane++)
            {
                name.Hash(messages[lane], expected);
                for (int i = 0; i < THash.DigestWords; i++)
                {
                    TWord word = PaddedBlock.ReadWord<TVector, TWord, THash>(expected.AsSpan(i * wordSize, wordSize));
                    Assert.Equal(word, digest.Lanes<TWord>(i)[lane]);
                }
            }
        }
    }
}
