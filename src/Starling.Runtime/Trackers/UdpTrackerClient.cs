using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Primitives;
using Starling.Core.Trackers;
using Starling.Runtime.Network;

namespace Starling.Runtime.Trackers;

/// <summary>
/// Asks UDP trackers (BEP 15). Each question has a socket of its own that is connected to the tracker: the system itself drops what others send, and says
/// at once when nothing listens there.
/// </summary>
internal sealed class UdpTrackerClient
{
    /// <summary>Trackers whose connection ids are remembered.</summary>
    public const int MaxConnections = 1_024;

    /// <summary>Datagrams looked at for one question; a flood of wrong ones ends it.</summary>
    public const int MaxDatagrams = 1_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<PeerAddress, UdpConnectionId> _connections = [];
    private readonly TimeSpan? _firstWait;

    /// <param name="firstWait">Instead of <see cref="UdpTrackerExchange.FirstWait"/>; null: that.</param>
    public UdpTrackerClient(TimeSpan? firstWait = null) => _firstWait = firstWait;

    /// <summary>Announces over <paramref name="path"/>; <paramref name="hurry"/> is for farewells, which have no time for retransmission.</summary>
    public async Task<TrackerOutcome> AnnounceAsync(
        TrackerUrl tracker, Func<PeerAddress, AnnounceRequest> request, TrackerPath path, TimeSpan? hurry, CancellationToken cancellation)
    {
        (UdpTrackerExchange? exchange, PeerAddress to, string? failure) = await AskAsync(
            tracker,
            path,
            (address, known) => UdpTrackerExchange.Announce(
                request(address), tracker.PathAndQuery, !address.IsV4, RandomTransaction, known, hurry ?? _firstWait),
            cancellation).ConfigureAwait(false);
        return exchange is null ? TrackerOutcome.Of(failure!, to)
            : exchange.Answer is UdpTrackerAnswer.Announced announced ? new TrackerOutcome(announced.Answer, null, to)
            : new TrackerOutcome(null, exchange.Failure ?? new TrackerFailure("it answered something else than was asked"), to);
    }

    /// <summary>Asks for counts (BEP 15).</summary>
    public async Task<(IReadOnlyList<ScrapeCounts>? Counts, TrackerFailure? Failure)> ScrapeAsync(
        TrackerUrl tracker, IReadOnlyList<InfoHash> swarms, TrackerPath path, CancellationToken cancellation)
    {
        (UdpTrackerExchange? exchange, _, string? failure) = await AskAsync(
            tracker,
            path,
            (address, known) => UdpTrackerExchange.Scrape(swarms, !address.IsV4, RandomTransaction, known, _firstWait),
            cancellation).ConfigureAwait(false);
        return exchange is null ? (null, new TrackerFailure(failure!))
            : exchange.Answer is UdpTrackerAnswer.Scraped scraped && scraped.Counts.Count >= swarms.Count ? (scraped.Counts, null)
            : (null, exchange.Failure ?? new TrackerFailure("it answered something else than was asked"));
    }

    private static uint RandomTransaction() => BinaryPrimitives.ReadUInt32LittleEndian(RandomNumberGenerator.GetBytes(sizeof(uint)));

    private static Instant Now() => new(Stopwatch.GetElapsedTime(0).Ticks);

    private async Task<(UdpTrackerExchange? Over, PeerAddress To, string? Failure)> AskAsync(
        TrackerUrl tracker, TrackerPath path, Func<PeerAddress, UdpConnectionId?, UdpTrackerExchange> begin, CancellationToken cancellation)
    {
        PeerAddress to = default;
        try
        {
            if (await path.ResolveAsync(tracker.Host, cancellation).ConfigureAwait(false) is not { } address)
            {
                return (null, to, "its name has no address of this family");
            }

            to = PeerAddress.From(address, tracker.Port);
            UdpTrackerExchange exchange = begin(to, Known(to));
            using Socket socket = path.Open(SocketType.Dgram, ProtocolType.Udp);
            await socket.ConnectAsync(new IPEndPoint(address, tracker.Port), cancellation).ConfigureAwait(false);
            await ExchangeAsync(socket, exchange, cancellation).ConfigureAwait(false);
            Remember(to, exchange.Connection);
            return (exchange, to, null);
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.ConnectionRefused)
        {
            return (null, to, "nothing listens at its address");
        }
        catch (Exception exception) when (NetworkFailure.Is(exception))
        {
            return (null, to, exception is OperationCanceledException ? "it did not answer in time" : NetworkFailure.Describe(exception));
        }
    }

    private static async Task ExchangeAsync(Socket socket, UdpTrackerExchange exchange, CancellationToken cancellation)
    {
        var buffer = new byte[UdpTrackerCodec.MaxAnswerSize + 1];
        int datagrams = 0;
        while (!exchange.IsOver)
        {
            if (exchange.Next(Now()) is { } datagram)
            {
                await socket.SendAsync(datagram, cancellation).ConfigureAwait(false);
            }

            using var wait = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            TimeSpan left = exchange.Deadline - Now();
            if (exchange.IsOver || left <= TimeSpan.Zero)
            {
                continue;
            }

            wait.CancelAfter(left + TimeSpan.FromMilliseconds(1));
            try
            {
                int length = await socket.ReceiveAsync(buffer, wait.Token).ConfigureAwait(false);
                exchange.Receive(buffer.AsSpan(0, length), Now());
                if (++datagrams == MaxDatagrams)
                {
                    throw new SocketException((int)SocketError.NoBufferSpaceAvailable);
                }
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                // The next copy is due.
            }
        }
    }

    private UdpConnectionId? Known(PeerAddress address)
    {
        lock (_gate)
        {
            return _connections.TryGetValue(address, out UdpConnectionId known) && Now() < known.Until ? known : null;
        }
    }

    private void Remember(PeerAddress address, UdpConnectionId? connection)
    {
        lock (_gate)
        {
            _connections.Remove(address);
            if (connection is { } known)
            {
                if (_connections.Count >= MaxConnections)
                {
                    _connections.Clear();
                }

                _connections.Add(address, known);
            }
        }
    }
}
