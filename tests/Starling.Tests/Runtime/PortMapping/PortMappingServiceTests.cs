using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading;
using System.Threading.Channels;
using System.Threading.Tasks;
using Starling.Core.PortMapping;
using Starling.Core.Primitives;
using Starling.Runtime.PortMapping;
using Starling.Tests.Runtime.Trackers;

namespace Starling.Tests.Runtime.PortMapping;

/// <summary>Gateways on loopback: right ones, wrong ones, hostile ones.</summary>
public sealed class PortMappingServiceTests : IAsyncDisposable
{
    private const int Port = 6881;

    private readonly Channel<MappedPort> _changes = Channel.CreateUnbounded<MappedPort>();
    private readonly Channel<Problem> _remarks = Channel.CreateUnbounded<Problem>();
    private readonly int _closedPort = ClosedPort();
    private PortMappingService? _service;

    public async ValueTask DisposeAsync()
    {
        if (_service is not null)
        {
            await _service.DisposeAsync();
        }
    }

    [Fact]
    public async Task PCP_forwards_both_ports_and_what_was_asked_for_is_removed_at_the_end()
    {
        var lives = new Dictionary<byte, uint>();
        await using var gateway = new DatagramServer(datagram =>
        {
            lives[datagram[36]] = BinaryPrimitives.ReadUInt32BigEndian(datagram.AsSpan(4));
            return [PcpAnswer(datagram, "45.77.1.2", 7001)];
        });
        Start(pcp: gateway.Port);
        Assert.Equal(new MappedPort(PeerAddress.From(IPAddress.Parse("45.77.1.2"), 7001), 7001, "PCP"), await ChangeAsync());
        await _service!.DisposeAsync();
        Assert.Equal([(byte)6, (byte)17], lives.Keys.Order());
        Assert.All(lives.Values, life => Assert.Equal(0u, life));
        Assert.False(_remarks.Reader.TryRead(out _));
    }

    [Fact]
    public async Task Where_PCP_is_not_known_NAT_PMP_is_spoken()
    {
        await using var gateway = new DatagramServer(datagram => [datagram[0] != 0 ? [0, 128, 0, 1, 0, 0, 0, 9] : NatPmpAnswer(datagram)]);
        Start(pcp: gateway.Port);
        Assert.Equal(new MappedPort(PeerAddress.From(IPAddress.Parse("45.77.1.2"), Port), Port, "NAT-PMP"), await ChangeAsync());
    }

    [Fact]
    public async Task Answers_to_others_are_not_believed()
    {
        await using var gateway = new DatagramServer(datagram =>
        {
            byte[] right = PcpAnswer(datagram, "45.77.1.2", 7001);
            byte[] wrong = PcpAnswer(datagram, "45.77.6.6", 6666);
            wrong[24] ^= 1;
            byte[] otherPort = PcpAnswer(datagram, "45.77.6.6", 6666);
            otherPort[41] ^= 1;
            return [[], [1], wrong, otherPort, right];
        });
        Start(pcp: gateway.Port);
        Assert.Equal("45.77.1.2:7001", (await ChangeAsync()).External.ToString());
    }

    [Fact]
    public async Task UPnP_is_spoken_where_nothing_else_answers_and_another_port_taken_where_ours_is_not_free()
    {
        var asked = new List<string>();
        await using HttpTestTracker http = Upnp(action =>
        {
            asked.Add(action);
            return action.Contains("AddPortMapping", StringComparison.Ordinal) && action.Contains($"<NewExternalPort>{Port}<", StringComparison.Ordinal)
                ? (500, "<errorCode>718</errorCode>")
                : (200, "<NewExternalIPAddress>45.77.1.2</NewExternalIPAddress>");
        });
        await using DatagramServer ssdp = Ssdp($"http://127.0.0.1:{http.Port}/root.xml");
        Start(pcp: _closedPort, ssdp: ssdp.Port, transports: [MappedTransport.Tcp]);
        MappedPort mapped = await ChangeAsync();
        Assert.Equal("UPnP", mapped.Protocol);
        Assert.NotEqual(Port, mapped.External!.Value.Port);
        await _service!.DisposeAsync();
        Assert.Contains("DeletePortMapping", asked[^1], StringComparison.Ordinal);
        Assert.Contains($"<NewExternalPort>{mapped.External.Value.Port}<", asked[^1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("huge")]
    [InlineData("endless")]
    [InlineData("entities")]
    [InlineData("elsewhere")]
    [InlineData("redirect")]
    public async Task A_hostile_description_leads_to_nothing(string how)
    {
        await using HttpTestTracker http = HttpTestTracker.Start(async (_, stream, stop) =>
        {
            string body = how switch
            {
                "huge" => $"<root>{new string('x', IgdCodec.MaxDocumentSize)}</root>",
                "entities" => "<!DOCTYPE r [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;&a;\">]><root>&b;</root>",
                "elsewhere" => Described("http://10.0.0.9/ctl"),
                _ => "",
            };
            string head = how == "redirect" ? "302 Found\r\nLocation: http://10.0.0.9/" : "200 OK";
            string length = how == "endless" ? "" : $"Content-Length: {body.Length}\r\n";
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {head}\r\n{length}\r\n{body}"), stop);
            while (how == "endless")
            {
                await stream.WriteAsync(new byte[1024], stop);
            }
        });
        await using DatagramServer ssdp = Ssdp($"http://127.0.0.1:{http.Port}/root.xml");
        Start(pcp: _closedPort, ssdp: ssdp.Port);
        Assert.Equal("/root.xml", await http.RequestAsync());
        await _service!.DisposeAsync();
        Assert.Empty(http.Requests);
        Assert.False(_changes.Reader.TryRead(out _));
    }

    [Fact]
    public async Task A_description_elsewhere_is_not_fetched()
    {
        await using HttpTestTracker http = HttpTestTracker.Start(Described("/ctl"));
        await using DatagramServer ssdp = Ssdp($"http://127.0.0.2:{http.Port}/root.xml");
        Start(pcp: _closedPort, ssdp: ssdp.Port);
        await ssdp.ReceivedAsync();
        await _service!.DisposeAsync();
        Assert.Empty(http.Requests);
    }

    [Fact]
    public async Task A_refusal_is_told_once_with_what_to_do()
    {
        await using var gateway = new DatagramServer(datagram => [PcpAnswer(datagram, "45.77.1.2", 7001, result: 2)]);
        Start(pcp: gateway.Port);
        Problem problem = await RemarkAsync();
        Assert.Equal("port-mapping", problem.Code);
        Assert.Contains("127.0.0.1", problem.Reason, StringComparison.Ordinal);
        Assert.Contains("--no-port-mapping", problem.Hint, StringComparison.Ordinal);
        await _service!.DisposeAsync();
        Assert.False(_remarks.Reader.TryRead(out _));
        Assert.False(_changes.Reader.TryRead(out _));
    }

    [Fact]
    public async Task A_gateway_behind_another_one_is_told_and_gives_no_address()
    {
        await using var gateway = new DatagramServer(datagram => [PcpAnswer(datagram, "10.1.2.3", 7001)]);
        Start(pcp: gateway.Port);
        Assert.Contains("behind another one", (await RemarkAsync()).Reason, StringComparison.Ordinal);
        await _service!.DisposeAsync();
        Assert.False(_changes.Reader.TryRead(out _));
    }

    [Fact]
    public async Task A_gateway_that_falls_silent_does_not_hold_up_the_end()
    {
        bool silent = false;
        await using var gateway = new DatagramServer(datagram => silent ? [] : [PcpAnswer(datagram, "45.77.1.2", 7001)]);
        Start(pcp: gateway.Port);
        await ChangeAsync();
        silent = true;
        await _service!.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task Without_a_gateway_nothing_is_asked()
    {
        var looked = new TaskCompletionSource();
        _service = PortMappingService.Start(Options(_closedPort, _closedPort, [MappedTransport.Tcp]) with
        {
            FindGateway = _ =>
            {
                looked.TrySetResult();
                return null;
            },
        });
        await looked.Task.WaitAsync(TimeSpan.FromSeconds(60));
        await _service.DisposeAsync();
        Assert.False(_changes.Reader.TryRead(out _) || _remarks.Reader.TryRead(out _));
    }

    private static byte[] PcpAnswer(byte[] question, string address, int port, byte result = 0)
    {
        byte[] answer = [.. question];
        answer[1] |= 128;
        answer[3] = result;
        answer.AsSpan(8, 16).Clear();
        answer[11] = 9;
        BinaryPrimitives.WriteUInt16BigEndian(answer.AsSpan(42), (ushort)port);
        IPAddress.Parse(address).MapToIPv6().GetAddressBytes().CopyTo(answer, 44);
        return answer;
    }

    private static byte[] NatPmpAnswer(byte[] question) => question[1] == 0
        ? [0, 128, 0, 0, 0, 0, 0, 9, 45, 77, 1, 2]
        : [0, (byte)(question[1] | 128), 0, 0, 0, 0, 0, 9, .. question[4..6], .. question[4..6], 0, 0, 14, 16];

    private static string Described(string control) =>
        $"<root><service><serviceType>urn:schemas-upnp-org:service:WANIPConnection:1</serviceType><controlURL>{control}</controlURL></service></root>";

    private static HttpTestTracker Upnp(Func<string, (int Status, string Inner)> act) => HttpTestTracker.Start(request =>
    {
        (int status, string inner) = request == "/root.xml" ? (200, "") : act(request);
        string body = request == "/root.xml" ? Described("/ctl") : $"<a>{inner}</a>";
        return Encoding.ASCII.GetBytes($"HTTP/1.1 {status} X\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n{body}");
    });

    private static DatagramServer Ssdp(string location) => new(_ =>
        [Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\nLOCATION: {location}\r\n\r\n")]);

    private static int ClosedPort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private void Start(int pcp, int? ssdp = null, MappedTransport[]? transports = null) =>
        _service = PortMappingService.Start(Options(pcp, ssdp ?? _closedPort, transports ?? [MappedTransport.Tcp, MappedTransport.Udp]));

    private PortMappingOptions Options(int pcp, int ssdp, MappedTransport[] transports) => new()
    {
        Listener = new IPEndPoint(IPAddress.Any, Port),
        Transports = transports,
        Changed = mapped => _changes.Writer.TryWrite(mapped),
        Remark = problem => _remarks.Writer.TryWrite(problem),
        PcpPort = pcp,
        SsdpPort = ssdp,
        FindGateway = _ => new Gateway(IPAddress.Loopback, IPAddress.Loopback),
    };

    private async Task<MappedPort> ChangeAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        return await _changes.Reader.ReadAsync(patience.Token);
    }

    private async Task<Problem> RemarkAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        return await _remarks.Reader.ReadAsync(patience.Token);
    }
}
