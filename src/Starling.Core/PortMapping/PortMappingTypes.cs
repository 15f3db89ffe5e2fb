using System;
using Starling.Core.Primitives;

namespace Starling.Core.PortMapping;

/// <summary>What is forwarded; the values are those of IANA, which PCP uses.</summary>
public enum MappedTransport : byte
{
    /// <summary>Links.</summary>
    Tcp = 6,

    /// <summary>DHT, uTP.</summary>
    Udp = 17,
}

/// <summary>What is asked of a gateway.</summary>
/// <param name="Transport">TCP or UDP.</param>
/// <param name="InternalPort">Where this machine listens.</param>
/// <param name="ExternalPort">The port wished for outside; 0: any.</param>
/// <param name="Lifetime">For how long; zero removes the mapping.</param>
public sealed record MappingRequest(MappedTransport Transport, int InternalPort, int ExternalPort, TimeSpan Lifetime);

/// <summary>What a gateway granted.</summary>
/// <param name="ExternalPort">The port outside.</param>
/// <param name="ExternalAddress">The address outside, port 0; null: it did not say.</param>
/// <param name="Lifetime">For how long; null: until it is removed.</param>
public sealed record MappingGrant(int ExternalPort, PeerAddress? ExternalAddress, TimeSpan? Lifetime);

/// <summary>Why a gateway granted nothing.</summary>
/// <param name="Reason">For a person, without a full stop.</param>
public sealed record MappingRefusal(string Reason)
{
    /// <summary>Somebody else has this port outside: another one may do.</summary>
    public bool IsConflict { get; init; }

    /// <summary>It grants no lease with an end (UPnP error 725).</summary>
    public bool WantsPermanent { get; init; }

    /// <summary>How long the gateway says that this will not change; null: it did not say.</summary>
    public TimeSpan? RetryAfter { get; init; }
}
