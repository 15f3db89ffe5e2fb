using System;
using System.Collections.Generic;
using System.IO;
using System.Net;
using System.Net.Http;
using System.Net.Sockets;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.PortMapping;
using Starling.Runtime.Network;

namespace Starling.Runtime.PortMapping;

/// <summary>
/// UPnP Internet Gateway Device, versions 1 and 2. Only the gateway itself is believed and spoken to: answers of others to the search are not looked at, and
/// the addresses in what it says must be its own.
/// </summary>
internal sealed class UpnpMapper : IPortMapper
{
    /// <summary>Descriptions read in one search.</summary>
    public const int MaxDescriptions = 4;

    private const int MaxHeadKiB = 16;
    private const int MulticastTimeToLive = 2;
    private const int AnyPortUnknown = 401;

    private static readonly TimeSpan SearchTime = TimeSpan.FromSeconds(2.5);
    private static readonly TimeSpan HttpTime = TimeSpan.FromSeconds(5);

    private readonly Gateway _gateway;
    private readonly IgdService _service;
    private readonly HttpClient _http;
    private bool _choosesPorts;

    private UpnpMapper(Gateway gateway, IgdService service, HttpClient http)
    {
        _gateway = gateway;
        _service = service;
        _http = http;
        _choosesPorts = service.ChoosesPorts;
    }

    public string Name => "UPnP";

    /// <summary>Searches for the gateway's service; null: it has none.</summary>
    public static async Task<UpnpMapper?> FindAsync(Gateway gateway, int port, CancellationToken cancellation)
    {
        IReadOnlyList<Uri> locations = await SearchAsync(gateway, port, cancellation).ConfigureAwait(false);
        if (locations.Count == 0)
        {
            // Most machines end here: HTTP is not even loaded.
            return null;
        }

        HttpClient http = Client(gateway);
        foreach (Uri location in locations)
        {
            if (await FetchAsync(http, new HttpRequestMessage(HttpMethod.Get, location), cancellation).ConfigureAwait(false) is { } description
                && IgdCodec.TryReadDescription(description, location, gateway.Address, out IgdService? service))
            {
                return new UpnpMapper(gateway, service, http);
            }
        }

        http.Dispose();
        return null;
    }

    public async Task<MappingReply> AskAsync(MappingRequest request, CancellationToken cancellation)
    {
        bool any = _choosesPorts && request.Lifetime > TimeSpan.Zero;
        IgdAnswer? answer = await CallAsync(
            any ? "AddAnyPortMapping" : "AddPortMapping", IgdCodec.AddBody(_service, request, _gateway.Local, any), cancellation).ConfigureAwait(false);
        if (answer is null)
        {
            return MappingReply.Silence;
        }

        if (any && answer.Error == AnyPortUnknown)
        {
            // It says that it is of version 2, and is not.
            _choosesPorts = false;
            return await AskAsync(request, cancellation).ConfigureAwait(false);
        }

        if (answer.Error is { } error)
        {
            return new MappingReply(null, IgdCodec.Refusal(error));
        }

        IgdAnswer? outside = await CallAsync("GetExternalIPAddress", IgdCodec.AddressBody(_service), cancellation).ConfigureAwait(false);
        return new MappingReply(
            new MappingGrant(
                (any ? IgdCodec.ReservedPort(answer) : null) ?? request.ExternalPort,
                outside is { Error: null } ? IgdCodec.ExternalAddress(outside) : null,
                request.Lifetime == TimeSpan.Zero ? null : request.Lifetime),
            null);
    }

    public Task RemoveAsync(MappingRequest request, CancellationToken cancellation) =>
        CallAsync("DeletePortMapping", IgdCodec.RemoveBody(_service, request), cancellation);

    public void Dispose() => _http.Dispose();

    private static async Task<IReadOnlyList<Uri>> SearchAsync(Gateway gateway, int port, CancellationToken cancellation)
    {
        var found = new List<Uri>();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(SearchTime);
        try
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.MulticastInterface, gateway.Local.GetAddressBytes());
            socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.MulticastTimeToLive, MulticastTimeToLive);
            socket.Bind(new IPEndPoint(gateway.Local, 0));
            foreach (string target in SsdpCodec.Targets)
            {
                // Some networks do not pass on multicast; a gateway answers to its own address as well.
                byte[] search = SsdpCodec.EncodeSearch(target);
                await SendAsync(socket, search, new IPEndPoint(SsdpCodec.Group, port), limit.Token).ConfigureAwait(false);
                await SendAsync(socket, search, new IPEndPoint(gateway.Address, port), limit.Token).ConfigureAwait(false);
            }

            var buffer = new byte[SsdpCodec.MaxAnswerSize + 1];
            for (int datagrams = 0; datagrams < GatewaySocket.MaxDatagrams && found.Count < MaxDescriptions; datagrams++)
            {
                SocketReceiveFromResult came = await socket.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0), limit.Token).ConfigureAwait(false);
                if (((IPEndPoint)came.RemoteEndPoint).Address.Equals(gateway.Address)
                    && SsdpCodec.Location(buffer.AsSpan(0, came.ReceivedBytes), gateway.Address) is { } location && !found.Contains(location))
                {
                    found.Add(location);
                    limit.CancelAfter(TimeSpan.FromMilliseconds(200));
                }
            }
        }
        catch (Exception exception) when (NetworkFailure.Is(exception))
        {
            // The time is over, or there is no such network any more: what was found counts.
        }

        return found;
    }

    private static async Task SendAsync(Socket socket, byte[] search, IPEndPoint to, CancellationToken cancellation)
    {
        try
        {
            await socket.SendToAsync(search, to, cancellation).ConfigureAwait(false);
        }
        catch (SocketException)
        {
            // No multicast here: the other way is left.
        }
    }

    private static HttpClient Client(Gateway gateway)
    {
        var handler = new SocketsHttpHandler
        {
            UseCookies = false,
            UseProxy = false,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            MaxResponseHeadersLength = MaxHeadKiB,
            MaxConnectionsPerServer = 2,
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(2),
            ConnectCallback = async (context, cancellation) =>
            {
                // Addresses were checked to be the gateway's; that is where it goes, whatever they say.
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                try
                {
                    socket.Bind(new IPEndPoint(gateway.Local, 0));
                    await socket.ConnectAsync(gateway.Address, context.DnsEndPoint.Port, cancellation).ConfigureAwait(false);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            },
        };
        return new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>The body of an answer, errors of UPnP included (status 500); null: none within the bounds.</summary>
    private static async Task<byte[]?> FetchAsync(HttpClient http, HttpRequestMessage request, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(HttpTime);
        try
        {
            using (request)
            {
                using HttpResponseMessage answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token).ConfigureAwait(false);
                using Stream body = await answer.Content.ReadAsStreamAsync(limit.Token).ConfigureAwait(false);
                return await BoundedReading.ReadAsync(body, IgdCodec.MaxDocumentSize, limit.Token).ConfigureAwait(false);
            }
        }
        catch (Exception exception) when (exception is HttpRequestException || NetworkFailure.Is(exception))
        {
            return null;
        }
    }

    private async Task<IgdAnswer?> CallAsync(string action, string body, CancellationToken cancellation)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, _service.Control) { Content = new StringContent(body, Encoding.UTF8, "text/xml") };
        request.Headers.TryAddWithoutValidation("SOAPAction", $"\"{_service.Type}#{action}\"");
        return await FetchAsync(_http, request, cancellation).ConfigureAwait(false) is { } document && IgdCodec.TryReadAnswer(document, out IgdAnswer? answer)
            ? answer
            : null;
    }
}
