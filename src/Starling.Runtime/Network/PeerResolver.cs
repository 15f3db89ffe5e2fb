using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Engine;
using Starling.Core.Primitives;
using Starling.Core.Tasks;

namespace Starling.Runtime.Network;

/// <summary>
/// Makes addresses of what an owner or a link writes as <c>HOST:PORT</c>. Addresses are reported at once, names as soon as they are
/// resolved: tried again with growing waits until they are, and looked up anew now and then, because names move.
/// </summary>
public sealed class PeerResolver : IAsyncDisposable
{
    /// <summary>Addresses taken from one name.</summary>
    public const int MaxAddressesPerName = 8;

    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan LookUpAgain = TimeSpan.FromMinutes(10);

    private readonly Action<IReadOnlyList<PeerAddress>, PeerSource> _found;
    private readonly Action<Problem>? _failed;
    private readonly Func<string, CancellationToken, Task<IPAddress[]>> _lookUp;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _gate = new();
    private readonly List<Task> _names = [];

    /// <summary>A resolver that asks the system.</summary>
    /// <param name="found">Gets the addresses; from any thread.</param>
    /// <param name="failed">Told once for each name that can't be resolved at first; from any thread.</param>
    public PeerResolver(Action<IReadOnlyList<PeerAddress>, PeerSource> found, Action<Problem>? failed)
        : this(found, failed, (name, cancellation) => Dns.GetHostAddressesAsync(name, cancellation))
    {
    }

    internal PeerResolver(
        Action<IReadOnlyList<PeerAddress>, PeerSource> found, Action<Problem>? failed, Func<string, CancellationToken, Task<IPAddress[]>> lookUp)
    {
        ArgumentNullException.ThrowIfNull(found);
        _found = found;
        _failed = failed;
        _lookUp = lookUp;
    }

    /// <summary>
    /// Reports these peers as <paramref name="source"/>. Entries that are not <c>host:port</c> are skipped: the command line and the
    /// link have refused them before.
    /// </summary>
    public void Resolve(IEnumerable<string> peers, PeerSource source)
    {
        ArgumentNullException.ThrowIfNull(peers);
        List<PeerAddress> known = [];
        foreach (string peer in peers)
        {
            if (!TaskContacts.TrySplit(peer, out string host, out int port))
            {
                continue;
            }

            if (IPAddress.TryParse(host, out IPAddress? address))
            {
                known.Add(PeerAddress.From(address, port));
            }
            else
            {
                lock (_gate)
                {
                    _names.Add(Task.Run(() => FollowAsync(host, port, source)));
                }
            }
        }

        if (known.Count > 0)
        {
            _found(known, source);
        }
    }

    /// <summary>Stops looking up. Nothing is reported afterwards.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        Task[] names;
        lock (_gate)
        {
            names = [.. _names];
        }

        await Task.WhenAll(names).ConfigureAwait(false);
    }

    private async Task FollowAsync(string host, int port, PeerSource source)
    {
        PeerAddress[] reported = [];
        TimeSpan retry = FirstRetry;
        bool failureTold = false;
        while (!_stopping.IsCancellationRequested)
        {
            PeerAddress[] found = [];
            string failure = "it has no address";
            try
            {
                IPAddress[] addresses = await _lookUp(host, _stopping.Token).ConfigureAwait(false);
                found = [.. addresses.Take(MaxAddressesPerName).Select(address => PeerAddress.From(address, port)).Distinct().Order()];
            }
            catch (Exception exception) when (exception is SocketException or ArgumentException or OperationCanceledException)
            {
                failure = NetworkFailure.Describe(exception);
            }

            if (_stopping.IsCancellationRequested)
            {
                return;
            }

            if (found.Length == 0 && reported.Length == 0 && !failureTold)
            {
                failureTold = true;
                _failed?.Invoke(new Problem(
                    "peer", $"The name of the peer {host}:{port} can't be resolved: {failure}",
                    "Check the name; it is tried again until it can"));
            }

            if (found.Length > 0 && !found.SequenceEqual(reported))
            {
                reported = found;
                _found(found, source);
            }

            TimeSpan wait = found.Length > 0 ? LookUpAgain : retry;
            retry = retry * 2 < LongestRetry ? retry * 2 : LongestRetry;
            await Task.Delay(wait, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
