using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.PortMapping;
using Starling.Core.Primitives;

namespace Starling.Runtime.PortMapping;

/// <summary>
/// Has the default gateway forward the port of this process, by PCP, NAT-PMP or UPnP, whichever it speaks first. Works in the background from <see cref="Start"/>
/// on, keeps up with restarts and changes of the gateway, and removes what it asked for at the end, within a bounded time.
/// </summary>
public sealed class PortMappingService : IAsyncDisposable
{
    /// <summary>Questions without any answer after which the gateway is looked for anew.</summary>
    private const int MaxSilences = 2;

    // A machine that moved to another network is noticed after this.
    private static readonly TimeSpan LongestLook = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan ShortestLook = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(15);

    private readonly PortMappingOptions _options;
    private readonly DeterministicRandom _random = new(BinaryPrimitives.ReadUInt64LittleEndian(RandomNumberGenerator.GetBytes(sizeof(ulong))));
    private readonly CancellationTokenSource _stopping = new();
    private readonly HashSet<string> _told = [];
    private readonly Task _running;
    private MappedPort? _last;
    private int _disposed;

    private PortMappingService(PortMappingOptions options)
    {
        _options = options;
        _running = Task.Run(RunAsync);
    }

    /// <summary>Begins, in the background.</summary>
    public static PortMappingService Start(PortMappingOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new PortMappingService(options);
    }

    /// <summary>Removes the mappings and ends. Nothing is told afterwards.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            await _stopping.CancelAsync().ConfigureAwait(false);
            await _running.ConfigureAwait(false);
        }
    }

    private static Instant Now() => new(Stopwatch.GetElapsedTime(0).Ticks);

    private async Task RunAsync()
    {
        TimeSpan pause = FirstPause;
        while (!_stopping.IsCancellationRequested)
        {
            if (_options.FindGateway(_options.Listener) is { } gateway)
            {
                List<MappingLease> leases = [.. _options.Transports.Select(transport => new MappingLease(transport, _options.Listener.Port, _random))];
                var epoch = new GatewayEpoch();
                using IPortMapper? mapper = await ChooseAsync(gateway, leases, epoch).ConfigureAwait(false);
                if (mapper is not null)
                {
                    pause = FirstPause;
                    await KeepAsync(gateway, mapper, leases, epoch).ConfigureAwait(false);
                    continue;
                }
            }

            _options.Settled?.Invoke();
            await Task.Delay(pause, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    /// <summary>The first protocol that the gateway answers to, asked for the first lease; null: none.</summary>
    private async Task<IPortMapper?> ChooseAsync(Gateway gateway, List<MappingLease> leases, GatewayEpoch epoch)
    {
        foreach (Func<Task<IPortMapper?>> make in new Func<Task<IPortMapper?>>[]
        {
            () => Task.FromResult<IPortMapper?>(new PcpMapper(gateway, _options.PcpPort)),
            () => Task.FromResult<IPortMapper?>(new NatPmpMapper(gateway, _options.PcpPort)),
            async () => await UpnpMapper.FindAsync(gateway, _options.SsdpPort, _stopping.Token).ConfigureAwait(false),
        })
        {
            if (_stopping.IsCancellationRequested)
            {
                return null;
            }

            IPortMapper? mapper = null;
            try
            {
                mapper = await make().ConfigureAwait(false);
                if (mapper is null)
                {
                    continue;
                }

                MappingReply reply = await mapper.AskAsync(leases[0].Next, _stopping.Token).ConfigureAwait(false);
                if (!reply.IsSilence)
                {
                    Settle(leases[0], reply, leases, epoch);
                    return mapper;
                }
            }
            catch (SocketException)
            {
                // The network went away in this moment.
            }

            mapper?.Dispose();
        }

        return null;
    }

    /// <summary>Keeps the leases until the end, or until the gateway falls silent or is another one.</summary>
    private async Task KeepAsync(Gateway gateway, IPortMapper mapper, List<MappingLease> leases, GatewayEpoch epoch)
    {
        int silences = 0;
        while (!_stopping.IsCancellationRequested && silences <= MaxSilences)
        {
            foreach (MappingLease lease in leases)
            {
                lease.Expire(Now());
                if (lease.NextDue > Now() || _stopping.IsCancellationRequested)
                {
                    continue;
                }

                MappingReply reply = await mapper.AskAsync(lease.Next, _stopping.Token).ConfigureAwait(false);
                if (_stopping.IsCancellationRequested && reply.IsSilence)
                {
                    break;
                }

                silences = reply.IsSilence ? silences + 1 : 0;
                Settle(lease, reply, leases, epoch);
            }

            Tell(gateway, mapper, leases);
            _options.Settled?.Invoke();
            Instant next = leases.Select(lease => lease.NextDue).Min();
            TimeSpan wait = next - Now();
            wait = wait > LongestLook ? LongestLook : wait > ShortestLook ? wait : ShortestLook;
            await Task.Delay(wait, _stopping.Token)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!_stopping.IsCancellationRequested && _options.FindGateway(_options.Listener) != gateway)
            {
                break;
            }
        }

        await RemoveAsync(mapper, leases).ConfigureAwait(false);
        leases.Clear();
        Tell(gateway, mapper, leases);
    }

    private static void Settle(MappingLease lease, MappingReply reply, List<MappingLease> leases, GatewayEpoch epoch)
    {
        if (reply.Grant is { } grant)
        {
            lease.Grant(grant, Now());
        }
        else
        {
            lease.Refuse(reply.Refusal ?? new MappingRefusal("it does not answer"), Now());
        }

        if (reply.Epoch is { } seconds && epoch.Restarted(seconds, Now()))
        {
            foreach (MappingLease other in leases)
            {
                if (other != lease)
                {
                    other.Forgotten(Now());
                }
            }
        }
    }

    private async Task RemoveAsync(IPortMapper mapper, List<MappingLease> leases)
    {
        using var limit = new CancellationTokenSource(_options.RemovalTime);
        foreach (MappingRequest removal in leases.Select(lease => lease.Removal).OfType<MappingRequest>())
        {
            await mapper.RemoveAsync(removal, limit.Token).ConfigureAwait(false);
        }
    }

    private void Tell(Gateway gateway, IPortMapper mapper, List<MappingLease> leases)
    {
        if (_stopping.IsCancellationRequested)
        {
            return;
        }

        MappingGrant? tcp = null;
        int udp = 0;
        for (int i = 0; i < leases.Count; i++)
        {
            tcp = _options.Transports[i] == MappedTransport.Tcp ? leases[i].Granted : tcp;
            udp = _options.Transports[i] == MappedTransport.Udp ? leases[i].Granted?.ExternalPort ?? 0 : udp;
        }

        PeerAddress? outside = null;
        if (tcp?.ExternalAddress is { } address && AddressScopes.Of(address) == AddressScope.Public)
        {
            outside = address with { Port = (ushort)tcp.ExternalPort };
        }
        else if (tcp?.ExternalAddress is { } inner)
        {
            Remark("behind", new Problem(
                "port-mapping",
                $"The router {gateway.Address} forwards port {_options.Listener.Port}, but is itself behind another one: its address {inner.ToIPAddress()} is not on the Internet",
                "Peers outside can be connected to, but can't connect to this one; forward the port in the outer router too if you can"));
        }

        if (leases.FirstOrDefault(lease => lease.Granted is null && lease.Refused is not null)?.Refused is { } refusal)
        {
            Remark("refused", new Problem(
                "port-mapping",
                $"The router {gateway.Address} does not forward port {_options.Listener.Port} ({mapper.Name}): {refusal.Reason}",
                "Peers outside can be connected to, but can't connect to this one; allow it in the router, forward the port by hand, or say --no-port-mapping"));
        }

        var now = new MappedPort(outside, udp, mapper.Name);
        if (now != _last && (_last is not null || outside is not null))
        {
            _last = now;
            _options.Changed(now);
        }
    }

    private void Remark(string kind, Problem problem)
    {
        if (_told.Add(kind))
        {
            _options.Remark?.Invoke(problem);
        }
    }
}
