using System;
using System.Net;
using Starling.Core.PortMapping;
using Starling.Fuzz.Engine;

namespace Starling.Fuzz.Targets;

internal static class GatewayTargets
{
    private const string Description =
        "<?xml version=\"1.0\"?><root xmlns=\"urn:schemas-upnp-org:device-1-0\"><URLBase>http://192.168.1.1:80/</URLBase><device><serviceList><service>"
        + "<serviceType>urn:schemas-upnp-org:service:WANIPConnection:1</serviceType><controlURL>/ctl/IPConn</controlURL></service></serviceList></device></root>";

    private const string Answer =
        "<?xml version=\"1.0\"?><s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body><u:R xmlns:u=\"u\"><NewExternalIPAddress>50.0.0.1</NewExternalIPAddress>"
        + "<NewReservedPort>6881</NewReservedPort></u:R></s:Body></s:Envelope>";

    private const string Failure = "<s xmlns=\"u\"><errorCode>718</errorCode><errorDescription><![CDATA[Conflict]]></errorDescription></s>";

    private static readonly string[] XmlWords =
    [
        "<a>", "</a>", "<a/>", "<![CDATA[", "]]>", "<!--", "-->", "<!DOCTYPE a [", "<!ENTITY b \"c\">", "&b;", "&amp;", "&#0;", "&#x10FFFF;", "<?pi?>", "xmlns:a=\"b\"", "\u00ef\u00bb\u00bf", "\u00fe\u00ff", "encoding=\"utf-16\"",
        "<URLBase>", "<serviceType>", "<controlURL>", "<errorCode>", "<NewReservedPort>", "http://192.168.1.1/", "http://[::1]/", "//evil/", "99999999999",
    ];

    private static readonly IPAddress Gateway = IPAddress.Parse("192.168.1.1");

    private static readonly Uri Location = new("http://192.168.1.1:5000/root.xml");

    public static FuzzTarget[] All { get; } =
    [
        new()
        {
            Name = "ssdp",
            Covers = [typeof(SsdpCodec)],
            Shape = InputShape.Lines,
            Encodes = false,
            Words = ["HTTP/1.1 200 OK\r\n", "HTTP/1.0 200", "LOCATION: ", "ST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\n", "http://192.168.1.1:5000/", "http://a@192.168.1.1/", "http://192.168.1.1.evil/", "http://3232235777/", "\r\n", ":"],
            MaxSize = 1024,
            Seeds = () => [Parts.Latin("HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=100\r\nST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\nLocation: http://192.168.1.1:5000/root.xml\r\n\r\n")],
            Start = () => static input =>
            {
                Uri? found = SsdpCodec.Location(input.Span, Gateway);
                FuzzFailureException.Unless(found is null || (found.Scheme == "http" && IPAddress.Parse(found.DnsSafeHost).Equals(Gateway)), $"it leads to {found}");
                return null;
            },
        },
        new()
        {
            Name = "igd-description",
            Covers = [typeof(IgdCodec)],
            Encodes = false,
            Words = XmlWords,
            MaxSize = 2048,
            Seeds = () => [Parts.Latin(Description)],
            Start = () => static input =>
            {
                bool read = IgdCodec.TryReadDescription(input.ToArray(), Location, Gateway, out IgdService? service);
                FuzzFailureException.Unless(read == (service is not null), "a service, or false");
                FuzzFailureException.Unless(service is null || IPAddress.Parse(service.Control.DnsSafeHost).Equals(Gateway), $"it leads to {service?.Control}");
                return null;
            },

            // The buffers and name tables of XmlReader.
            FixedAllocation = 96 * 1024,
            QuickInputs = 2_000,
        },
        new()
        {
            Name = "igd-answer",
            Covers = [typeof(IgdCodec)],
            Encodes = false,
            Words = XmlWords,
            MaxSize = 2048,
            Seeds = () => [Parts.Latin(Answer), Parts.Latin(Failure)],
            Start = () => static input =>
            {
                if (IgdCodec.TryReadAnswer(input.ToArray(), out IgdAnswer? answer))
                {
                    FuzzFailureException.Unless(answer.Values.Count <= IgdCodec.MaxValues, "more values than the bound");
                    FuzzFailureException.Unless(IgdCodec.ReservedPort(answer) is null or (> 0 and < 65_536), "a port that is none");
                    IgdCodec.ExternalAddress(answer);
                    IgdCodec.Refusal(answer.Error ?? 0);
                }

                return null;
            },
            FixedAllocation = 96 * 1024,
            QuickInputs = 2_000,
        },
        new()
        {
            Name = "nat-pmp",
            Covers = [typeof(NatPmpCodec)],
            Encodes = false,
            MaxSize = 64,
            Seeds = () => [[0, 128, 0, 0, 0, 0, 1, 0, 50, 0, 0, 1], [0, 129, 0, 0, 0, 0, 1, 0, 0x1A, 0xE1, 0x1A, 0xE1, 0, 0, 14, 16], [0, 130, 0, 3, 0, 0, 0, 1]],
            Start = () => static input =>
            {
                if (NatPmpCodec.TryDecode(input.Span, out NatPmpAnswer? answer))
                {
                    FuzzFailureException.Unless(answer is { Operation: <= 2, InternalPort: >= 0 and < 65_536, ExternalPort: >= 0 and < 65_536 }, "a number beyond its bounds");
                    NatPmpCodec.Refusal(answer.Result);
                }

                return null;
            },
        },
        new()
        {
            Name = "pcp",
            Covers = [typeof(PcpCodec)],
            Encodes = false,
            MaxSize = 1200,
            Seeds = () => [[2, 129, 0, 0, .. Parts.Filled(56)], [2, 129, 0, 11, .. Parts.Filled(56, 0)], [0, 128, 0, 1]],
            Start = () => static input =>
            {
                bool other = PcpCodec.IsOtherVersion(input.Span);
                bool read = PcpCodec.TryDecode(input.Span, out PcpAnswer? answer);
                FuzzFailureException.Unless(!(read && other), "an answer of another version is read");
                if (answer is not null)
                {
                    PcpCodec.Refusal(answer);
                }

                return null;
            },
        },
    ];
}
