using System;
using System.Net;
using Starling.Core.Primitives;
using Starling.Core.Trackers;
using Starling.Core.Wire;

namespace Starling.Tests.Core.Trackers;

/// <summary>Values that tests of trackers share.</summary>
internal static class TrackerParts
{
    public static InfoHash Swarm { get; } = new(Convert.FromHexString("00ff20414d2e5f7e2d26253d2f3a0a0d7f80c3a9"));

    public static PeerId Peer { get; } = new("-ST0100-abcdefghijkl"u8);

    public static AnnounceRequest Request { get; } = new()
    {
        InfoHash = Swarm,
        PeerId = Peer,
        Port = 6881,
        Uploaded = 1,
        Downloaded = 2,
        Left = 3,
        Key = 0xdeadbeef,
    };

    public static TrackerUrl Url(string text) =>
        TrackerUrl.TryParse(text, out TrackerUrl? url, out Problem? problem) ? url : throw new ArgumentException(problem.ToString(), nameof(text));

    public static PeerAddress Address(string text) => PeerAddress.From(IPEndPoint.Parse(text).Address, IPEndPoint.Parse(text).Port);
}
