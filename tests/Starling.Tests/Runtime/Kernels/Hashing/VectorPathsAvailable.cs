using Starling.Runtime.Kernels.Hashing;

namespace Starling.Tests.Runtime.Kernels.Hashing;

/// <summary>Every vector path of this processor, for theories.</summary>
public sealed class VectorPathsAvailable : TheoryData<VectorPath>
{
    public VectorPathsAvailable()
    {
        foreach (VectorPath path in VectorPaths.Available)
        {
            Add(path);
        }
    }
}
