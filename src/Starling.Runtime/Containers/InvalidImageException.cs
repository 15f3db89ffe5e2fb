using System;
using Starling.Core.Primitives;

namespace Starling.Runtime.Containers;

/// <summary>An image is not what it says, or goes beyond a bound; caught where images are opened and unpacked, and nowhere else.</summary>
internal sealed class InvalidImageException(Problem problem) : Exception(problem.Reason)
{
    /// <summary>What to tell.</summary>
    public Problem Problem => problem;
}
