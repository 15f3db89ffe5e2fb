using System;
using System.Collections.Generic;
using System.IO;
using System.Net;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Primitives;

namespace Starling.Runtime.Torrents;

/// <summary>
/// Asks web servers for ranges of files (RFC 9110, section 14). What comes back must be exactly the range: nothing is kept that was not asked for. A torrent comes from a
/// stranger, so it must not make this machine ask its own network for things: an address of this machine or of a private network is only connected to when
/// a web seed names that very host and its URL has no query.
/// </summary>
internal sealed class WebSeedClient : IDisposable
{
    /// <summary>Kilobytes of the headers of an answer.</summary>
    private const int MaxHeaderKilobytes = 16;

    private readonly HashSet<string> _named = new(StringComparer.OrdinalIgnoreCase);
    private readonly HttpClient _http;
    private readonly WebSeedOptions _options;

    public WebSeedClient(IReadOnlyList<Uri> seeds, WebSeedOptions options)
    {
        _options = options;
        foreach (Uri seed in seeds)
        {
            if (seed.Query.Length == 0)
            {
                _named.Add(Authority(seed.IdnHost, seed.Port));
            }
        }

        _http = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = options.ConnectTimeout,
            MaxConnectionsPerServer = Math.Max(1, options.RequestsPerSeed),
            MaxResponseHeadersLength = MaxHeaderKilobytes,
            MaxResponseDrainSize = 0,
            UseCookies = false,
            UseProxy = false,
            ConnectCallback = ConnectAsync,
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
        _http.DefaultRequestHeaders.UserAgent.ParseAdd("Starling");
    }

    /// <summary>What a request came to.</summary>
    /// <param name="Problem">Null: the bytes are there.</param>
    /// <param name="IsFinal">Whether asking again later is pointless.</param>
    /// <param name="RetryAfter">The pause that the server asked for.</param>
    public readonly record struct Outcome(Problem? Problem, bool IsFinal = false, TimeSpan? RetryAfter = null);

    /// <summary>Fills <paramref name="destination"/> with the bytes of a file from <paramref name="offset"/>.</summary>
    /// <param name="uri">The file.</param>
    /// <param name="offset">First byte.</param>
    /// <param name="fileLength">Bytes of the whole file, as the torrent says.</param>
    /// <param name="destination">At least one byte.</param>
    /// <param name="cancel">Ends it by <see cref="OperationCanceledException"/>.</param>
    public async Task<Outcome> GetAsync(Uri uri, long offset, long fileLength, Memory<byte> destination, CancellationToken cancel)
    {
        using var stall = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        try
        {
            for (int redirects = 0; ; redirects++)
            {
                stall.CancelAfter(_options.StallTimeout);
                using var request = new HttpRequestMessage(HttpMethod.Get, uri);
                request.Headers.Range = new RangeHeaderValue(offset, offset + destination.Length - 1);
                using HttpResponseMessage response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stall.Token).ConfigureAwait(false);
                if ((int)response.StatusCode is 301 or 302 or 303 or 307 or 308 && response.Headers.Location is { } location)
                {
                    uri = new Uri(uri, location);
                    if (redirects == WebSeedOptions.MaxRedirects || uri.Scheme is not ("http" or "https") || uri.UserInfo.Length > 0)
                    {
                        return new Outcome(Wrong(uri, "it redirects too often, or to something that is not http"), IsFinal: true);
                    }

                    continue;
                }

                return CheckHead(uri, response, offset, fileLength, destination.Length) is { Problem: not null } refused
                    ? refused
                    : await ReadAsync(uri, response, destination, stall).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return new Outcome(Wrong(uri, "it sent nothing for too long"));
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or UriFormatException or SocketException)
        {
            return new Outcome(Wrong(uri, failure.Message));
        }
    }

    public void Dispose() => _http.Dispose();

    /// <summary>Whether the head of an answer announces exactly what was asked for; no problem: it does.</summary>
    internal static Outcome CheckHead(Uri uri, HttpResponseMessage response, long offset, long fileLength, int length)
    {
        HttpContentHeaders head = response.Content.Headers;
        switch (response.StatusCode)
        {
            case HttpStatusCode.PartialContent:
                ContentRangeHeaderValue? range = head.ContentRange;
                bool isRange = range is { Unit: "bytes", From: { } from, To: { } to } && from == offset && to == offset + length - 1
                    && (range.Length is null || range.Length == fileLength);
                return isRange ? default : new Outcome(Wrong(uri, "it answered with another range, or its file has another length"), IsFinal: true);
            case HttpStatusCode.OK:
                // Without ranges a server is of use only where the whole file is wanted.
                bool isWhole = offset == 0 && length == fileLength && (head.ContentLength is null || head.ContentLength == fileLength);
                return isWhole ? default : new Outcome(Wrong(uri, "it does not serve ranges, or its file has another length"), IsFinal: true);
            case HttpStatusCode.NotFound or HttpStatusCode.Gone or HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized or HttpStatusCode.RequestedRangeNotSatisfiable:
                return new Outcome(Wrong(uri, $"it answered {(int)response.StatusCode}"), IsFinal: true);
            default:
                return new Outcome(Wrong(uri, $"it answered {(int)response.StatusCode}"), RetryAfter: response.Headers.RetryAfter?.Delta);
        }
    }

    private async Task<Outcome> ReadAsync(Uri uri, HttpResponseMessage response, Memory<byte> destination, CancellationTokenSource stall)
    {
        using Stream body = await response.Content.ReadAsStreamAsync(stall.Token).ConfigureAwait(false);
        while (!destination.IsEmpty)
        {
            int read = await body.ReadAsync(destination, stall.Token).ConfigureAwait(false);
            if (read == 0)
            {
                return new Outcome(Wrong(uri, "its answer ends too early"));
            }

            destination = destination[read..];
            stall.CancelAfter(_options.StallTimeout);
        }

        var more = new byte[1];
        return await body.ReadAsync(more, stall.Token).ConfigureAwait(false) == 0 ? default : new Outcome(Wrong(uri, "it sent more than was asked for"), IsFinal: true);
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancel)
    {
        DnsEndPoint target = context.DnsEndPoint;
        IPAddress[] addresses = IPAddress.TryParse(target.Host, out IPAddress? literal)
            ? [literal] : await Dns.GetHostAddressesAsync(target.Host, cancel).ConfigureAwait(false);
        IPAddress[] allowed = _named.Contains(Authority(target.Host, target.Port)) ? addresses : Array.FindAll(addresses, IsPublic);
        if (allowed.Length == 0)
        {
            throw new IOException($"{target.Host} is an address of a private network, and the torrent does not name it as a web seed");
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(allowed, target.Port, cancel).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Whether an address is neither of this machine nor of a private or link-local network (RFC 1918, 3927, 4193, 4291, 6598).</summary>
    internal static bool IsPublic(IPAddress address)
    {
        IPAddress plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        if (plain.AddressFamily == AddressFamily.InterNetworkV6)
        {
            return !IPAddress.IsLoopback(plain) && !plain.IsIPv6LinkLocal && !plain.IsIPv6SiteLocal && !plain.IsIPv6UniqueLocal && !plain.IsIPv6Multicast
                && !plain.Equals(IPAddress.IPv6Any);
        }

        byte[] bytes = plain.GetAddressBytes();
        return bytes switch
        {
            [0 or 10 or 127, ..] or [192, 168, ..] or [169, 254, ..] => false,
            [172, >= 16 and <= 31, ..] or [100, >= 64 and <= 127, ..] => false,
            [>= 224, ..] => false,
            _ => true,
        };
    }

    private static string Authority(string host, int port) => $"{host.Trim('[', ']')} {port}";

    private static Problem Wrong(Uri uri, string what) => new(WebSeeds.ProblemCode, $"web seed {uri.GetLeftPart(UriPartial.Path)}: {what}");
}
