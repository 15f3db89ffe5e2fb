using System;
using System.Collections.Generic;
using System.Net;
using Starling.Core.PortMapping;
using Starling.Core.Primitives;

namespace Starling.Runtime.PortMapping;

/// <summary>The way in from outside, as it is now.</summary>
/// <param name="External">Address and TCP port outside; null: there is none (any more).</param>
/// <param name="UdpPort">The UDP port outside; 0: none.</param>
/// <param name="Protocol">How the gateway was asked: PCP, NAT-PMP or UPnP.</param>
public sealed record MappedPort(PeerAddress? External, int UdpPort, string Protocol);

/// <summary>What a <see cref="PortMappingService"/> asks for.</summary>
public sealed record PortMappingOptions
{
    /// <summary>Where this process listens.</summary>
    public required IPEndPoint Listener { get; init; }

    /// <summary>TCP, and UDP where that port is open too.</summary>
    public required IReadOnlyList<MappedTransport> Transports { get; init; }

    /// <summary>Told on every change; from any thread.</summary>
    public required Action<MappedPort> Changed { get; init; }

    /// <summary>Told once when the gateway refuses, or is itself behind another one; from any thread.</summary>
    public Action<Problem>? Remark { get; init; }

    /// <summary>Told after each round of questions, once <see cref="Changed"/> and <see cref="Remark"/> were: if neither was, the gateway does not answer, or there is none. From any thread.</summary>
    public Action? Settled { get; init; }

    /// <summary>How long removal may take at the end.</summary>
    public TimeSpan RemovalTime { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Where PCP and NAT-PMP are asked.</summary>
    internal int PcpPort { get; init; } = NatPmpCodec.Port;

    /// <summary>Where UPnP is searched.</summary>
    internal int SsdpPort { get; init; } = SsdpCodec.Port;

    /// <summary>Finds the gateway.</summary>
    internal Func<IPEndPoint, Gateway?> FindGateway { get; init; } = Gateway.Find;
}
