using System;
using System.Collections.Generic;
using System.Runtime.Intrinsics;
using Starling.Runtime.Kernels.Hashing;

namespace Starling.Runtime.Kernels.Searching;

/// <summary>
/// Tries nonces of a block header. Reports candidates: nonces whose hash is at most the target in its first 32 bits; each is to be checked
/// in full. Belongs to one thread.
/// </summary>
internal abstract class NonceSearcher : IDisposable
{
    /// <summary>A searcher for one of <see cref="VectorPaths.Available"/>.</summary>
    public static NonceSearcher Create(BlockHeader header, VectorPath path) => path switch
    {
        VectorPath.Vector512 => new LaneNonceSearcher<Vector512<uint>, Lanes32x16>(header),
        VectorPath.Vector256 => new LaneNonceSearcher<Vector256<uint>, Lanes32x8>(header),
        VectorPath.Vector128 => new LaneNonceSearcher<Vector128<uint>, Lanes32x4>(header),
        _ => new LaneNonceSearcher<uint, Lanes32x1>(header),
    };

    /// <summary>
    /// Tries <paramref name="count"/> nonces from <paramref name="first"/> on and appends the candidates in ascending order.
    /// </summary>
    public abstract void Search(uint first, uint count, List<uint> candidates);

    public abstract void Dispose();
}
