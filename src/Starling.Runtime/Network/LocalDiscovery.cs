using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Primitives;
using Starling.Core.Wire;

namespace Starling.Runtime.Network;

/// <summary>
/// Local discovery (BEP 14): announces the swarms of this process to the local networks by multicast and reports who else announces them. Processes of
/// one machine find each other too: multicast on any interface is heard by its sender's machine, and a machine without
/// a network speaks on loopback. One for a process, however many swarms it is in: thread-safe.
/// </summary>
public sealed class LocalDiscovery : IAsyncDisposable
{
    /// <summary>Swarms announced; further ones are not looked for here.</summary>
    public const int MaxSwarms = 1_000;

    /// <summary>Datagrams looked at a second, whatever they hold.</summary>
    internal const int MaxDatagramsPerSecond = 100;

    /// <summary>Addresses reported a second.</summary>
    internal const int MaxReportsPerSecond = 20;

    /// <summary>Seconds of either rate that may come at once.</summary>
    internal const int Burst = 4;

    /// <summary>A peer that keeps announcing is reported again after this long.</summary>
    private static readonly TimeSpan ReportAgain = TimeSpan.FromMinutes(1);

    /// <summary>Swarms that are added one after the other are announced together.</summary>
    private static readonly TimeSpan AddedTogether = TimeSpan.FromMilliseconds(20);

    /// <summary>Peers remembered as reported; beyond them all are forgotten, and reported once more when they are heard again.</summary>
    internal const int MaxStrangers = 1024;

    private readonly LocalDiscoveryOptions _options;
    private readonly string _cookie = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
    private readonly CancellationTokenSource _stopping = new();
    private readonly SemaphoreSlim _changed = new(0, 1);
    private readonly TokenBucket _datagrams = new(MaxDatagramsPerSecond, Burst * MaxDatagramsPerSecond);
    private readonly TokenBucket _reports = new(MaxReportsPerSecond, Burst * MaxReportsPerSecond);
    private readonly Lock _gate = new();
    private readonly Dictionary<InfoHash, Action<IReadOnlyList<PeerAddress>>> _found = [];
    private readonly Dictionary<(InfoHash Swarm, PeerAddress Peer), long> _reportedMs = [];
    private readonly Task _running;
    private HashSet<IPAddress> _own = [];
    private bool _swarmCame;
    private bool _strangerCame;

    private LocalDiscovery(LocalDiscoveryOptions options)
    {
        _options = options;
        _running = Task.Run(RunAsync);
    }

    /// <summary>Whether the first announcement has been made; from then on every interface is heard.</summary>
    internal bool HasSpoken { get; private set; }

    /// <summary>Begins in the background.</summary>
    public static LocalDiscovery Start(LocalDiscoveryOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new LocalDiscovery(options);
    }

    /// <summary>Announces a swarm from now on, and reports its peers to <paramref name="found"/>, from any thread.</summary>
    public void Search(InfoHash swarm, Action<IReadOnlyList<PeerAddress>> found)
    {
        ArgumentNullException.ThrowIfNull(found);
        lock (_gate)
        {
            if (_found.Count < MaxSwarms && _found.TryAdd(swarm, found))
            {
                _swarmCame = true;
                Nudge();
            }
        }
    }

    /// <summary>Swarms announced.</summary>
    internal int SwarmCount
    {
        get
        {
            lock (_gate)
            {
                return _found.Count;
            }
        }
    }

    /// <summary>Announces the swarm no more. A last report may still be under way.</summary>
    public void StopSearch(InfoHash swarm)
    {
        lock (_gate)
        {
            _found.Remove(swarm);
        }
    }

    /// <summary>Falls silent. Nothing is reported afterwards.</summary>
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
            InfoHash[] swarms = TakeSwarms(out bool isAnyNew);
            round = isAnyNew ? 0 : round;
            int spoken = swarms.Length == 0 ? 0 : await AnnounceOnceAsync(groups, swarms).ConfigureAwait(false);
            HasSpoken |= swarms.Length > 0;
            long announcedMs = Environment.TickCount64;
            if (swarms.Length > 0 && spoken == 0 && !failureTold && !_stopping.IsCancellationRequested)
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
            await WaitAsync(announcedMs, wait).ConfigureAwait(false);
        }
    }

    private InfoHash[] TakeSwarms(out bool isAnyNew)
    {
        lock (_gate)
        {
            (isAnyNew, _swarmCame, _strangerCame) = (_swarmCame, false, false);
            return [.. _found.Keys];
        }
    }

    /// <summary>Waits for the next announcement's time; a new swarm and a stranger shorten the wait.</summary>
    private async Task WaitAsync(long announcedMs, TimeSpan wait)
    {
        bool isAnswering = false;
        try
        {
            while (true)
            {
                TimeSpan left = wait - TimeSpan.FromMilliseconds(Environment.TickCount64 - announcedMs);
                if (left <= TimeSpan.Zero || !await _changed.WaitAsync(left, _stopping.Token).ConfigureAwait(false))
                {
                    return;
                }

                lock (_gate)
                {
                    if (_swarmCame)
                    {
                        break;
                    }

                    if (_strangerCame && !isAnswering)
                    {
                        isAnswering = true;
                        TimeSpan passed = TimeSpan.FromMilliseconds(Environment.TickCount64 - announcedMs);
                        TimeSpan answer = (passed > _options.MinAnswerInterval ? passed : _options.MinAnswerInterval) + (_options.AnswerDelay * Random.Shared.NextDouble());
                        wait = answer < wait ? answer : wait;
                    }
                }
            }

            await Task.Delay(AddedTogether, _stopping.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The loop sees it.
        }
    }

    /// <summary>Speaks on all interfaces that lead to the listener; returns on how many.</summary>
    private async Task<int> AnnounceOnceAsync(List<MulticastGroup> groups, InfoHash[] swarms)
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
                    spoken += await SpeakAsync(groups, card, swarms).ConfigureAwait(false);
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

    private async Task<int> SpeakAsync(List<MulticastGroup> groups, NetworkInterface card, InfoHash[] swarms)
    {
        int spoken = 0;
        foreach (MulticastGroup group in groups)
        {
            bool isHeard = SpeaksFamilyOfListener(group.IsV6);
            for (int first = 0; isHeard && first < swarms.Length; first += LocalDiscoveryMessage.MaxInfoHashes)
            {
                InfoHash[] some = swarms[first..Math.Min(first + LocalDiscoveryMessage.MaxInfoHashes, swarms.Length)];
                var message = new LocalDiscoveryMessage((ushort)_options.Listener.Port, some, _cookie);
                isHeard = await group.SendAsync(card, message.Encode(group.IsV6), _stopping.Token).ConfigureAwait(false);
            }

            spoken += isHeard ? 1 : 0;
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
                && message.Cookie != _cookie
                && !received.Sender.IsIPv6LinkLocal)
            {
                foreach (InfoHash swarm in message.InfoHashes)
                {
                    Hear(swarm, received.Sender, message.Port);
                }
            }
        }
    }

    private void Hear(InfoHash swarm, IPAddress sender, int port)
    {
        PeerAddress address = PeerAddress.From(sender, port);
        Action<IReadOnlyList<PeerAddress>>? found;
        lock (_gate)
        {
            // A process of this machine is heard on each of its interfaces; one address of it is enough.
            (InfoHash, PeerAddress) key = (swarm, _own.Contains(sender) ? PeerAddress.From(IPAddress.Loopback, port) : address);
            long nowMs = Environment.TickCount64;
            bool isKnown = _reportedMs.TryGetValue(key, out long reportedMs);
            if (!_found.TryGetValue(swarm, out found) || (isKnown && nowMs - reportedMs < ReportAgain.TotalMilliseconds) || !_reports.TryTake())
            {
                return;
            }

            if (_reportedMs.Count >= MaxStrangers)
            {
                _reportedMs.Clear();
            }

            _reportedMs[key] = nowMs;
            if (!isKnown)
            {
                _strangerCame = true;
                Nudge();
            }
        }

        found([address]);
    }

    /// <summary>Ends the present wait; under the gate.</summary>
    private void Nudge()
    {
        if (_changed.CurrentCount == 0)
        {
            _changed.Release();
        }
    }
}
