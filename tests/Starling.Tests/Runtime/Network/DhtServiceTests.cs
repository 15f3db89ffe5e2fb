using System;
using System.Collections.Generic;
using System.IO;
using System.Net;
using System.Threading;
using System.Threading.Channels;
using System.Threading.Tasks;
using Starling.Core.Dht;
using Starling.Core.Primitives;
using Starling.Runtime.Identity;
using Starling.Runtime.Network;
using Starling.Tests.Runtime.Tasks;

namespace Starling.Tests.Runtime.Network;

/// <summary>Services on loopback addresses of their own; no router but each other.</summary>
public sealed class DhtServiceTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly InfoHash Swarm = InfoHash.Of(Hash256.Of([7]));

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("127.0.0.1", "127.0.0.2")]
    [InlineData("::1", "::1")]
    [InlineData("::", "127.0.0.1")]
    public async Task Two_processes_find_each_other(string here, string there)
    {
        await using var a = new Party(here);
        await using var b = new Party(there, a.Name(here == "::" ? there : here));
        await a.FindsAsync(b.Port.EndPoint.Port);
        await b.FindsAsync(a.Port.EndPoint.Port);
    }

    [Fact]
    public async Task Known_nodes_are_kept_from_one_run_to_the_next()
    {
        string file = Path.Combine(_folder.Path, "home", "dht");
        await using var a = new Party("127.0.0.1");
        await using (var b = new Party("127.0.0.2", a.Name("127.0.0.1"), file))
        {
            await b.FindsAsync(a.Port.EndPoint.Port);
        }

        Assert.Equal([file], Directory.GetFiles(Path.GetDirectoryName(file)!));
        await using var again = new Party("127.0.0.3", null, file);
        await again.FindsAsync(a.Port.EndPoint.Port);
    }

    [Fact]
    public async Task A_damaged_file_is_as_good_as_none()
    {
        string file = Path.Combine(_folder.Path, "dht");
        await File.WriteAllBytesAsync(file, new byte[DhtOptions.MaxSavedSize + 1]);
        Assert.Empty(NodeFile.Read(file));
        await File.WriteAllTextAsync(file, "d5:nodes3:abce");
        await using var a = new Party("127.0.0.1");
        await using var b = new Party("127.0.0.2", a.Name("127.0.0.1"), file);
        await b.FindsAsync(a.Port.EndPoint.Port);
    }

    [Fact]
    public async Task Nothing_is_sent_and_no_node_is_made_while_nobody_is_known()
    {
        await using var alone = new Party("127.0.0.1");
        Assert.Equal(0, alone.Service.NodeCount);
        Assert.True(alone.Service.TryHandle(PeerAddress.From(IPAddress.Loopback, 9), "d1:t2:aa1:y1:qe"u8));
        Assert.False(alone.Service.TryHandle(PeerAddress.From(IPAddress.Loopback, 9), [0x41, 0, 0, 0, 0, 0, 0, 0, 0]));
        Assert.False(alone.Service.TryHandle(PeerAddress.From(IPAddress.Loopback, 9), new byte[5000]));
    }

    [Fact]
    public async Task Datagrams_that_wait_for_the_node_are_bounded_and_it_serves_afterwards()
    {
        await using var a = new Party("127.0.0.1");
        for (int i = 0; i < 4 * DhtService.MaxWaiting; i++)
        {
            Assert.True(a.Service.TryHandle(PeerAddress.From(IPAddress.Parse("127.0.0.9"), 9), "d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe"u8));
            Assert.InRange(a.Service.WaitingCount, 0, DhtService.MaxWaiting);
        }

        await using var b = new Party("127.0.0.2", a.Name("127.0.0.1"));
        await a.FindsAsync(b.Port.EndPoint.Port);
        Assert.InRange(a.Service.WaitingCount, 0, DhtService.MaxWaiting);
    }

    private sealed class Party : IAsyncDisposable
    {
        private readonly Channel<int> _ports = Channel.CreateUnbounded<int>();

        public Party(string address, string? router = null, string? file = null)
        {
            Assert.True(UdpPort.TryOpen(new IPEndPoint(IPAddress.Parse(address), 0), out UdpPort? port, out Problem? problem), problem?.Reason);
            Port = port;
            Service = DhtService.Start(
                new DhtServiceOptions { Nodes = router is null ? [] : [router], File = file }, port, new Ed25519Verifier());
            Service.Search(Swarm, (ushort)port.EndPoint.Port, Report);
        }

        public UdpPort Port { get; }

        public DhtService Service { get; }

        public string Name(string address) => PeerAddress.From(IPAddress.Parse(address), Port.EndPoint.Port).ToString();

        public async Task FindsAsync(int port)
        {
            using var patience = new CancellationTokenSource(Patience);
            while (await _ports.Reader.ReadAsync(patience.Token) != port)
            {
            }
        }

        public async ValueTask DisposeAsync()
        {
            await Service.DisposeAsync();
            await Port.DisposeAsync();
        }

        private void Report(IReadOnlyList<PeerAddress> peers)
        {
            foreach (PeerAddress peer in peers)
            {
                _ports.Writer.TryWrite(peer.Port);
            }
        }
    }
}
