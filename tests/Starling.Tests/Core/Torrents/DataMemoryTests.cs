using System;
using System.Collections.Generic;
using System.Linq;
using Starling.Core.Engine;
using Starling.Core.Primitives;
using Starling.Core.Swarm;
using Starling.Core.Torrents;
using Starling.Core.Wire;

namespace Starling.Tests.Core.Torrents;

/// <summary>What a swarm remembers of peers, and how long it waits for them: each bound of <see cref="DataLimits"/>, at the bound and one beyond.</summary>
public sealed class DataMemoryTests
{
    [Fact]
    public void Pieces_told_before_the_metadata_is_known_are_remembered_up_to_the_bound()
    {
        var swarm = new ScriptedSwarm(pieces: DataLimits.MaxEarlyHaves + 10, magnet: true);
        swarm.Join(1, [.. Enumerable.Range(0, DataLimits.MaxEarlyHaves + 1).Select(piece => new PeerMessage.Have(piece))]);
        swarm.Open();
        Assert.False(swarm.IsClosed(1));
        Assert.Equal(DataLimits.MaxEarlyHaves, Assert.Single(swarm.Swarm.Snapshot(swarm.Now, withPeers: true).Peers).Pieces);
    }

    [Fact]
    public void Suggestions_are_followed_up_to_the_bound()
    {
        var swarm = new ScriptedSwarm(pieces: 5_000);
        int[] suggested = [.. Enumerable.Range(1_000, DataLimits.MaxSuggestions + 1)];
        swarm.Join(1, [new PeerMessage.HaveAll(), .. suggested.Select(piece => new PeerMessage.SuggestPiece(piece)), new PeerMessage.Unchoke()]);
        for (int answered = 0; answered < 2 * DataLimits.MaxSuggestions; answered++)
        {
            Answer(swarm, 1, answered);
        }

        int[] asked = [.. swarm.Asked(1).Select(range => range.Piece)];
        Assert.Equal(suggested[..DataLimits.MaxSuggestions], asked[..DataLimits.MaxSuggestions]);
        Assert.DoesNotContain(suggested[^1], asked);
    }

    [Fact]
    public void Pieces_that_a_choking_peer_gives_are_remembered_up_to_the_bound()
    {
        var swarm = new ScriptedSwarm(pieces: 500);
        int[] allowed = [.. Enumerable.Range(100, DataLimits.MaxAllowedFastHeard + 1)];
        swarm.Join(1, [new PeerMessage.HaveAll(), .. allowed.Select(piece => new PeerMessage.AllowedFast(piece))]);
        for (int answered = 0; answered < swarm.Asked(1).Count; answered++)
        {
            Answer(swarm, 1, answered);
        }

        Assert.Equal(allowed[..DataLimits.MaxAllowedFastHeard], swarm.Asked(1).Select(range => range.Piece).Order());
    }

    [Fact]
    public void The_oldest_ban_is_forgiven_at_the_bound()
    {
        DataPeerTable table = Table();
        for (int i = 0; i <= DataLimits.MaxBans; i++)
        {
            Assert.False(table.IsBanned(ScriptedSwarm.AddressOf(i)));
            table.Ban(ScriptedSwarm.AddressOf(i), "test", "lied");
            Assert.Equal(i < DataLimits.MaxBans, table.IsBanned(ScriptedSwarm.AddressOf(0)));
        }

        Assert.True(table.IsBanned(ScriptedSwarm.AddressOf(1)));
        Assert.True(table.IsBanned(ScriptedSwarm.AddressOf(DataLimits.MaxBans) with { Port = 9 }));
    }

    [Fact]
    public void Versions_of_a_failed_piece_are_kept_up_to_the_bound()
    {
        DataPeerTable table = Table();
        var suspects = new PieceSuspects(table);
        Hash256 right = Hash256.Of("right"u8);
        DataPeer honest = table.Open(new LinkId(1_000), ScriptedSwarm.AddressOf(1_000), outgoing: false)!;
        for (int i = 0; i <= DataLimits.MaxFailedVersions; i++)
        {
            DataPeer liar = table.Open(new LinkId(i), ScriptedSwarm.AddressOf(i), outgoing: false)!;
            Assert.True(suspects.Bad(Version(liar, honest), [Hash256.Of([(byte)i]), right]));
        }

        suspects.Good(Version(honest, honest), [right, right]);
        for (int i = 0; i < DataLimits.MaxFailedVersions; i++)
        {
            Assert.True(table.IsBanned(ScriptedSwarm.AddressOf(i)));
        }

        Assert.False(table.IsBanned(ScriptedSwarm.AddressOf(DataLimits.MaxFailedVersions)));
        Assert.False(table.IsBanned(honest.Remote));
    }

    [Fact]
    public void Parts_of_the_metadata_are_told_at_a_bounded_rate_to_each_peer()
    {
        var swarm = new ScriptedSwarm(pieces: 4, seed: true);
        Greet(swarm, 1);
        Greet(swarm, 2);
        var ask = new PeerMessage.Extended(Greeter.MetadataId, new UtMetadata.Request(1).Encode());
        swarm.Say(1, [.. Enumerable.Repeat(ask, DataLimits.MaxMetadataAnswersPerMinute)]);
        Assert.Equal((DataLimits.MaxMetadataAnswersPerMinute, 0), Told(swarm, 1));
        swarm.Say(1, ask);
        Assert.Equal((DataLimits.MaxMetadataAnswersPerMinute, 1), Told(swarm, 1));

        // One peer's flood is not another one's loss.
        swarm.Say(2, ask);
        Assert.Equal((1, 0), Told(swarm, 2));
        swarm.Now += TimeSpan.FromSeconds(61);
        swarm.Say(1, ask);
        Assert.Equal((DataLimits.MaxMetadataAnswersPerMinute + 1, 1), Told(swarm, 1));
        Assert.False(swarm.IsClosed(1));
    }

    [Fact]
    public void Requests_under_way_are_bounded_whatever_a_peer_can_hold()
    {
        var pipeline = new RequestPipeline { Limit = int.MaxValue };
        var unknown = new RateMeter();
        for (int i = 0; i < 2 * DataLimits.MaxRequestsSent; i++)
        {
            pipeline.Answered(new SentRequest(0, 0, default), Instant.FromSeconds(1));
        }

        Assert.Equal(DataLimits.MaxRequestsSent, pipeline.Target(unknown, Instant.FromSeconds(1)));
        pipeline.Limit = DataLimits.DefaultRequestQueue;
        Assert.Equal(DataLimits.DefaultRequestQueue, pipeline.Target(unknown, Instant.FromSeconds(1)));
    }

    [Fact]
    public void A_request_may_have_128_KiB_and_a_longer_one_ends_the_link()
    {
        var swarm = new ScriptedSwarm(pieces: 2, blocks: 16, seed: true);
        swarm.Join(1, new PeerMessage.HaveNone(), new PeerMessage.Interested());
        swarm.Say(1, new PeerMessage.Request(0, 0, DataLimits.MaxRequestLength));
        Assert.Equal(DataLimits.MaxRequestLength, Assert.Single(Assert.Single(swarm.Effects.OfType<DataEffect.SendBlocks>()).Blocks).Length);

        byte[] request = PeerMessageCodec.Encode(new PeerMessage.Request(0, 0, DataLimits.MaxRequestLength));
        var frames = new List<DataFrame>();
        var reader = new DataFrameReader(() => new BlockBuffer());
        reader.Read(request, frames);
        Assert.Null(reader.Problem);
        request[^1]++;
        reader.Read(request, frames);
        Assert.NotNull(reader.Problem);
    }

    [Fact]
    public void Who_owes_blocks_for_a_minute_is_asked_for_little_and_others_for_all()
    {
        var swarm = new ScriptedSwarm(pieces: 1, blocks: 16);
        swarm.Join(1, new PeerMessage.HaveAll(), new PeerMessage.Unchoke());
        Assert.Equal(16, swarm.Asked(1).Count);
        TimeSpan late = TimeSpan.FromSeconds(10);
        swarm.Pass(DataLimits.Snub - late);
        swarm.Join(2, new PeerMessage.HaveAll(), new PeerMessage.Unchoke());
        swarm.Pass(late);
        Assert.InRange(swarm.Asked(2).Count, 0, 15);
        swarm.Pass(TimeSpan.FromSeconds(3));
        Assert.Equal(16, swarm.Asked(2).Distinct().Count());
        Assert.False(swarm.IsClosed(1));
    }

    [Fact]
    public void Connects_under_way_and_connections_of_ones_own_are_bounded()
    {
        var options = new DataSwarmOptions { PeerId = default, Seed = 0 };
        var swarm = new ScriptedSwarm(pieces: 3);
        swarm.Step(new DataInput.PeersFound([.. Enumerable.Range(1, 500).Select(ScriptedSwarm.AddressOf)], PeerSource.Tracker));
        Assert.Equal(options.MaxHalfOpen, Connects(swarm).Count);
        for (int i = 0; i < Connects(swarm).Count; i++)
        {
            var link = new LinkId(i + 1);
            swarm.Step(new DataInput.LinkOpened(link, Connects(swarm)[i], true, null));
            swarm.Step(new DataInput.HandshakeReceived(link, new Handshake(0, ScriptedSwarm.Hash, PeerId.Create(new DeterministicRandom((ulong)i + 7)))));
        }

        Assert.Equal(options.MaxOutgoing, Connects(swarm).Count);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void In_a_private_torrent_peers_are_neither_exchanged_nor_told(bool isPrivate)
    {
        var swarm = new ScriptedSwarm(pieces: 3, isPrivate: isPrivate);
        Greet(swarm, 1);
        Greet(swarm, 2);
        byte[] pex = new UtPex([new PexPeer(ScriptedSwarm.AddressOf(700), PexFlags.None)], []).Encode();
        swarm.Say(1, new PeerMessage.Extended(Greeter.PeerExchangeId, pex));
        swarm.Pass(DataLimits.PeerExchangeInterval * 2);
        Assert.Equal(!isPrivate, Connects(swarm).Contains(ScriptedSwarm.AddressOf(700)));
        Assert.Equal(!isPrivate, swarm.Said(2).Any(frame => frame.Kind == DataFrameKind.Message && frame.Message is PeerMessage.Extended { Id: PexId }));
    }

    private const byte MetadataId = 7;
    private const byte PexId = 8;

    private static List<PeerAddress> Connects(ScriptedSwarm swarm) => [.. swarm.Effects.OfType<DataEffect.Connect>().Select(connect => connect.Address)];

    private static void Greet(ScriptedSwarm swarm, int peer) => swarm.Join(peer, new PeerMessage.HaveNone(), new PeerMessage.Extended(
        ExtendedHandshake.MessageId,
        new ExtendedHandshake { Extensions = [new ExtensionId(UtMetadata.Name, MetadataId), new ExtensionId(UtPex.Name, PexId)], ListenPort = 6881 }.Encode()));

    private static (int Data, int Rejects) Told(ScriptedSwarm swarm, int peer)
    {
        var told = new List<UtMetadata>();
        foreach (DataFrame frame in swarm.Said(peer))
        {
            if (frame.Kind == DataFrameKind.Message && frame.Message is PeerMessage.Extended { Id: MetadataId } message
                && UtMetadata.TryDecode(message.Payload, out UtMetadata? read))
            {
                told.Add(read);
            }
        }

        return (told.OfType<UtMetadata.Data>().Count(), told.OfType<UtMetadata.Reject>().Count());
    }

    /// <summary>Sends the block that was asked for at this place, and stores the piece.</summary>
    private static void Answer(ScriptedSwarm swarm, int peer, int place)
    {
        BlockRange range = swarm.Asked(peer)[place];
        swarm.SendBlock(peer, range);
        swarm.Step(new DataInput.PieceChecked(range.Piece, Good: true, []));
    }

    private static DataPeerTable Table()
    {
        var context = new DataContext(new DataSwarmOptions { V1 = ScriptedSwarm.Hash, PeerId = default, Seed = 1 });
        return new DataPeerTable(context, new AddressBook(context.Random));
    }

    private static PieceProgress Version(DataPeer first, DataPeer second)
    {
        var progress = new PieceProgress(0, 2);
        foreach (DataPeer peer in (DataPeer[])[first, second])
        {
            int block = progress.Ask();
            progress.Arrive(block, peer, new BlockBuffer { Length = BlockBuffer.Capacity }, default);
        }

        return progress;
    }
}
