using System.Collections.Generic;
using System.Numerics;
using Starling.Runtime.Kernels.Hashing;

namespace Starling.Runtime.Kernels.Searching;

/// <summary>The search in lanes: each lane tries the nonce that follows the one of the lane before.</summary>
internal sealed class LaneNonceSearcher<TVector, TLanes>(BlockHeader header) : NonceSearcher
    where TVector : unmanaged
    where TLanes : struct, ILanes<TVector, uint>
{
    /// <summary>Vectors: 8 of the state, then 16 of the schedule.</summary>
    private readonly AlignedBuffer<TVector> _memory = new(8 + 16);

    private readonly uint _limit = header.TopOfTarget;

    public override void Search(uint first, uint count, List<uint> candidates)
    {
        uint lanes = (uint)TLanes.Count;
        TVector nonces = TLanes.Add(TLanes.Of(first), TLanes.Counting);
        TVector step = TLanes.Of(lanes);
        for (uint done = 0; done < count; done += lanes)
        {
            TVector top = Sha256d<TVector, TLanes>.TopWords(header, TLanes.SwapBytes(nonces), ref _memory.First);
            uint hits = TLanes.AtMost(TLanes.SwapBytes(top), _limit);
            if (hits != 0)
            {
                Report(hits, first + done, count - done, candidates);
            }

            nonces = TLanes.Add(nonces, step);
        }
    }

    public override void Dispose() => _memory.Dispose();

    /// <summary>Lanes beyond the end of the range do not count.</summary>
    private static void Report(uint hits, uint nonce, uint rest, List<uint> candidates)
    {
        for (; hits != 0; hits &= hits - 1)
        {
            uint lane = (uint)BitOperations.TrailingZeroCount(hits);
            if (lane < rest)
            {
                candidates.Add(nonce + lane);
            }
        }
    }
}
