using System.Collections.Generic;
using System.Runtime.Intrinsics;
using Starling.Runtime.Kernels.Hashing;

namespace Starling.Runtime.Kernels.Searching;

/// <summary>
/// Hashes integers, written as decimal ASCII, and reports candidates: those whose digest has the wanted zero bits as far as they lie in
/// its first (or last) word. Each is to be checked in full. Belongs to one thread.
/// </summary>
internal abstract class DecimalSearcher : System.IDisposable
{
    /// <summary>A searcher for one of <see cref="VectorPaths.Available"/>.</summary>
    public static DecimalSearcher Create(HashName hash, ZeroBits wanted, VectorPath path) => (hash, path) switch
    {
        (HashName.Sha512, VectorPath.Vector512) => Wide<Vector512<ulong>, Lanes64x8>(wanted),
        (HashName.Sha512, VectorPath.Vector256) => Wide<Vector256<ulong>, Lanes64x4>(wanted),
        (HashName.Sha512, VectorPath.Vector128) => Wide<Vector128<ulong>, Lanes64x2>(wanted),
        (HashName.Sha512, _) => Wide<ulong, Lanes64x1>(wanted),
        (_, VectorPath.Vector512) => Narrow<Vector512<uint>, Lanes32x16>(hash, wanted),
        (_, VectorPath.Vector256) => Narrow<Vector256<uint>, Lanes32x8>(hash, wanted),
        (_, VectorPath.Vector128) => Narrow<Vector128<uint>, Lanes32x4>(hash, wanted),
        _ => Narrow<uint, Lanes32x1>(hash, wanted),
    };

    /// <summary>Hashes [first, first + count), which may end at 2⁶⁴, and appends the candidates in ascending order.</summary>
    public abstract void Search(ulong first, ulong count, List<ulong> candidates);

    public abstract void Dispose();

    private static DecimalSearcher Wide<TVector, TLanes>(ZeroBits wanted)
        where TVector : unmanaged
        where TLanes : struct, ILanes<TVector, ulong> =>
        new LaneDecimalSearcher<TVector, ulong, TLanes, Sha512<TVector, TLanes>>(wanted);

    private static DecimalSearcher Narrow<TVector, TLanes>(HashName hash, ZeroBits wanted)
        where TVector : unmanaged
        where TLanes : struct, ILanes<TVector, uint> => hash switch
        {
            HashName.Md5 => new LaneDecimalSearcher<TVector, uint, TLanes, Md5<TVector, TLanes>>(wanted),
            HashName.Sha1 => new LaneDecimalSearcher<TVector, uint, TLanes, Sha1<TVector, TLanes>>(wanted),
            _ => new LaneDecimalSearcher<TVector, uint, TLanes, Sha256<TVector, TLanes>>(wanted),
        };
}
