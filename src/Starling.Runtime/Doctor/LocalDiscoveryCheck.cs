using System;
using System.Collections.Generic;
using System.Linq;
using System.Net.NetworkInformation;
using System.Security.Cryptography;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Primitives;
using Starling.Core.Wire;
using Starling.Runtime.Network;

namespace Starling.Runtime.Doctor;

/// <summary>Speaks once to the multicast groups of local discovery (BEP 14), about a swarm that nobody is in, and hears whether it comes back.</summary>
internal sealed class LocalDiscoveryCheck : ICheck
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    public string Name => "local discovery";

    public async Task<IReadOnlyList<Finding>> RunAsync(CancellationToken cancellation)
    {
        Finding[] findings = [await HearAsync(v6: false, cancellation).ConfigureAwait(false), await HearAsync(v6: true, cancellation).ConfigureAwait(false)];

        // One of both is enough to be found.
        return findings.Any(finding => finding.Health == Health.Ok) ? [.. findings.Select(finding => finding with { Fix = "" })] : findings;
    }

    private async Task<Finding> HearAsync(bool v6, CancellationToken cancellation)
    {
        string family = v6 ? "IPv6" : "IPv4";
        if (!MulticastGroup.TryOpen(MulticastGroup.Of(v6, LocalDiscoveryMessage.GroupPort), out MulticastGroup? group, out string? failure))
        {
            return Deaf(family, $"the group can't be joined: {failure}");
        }

        using MulticastGroup owned = group;
        var message = new LocalDiscoveryMessage(
            1, [new InfoHash(RandomNumberGenerator.GetBytes(InfoHash.Size))], Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8)));
        IReadOnlyList<NetworkInterface> cards = LocalAddresses.Up();
        var spoken = new List<string>();
        foreach (NetworkInterface card in cards)
        {
            group.Join(card);
        }

        foreach (NetworkInterface card in cards.Where(card => card.SupportsMulticast || card.NetworkInterfaceType == NetworkInterfaceType.Loopback))
        {
            if (await group.SendAsync(card, message.Encode(v6), cancellation).ConfigureAwait(false))
            {
                spoken.Add(card.Name);
            }
        }

        return spoken.Count == 0 ? Deaf(family, "no interface takes multicast")
            : await ComesBackAsync(group, message, cancellation).ConfigureAwait(false)
                ? new Finding(Name, family, Health.Ok, $"spoken on {string.Join(", ", spoken)} and heard")
                : Deaf(family, $"spoken on {string.Join(", ", spoken)}, but not heard again");
    }

    private static async Task<bool> ComesBackAsync(MulticastGroup group, LocalDiscoveryMessage message, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(Patience);
        var buffer = new byte[LocalDiscoveryMessage.MaxSize + 1];
        while (await group.ReceiveAsync(buffer, limit.Token).ConfigureAwait(false) is { } received)
        {
            if (LocalDiscoveryMessage.TryDecode(buffer.AsSpan(0, received.Length), out LocalDiscoveryMessage? heard) && heard.Cookie == message.Cookie)
            {
                return true;
            }
        }

        return false;
    }

    private Finding Deaf(string family, string seen) => new(
        Name,
        family,
        Health.Warning,
        $"{seen}. Peers on the local network are not found by themselves over {family}",
        $"Let multicast to UDP port {LocalDiscoveryMessage.GroupPort} through this machine's firewall, or name peers with --peer HOST:PORT");
}
