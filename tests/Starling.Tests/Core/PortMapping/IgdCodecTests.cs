using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Text;
using Starling.Core.PortMapping;

namespace Starling.Tests.Core.PortMapping;

public sealed class IgdCodecTests
{
    private const string Service = """
        <?xml version="1.0"?>
        <root xmlns="urn:schemas-upnp-org:device-1-0"><device><deviceList><device><serviceList>
        <service><serviceType>urn:schemas-upnp-org:service:Layer3Forwarding:1</serviceType><controlURL>/l3f</controlURL></service>
        <service><serviceType>urn:schemas-upnp-org:service:WANIPConnection:1</serviceType><controlURL>/ctl1</controlURL></service>
        <service><serviceType>urn:schemas-upnp-org:service:WANIPConnection:2</serviceType><SCPDURL>/x</SCPDURL><controlURL>/ctl2</controlURL></service>
        </serviceList></device></deviceList></device></root>
        """;

    private static readonly IPAddress Router = IPAddress.Parse("192.168.1.1");
    private static readonly Uri Location = new("http://192.168.1.1:5000/root.xml");

    [Fact]
    public void A_declaration_that_is_no_text_is_refused()
    {
        byte[] document = [.. "<?xml version=\"1.0"u8, .. Enumerable.Repeat((byte)0xB6, 32), .. "\"?>"u8];
        Assert.False(IgdCodec.TryReadDescription(document, new Uri("http://192.0.2.1/desc.xml"), IPAddress.Parse("192.0.2.1"), out _));
    }

    [Fact]
    public void Of_several_services_the_most_able_is_taken()
    {
        Assert.True(IgdCodec.TryReadDescription(Encoding.UTF8.GetBytes(Service), Location, Router, out IgdService? service));
        Assert.Equal(new IgdService("urn:schemas-upnp-org:service:WANIPConnection:2", new Uri("http://192.168.1.1:5000/ctl2")), service);
        Assert.True(service.ChoosesPorts);
    }

    [Theory]
    [InlineData("<controlURL>http://10.0.0.9:80/ctl</controlURL>")]
    [InlineData("<controlURL>http://router.example/ctl</controlURL>")]
    [InlineData("<controlURL>https://192.168.1.1/ctl</controlURL>")]
    [InlineData("<controlURL>file:///etc/passwd</controlURL>")]
    [InlineData("<controlURL>//10.0.0.9/ctl</controlURL>")]
    [InlineData("<controlURL>http://user@192.168.1.1/ctl</controlURL>")]
    public void A_service_elsewhere_is_left_out(string control)
    {
        string description = $"<root><service><serviceType>urn:schemas-upnp-org:service:WANIPConnection:1</serviceType>{control}</service></root>";
        Assert.False(IgdCodec.TryReadDescription(Encoding.UTF8.GetBytes(description), Location, Router, out _));
    }

    [Fact]
    public void A_base_elsewhere_is_left_out_of_account()
    {
        string description = "<root><URLBase>http://10.0.0.9/</URLBase><service><serviceType>urn:schemas-upnp-org:service:WANPPPConnection:1</serviceType>"
            + "<controlURL>ctl</controlURL></service></root>";
        Assert.True(IgdCodec.TryReadDescription(Encoding.UTF8.GetBytes(description), Location, Router, out IgdService? service));
        Assert.Equal("http://192.168.1.1:5000/ctl", service.Control.ToString());
    }

    [Theory]
    [InlineData("<!DOCTYPE lolz [<!ENTITY lol \"lol\"><!ENTITY lol2 \"&lol;&lol;&lol;\">]><root>&lol2;</root>")]
    [InlineData("<!DOCTYPE root SYSTEM \"file:///etc/passwd\"><root/>")]
    [InlineData("<root>&lol;</root>")]
    [InlineData("<root><service></root>")]
    [InlineData("no xml")]
    [InlineData("")]
    public void Entities_and_what_is_not_well_formed_are_refused(string document) =>
        Assert.False(IgdCodec.TryReadAnswer(Encoding.UTF8.GetBytes(document), out _));

    [Fact]
    public void Documents_are_read_at_their_bounds_and_refused_beyond()
    {
        Assert.True(IgdCodec.TryReadAnswer(Nested(IgdCodec.MaxDepth), out _));
        Assert.False(IgdCodec.TryReadAnswer(Nested(IgdCodec.MaxDepth + 1), out _));
        Assert.True(IgdCodec.TryReadAnswer(Long(IgdCodec.MaxDocumentSize), out _));
        Assert.False(IgdCodec.TryReadAnswer(Long(IgdCodec.MaxDocumentSize + 1), out _));
        Assert.Equal(IgdCodec.MaxValueLength, Value(IgdCodec.MaxValueLength)?.Length);
        Assert.Null(Value(IgdCodec.MaxValueLength + 1));
        Assert.True(IgdCodec.TryReadAnswer(
            Encoding.UTF8.GetBytes($"<a>{string.Concat(Enumerable.Range(0, IgdCodec.MaxValues + 1).Select(i => $"<v{i}>x</v{i}>"))}</a>"), out IgdAnswer? many));
        Assert.Equal(IgdCodec.MaxValues, many.Values.Count);
    }

    [Fact]
    public void A_request_names_service_action_and_arguments()
    {
        Assert.True(IgdCodec.TryReadDescription(Encoding.UTF8.GetBytes(Service), Location, Router, out IgdService? service));
        var request = new MappingRequest(MappedTransport.Tcp, 6881, 16881, TimeSpan.FromMinutes(30));
        string body = IgdCodec.AddBody(service, request, IPAddress.Parse("192.168.1.7"), any: false);
        Assert.Contains(
            "<u:AddPortMapping xmlns:u=\"urn:schemas-upnp-org:service:WANIPConnection:2\"><NewRemoteHost></NewRemoteHost><NewExternalPort>16881</NewExternalPort>"
            + "<NewProtocol>TCP</NewProtocol><NewInternalPort>6881</NewInternalPort><NewInternalClient>192.168.1.7</NewInternalClient><NewEnabled>1</NewEnabled>"
            + "<NewPortMappingDescription>Starling</NewPortMappingDescription><NewLeaseDuration>1800</NewLeaseDuration></u:AddPortMapping>",
            body, StringComparison.Ordinal);
        Assert.Contains("<u:AddAnyPortMapping ", IgdCodec.AddBody(service, request, Router, any: true), StringComparison.Ordinal);
        Assert.Contains("<NewProtocol>UDP</NewProtocol></u:DeletePortMapping>", IgdCodec.RemoveBody(service, request with { Transport = MappedTransport.Udp }), StringComparison.Ordinal);
        Assert.True(IgdCodec.TryReadAnswer(Encoding.UTF8.GetBytes(body), out _));
    }

    [Theory]
    [InlineData("<NewExternalIPAddress>45.77.1.2</NewExternalIPAddress><NewReservedPort>77</NewReservedPort>", "45.77.1.2", 77, null)]
    [InlineData("<NewExternalIPAddress>0.0.0.0</NewExternalIPAddress><NewReservedPort>65536</NewReservedPort>", null, null, null)]
    [InlineData("<NewExternalIPAddress>evil.example</NewExternalIPAddress><NewReservedPort>-1</NewReservedPort>", null, null, null)]
    [InlineData("<e><errorCode>718</errorCode></e>", null, null, 718)]
    [InlineData("<e><errorCode>what</errorCode></e>", null, null, 0)]
    public void Values_of_answers_are_checked(string inner, string? address, int? port, int? error)
    {
        Assert.True(IgdCodec.TryReadAnswer(Encoding.UTF8.GetBytes($"<a>{inner}</a>"), out IgdAnswer? answer));
        Assert.Equal((address, port, error), (IgdCodec.ExternalAddress(answer)?.ToIPAddress().ToString(), IgdCodec.ReservedPort(answer), answer.Error));
    }

    [Fact]
    public void Errors_say_what_can_be_done()
    {
        Assert.True(IgdCodec.Refusal(718).IsConflict);
        Assert.True(IgdCodec.Refusal(725).WantsPermanent);
        Assert.Equal("UPnP error 999", IgdCodec.Refusal(999).Reason);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\nLOCATION: http://192.168.1.1:5000/root.xml\r\n\r\n", true)]
    [InlineData("HTTP/1.0 200 OK\r\nlocation:http://192.168.1.1/root.xml\r\nst:urn:schemas-upnp-org:device:InternetGatewayDevice:2\r\n\r\n", true)]
    [InlineData("HTTP/1.1 200 OK\r\nST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\nLOCATION: http://192.168.1.2:5000/root.xml\r\n\r\n", false)]
    [InlineData("HTTP/1.1 200 OK\r\nST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\nLOCATION: file:///etc/passwd\r\n\r\n", false)]
    [InlineData("HTTP/1.1 200 OK\r\nST: urn:schemas-upnp-org:device:MediaServer:1\r\nLOCATION: http://192.168.1.1:5000/root.xml\r\n\r\n", false)]
    [InlineData("NOTIFY * HTTP/1.1\r\nST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\nLOCATION: http://192.168.1.1:5000/root.xml\r\n\r\n", false)]
    [InlineData("", false)]
    public void An_answer_to_a_search_leads_to_the_gateway_itself_or_nowhere(string answer, bool leads) =>
        Assert.Equal(leads, SsdpCodec.Location(Encoding.ASCII.GetBytes(answer), Router) is not null);

    [Fact]
    public void An_answer_to_a_search_is_bounded()
    {
        string head = "HTTP/1.1 200 OK\r\nST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\nLOCATION: http://192.168.1.1/r\r\nX: ";
        Assert.NotNull(SsdpCodec.Location(Encoding.ASCII.GetBytes(head.PadRight(SsdpCodec.MaxAnswerSize, 'x')), Router));
        Assert.Null(SsdpCodec.Location(Encoding.ASCII.GetBytes(head.PadRight(SsdpCodec.MaxAnswerSize + 1, 'x')), Router));
    }

    private static string? Value(int length) =>
        IgdCodec.TryReadAnswer(Encoding.UTF8.GetBytes($"<a><b>{new string('x', length)}</b></a>"), out IgdAnswer? answer)
            ? answer.Values.GetValueOrDefault("b")
            : null;

    private static byte[] Nested(int depth) =>
        Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("<a>", depth)) + string.Concat(Enumerable.Repeat("</a>", depth)));

    private static byte[] Long(int size) => Encoding.UTF8.GetBytes($"<a>{new string('x', size - "<a></a>".Length)}</a>");
}
