using System;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.PortMapping;

namespace Starling.Runtime.PortMapping;

/// <summary>One protocol by which a gateway is asked to forward ports. Failures are replies, not exceptions.</summary>
internal interface IPortMapper : IDisposable
{
    /// <summary>Its name, for a person.</summary>
    string Name { get; }

    /// <summary>Asks for a mapping, or renews it.</summary>
    Task<MappingReply> AskAsync(MappingRequest request, CancellationToken cancellation);

    /// <summary>Removes a mapping; nobody waits for more than <paramref name="cancellation"/> allows.</summary>
    Task RemoveAsync(MappingRequest request, CancellationToken cancellation);
}

/// <summary>What a gateway replied: a grant, a refusal, or neither: then it does not speak this protocol.</summary>
/// <param name="Grant">What it forwards.</param>
/// <param name="Refusal">Why it does not.</param>
/// <param name="Epoch">Its clock, in seconds; null: this protocol tells none.</param>
internal sealed record MappingReply(MappingGrant? Grant, MappingRefusal? Refusal, uint? Epoch = null)
{
    public static MappingReply Silence { get; } = new(null, null);

    public bool IsSilence => Grant is null && Refusal is null;
}
