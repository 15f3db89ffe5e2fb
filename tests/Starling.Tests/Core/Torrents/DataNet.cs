using System;
using System.Collections.Generic;
using System.Linq;
using System.Security.Cryptography;
using Starling.Core.Engine;
using Starling.Core.Metainfo;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Torrents;
using Starling.Core.Wire;
using Starling.Tests.Core.Metainfo;

namespace Starling.Tests.Core.Torrents;

/// <summary>A virtual clock and network for whole data swarms: real messages as bytes, a delay and a send rate a node, pieces checked against the truth.</summary>
internal sealed class DataNet
{
    private static readonly TimeSpan Delay = TimeSpan.FromMilliseconds(10);
    private readonly PriorityQueue<Action, (long Ticks, long Order)> _events = new();
    private long _order;
    private long _lastLink;

    private readonly TorrentFile? _v2;

    /// <param name="pieces">Pieces.</param>
    /// <param name="pieceLength">Bytes of a piece.</param>
    /// <param name="tail">Bytes of the last one; 0: as the others.</param>
    /// <param name="seed">All that is random follows from it.</param>
    /// <param name="v2">Whether it is a torrent of BEP 52, with piece layers.</param>
    public DataNet(int pieces, int pieceLength, int tail = 0, ulong seed = 1, bool v2 = false)
    {
        Random = new DeterministicRandom(seed);
        Truth = new byte[((pieces - 1) * pieceLength) + (tail == 0 ? pieceLength : tail)];
        Random.Fill(Truth);
        Layout = PieceLayout.Of(Truth.Length, pieceLength);
        Info = new byte[40_000];
        Random.Fill(Info);
        InfoHash = new InfoHash(SHA1.HashData(Info));
        if (v2)
        {
            _v2 = TorrentSamples.Single(TorrentVersion.V2, "truth", Truth, pieceLength).File();
            Info = _v2.Info.Bytes.ToArray();
            InfoHash = InfoHash.Of(_v2.Info.InfoHashV2!.Value);
        }
    }

    public DeterministicRandom Random { get; }

    public byte[] Truth { get; }

    public byte[] Info { get; }

    public InfoHash InfoHash { get; }

    public PieceLayout Layout { get; }

    public Instant Now { get; private set; } = Instant.FromSeconds(1);

    public List<NetNode> Nodes { get; } = [];

    public TorrentKnowledge Knowledge => _v2 is null ? new(Layout, Info) { V1 = InfoHash } : TorrentKnowledge.Of(_v2.Info, _v2.Layers);

    /// <summary>A node; seeds have everything, magnet joiners know only the info-hash.</summary>
    public NetNode Add(bool seed = false, bool magnet = false, Func<DataSwarmOptions, DataSwarmOptions>? options = null)
    {
        ulong number = Random.NextUInt64();
        var address = new PeerAddress(PeerAddress.From(new System.Net.IPAddress([10, 0, (byte)(Nodes.Count >> 8), (byte)Nodes.Count]), 0).Ip, 6881);
        DataSwarmOptions made = new()
        {
            V1 = _v2 is null ? InfoHash : null,
            V2 = _v2?.Info.InfoHashV2,
            PeerId = PeerId.Create(new DeterministicRandom(number)),
            Seed = number,
            ListenPort = address.Port,
        };
        var node = new NetNode(address, new DataSwarm(options?.Invoke(made) ?? made), Truth.Length);
        Nodes.Add(node);
        if (!magnet)
        {
            Open(node, seed);
        }

        return node;
    }

    public void Open(NetNode node, bool seed = false)
    {
        var have = new PieceBits(Layout.PieceCount);
        if (seed)
        {
            have.Fill();
            Truth.CopyTo(node.Content, 0);
        }

        Step(node, new DataInput.Opened(Knowledge, have));
    }

    /// <summary>Tells a node of others.</summary>
    public void Introduce(NetNode node, params NetNode[] others) =>
        Step(node, new DataInput.PeersFound([.. others.Select(other => other.Address)], PeerSource.Owner));

    /// <summary>Runs until the condition holds; false when the virtual time is over before.</summary>
    public bool Run(Func<bool> until, double seconds = 600)
    {
        Instant end = Now + TimeSpan.FromSeconds(seconds);
        while (!until())
        {
            NetNode? first = Nodes.Where(node => !node.IsDead).MinBy(node => node.Swarm.NextWake.Ticks);
            long next = _events.TryPeek(out _, out (long Ticks, long Order) at) ? at.Ticks : long.MaxValue;
            if (first is not null && first.Swarm.NextWake.Ticks < next)
            {
                Now = new Instant(Math.Max(Now.Ticks, first.Swarm.NextWake.Ticks));
                if (Now > end)
                {
                    return false;
                }

                Step(first, new DataInput.Tick());
                continue;
            }

            if (next == long.MaxValue || next > end.Ticks)
            {
                Now = end;
                return until();
            }

            Now = new Instant(Math.Max(Now.Ticks, next));
            _events.Dequeue()();
        }

        return true;
    }

    /// <summary>Lets virtual time pass.</summary>
    public void Pass(double seconds)
    {
        Run(() => false, seconds);
    }

    /// <summary>The machine is gone: nothing more comes from it, its links end.</summary>
    public void Kill(NetNode node)
    {
        node.IsDead = true;
        foreach (NetEnd end in node.Links.Values.ToArray())
        {
            CloseEnd(end);
        }
    }

    public void Step(NetNode node, DataInput input)
    {
        if (node.IsDead)
        {
            return;
        }

        foreach (DataEffect effect in node.Swarm.Step(input, Now).ToArray())
        {
            node.Effects.Add(effect);
            Execute(node, effect);
        }
    }

    private void At(TimeSpan delay, Action action) => _events.Enqueue(action, ((Now + delay).Ticks, _order++));

    private void Execute(NetNode node, DataEffect effect)
    {
        switch (effect)
        {
            case DataEffect.Connect connect: At(Delay, () => Connect(node, connect.Address)); break;
            case DataEffect.CloseLink close when node.Links.TryGetValue(close.Link, out NetEnd? end): At(Delay, () => CloseEnd(end)); break;
            case DataEffect.Send send when node.Links.TryGetValue(send.Link, out NetEnd? end): Transmit(end, send.Bytes.ToArray()); break;
            case DataEffect.SendBlocks send when node.Links.TryGetValue(send.Link, out NetEnd? end):
                foreach (BlockRange block in send.Blocks)
                {
                    Transmit(end, Encode(node, block));
                }

                break;
            case DataEffect.WriteBlocks write: Keep(node, write.Piece, write.Blocks); break;
            case DataEffect.StorePiece store: At(TimeSpan.FromMilliseconds(1), () => Store(node, store)); break;
            case DataEffect.FetchFromWeb fetch: FetchFromWeb(node, fetch.Piece); break;
            case DataEffect.HashBlocks hash: At(TimeSpan.FromMilliseconds(1), () => HashBlocks(node, hash.Piece)); break;
            case DataEffect.OpenTorrent open:
                Assert.Equal(Info, open.InfoBytes.ToArray());
                At(Delay, () => Open(node));
                break;
            case DataEffect.Report report: node.Events.Add(report.Event); break;
            default: break;
        }
    }

    private byte[] Encode(NetNode node, BlockRange block)
    {
        Assert.False(node.Silent);
        byte[] data = node.Content.AsSpan((block.Piece * Layout.PieceLength) + block.Begin, block.Length).ToArray();
        if (node.Lies?.Invoke(block) == true)
        {
            data[0] ^= 0xFF;
        }

        node.Sent.Add(block);
        return PeerMessageCodec.Encode(new PeerMessage.Block(block.Piece, block.Begin, data));
    }

    private void Transmit(NetEnd end, byte[] bytes)
    {
        NetNode node = end.Node;
        long start = Math.Max(Now.Ticks, node.FreeAt);
        node.FreeAt = start + (long)(bytes.Length / node.Rate * TimeSpan.TicksPerSecond);
        TimeSpan sent = TimeSpan.FromTicks(node.FreeAt - Now.Ticks);
        At(sent, () => Step(node, new DataInput.LinkDrained(end.Id, bytes.Length)));
        At(sent + Delay, () => Receive(end.Other!, bytes));
    }

    private void Receive(NetEnd end, byte[] bytes)
    {
        if (end.Closed || end.Node.IsDead)
        {
            return;
        }

        ReadOnlySpan<byte> rest = bytes;
        if (!end.Shaken)
        {
            Assert.True(Handshake.TryDecode(rest[..Handshake.Size], out Handshake handshake));
            end.Shaken = true;
            rest = rest[Handshake.Size..];
            Step(end.Node, end.Outgoing
                ? new DataInput.HandshakeReceived(end.Id, handshake)
                : new DataInput.LinkOpened(end.Id, end.Other!.Node.Address with { Port = (ushort)(40_000 + end.Id.Value) }, false, handshake));
        }

        var frames = new List<DataFrame>();
        end.Reader.Read(rest, frames);
        Assert.Null(end.Reader.Problem);
        if (frames.Count > 0)
        {
            Step(end.Node, new DataInput.FramesReceived(end.Id, frames));
        }
    }

    private void Connect(NetNode node, PeerAddress address)
    {
        NetNode? other = Nodes.Find(each => each.Address == address && !each.IsDead);
        if (other is null)
        {
            Step(node, new DataInput.ConnectFailed(address, "nobody is there"));
            return;
        }

        var mine = new NetEnd(node, new LinkId(++_lastLink), Outgoing: true);
        var theirs = new NetEnd(other, new LinkId(++_lastLink), Outgoing: false) { Other = mine };
        mine.Other = theirs;
        node.Links.Add(mine.Id, mine);
        other.Links.Add(theirs.Id, theirs);
        Step(node, new DataInput.LinkOpened(mine.Id, address, true, null));
    }

    private void CloseEnd(NetEnd end)
    {
        foreach (NetEnd each in new[] { end, end.Other! })
        {
            if (!each.Closed)
            {
                each.Closed = true;
                At(Delay, () =>
                {
                    each.Node.Links.Remove(each.Id);
                    if (each.Shaken || each.Outgoing)
                    {
                        Step(each.Node, new DataInput.LinkClosed(each.Id, "closed"));
                    }
                });
            }
        }
    }

    private void Keep(NetNode node, int piece, IReadOnlyList<HeldBlock> blocks)
    {
        foreach (HeldBlock block in blocks)
        {
            block.Data.Used.CopyTo(node.Content.AsMemory((piece * Layout.PieceLength) + (block.Index * BlockBuffer.Capacity)));
        }
    }

    private void HashBlocks(NetNode node, int piece) => Step(node, new DataInput.BlocksHashed(
        piece, MerkleTree.Leaves(node.Content.AsSpan(piece * Layout.PieceLength, Layout.LengthOf(piece)))));

    private void FetchFromWeb(NetNode node, int piece)
    {
        TimeSpan? takes = node.Web!(piece);
        At(takes ?? Delay, () => Step(node, takes is null ? new DataInput.WebFetchFailed(piece) : new DataInput.WebPieceFetched(piece, BlocksOf(piece))));
    }

    private HeldBlock[] BlocksOf(int piece)
    {
        var blocks = new HeldBlock[Layout.BlocksOf(piece)];
        for (int i = 0; i < blocks.Length; i++)
        {
            BlockRange range = Layout.RangeOf(piece, i);
            var data = new BlockBuffer { Length = range.Length };
            Truth.AsSpan((piece * Layout.PieceLength) + range.Begin, range.Length).CopyTo(data.Bytes.Span);
            blocks[i] = new HeldBlock(i, data);
        }

        return blocks;
    }

    private void Store(NetNode node, DataEffect.StorePiece store)
    {
        Keep(node, store.Piece, store.Blocks);
        int start = store.Piece * Layout.PieceLength;
        int length = Layout.LengthOf(store.Piece);
        ReadOnlySpan<byte> content = node.Content.AsSpan(start, length);
        bool good = content.SequenceEqual(Truth.AsSpan(start, length));
        var hashes = new List<Hash256>();
        for (int at = 0; (store.WantBlockHashes || !good) && at < length; at += BlockBuffer.Capacity)
        {
            hashes.Add(Hash256.Of(content.Slice(at, Math.Min(BlockBuffer.Capacity, length - at))));
        }

        Step(node, new DataInput.PieceChecked(store.Piece, good, hashes));
    }
}

/// <summary>One process of a <see cref="DataNet"/>.</summary>
internal sealed class NetNode(PeerAddress address, DataSwarm swarm, int length)
{
    public PeerAddress Address { get; } = address;

    public DataSwarm Swarm { get; } = swarm;

    public byte[] Content { get; } = new byte[length];

    public Dictionary<LinkId, NetEnd> Links { get; } = [];

    public List<DataEvent> Events { get; } = [];

    public List<DataEffect> Effects { get; } = [];

    public List<BlockRange> Sent { get; } = [];

    /// <summary>Bytes a second that it sends.</summary>
    public double Rate { get; set; } = 10_000_000;

    public long FreeAt { get; set; }

    public bool IsDead { get; set; }

    public bool Silent { get; set; }

    /// <summary>How long a web seed takes for a piece; null: it fails at once.</summary>
    public Func<int, TimeSpan?>? Web { get; set; }

    /// <summary>Whether a block is sent wrong.</summary>
    public Func<BlockRange, bool>? Lies { get; set; }

    public bool IsComplete => Events.Exists(each => each is DataEvent.Complete);

    public IEnumerable<string> Refusals => Events.OfType<DataEvent.Refused>().Select(each => each.Problem.Code);

    public IEnumerable<PeerAddress> Banned => Events.OfType<DataEvent.Refused>().Where(each => each.Problem.Reason.EndsWith("banned", StringComparison.Ordinal)).Select(each => each.Address);
}

/// <summary>One end of a connection.</summary>
internal sealed record NetEnd(NetNode Node, LinkId Id, bool Outgoing)
{
    public NetEnd? Other { get; set; }

    public bool Shaken { get; set; }

    public bool Closed { get; set; }

    public DataFrameReader Reader { get; } = new(() => new BlockBuffer());

    public bool Equals(NetEnd? other) => ReferenceEquals(this, other);

    public override int GetHashCode() => Id.GetHashCode();
}
