using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Primitives;
using Starling.Core.Trackers;

namespace Starling.Runtime.Trackers;

/// <summary>One family of addresses over which trackers are asked, and the address that they are asked from.</summary>
/// <param name="Family">IPv4 or IPv6.</param>
/// <param name="Source">Where this process listens; "any": the system chooses.</param>
internal sealed record TrackerPath(AddressFamily Family, IPAddress Source)
{
    private static readonly TimeSpan LookUpTime = TimeSpan.FromSeconds(15);

    /// <summary>
    /// The families under which a listener can be reached: a tracker tells others the address that it sees, so it must be asked over each of them
    /// (BEP 7), and over no other.
    /// </summary>
    public static IReadOnlyList<TrackerPath> Of(IPEndPoint listener)
    {
        IPAddress bound = listener.Address.IsIPv4MappedToIPv6 ? listener.Address.MapToIPv4() : listener.Address;
        return bound.Equals(IPAddress.IPv6Any)
            ? [new TrackerPath(AddressFamily.InterNetwork, IPAddress.Any), new TrackerPath(AddressFamily.InterNetworkV6, IPAddress.IPv6Any)]
            : [new TrackerPath(bound.AddressFamily, bound)];
    }

    /// <summary>An address of this family behind a name; null: it has none.</summary>
    /// <exception cref="SocketException">The name can't be resolved.</exception>
    public async Task<IPAddress?> ResolveAsync(string host, CancellationToken cancellation)
    {
        if (IPAddress.TryParse(host, out IPAddress? literal))
        {
            return literal.AddressFamily == Family ? literal : null;
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(LookUpTime);
        IPAddress[] found = await Dns.GetHostAddressesAsync(host, Family, limit.Token).ConfigureAwait(false);
        return found.FirstOrDefault(address => address.AddressFamily == Family);
    }

    /// <summary>A fresh socket of this family, bound to <see cref="Source"/>.</summary>
    public Socket Open(SocketType type, ProtocolType protocol)
    {
        var socket = new Socket(Family, type, protocol);
        try
        {
            socket.Bind(new IPEndPoint(Source, 0));
            return socket;
        }
        catch (SocketException)
        {
            socket.Dispose();
            throw;
        }
    }
}

/// <summary>How one announce over one path ended: an answer or a failure, and who answered.</summary>
internal sealed record TrackerOutcome(AnnounceAnswer? Answer, TrackerFailure? Failure, PeerAddress Tracker)
{
    /// <summary>What the tracker's clock said (RFC 9110, section 6.6.1); null: it did not say.</summary>
    public DateTimeOffset? Date { get; init; }

    public static TrackerOutcome Of(string failure, PeerAddress tracker = default) => new(null, new TrackerFailure(failure), tracker);
}
