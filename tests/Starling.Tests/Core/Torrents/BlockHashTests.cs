using System;
using System.Collections.Generic;
using System.Linq;
using Starling.Core.Engine;
using Starling.Core.Metainfo;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Torrents;
using Starling.Core.Wire;
using Starling.Tests.Core.Metainfo;

namespace Starling.Tests.Core.Torrents;

/// <summary>Hashes of blocks (BEP 52, base layer 0): told from the files within bounds, asked for when a piece came in wrong.</summary>
public sealed class BlockHashTests
{
    private const int Block = BlockBuffer.Capacity;

    [Theory]
    [InlineData(4)]
    [InlineData(1_024)]
    public void Who_sent_a_bad_block_of_a_mixed_piece_is_known_before_the_piece_is_fetched_again(int blocks)
    {
        var net = new DataNet(6, blocks * Block, tail: Block + 9, v2: true);
        NetNode[] seeds = [net.Add(seed: true), net.Add(seed: true), net.Add(seed: true)];
        bool lied = false;
        seeds[1].Lies = range => !lied && range.Piece == 2 && (lied = true);
        NetNode leecher = net.Add();
        net.Introduce(leecher, seeds);

        Assert.True(net.Run(() => leecher.IsComplete));

        Assert.Equal(net.Truth, leecher.Content);
        Assert.True(blocks == 4 || Sources(net, 2) > 1);
        if (Sources(net, 2) > 1)
        {
            Assert.Equal([seeds[1].Address], leecher.Banned.Distinct());
            int banned = leecher.Effects.FindIndex(effect => effect is DataEffect.Report { Event: DataEvent.Refused });
            Assert.Equal(1, leecher.Effects.Take(banned).Count(effect => effect is DataEffect.StorePiece { Piece: 2 }));
            Assert.Contains(seeds, seed => seed.Effects.OfType<DataEffect.HashBlocks>().Any(hash => hash.Piece == 2));
        }
    }

    [Theory]
    [InlineData(1UL)]
    [InlineData(2UL)]
    [InlineData(3UL)]
    [InlineData(4UL)]
    public void Liars_are_banned_and_nobody_else(ulong number)
    {
        var net = new DataNet(40, 8 * Block, seed: number, v2: true);
        NetNode[] seeds = [.. Enumerable.Range(0, 6).Select(_ => net.Add(seed: true))];
        seeds[1].Lies = range => range.Begin == 0;
        seeds[4].Lies = range => range.Piece % 3 == 0 && range.Begin == Block;
        NetNode leecher = net.Add();
        net.Introduce(leecher, seeds);

        Assert.True(net.Run(() => leecher.IsComplete));

        Assert.Equal(net.Truth, leecher.Content);
        Assert.All(leecher.Banned, address => Assert.Contains(address, new[] { seeds[1].Address, seeds[4].Address }));
        Assert.NotEmpty(leecher.Banned);
    }

    [Fact]
    public void A_peer_that_asks_for_blocks_of_a_piece_gets_them()
    {
        var stranger = new Stranger(pieces: 5, blocks: 8);
        foreach (HashRange range in stranger.Tree.RequestsFor(3))
        {
            stranger.Say(new PeerMessage.HashRequest(range));
            Assert.Equal(3, Assert.Single(stranger.Hashing));
            stranger.Hashed(3);
            var leaves = new Hash256[8];
            Assert.True(stranger.Tree.TryTake(3, range, Assert.Single(stranger.Said.OfType<PeerMessage.Hashes>()).Bytes.Span, leaves));
        }

        // Asked again, nothing is read again.
        stranger.Effects.Clear();
        stranger.Say(new PeerMessage.HashRequest(stranger.Tree.RequestsFor(3)[0]));
        Assert.Single(stranger.Said.OfType<PeerMessage.Hashes>());
        Assert.Empty(stranger.Hashing);
    }

    [Fact]
    public void One_piece_is_read_at_a_time_and_a_range_over_many_pieces_reads_each_once()
    {
        var stranger = new Stranger(pieces: 8, blocks: 2);
        HashRange over = stranger.Tree.RequestsFor(0)[0] with { Length = 8, Index = 0 };
        stranger.Say(new PeerMessage.HashRequest(over), new PeerMessage.HashRequest(stranger.Tree.RequestsFor(7)[0]));
        foreach (int piece in (int[])[0, 1, 2, 3, 7])
        {
            Assert.Equal(piece, Assert.Single(stranger.Hashing));
            stranger.Effects.RemoveAll(effect => effect is DataEffect.HashBlocks);
            stranger.Hashed(piece);
        }

        Assert.Equal([8, 2], stranger.Said.OfType<PeerMessage.Hashes>().Select(hashes => hashes.Range.Length));
    }

    [Fact]
    public void What_is_not_here_or_can_not_be_read_or_has_changed_is_rejected()
    {
        var stranger = new Stranger(pieces: 5, blocks: 8, missing: 4);
        HashRange range = stranger.Tree.RequestsFor(2)[0];
        stranger.Say(new PeerMessage.HashRequest(stranger.Tree.RequestsFor(4)[0]));
        stranger.Say(new PeerMessage.HashRequest(range with { Root = Hash256.Zero }));
        Assert.Equal(2, stranger.Rejects);
        stranger.Say(new PeerMessage.HashRequest(range));
        stranger.Step(new DataInput.BlocksHashed(2, []));
        Assert.Equal(3, stranger.Rejects);
        stranger.Say(new PeerMessage.HashRequest(range));
        stranger.Step(new DataInput.BlocksHashed(2, new Hash256[8]));
        Assert.Equal(4, stranger.Rejects);
        Assert.False(stranger.IsClosed);
    }

    [Fact]
    public void Requests_that_wait_for_the_disk_are_bounded()
    {
        var stranger = new Stranger(pieces: 5, blocks: 8);
        HashRange range = stranger.Tree.RequestsFor(1)[0];
        for (int i = 0; i < DataLimits.MaxBlockHashRequests; i++)
        {
            stranger.Say(new PeerMessage.HashRequest(range));
        }

        Assert.Equal(0, stranger.Rejects);
        stranger.Say(new PeerMessage.HashRequest(range));
        Assert.Equal(1, stranger.Rejects);
        stranger.Hashed(1);
        Assert.Equal(DataLimits.MaxBlockHashRequests, stranger.Said.OfType<PeerMessage.Hashes>().Count());
    }

    [Fact]
    public void Bytes_read_for_a_peer_are_bounded_a_minute_and_hashes_kept_are_bounded()
    {
        // Pieces of 1 MiB in a torrent that nobody has to hold: 512 of them are the bound.
        const int blocks = 64;
        int most = (int)(DataLimits.MaxBytesHashedPerMinute / (blocks * Block));
        var stranger = new Stranger(pieces: most + 2, blocks, zeros: true);
        for (int piece = 0; piece < most; piece++)
        {
            stranger.AskAndHash(piece);
        }

        Assert.Equal(0, stranger.Rejects);
        stranger.Say(new PeerMessage.HashRequest(stranger.Tree.RequestsFor(most)[0]));
        Assert.Equal(1, stranger.Rejects);
        stranger.Now += TimeSpan.FromSeconds(61);
        stranger.AskAndHash(most);
        Assert.Equal(1, stranger.Rejects);

        // What was read first was forgotten for it, what was read second was not.
        Assert.Equal(DataLimits.MaxBlockHashesKept, most * blocks);
        stranger.Effects.Clear();
        stranger.Say(new PeerMessage.HashRequest(stranger.Tree.RequestsFor(1)[0]));
        Assert.Empty(stranger.Hashing);
        stranger.Say(new PeerMessage.HashRequest(stranger.Tree.RequestsFor(0)[0]));
        Assert.Equal(0, Assert.Single(stranger.Hashing));
    }

    [Fact]
    public void Hash_requests_are_bounded_a_minute()
    {
        var stranger = new Stranger(pieces: 5, blocks: 8);
        HashRange layer = new(stranger.Tree.RequestsFor(0)[0].Root, 3, 0, 8, 2);
        for (int i = 0; i < DataLimits.MaxHashRequestsPerMinute; i++)
        {
            stranger.Say(new PeerMessage.HashRequest(layer));
        }

        Assert.Equal(0, stranger.Rejects);
        stranger.Say(new PeerMessage.HashRequest(layer));
        Assert.Equal(1, stranger.Rejects);
        stranger.Now += TimeSpan.FromSeconds(61);
        stranger.Say(new PeerMessage.HashRequest(layer));
        Assert.Equal(1, stranger.Rejects);
    }

    [Fact]
    public void Failed_pieces_are_asked_about_until_the_bound_and_a_liar_about_hashes_is_banned()
    {
        var asker = new Asker(pieces: DataLimits.MaxFailedPiecesAsked + 2);
        for (int piece = 0; piece < DataLimits.MaxFailedPiecesAsked + 1; piece++)
        {
            asker.Fetch.Want(piece);
        }

        Assert.Equal(DataLimits.MaxFailedPiecesAsked, asker.Requests.Count);
        asker.Fetch.Forget(0);
        asker.Fetch.Want(DataLimits.MaxFailedPiecesAsked);
        Assert.Equal(DataLimits.MaxFailedPiecesAsked + 1, asker.Requests.Count);

        Assert.True(asker.Fetch.TryTake(asker.Peer, new PeerMessage.Hashes(asker.Requests[1], new byte[8 * Hash256.Size])));
        Assert.True(asker.Peers.IsBanned(asker.Peer.Remote));
        Assert.False(asker.Fetch.TryTake(asker.Peer, new PeerMessage.Hashes(asker.Requests[1], new byte[8 * Hash256.Size])));
    }

    [Fact]
    public void A_torrent_whose_halves_disagree_ends_and_nobody_is_banned()
    {
        byte[] content = TorrentSamples.Content(4 * Block, 3);
        TorrentFile file = TorrentSamples.Single(TorrentVersion.Hybrid, "x", content, 4 * Block).File();
        var swarm = new DataSwarm(new DataSwarmOptions { V1 = file.Info.InfoHashV1, V2 = file.Info.InfoHashV2, PeerId = PeerId.Create(new DeterministicRandom(1)), Seed = 1 });
        var effects = new List<DataEffect>();
        void Step(DataInput input) => effects.AddRange(swarm.Step(input, Instant.FromSeconds(1)));
        Step(new DataInput.Opened(TorrentKnowledge.Of(file.Info, file.Layers), new PieceBits(1)));
        var link = new LinkId(1);
        Step(new DataInput.LinkOpened(
            link, PeerAddress.From(new([80, 4, 4, 200]), 1), false, new Handshake(Handshake.FastBit, file.Info.InfoHashV1!.Value, PeerId.Create(new DeterministicRandom(2)))));
        Step(new DataInput.FramesReceived(link, [DataFrame.Of(new PeerMessage.HaveAll()), DataFrame.Of(new PeerMessage.Unchoke())]));
        Step(new DataInput.FramesReceived(
            link, [.. Enumerable.Range(0, 4).Select(block => DataFrame.OfBlock(0, block * Block, new BlockBuffer { Length = Block }))]));
        Assert.Single(effects.OfType<DataEffect.StorePiece>());
        Step(new DataInput.PieceChecked(0, Good: false, MerkleTree.Leaves(content)));
        DataEvent[] told = [.. effects.OfType<DataEffect.Report>().Select(report => report.Event)];
        Assert.Contains("disagree", Assert.Single(told.OfType<DataEvent.Failed>()).Problem.Reason, StringComparison.Ordinal);
        Assert.Empty(told.OfType<DataEvent.Refused>());
    }

    private static int Sources(DataNet net, int piece) => net.Nodes.Count(node => node.Sent.Exists(range => range.Piece == piece));

    /// <summary>A seed of a v2 torrent, and one peer that asks it.</summary>
    private sealed class Stranger
    {
        private readonly DataSwarm _swarm;
        private readonly LinkId _link = new(1);
        private readonly int _blocks;
        private readonly byte[] _content;

        public Stranger(int pieces, int blocks, int? missing = null, bool zeros = false)
        {
            _blocks = blocks;
            _content = zeros ? [] : TorrentSamples.Content(pieces * blocks * Block, 5);
            TorrentFile file = zeros ? OfZeros(pieces, blocks) : TorrentSamples.Single(TorrentVersion.V2, "x", _content, blocks * Block).File();
            Tree = new BlockTree(file.Info, file.Layers!);
            var have = new PieceBits(pieces);
            have.Fill();
            if (missing is { } piece)
            {
                have.Remove(piece);
            }

            _swarm = new DataSwarm(new DataSwarmOptions { V2 = file.Info.InfoHashV2, PeerId = PeerId.Create(new DeterministicRandom(1)), Seed = 1 });
            Step(new DataInput.Opened(TorrentKnowledge.Of(file.Info, file.Layers), have));
            Step(new DataInput.LinkOpened(
                _link,
                PeerAddress.From(new([80, 4, 4, 200]), 6881),
                false,
                new Handshake(Handshake.FastBit | Handshake.V2Bit, InfoHash.Of(file.Info.InfoHashV2!.Value), PeerId.Create(new DeterministicRandom(2)))));
            Effects.Clear();
        }

        public BlockTree Tree { get; }

        public Instant Now { get; set; } = Instant.FromSeconds(10);

        public List<DataEffect> Effects { get; } = [];

        public bool IsClosed => Effects.Exists(effect => effect is DataEffect.CloseLink);

        public IEnumerable<int> Hashing => Effects.OfType<DataEffect.HashBlocks>().Select(hash => hash.Piece);

        public int Rejects => Said.OfType<PeerMessage.HashReject>().Count();

        public IEnumerable<PeerMessage> Said
        {
            get
            {
                foreach (DataEffect.Send send in Effects.OfType<DataEffect.Send>())
                {
                    var frames = new List<DataFrame>();
                    new DataFrameReader(() => new BlockBuffer()).Read(send.Bytes.Span, frames);
                    foreach (DataFrame frame in frames.Where(frame => frame.Kind == DataFrameKind.Message))
                    {
                        yield return frame.Message;
                    }
                }
            }
        }

        public void Step(DataInput input) => Effects.AddRange(_swarm.Step(input, Now));

        public void Say(params PeerMessage[] messages) => Step(new DataInput.FramesReceived(_link, [.. messages.Select(DataFrame.Of)]));

        public void Hashed(int piece) => Step(new DataInput.BlocksHashed(piece, _content.Length == 0
            ? [.. Enumerable.Repeat(Zeros, _blocks)]
            : MerkleTree.Leaves(_content.AsSpan(piece * _blocks * Block, _blocks * Block))));

        public void AskAndHash(int piece)
        {
            int before = Hashing.Count();
            Say(new PeerMessage.HashRequest(Tree.RequestsFor(piece)[0]));
            Assert.Equal(before + 1, Hashing.Count());
            Hashed(piece);
        }

        private static Hash256 Zeros { get; } = Hash256.Of(new byte[Block]);

        private static TorrentFile OfZeros(int pieces, int blocks)
        {
            using var hasher = new FileHasher(blocks * Block, TorrentVersion.V2);
            var piece = new byte[blocks * Block];
            for (int i = 0; i < pieces; i++)
            {
                hasher.Append(piece);
            }

            return CreatedTorrent.OfFile(hasher.Complete("x", isLast: true), blocks * Block, TorrentVersion.V2).File();
        }
    }

    /// <summary>A swarm's parts with one peer that has everything.</summary>
    private sealed class Asker
    {
        private readonly DataContext _context;

        public Asker(int pieces)
        {
            TorrentFile file = TorrentSamples.Single(TorrentVersion.V2, "x", TorrentSamples.Content(pieces * 8 * Block, 5), 8 * Block).File();
            _context = new DataContext(new DataSwarmOptions { V2 = file.Info.InfoHashV2, PeerId = PeerId.Create(new DeterministicRandom(1)), Seed = 1 })
            {
                Torrent = TorrentKnowledge.Of(file.Info, file.Layers),
            };
            Peers = new DataPeerTable(_context, new Starling.Core.Swarm.AddressBook(_context.Random));
            Peer = Peers.Open(new LinkId(1), PeerAddress.From(new([80, 4, 4, 200]), 6881), outgoing: false)!;
            Peers.Establish(Peer, new Handshake(Handshake.V2Bit, default, PeerId.Create(new DeterministicRandom(2))));
            Peer.IsV2 = true;
            Peer.Bits = new PieceBits(pieces);
            Peer.Bits.Fill();
            Fetch = new BlockHashFetch(_context, Peers);
        }

        public DataPeerTable Peers { get; }

        public DataPeer Peer { get; }

        public BlockHashFetch Fetch { get; }

        public List<HashRange> Requests
        {
            get
            {
                _context.Flush(Peer);
                var frames = new List<DataFrame>();
                foreach (DataEffect.Send send in _context.Effects.OfType<DataEffect.Send>())
                {
                    new DataFrameReader(() => new BlockBuffer()).Read(send.Bytes.Span, frames);
                }

                return [.. frames.Select(frame => ((PeerMessage.HashRequest)frame.Message).Range)];
            }
        }
    }
}
