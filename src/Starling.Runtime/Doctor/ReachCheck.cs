using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Net.NetworkInformation;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.PortMapping;
using Starling.Core.Primitives;
using Starling.Runtime.Network;
using Starling.Runtime.PortMapping;

namespace Starling.Runtime.Doctor;

/// <summary>
/// Asks the router to forward the port, exactly as a run would, takes the mapping back, and says who is reachable with what came out.
/// </summary>
/// <param name="listener">Where the examination listens.</param>
/// <param name="hasUdp">Whether UDP is open there too.</param>
/// <param name="mapPort">Whether the router may be asked.</param>
internal sealed class ReachCheck(IPEndPoint listener, bool hasUdp, bool mapPort) : ICheck
{
    private const string Mapping = "port mapping";

    public string Name => "reach";

    public async Task<IReadOnlyList<Finding>> RunAsync(CancellationToken cancellation)
    {
        IReadOnlyList<PeerAddress> own = listener.Port == 0 ? [] : LocalAddresses.Reachable(listener);
        (Finding mapping, MappedPort? mapped) = await MapAsync(own, cancellation).ConfigureAwait(false);
        var reach = new Reachability
        {
            Own = own,
            HasDefaultRoute = HasGateway(),
            Mapped = mapped?.External,
            IsUdpMapped = mapped is { UdpPort: not 0 },
        };
        return [mapping, .. reach.Describe()];
    }

    private async Task<(Finding Finding, MappedPort? Mapped)> MapAsync(IReadOnlyList<PeerAddress> own, CancellationToken cancellation)
    {
        if (!mapPort)
        {
            return (Ok("not tried: --no-port-mapping"), null);
        }

        if (own.Count == 0 || own.All(address => AddressScopes.Of(address) == AddressScope.Loopback))
        {
            return (Ok("not needed: nothing listens outside of this machine"), null);
        }

        if (Gateway.Find(listener) is not { } gateway)
        {
            return (Ok(own.Any(address => address.IsV4 && AddressScopes.Of(address) == AddressScope.Public)
                ? "not needed: this machine has an address on the Internet"
                : "not tried: there is no default gateway with a private address"), null);
        }

        MappedPort? mapped = null;
        var remarks = new List<Problem>();
        var settled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using PortMappingService service = PortMappingService.Start(new PortMappingOptions
        {
            Listener = listener,
            Transports = hasUdp ? [MappedTransport.Tcp, MappedTransport.Udp] : [MappedTransport.Tcp],
            Changed = change => mapped = change,
            Remark = remarks.Add,
            Settled = () => settled.TrySetResult(),
        });
        await settled.Task.WaitAsync(cancellation).ConfigureAwait(false);
        return (Describe(gateway, mapped, remarks), mapped);
    }

    private Finding Describe(Gateway gateway, MappedPort? mapped, List<Problem> remarks)
    {
        if (remarks.Count > 0)
        {
            return new Finding(Name, Mapping, Health.Warning, string.Join("; ", remarks.Select(remark => remark.Reason)), remarks[0].Hint);
        }

        return mapped?.External is { } outside
            ? Ok($"the router {gateway.Address} forwards {outside} by {mapped.Protocol}; given back")
            : new Finding(
                Name,
                Mapping,
                Health.Warning,
                $"the router {gateway.Address} answers neither PCP, NAT-PMP nor UPnP",
                "Switch UPnP, NAT-PMP or PCP on in the router, or forward a port by hand and name it with --listen 0.0.0.0:PORT");
    }

    private Finding Ok(string seen) => new(Name, Mapping, Health.Ok, seen);

    private static bool HasGateway()
    {
        foreach (NetworkInterface card in LocalAddresses.Up())
        {
            try
            {
                if (card.GetIPProperties().GatewayAddresses.Any(gateway => !gateway.Address.Equals(IPAddress.Any) && !gateway.Address.Equals(IPAddress.IPv6Any)))
                {
                    return true;
                }
            }
            catch (NetworkInformationException)
            {
                // The interface went away in this moment.
            }
        }

        return false;
    }
}
