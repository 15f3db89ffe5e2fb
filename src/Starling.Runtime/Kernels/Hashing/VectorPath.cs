using System.Collections.Generic;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Starling.Runtime.Kernels.Hashing;

/// <summary>How many bits the search kernels work on at once. Every path gives the same results.</summary>
public enum VectorPath
{
    /// <summary>One word.</summary>
    Scalar,

    /// <summary>128 bits: NEON, SSE2.</summary>
    Vector128,

    /// <summary>256 bits: AVX2.</summary>
    Vector256,

    /// <summary>512 bits: AVX-512.</summary>
    Vector512,
}

/// <summary>Which paths this processor has.</summary>
public static class VectorPaths
{
    /// <summary>The paths that can run here, slowest first. <c>DOTNET_EnableAVX512=0</c> and the like take some away.</summary>
    public static IReadOnlyList<VectorPath> Available { get; } = Find();

    /// <summary>The widest path that can run here.</summary>
    public static VectorPath Best => Available[^1];

    private static List<VectorPath> Find()
    {
        var found = new List<VectorPath> { VectorPath.Scalar };
        if (Vector128.IsHardwareAccelerated)
        {
            found.Add(VectorPath.Vector128);
        }

        if (Avx2.IsSupported)
        {
            found.Add(VectorPath.Vector256);
        }

        // Not Vector512.IsHardwareAccelerated: that is false where 512-bit code slows other code down, and still a gain here.
        if (Avx512F.IsSupported && Avx512BW.IsSupported)
        {
            found.Add(VectorPath.Vector512);
        }

        return found;
    }
}
