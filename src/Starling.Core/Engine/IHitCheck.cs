using System;

namespace Starling.Core.Engine;

/// <summary>
/// For <c>until: first</c> with a search kernel: whether a claimed hit is one, at the cost of a hash or two. A right hit is believed
/// whoever found it.
/// </summary>
public interface IHitCheck
{
    /// <summary>Whether <paramref name="content"/> is a right, non-empty result of this piece. Never throws.</summary>
    bool IsHit(int piece, ReadOnlySpan<byte> content);
}
