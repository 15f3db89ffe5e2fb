using System;
using System.Collections.Generic;
using System.IO;
using System.IO.Compression;
using System.Net;
using System.Net.Http;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Primitives;
using Starling.Core.Trackers;
using Starling.Runtime.Network;

namespace Starling.Runtime.Trackers;

/// <summary>
/// Asks HTTP trackers: one GET a question over one family, no cookies, no proxy (the tracker must see this machine's address), redirects followed by
/// hand. Everything that comes back is bounded, before and after decompression.
/// </summary>
internal sealed class HttpTrackerClient
{
    /// <summary>Bytes of an answer as it comes over the wire.</summary>
    public const int MaxBodySize = 256 * 1024;

    /// <summary>Redirects followed for one question.</summary>
    public const int MaxRedirects = 5;

    /// <summary>KiB of the head of an answer.</summary>
    private const int MaxHeadKiB = 16;

    private static readonly UriCreationOptions Verbatim = new() { DangerousDisablePathAndQueryCanonicalization = true };

    private readonly TimeSpan _limit;

    /// <param name="limit">For a whole question, redirects included.</param>
    public HttpTrackerClient(TimeSpan limit) => _limit = limit;

    /// <summary>Announces over <paramref name="path"/>.</summary>
    public async Task<TrackerOutcome> AnnounceAsync(
        TrackerUrl tracker, Func<PeerAddress, AnnounceRequest> request, TrackerPath path, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(_limit);
        PeerAddress from = default;
        try
        {
            // Resolved before: what is told (the port) depends on where the tracker stands.
            if (await path.ResolveAsync(tracker.Host, limit.Token).ConfigureAwait(false) is not { } address)
            {
                return TrackerOutcome.Of("its name has no address of this family");
            }

            from = PeerAddress.From(address, tracker.Port);
            if (!MayAsk(tracker, from))
            {
                return TrackerOutcome.Of("it names a host of this machine or the local network, but no path that ends with 'announce'", from);
            }

            (byte[]? body, string? failure, DateTimeOffset? date) =
                await GetAsync(HttpTrackerCodec.AnnounceUrl(tracker, request(from)), tracker, from, path, limit.Token).ConfigureAwait(false);
            TrackerOutcome outcome = body is null ? TrackerOutcome.Of(failure!, from)
                : HttpTrackerCodec.TryReadAnnounce(body, out AnnounceAnswer? answer, out TrackerFailure? refused) ? new TrackerOutcome(answer, null, from)
                : new TrackerOutcome(null, failure is null || refused.Refused ? refused : new TrackerFailure(failure), from);
            return outcome with { Date = date };
        }
        catch (OperationCanceledException)
        {
            return TrackerOutcome.Of($"it did not answer within {_limit.TotalSeconds:0} s", from);
        }
        catch (Exception exception) when (IsFailure(exception))
        {
            return TrackerOutcome.Of(NetworkFailure.Describe(exception), from);
        }
    }

    /// <summary>Asks for counts (BEP 48).</summary>
    public async Task<(IReadOnlyList<(InfoHash Swarm, ScrapeCounts Counts)>? Counts, TrackerFailure? Failure)> ScrapeAsync(
        TrackerUrl tracker, IReadOnlyList<InfoHash> swarms, TrackerPath path, CancellationToken cancellation)
    {
        if (HttpTrackerCodec.ScrapeUrl(tracker, swarms) is not { } url)
        {
            return (null, new TrackerFailure("it has no address for counts: its path does not end with 'announce'"));
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(_limit);
        try
        {
            if (await path.ResolveAsync(tracker.Host, limit.Token).ConfigureAwait(false) is not { } address)
            {
                return (null, new TrackerFailure("its name has no address of this family"));
            }

            (byte[]? body, string? failure, _) = await GetAsync(url, tracker, PeerAddress.From(address, tracker.Port), path, limit.Token).ConfigureAwait(false);
            TrackerFailure? refused = null;
            return body is not null && HttpTrackerCodec.TryReadScrape(body, swarms, out IReadOnlyList<(InfoHash, ScrapeCounts)>? counts, out refused)
                ? (counts, null)
                : (null, failure is null ? refused : new TrackerFailure(failure));
        }
        catch (OperationCanceledException)
        {
            return (null, new TrackerFailure($"it did not answer within {_limit.TotalSeconds:0} s"));
        }
        catch (Exception exception) when (IsFailure(exception))
        {
            return (null, new TrackerFailure(NetworkFailure.Describe(exception)));
        }
    }

    /// <summary>
    /// A link or file of a stranger may name any host as a tracker. Hosts of the local network, which the stranger can't reach himself, are
    /// asked for nothing but announces.
    /// </summary>
    private static bool MayAsk(TrackerUrl tracker, PeerAddress address) =>
        AddressScopes.Of(address) == AddressScope.Public || tracker.ScrapeText is not null;

    private static bool IsFailure(Exception exception) =>
        exception is HttpRequestException or InvalidDataException or UriFormatException || NetworkFailure.Is(exception);

    /// <summary>A body; with a failure beside it where the status was none of success. No body: only the failure.</summary>
    private static async Task<(byte[]? Body, string? Failure, DateTimeOffset? Date)> GetAsync(
        string url, TrackerUrl tracker, PeerAddress first, TrackerPath path, CancellationToken cancellation)
    {
        using var handler = new SocketsHttpHandler
        {
            UseCookies = false,
            UseProxy = false,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            MaxResponseHeadersLength = MaxHeadKiB,
            ConnectCallback = (context, cancel) => ConnectAsync(context.DnsEndPoint, tracker, first, path, cancel),
        };
        using var client = new HttpClient(handler, disposeHandler: false) { Timeout = Timeout.InfiniteTimeSpan };
        var at = new Uri(url, Verbatim);
        for (int hop = 0; hop <= MaxRedirects; hop++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, at);
            request.Headers.TryAddWithoutValidation("User-Agent", "Starling/0.1");
            request.Headers.TryAddWithoutValidation("Accept-Encoding", "gzip");
            request.Headers.ConnectionClose = true;
            using HttpResponseMessage answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation).ConfigureAwait(false);
            if ((int)answer.StatusCode is 301 or 302 or 303 or 307 or 308)
            {
                if (Redirect(at, answer.Headers.Location) is not { } next)
                {
                    return (null, "it redirects to an address that is not followed", null);
                }

                at = next;
                continue;
            }

            string? failure = answer.IsSuccessStatusCode ? null : $"it answered with HTTP status {(int)answer.StatusCode}";
            (byte[]? body, string? tooLong) = await ReadAsync(answer, cancellation).ConfigureAwait(false);
            return (body, failure ?? tooLong, answer.Headers.Date);
        }

        return (null, $"it redirects more than {MaxRedirects} times", null);
    }

    private static Uri? Redirect(Uri from, Uri? location)
    {
        if (location is null)
        {
            return null;
        }

        var to = new Uri(from, location);
        bool downgrade = from.Scheme == Uri.UriSchemeHttps && to.Scheme != Uri.UriSchemeHttps;
        return (to.Scheme == Uri.UriSchemeHttp || to.Scheme == Uri.UriSchemeHttps) && !downgrade && to.UserInfo.Length == 0 ? to : null;
    }

    /// <summary>Connects over the path's family. Nobody is redirected into a network that lies further in than the tracker itself.</summary>
    private static async ValueTask<Stream> ConnectAsync(
        DnsEndPoint to, TrackerUrl tracker, PeerAddress first, TrackerPath path, CancellationToken cancellation)
    {
        bool isTracker = to.Port == tracker.Port && string.Equals(to.Host.Trim('[', ']'), tracker.Host, StringComparison.OrdinalIgnoreCase);
        IPAddress address = isTracker ? first.ToIPAddress()
            : await path.ResolveAsync(to.Host.Trim('[', ']'), cancellation).ConfigureAwait(false)
                ?? throw new IOException($"{to.Host} has no address of this family");
        if (AddressScopes.Of(PeerAddress.From(address, to.Port)) < AddressScopes.Of(first))
        {
            throw new IOException("it redirects into the local network");
        }

        Socket socket = path.Open(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.NoDelay = true;
            await socket.ConnectAsync(address, to.Port, cancellation).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static async Task<(byte[]? Body, string? Failure)> ReadAsync(HttpResponseMessage answer, CancellationToken cancellation)
    {
        Stream stream = await answer.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
        await using ConfiguredAsyncDisposable owned = stream.ConfigureAwait(false);
        if (await BoundedReading.ReadAsync(stream, MaxBodySize, cancellation).ConfigureAwait(false) is not { } body)
        {
            return (null, $"its answer is longer than {MaxBodySize} bytes");
        }

        string encoding = string.Join(',', answer.Content.Headers.ContentEncoding);
        if (encoding.Length == 0 || encoding.Equals("identity", StringComparison.OrdinalIgnoreCase))
        {
            return (body, null);
        }

        if (!encoding.Equals("gzip", StringComparison.OrdinalIgnoreCase) && !encoding.Equals("x-gzip", StringComparison.OrdinalIgnoreCase))
        {
            return (null, "its answer is packed in a way that was not asked for");
        }

        using var unpacked = new GZipStream(new MemoryStream(body), CompressionMode.Decompress);
        return await BoundedReading.ReadAsync(unpacked, HttpTrackerCodec.MaxAnswerSize, cancellation).ConfigureAwait(false) is { } plain
            ? (plain, null)
            : (null, $"its answer is longer than {HttpTrackerCodec.MaxAnswerSize} bytes when unpacked");
    }
}
