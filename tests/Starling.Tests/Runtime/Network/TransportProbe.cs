using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Threading;
using System.Threading.Channels;
using System.Threading.Tasks;
using Starling.Core.Engine;
using Starling.Core.Primitives;
using Starling.Core.Wire;
using Starling.Runtime.Network;

namespace Starling.Tests.Runtime.Network;

/// <summary>A transport on loopback in place of a whole process: what it posts can be awaited, in order.</summary>
internal sealed class TransportProbe : IAsyncDisposable
{
    /// <summary>Only what never happens takes this long.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Channel<NodeInput> _inputs = Channel.CreateUnbounded<NodeInput>();
    private readonly List<NodeInput> _seen = [];

    public TransportProbe(LinkTransportOptions? options = null)
    {
        options ??= new LinkTransportOptions();
        options = options with
        {
            Listen = options.Listen ?? new IPEndPoint(IPAddress.Loopback, 0),
            Refused = (_, problem) => Refusals.Writer.TryWrite(problem.Reason),
        };
        Assert.True(TlsLinkTransport.TryStart(options, Post, out TlsLinkTransport? transport, out Problem? problem), problem?.ToString());
        Transport = transport;
    }

    public TlsLinkTransport Transport { get; }

    public Channel<string> Refusals { get; } = Channel.CreateUnbounded<string>();

    public PeerAddress Address => PeerAddress.From(Transport.ListenEndPoint.Address, Transport.ListenEndPoint.Port);

    /// <summary>Everything posted so far.</summary>
    public IReadOnlyList<NodeInput> Seen
    {
        get
        {
            lock (_seen)
            {
                return [.. _seen];
            }
        }
    }

    public static byte[] HandshakeBytes { get; } =
        new Handshake(Handshake.ExtensionBit, new InfoHash(new byte[20]), new PeerId(new byte[20])).Encode();

    /// <summary>The next input of this kind; what comes before it is skipped.</summary>
    public async Task<T> NextAsync<T>()
        where T : NodeInput
    {
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            if (await _inputs.Reader.ReadAsync(patience.Token) is T wanted)
            {
                return wanted;
            }
        }
    }

    public async Task<string> NextRefusalAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        return await Refusals.Reader.ReadAsync(patience.Token);
    }

    /// <summary>Connects to another probe: my link, and its.</summary>
    public async Task<(LinkId Mine, LinkId Theirs)> MeetAsync(TransportProbe other)
    {
        Transport.Connect(other.Address);
        NodeInput.LinkOpened mine = await NextAsync<NodeInput.LinkOpened>();
        NodeInput.LinkOpened theirs = await other.NextAsync<NodeInput.LinkOpened>();
        return (mine.Link, theirs.Link);
    }

    /// <summary>Connects, and both sides say the BitTorrent handshake.</summary>
    public async Task<(LinkId Mine, LinkId Theirs)> GreetAsync(TransportProbe other)
    {
        (LinkId mine, LinkId theirs) = await MeetAsync(other);
        Transport.Send(mine, HandshakeBytes);
        other.Transport.Send(theirs, HandshakeBytes);
        Assert.Equal(HandshakeBytes, (await NextAsync<NodeInput.FrameReceived>()).Frame);
        Assert.Equal(HandshakeBytes, (await other.NextAsync<NodeInput.FrameReceived>()).Frame);
        return (mine, theirs);
    }

    public async ValueTask DisposeAsync()
    {
        await Transport.DisposeAsync();
        AssertLinksOpenOnceAndCloseOnce();
    }

    private void AssertLinksOpenOnceAndCloseOnce()
    {
        IReadOnlyList<NodeInput> seen = Seen;
        LinkId[] opened = [.. seen.OfType<NodeInput.LinkOpened>().Select(input => input.Link).Order(LinkOrder)];
        LinkId[] closed = [.. seen.OfType<NodeInput.LinkClosed>().Select(input => input.Link).Order(LinkOrder)];
        Assert.Equal(opened.Distinct(), opened);
        Assert.Equal(opened, closed);
        Assert.Equal(0, Transport.LinkCount);

        HashSet<LinkId> alive = [];
        foreach (NodeInput input in seen)
        {
            switch (input)
            {
                case NodeInput.LinkOpened open: alive.Add(open.Link); break;
                case NodeInput.FrameReceived frame: Assert.Contains(frame.Link, alive); break;
                case NodeInput.LinkDrained drained: Assert.Contains(drained.Link, alive); break;
                case NodeInput.LinkClosed close: alive.Remove(close.Link); break;
                default: break;
            }
        }
    }

    private static Comparer<LinkId> LinkOrder { get; } = Comparer<LinkId>.Create((left, right) => left.Value.CompareTo(right.Value));

    private void Post(NodeInput input)
    {
        lock (_seen)
        {
            _seen.Add(input);
        }

        _inputs.Writer.TryWrite(input);
    }
}
