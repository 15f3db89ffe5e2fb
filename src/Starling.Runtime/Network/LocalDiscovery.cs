using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Engine;
using Starling.Core.Primitives;
using Starling.Core.Wire;
using Starling.Runtime.Engine;

namespace Starling.Runtime.Network;

/// <summary>
/// Local discovery (BEP 14): announces a swarm to the local networks by multicast and reports who else announces it. Processes of
/// one machine find each other too: multicast on any interface is heard by its sender's machine, and a machine without
/// a network speaks on loopback.
/// </summary>
public sealed class LocalDiscovery : IAsyncDisposable
{
    /// <summary>Datagrams looked at a second, whatever they hold.</summary>
    private const int MaxDatagramsPerSecond = 100;

    /// <summary>Addresses reported a second.</summary>
    private const int MaxReportsPerSecond = 20;

    /// <summary>A peer that keeps announcing is reported again after this long.</summary>
    private static readonly TimeSpan ReportAgain = TimeSpan.FromMinutes(1);

    private const int MaxStrangers = 1024;

    private readonly LocalDiscoveryOptions _options;
    private readonly PostInput _post;
    private readonly LocalDiscoveryMessage _message;
    private readonly CancellationTokenSource _stopping = new();
    private readonly SemaphoreSlim _strangerCame = new(0, 1);
    private readonly TokenBucket _datagrams = new(MaxDatagramsPerSecond, 2 * MaxDatagramsPerSecond);
    private readonly TokenBucket _reports = new(MaxReportsPerSecond, 4 * MaxReportsPerSecond);
    private readonly Lock _gate = new();
    private readonly Dictionary<PeerAddress, long> _reportedMs = [];
    private readonly Task _running;
    private HashSet<IPAddress> _own = [];

    private LocalDiscovery(LocalDiscoveryOptions options, PostInput post)
    {
        _options = options;
        _post = post;
        _message = new LocalDiscoveryMessage(
            (ushort)options.Listener.Port, [options.InfoHash], Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8)));
        _running = Task.Run(RunAsync);
    }

    /// <summary>Whether the first announcement has been made; from then on every interface is heard.</summary>
    internal bool HasSpoken { get; private set; }

    /// <summary>Begins to announce and to listen, in the background. Peers come to <paramref name="post"/> from any thread.</summary>
    public static LocalDiscovery Start(LocalDiscoveryOptions options, PostInput post)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(post);
        return new LocalDiscovery(options, post);
    }

    /// <summary>Falls silent. Nothing is posted afterwards.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
    }

    private async Task RunAsync()
    {
        List<MulticastGroup> groups = [];
        List<string> failures = [];
        foreach (bool v6 in new[] { false, true })
        {
            if (MulticastGroup.TryOpen(MulticastGroup.Of(v6, _options.GroupPort), out MulticastGroup? group, out string? failure))
            {
                groups.Add(group);
            }
            else
            {
                failures.Add(failure);
            }
        }

        List<Task> loops = [.. groups.Select(ListenAsync)];
        loops.Add(AnnounceAsync(groups, failures));
        try
        {
            await Task.WhenAll(loops).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // Stopped in the middle of an announcement: nobody waits for it any more.
        }
        finally
        {
            groups.ForEach(group => group.Dispose());
        }
    }

    private async Task AnnounceAsync(List<MulticastGroup> groups, List<string> failures)
    {
        bool failureTold = false;
        int round = 0;
        while (!_stopping.IsCancellationRequested)
        {
            int spoken = await AnnounceOnceAsync(groups).ConfigureAwait(false);
            HasSpoken = true;
            long announcedMs = Environment.TickCount64;
            if (spoken == 0 && !failureTold && !_stopping.IsCancellationRequested)
            {
                failureTold = true;
                _options.Failed?.Invoke(new Problem(
                    "local-discovery",
                    $"Peers on the local network are not found by themselves: {failures.FirstOrDefault("no interface takes multicast")}",
                    "Name them with --peer HOST:PORT"));
            }

            TimeSpan wait = round < _options.QuickIntervals.Count
                ? _options.QuickIntervals[round] * (1 + 0.25 * Random.Shared.NextDouble())
                : _options.Interval * (0.9 + 0.2 * Random.Shared.NextDouble());
            round++;
            await WaitAsync(wait, announcedMs).ConfigureAwait(false);
        }
    }

    /// <summary>Waits for the next announcement's time; a stranger shortens the wait.</summary>
    private async Task WaitAsync(TimeSpan wait, long announcedMs)
    {
        try
        {
            if (await _strangerCame.WaitAsync(wait, _stopping.Token).ConfigureAwait(false))
            {
                TimeSpan sinceLast = TimeSpan.FromMilliseconds(Environment.TickCount64 - announcedMs);
                TimeSpan pause = _options.MinAnswerInterval - sinceLast;
                TimeSpan left = (pause > TimeSpan.Zero ? pause : TimeSpan.Zero) + _options.AnswerDelay * Random.Shared.NextDouble();
                TimeSpan regular = wait - sinceLast;
                regular = regular > TimeSpan.Zero ? regular : TimeSpan.Zero;
                await Task.Delay(left < regular ? left : regular, _stopping.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // The loop sees it.
        }
    }

    /// <summary>Speaks on all interfaces that lead to the listener; returns on how many.</summary>
    private async Task<int> AnnounceOnceAsync(List<MulticastGroup> groups)
    {
        IReadOnlyList<NetworkInterface> cards = LocalAddresses.Up();
        lock (_gate)
        {
            _own = [.. LocalAddresses.All()];
        }

        foreach (MulticastGroup group in groups)
        {
            foreach (NetworkInterface card in cards)
            {
                group.Join(card);
            }
        }

        int spoken = 0;
        foreach (bool onLoopback in new[] { false, true })
        {
            foreach (NetworkInterface card in cards)
            {
                bool isLoopback = card.NetworkInterfaceType == NetworkInterfaceType.Loopback;
                if (isLoopback == onLoopback && (isLoopback || card.SupportsMulticast) && LeadsToListener(card))
                {
                    spoken += await SpeakAsync(groups, card).ConfigureAwait(false);
                }
            }

            // Loopback is for machines without any other interface: with one, its own processes hear it twice.
            if (spoken > 0)
            {
                break;
            }
        }

        return spoken;
    }

    private async Task<int> SpeakAsync(List<MulticastGroup> groups, NetworkInterface card)
    {
        int spoken = 0;
        foreach (MulticastGroup group in groups)
        {
            if (SpeaksFamilyOfListener(group.IsV6)
                && await group.SendAsync(card, _message.Encode(group.IsV6), _stopping.Token).ConfigureAwait(false))
            {
                spoken++;
            }
        }

        return spoken;
    }

    private bool SpeaksFamilyOfListener(bool v6)
    {
        IPAddress bound = _options.Listener.Address;
        return bound.Equals(IPAddress.IPv6Any) || (bound.AddressFamily == AddressFamily.InterNetworkV6) == v6;
    }

    private bool LeadsToListener(NetworkInterface card)
    {
        IPAddress bound = _options.Listener.Address;
        if (bound.Equals(IPAddress.Any) || bound.Equals(IPAddress.IPv6Any))
        {
            return true;
        }

        if (IPAddress.IsLoopback(bound))
        {
            return card.NetworkInterfaceType == NetworkInterfaceType.Loopback;
        }

        try
        {
            return card.GetIPProperties().UnicastAddresses.Any(unicast => unicast.Address.Equals(bound));
        }
        catch (NetworkInformationException)
        {
            return false;
        }
    }

    private async Task ListenAsync(MulticastGroup group)
    {
        var buffer = new byte[LocalDiscoveryMessage.MaxSize + 1];
        while (await group.ReceiveAsync(buffer, _stopping.Token).ConfigureAwait(false) is { } received)
        {
            if (_datagrams.TryTake()
                && LocalDiscoveryMessage.TryDecode(buffer.AsSpan(0, received.Length), out LocalDiscoveryMessage? message)
                && message.Cookie != _message.Cookie
                && message.InfoHashes.Contains(_options.InfoHash)
                && !received.Sender.IsIPv6LinkLocal)
            {
                Hear(received.Sender, message.Port);
            }
        }
    }

    private void Hear(IPAddress sender, int port)
    {
        PeerAddress address = PeerAddress.From(sender, port);
        lock (_gate)
        {
            // A process of this machine is heard on each of its interfaces; one address of it is enough.
            PeerAddress key = _own.Contains(sender) ? PeerAddress.From(IPAddress.Loopback, port) : address;
            long nowMs = Environment.TickCount64;
            bool isKnown = _reportedMs.TryGetValue(key, out long reportedMs);
            if ((isKnown && nowMs - reportedMs < ReportAgain.TotalMilliseconds) || !_reports.TryTake())
            {
                return;
            }

            if (_reportedMs.Count >= MaxStrangers)
            {
                _reportedMs.Clear();
            }

            _reportedMs[key] = nowMs;
            if (!isKnown && _strangerCame.CurrentCount == 0)
            {
                _strangerCame.Release();
            }
        }

        _post(new NodeInput.PeersFound([address], PeerSource.Local));
    }
}
