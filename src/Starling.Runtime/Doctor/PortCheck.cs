using System.Collections.Generic;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;

namespace Starling.Runtime.Doctor;

/// <summary>Whether the port can be listened at: TCP and UDP, over each family.</summary>
/// <param name="port">The examination's port.</param>
/// <param name="wanted">What was asked for; null: every address, any free port.</param>
internal sealed class PortCheck(DoctorPort port, IPEndPoint? wanted) : ICheck
{
    public string Name => "port";

    public Task<IReadOnlyList<Finding>> RunAsync(CancellationToken cancellation) => Task.FromResult(Look());

    private IReadOnlyList<Finding> Look()
    {
        var findings = new List<Finding>();
        if (!port.IsWanted || port.EndPoint.Port == 0)
        {
            findings.Add(new Finding(Name, "TCP", Health.Failed, port.Problem!.Reason, port.Problem.Hint));
        }
        else
        {
            findings.Add(new Finding(Name, "TCP", Health.Ok, $"listens at {port.EndPoint}"));
            findings.Add(port.Udp is { } udp
                ? new Finding(Name, "UDP", Health.Ok, $"open at {udp.EndPoint}")
                : new Finding(Name, "UDP", Health.Failed, port.Problem!.Reason, port.Problem.Hint));
        }

        findings.Add(Family(AddressFamily.InterNetwork));
        findings.Add(Family(AddressFamily.InterNetworkV6));
        return findings;
    }

    /// <summary>Whether a family is served. A socket of the family itself says more than the socket of both, which exists without IPv4 too.</summary>
    private Finding Family(AddressFamily family)
    {
        bool v6 = family == AddressFamily.InterNetworkV6;
        string name = v6 ? "IPv6" : "IPv4";
        bool isAsked = wanted is null || wanted.Address.Equals(IPAddress.IPv6Any) || wanted.AddressFamily == family;
        if (!isAsked)
        {
            return new Finding(Name, name, Health.Ok, $"not asked for: --listen names {wanted!.Address}");
        }

        foreach ((SocketType type, ProtocolType protocol) in new[] { (SocketType.Stream, ProtocolType.Tcp), (SocketType.Dgram, ProtocolType.Udp) })
        {
            try
            {
                using var socket = new Socket(family, type, protocol);
                socket.Bind(new IPEndPoint(v6 ? IPAddress.IPv6Any : IPAddress.Any, 0));
            }
            catch (SocketException failure)
            {
                return new Finding(
                    Name,
                    name,
                    Health.Warning,
                    $"{protocol.ToString().ToUpperInvariant()} can't be had: {failure.Message}. Peers that have {name} only are not met",
                    $"Switch {name} on in this system or container if your network has it");
            }
        }

        return new Finding(Name, name, Health.Ok, "TCP and UDP can be had");
    }
}
