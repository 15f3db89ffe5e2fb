using System;
using System.Linq;
using Starling.Core.Engine;
using Starling.Core.Trackers;

namespace Starling.Tests.Core.Trackers;

public sealed class FoundPeersTests
{
    private static readonly string[] Named =
    [
        "8.8.8.8:1", "8.8.8.8:1", "8.8.8.8:0", "10.0.0.1:1", "192.168.1.1:1", "172.16.0.1:1", "100.64.0.1:1", "127.0.0.1:1", "0.0.0.0:1", "224.0.0.1:1",
        "255.255.255.255:1", "[2001:db8::1]:1", "[::1]:1", "[fe80::1]:1", "[ff02::1]:1", "[fd00::1]:1", "[::]:1", "[::8.8.8.8]:1",
    ];

    [Theory]
    [InlineData("9.9.9.9:80", "8.8.8.8:1 [2001:db8::1]:1")]
    [InlineData("[2001:db8::2]:80", "8.8.8.8:1 [2001:db8::1]:1")]
    [InlineData("192.168.1.9:80", "8.8.8.8:1 10.0.0.1:1 192.168.1.1:1 172.16.0.1:1 100.64.0.1:1 [2001:db8::1]:1 [fd00::1]:1")]
    [InlineData("127.0.0.1:80", "8.8.8.8:1 10.0.0.1:1 192.168.1.1:1 172.16.0.1:1 100.64.0.1:1 127.0.0.1:1 [2001:db8::1]:1 [::1]:1 [fd00::1]:1")]
    public void A_tracker_names_nobody_who_lies_further_in_than_itself(string tracker, string usable) => Assert.Equal(
        usable.Split(' '),
        FoundPeers.Usable([.. Named.Select(TrackerParts.Address)], TrackerParts.Address(tracker)).Select(peer => peer.ToString()));

    [Fact]
    public void A_private_torrent_takes_peers_of_trackers_and_those_who_come()
    {
        PeerSource[] allowed = [.. Enum.GetValues<PeerSource>().Where(source => FoundPeers.MayUse(source, isPrivate: true))];
        Assert.Equal([PeerSource.Tracker, PeerSource.Incoming], allowed);
        Assert.All(Enum.GetValues<PeerSource>(), source => Assert.True(FoundPeers.MayUse(source, isPrivate: false)));
    }
}
