using System;
using System.Runtime.Intrinsics;
using Starling.Runtime.Execution;
using Starling.Runtime.Kernels.Hashing;

namespace Starling.Runtime.Kernels.Chains;

/// <summary>Walks chains of hash and reduction, as many at once as there are lanes. Belongs to one thread.</summary>
internal abstract class ChainWalker : IDisposable
{
    /// <summary>Chains at once.</summary>
    public abstract int Lanes { get; }

    /// <summary>A walker for one of <see cref="VectorPaths.Available"/>.</summary>
    public static ChainWalker Create(HashName hash, TextSpace texts, Reduction reduction, VectorPath path) => (hash, path) switch
    {
        (HashName.Sha512, VectorPath.Vector512) => Wide<Vector512<ulong>, Lanes64x8>(texts, reduction),
        (HashName.Sha512, VectorPath.Vector256) => Wide<Vector256<ulong>, Lanes64x4>(texts, reduction),
        (HashName.Sha512, VectorPath.Vector128) => Wide<Vector128<ulong>, Lanes64x2>(texts, reduction),
        (HashName.Sha512, _) => Wide<ulong, Lanes64x1>(texts, reduction),
        (_, VectorPath.Vector512) => Narrow<Vector512<uint>, Lanes32x16>(hash, texts, reduction),
        (_, VectorPath.Vector256) => Narrow<Vector256<uint>, Lanes32x8>(hash, texts, reduction),
        (_, VectorPath.Vector128) => Narrow<Vector128<uint>, Lanes32x4>(hash, texts, reduction),
        _ => Narrow<uint, Lanes32x1>(hash, texts, reduction),
    };

    /// <summary>Replaces the number of each chain's first text by that of its last.</summary>
    /// <param name="texts">One number a lane.</param>
    /// <param name="steps">Length of the chains.</param>
    /// <param name="pace">Ends it soon, or has it wait.</param>
    /// <returns>False when it was cancelled.</returns>
    public abstract bool Walk(Span<ulong> texts, int steps, RunPace pace);

    public abstract void Dispose();

    private static ChainWalker Wide<TVector, TLanes>(TextSpace texts, Reduction reduction)
        where TVector : unmanaged
        where TLanes : struct, ILanes<TVector, ulong> =>
        new LaneChainWalker<TVector, ulong, TLanes, Sha512<TVector, TLanes>>(texts, reduction);

    private static ChainWalker Narrow<TVector, TLanes>(HashName hash, TextSpace texts, Reduction reduction)
        where TVector : unmanaged
        where TLanes : struct, ILanes<TVector, uint> => hash switch
        {
            HashName.Md5 => new LaneChainWalker<TVector, uint, TLanes, Md5<TVector, TLanes>>(texts, reduction),
            HashName.Sha1 => new LaneChainWalker<TVector, uint, TLanes, Sha1<TVector, TLanes>>(texts, reduction),
            _ => new LaneChainWalker<TVector, uint, TLanes, Sha256<TVector, TLanes>>(texts, reduction),
        };
}
