using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.IO;
using System.Net;
using System.Security;
using System.Text;
using System.Xml;
using Starling.Core.Primitives;

namespace Starling.Core.PortMapping;

/// <summary>The service of a gateway that forwards ports.</summary>
/// <param name="Type">Its type with version, as requests name it.</param>
/// <param name="Control">Where requests go, at the gateway's own address.</param>
public sealed record IgdService(string Type, Uri Control)
{
    /// <summary>Whether it can choose a free port by itself (<c>AddAnyPortMapping</c>).</summary>
    public bool ChoosesPorts => Type.EndsWith("WANIPConnection:2", StringComparison.Ordinal);
}

/// <summary>What an answer to a request says: values by name, or an error.</summary>
/// <param name="Values">Texts of its elements; the first of each name counts.</param>
/// <param name="Error">UPnP's number; null: none.</param>
public sealed record IgdAnswer(IReadOnlyDictionary<string, string> Values, int? Error);

/// <summary>Descriptions, requests and answers of UPnP gateways (UPnP IGD v1 and v2, WANIPConnection). Documents of XML are bounded, and have no DTD.</summary>
public static class IgdCodec
{
    /// <summary>Bytes of a description or answer.</summary>
    public const int MaxDocumentSize = 128 * 1024;

    /// <summary>Elements within each other.</summary>
    public const int MaxDepth = 24;

    /// <summary>Characters of a value that is taken from a document.</summary>
    public const int MaxValueLength = 1_024;

    /// <summary>Values taken from an answer.</summary>
    public const int MaxValues = 64;

    /// <summary>What the gateway's list of mappings shows.</summary>
    public const string Description = "Starling";

    private const string ConflictReason = "another machine has this port";

    private static readonly string[] ServiceTypes =
    [
        "urn:schemas-upnp-org:service:WANIPConnection:2", "urn:schemas-upnp-org:service:WANIPConnection:1", "urn:schemas-upnp-org:service:WANPPPConnection:1",
    ];

    /// <summary>Reads a gateway's description; of several services that forward ports the most able one.</summary>
    /// <param name="document">The bytes that <paramref name="location"/> gave.</param>
    /// <param name="location">Where they came from.</param>
    /// <param name="gateway">The gateway's address: services elsewhere are left out.</param>
    /// <param name="service">The service.</param>
    public static bool TryReadDescription(byte[] document, Uri location, IPAddress gateway, [NotNullWhen(true)] out IgdService? service)
    {
        ArgumentNullException.ThrowIfNull(location);
        service = null;
        Uri root = location;
        string type = "";
        var found = new List<(string Type, string Control)>();
        bool whole = TryWalk(document, (name, text) =>
        {
            switch (name)
            {
                case "URLBase" when SsdpCodec.OnHost(text, null, gateway) is { } given:
                    root = given;
                    break;
                case "serviceType":
                    type = text;
                    break;
                case "controlURL" when Array.IndexOf(ServiceTypes, type) >= 0 && found.Count < MaxValues:
                    found.Add((type, text));
                    type = "";
                    break;
            }
        });
        if (!whole)
        {
            return false;
        }

        foreach (string wanted in ServiceTypes)
        {
            foreach ((string candidate, string control) in found)
            {
                if (service is null && candidate == wanted && SsdpCodec.OnHost(control, root, gateway) is { } at)
                {
                    service = new IgdService(wanted, at);
                }
            }
        }

        return service is not null;
    }

    /// <summary>The body that asks for a mapping: action <c>AddPortMapping</c>, or <c>AddAnyPortMapping</c> where the gateway may choose.</summary>
    public static string AddBody(IgdService service, MappingRequest request, IPAddress client, bool any)
    {
        ArgumentNullException.ThrowIfNull(service);
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(client);
        return Body(
            service, any ? "AddAnyPortMapping" : "AddPortMapping",
            ("NewRemoteHost", ""), ("NewExternalPort", Text(request.ExternalPort)), ("NewProtocol", Word(request.Transport)),
            ("NewInternalPort", Text(request.InternalPort)), ("NewInternalClient", client.ToString()), ("NewEnabled", "1"),
            ("NewPortMappingDescription", Description), ("NewLeaseDuration", Text((int)request.Lifetime.TotalSeconds)));
    }

    /// <summary>The body that removes a mapping: action <c>DeletePortMapping</c>.</summary>
    public static string RemoveBody(IgdService service, MappingRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return Body(
            service, "DeletePortMapping",
            ("NewRemoteHost", ""), ("NewExternalPort", Text(request.ExternalPort)), ("NewProtocol", Word(request.Transport)));
    }

    /// <summary>The body that asks for the address outside: action <c>GetExternalIPAddress</c>.</summary>
    public static string AddressBody(IgdService service) => Body(service, "GetExternalIPAddress");

    /// <summary>Reads an answer; false: it is none.</summary>
    public static bool TryReadAnswer(byte[] document, [NotNullWhen(true)] out IgdAnswer? answer)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        bool whole = TryWalk(document, (name, text) =>
        {
            if (values.Count < MaxValues)
            {
                values.TryAdd(name, text);
            }
        });
        int? error = values.TryGetValue("errorCode", out string? code)
            ? int.TryParse(code, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : 0
            : null;
        answer = whole ? new IgdAnswer(values, error) : null;
        return answer is not null;
    }

    /// <summary>The address outside in an answer, port 0; null: none that could be one.</summary>
    public static PeerAddress? ExternalAddress(IgdAnswer answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        return answer.Values.TryGetValue("NewExternalIPAddress", out string? text) && IPAddress.TryParse(text, out IPAddress? address)
            && PeerAddress.From(address, 0) is var read && AddressScopes.Of(read) != AddressScope.Unusable ? read : null;
    }

    /// <summary>The port that the gateway chose; null: it did not say.</summary>
    public static int? ReservedPort(IgdAnswer answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        return answer.Values.TryGetValue("NewReservedPort", out string? text)
            && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int port) && port is > 0 and <= ushort.MaxValue ? port : null;
    }

    /// <summary>What an error means (UPnP WANIPConnection, section 2.4.16).</summary>
    public static MappingRefusal Refusal(int error) => error switch
    {
        718 or 729 => new MappingRefusal(ConflictReason) { IsConflict = true },
        725 => new MappingRefusal("it grants no lease with an end") { WantsPermanent = true },
        606 => new MappingRefusal("it does not let this machine forward ports"),
        728 => new MappingRefusal("it has no ports left"),
        401 or 602 => new MappingRefusal("it does not know this request"),
        _ => new MappingRefusal($"UPnP error {error}"),
    };

    private static string Word(MappedTransport transport) => transport == MappedTransport.Udp ? "UDP" : "TCP";

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Body(IgdService service, string action, params ReadOnlySpan<(string Name, string Value)> arguments)
    {
        var body = new StringBuilder("<?xml version=\"1.0\"?>\r\n<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"")
            .Append(" s:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\"><s:Body><u:").Append(action)
            .Append(" xmlns:u=\"").Append(service.Type).Append("\">");
        foreach ((string name, string value) in arguments)
        {
            body.Append('<').Append(name).Append('>').Append(SecurityElement.Escape(value)).Append("</").Append(name).Append('>');
        }

        return body.Append("</u:").Append(action).Append("></s:Body></s:Envelope>\r\n").ToString();
    }

    /// <summary>Hands over name and text of each element that holds nothing but text. False: not well formed, with a DTD, or beyond a bound.</summary>
    private static bool TryWalk(byte[] document, Action<string, string> leaf)
    {
        ArgumentNullException.ThrowIfNull(document);
        if (document.Length > MaxDocumentSize)
        {
            return false;
        }

        var settings = new XmlReaderSettings
        {
            DtdProcessing = DtdProcessing.Prohibit,
            XmlResolver = null,
            MaxCharactersInDocument = MaxDocumentSize,
            MaxCharactersFromEntities = 1,
            IgnoreComments = true,
            IgnoreProcessingInstructions = true,
        };
        try
        {
            // From characters: over bytes the framework's reader throws what it should not where a declaration is no UTF-8.
            using var reader = XmlReader.Create(new StringReader(Encoding.UTF8.GetString(document).TrimStart('\uFEFF')), settings);
            string? open = null;
            var text = new StringBuilder();
            while (reader.Read())
            {
                switch (reader.NodeType)
                {
                    case XmlNodeType.Element:
                        if (reader.Depth >= MaxDepth)
                        {
                            return false;
                        }

                        open = reader.IsEmptyElement ? null : reader.LocalName;
                        text.Clear();
                        break;
                    case XmlNodeType.Text or XmlNodeType.CDATA when open is not null && text.Length + reader.Value.Length <= MaxValueLength:
                        text.Append(reader.Value);
                        break;
                    case XmlNodeType.Text or XmlNodeType.CDATA:
                        open = null;
                        break;
                    case XmlNodeType.EndElement:
                        if (open is not null)
                        {
                            leaf(open, text.ToString().Trim());
                        }

                        open = null;
                        break;
                }
            }

            return true;
        }
        catch (XmlException)
        {
            return false;
        }
    }
}
