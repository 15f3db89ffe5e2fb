using System.Collections.Generic;
using System.Linq;
using Starling.Core.Primitives;

namespace Starling.Runtime.Doctor;

/// <summary>Who can connect to a peer of this machine, and to whom it can connect, as far as the machine itself can know.</summary>
internal sealed record Reachability
{
    private const string Check = "reach";

    /// <summary>Own addresses under which the listener may be reached.</summary>
    public required IReadOnlyList<PeerAddress> Own { get; init; }

    /// <summary>Whether there is a way out of the local network.</summary>
    public required bool HasDefaultRoute { get; init; }

    /// <summary>The address and port outside that the router forwards; null: none.</summary>
    public PeerAddress? Mapped { get; init; }

    /// <summary>Whether UDP is forwarded too.</summary>
    public bool IsUdpMapped { get; init; }

    /// <summary>The findings: who is reached on this machine's network, elsewhere, and elsewhere behind routers.</summary>
    public IReadOnlyList<Finding> Describe()
    {
        PeerAddress[] open = [.. Own.Where(address => AddressScopes.Of(address) == AddressScope.Public)];
        bool isAlone = Own.All(address => AddressScopes.Of(address) <= AddressScope.Loopback);
        if (isAlone)
        {
            return
            [
                new Finding(Check, "peers on this machine", Health.Ok, "yes"),
                new Finding(Check, "peers on other machines", Health.Warning, "no: it listens on loopback only, or has no network", "Connect it to a network, or name another address with --listen"),
            ];
        }

        var findings = new List<Finding> { new(Check, "peers on this network", Health.Ok, $"yes, at {string.Join(", ", Own)}") };
        if (!HasDefaultRoute)
        {
            findings.Add(new Finding(
                Check, "peers elsewhere", Health.Warning, "no: there is no default route out of this network", "Set a default gateway if there is to be one"));
            return findings;
        }

        bool isV6Only = open.Length > 0 && Mapped is null && open.All(address => !address.IsV4);
        string way = Mapped is { } mapped ? $"at {mapped}{(IsUdpMapped ? "" : " (TCP only: not in the DHT, not by uTP)")}" : $"at {string.Join(", ", open)}";
        bool comesIn = Mapped is not null || open.Length > 0;
        findings.Add(new Finding(
            Check, "peers elsewhere", Health.Ok, comesIn ? "yes, both ways" : "those that can be connected to: yes, this peer connects to them; they do not reach it by themselves"));
        findings.Add(comesIn
            ? new Finding(
                Check,
                "peers behind other routers",
                Health.Ok,
                $"yes: they connect to this one {way}, unless a firewall is in between{(isV6Only ? ", and they have IPv6" : "")}")
            : new Finding(
                Check,
                "peers behind other routers",
                Health.Warning,
                "no: neither side can connect to the other",
                "Let the router forward a port (allow UPnP, NAT-PMP or PCP in it, or forward one by hand and name it with --listen 0.0.0.0:PORT); "
                    + "a single peer of the swarm that can be connected to passes results on between both"));
        return findings;
    }
}
