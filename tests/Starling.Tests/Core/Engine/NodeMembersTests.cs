using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using Starling.Core.Engine;
using Starling.Core.Gossip;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Core.Wire;
using Starling.Tests.Core.Crypto;

namespace Starling.Tests.Core.Engine;

/// <summary>A task that names its members: who else comes gets past no handshake, and nobody hears anything that is the members'.</summary>
public sealed class NodeMembersTests
{
    private readonly TaskFile _task = Make(["me", "member", "other"]);
    private Instant _now = Instant.FromSeconds(1);
    private long _links;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_stranger_is_refused_whoever_connected_and_hears_nothing_but_the_handshake(bool outgoing)
    {
        Node node = Open();
        (LinkId link, List<NodeEffect> effects) = Meet(node, "stranger", outgoing);
        Assert.Equal(link, Assert.Single(effects.OfType<NodeEffect.CloseLink>()).Link);
        NodeEvent.Refused refused = Assert.Single(Events<NodeEvent.Refused>(effects));
        Assert.Equal("no-member", refused.Problem.Code);
        Assert.Contains(Key("stranger").ToString(), refused.Problem.Reason, StringComparison.Ordinal);
        Assert.All(Sent(effects, link), message => Assert.IsType<PeerMessage.Extended>(message));
        Assert.Empty(SentNames(effects, link));
        Assert.Empty(Events<NodeEvent.Swarm>(effects));
    }

    [Theory]
    [InlineData("member")]
    [InlineData("author")]
    public void A_member_and_the_author_are_let_in(string name)
    {
        Node node = Open();
        (_, List<NodeEffect> effects) = Meet(node, name, outgoing: false);
        Assert.Empty(effects.OfType<NodeEffect.CloseLink>());
        Assert.Equal(1, Assert.Single(Events<NodeEvent.Swarm>(effects)).Connected);
    }

    [Fact]
    public void Who_has_a_link_alone_takes_everybody_until_the_file_says_who_may_and_names_nobody_before()
    {
        Node node = Join();
        (LinkId stranger, _) = Meet(node, "stranger", outgoing: true);
        (LinkId member, _) = Meet(node, "member", outgoing: true);
        List<NodeEffect> effects = Pass(node, 5);
        Assert.DoesNotContain(UtPex.Name, SentNames(effects, stranger));
        Assert.DoesNotContain(UtPex.Name, SentNames(effects, member));

        effects = Step(node, new NodeInput.TaskOpened(_task, RestoredState.None));
        Assert.Equal(stranger, Assert.Single(effects.OfType<NodeEffect.CloseLink>()).Link);
        Assert.Equal("no-member", Assert.Single(Events<NodeEvent.Refused>(effects)).Problem.Code);
        Assert.Empty(SentNames(effects, stranger));

        (LinkId other, _) = Meet(node, "other", outgoing: true);
        effects = Pass(node, 5);
        Assert.Contains(UtPex.Name, SentNames(effects, other));
    }

    [Fact]
    public void Who_has_a_link_alone_and_is_sent_away_hears_which_key_to_name()
    {
        Node node = Join();
        (LinkId link, List<NodeEffect> effects) = Meet(node, "member", outgoing: true, namesMembers: true);
        Assert.Empty(Events<NodeEvent.Refused>(effects));
        effects = Step(node, new NodeInput.LinkClosed(link, "closed"));
        NodeEvent.Refused refused = Assert.Single(Events<NodeEvent.Refused>(effects));
        Assert.Equal("no-member", refused.Problem.Code);
        Assert.Contains(Key("me").ToString(), refused.Problem.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Whoever_passes_on_notices_of_an_outsider_is_banned()
    {
        var stranger = new StandInIdentity("stranger");
        AttestationBatch attested = AttestationBatchCodec.Sign(stranger, _task.Id, 1, 0, "", [new Attestation(0, ResultId.Empty)]);
        Assert.Equal("no-member", RefusalOf(new TaskMessage.Attests([attested], [])));
        ClaimBatch claimed = ClaimBatchCodec.Sign(stranger, _task.Id, 1, [new Claim(0, TimeSpan.Zero, TimeSpan.Zero)]);
        Assert.Equal("no-member", RefusalOf(new TaskMessage.Claims([new AgedClaimBatch(claimed, TimeSpan.Zero)])));
    }

    private static TaskFile Make(string[] members)
    {
        var info = new TaskInfo
        {
            Name = "task",
            Run = new RunSpec.Shell("true"),
            Files = [new OutputFile("out", 4)],
            Verify = new VerifySpec.Own(),
            Author = Key("author"),
            Members = [.. members.Select(Key).Order()],
        };
        Assert.True(TaskFileCodec.TryMake(info, out TaskFile? task, out Problem? problem), problem?.Reason);
        return task;
    }

    private static PublicKey Key(string name) => new StandInIdentity(name).PublicKey;

    private static IEnumerable<T> Events<T>(IEnumerable<NodeEffect> effects) => effects.OfType<NodeEffect.Report>().Select(report => report.Event).OfType<T>();

    private static List<PeerMessage> Sent(IEnumerable<NodeEffect> effects, LinkId link) =>
        [.. effects.OfType<NodeEffect.Send>().Where(send => send.Link == link && send.Bytes.Span[0] == 0)
            .Select(send => PeerMessageCodec.TryDecode(send.Bytes[PeerMessageCodec.PrefixSize..], out PeerMessage? message) ? message : throw new InvalidOperationException("a broken frame"))];

    /// <summary>Names of the extended messages that went out, the handshake aside.</summary>
    private static List<string> SentNames(IEnumerable<NodeEffect> effects, LinkId link) =>
        [.. Sent(effects, link).OfType<PeerMessage.Extended>().Where(message => message.Id != ExtendedHandshake.MessageId).Select(message => Names[message.Id - 1])];

    private static readonly string[] Names = [.. TaskMessageCodec.Names, UtMetadata.Name, UtPex.Name];

    private string RefusalOf(TaskMessage message)
    {
        Node node = Open();
        (LinkId link, _) = Meet(node, "member", outgoing: false);

        // The numbers of extended messages are the receiver's: those that the node told.
        var writer = new Starling.Core.Bencode.BencodeWriter();
        string name = TaskMessageCodec.Write(message, writer);
        byte id = (byte)(Enumerable.Range(1, 20).First(number => Starling.Core.Swarm.LinkHandshake.ExtensionName((byte)number) == name));
        byte[] frame = PeerMessageCodec.EncodeExtended(id, writer.Written);
        List<NodeEffect> effects = Step(node, new NodeInput.FrameReceived(link, frame.AsMemory(PeerMessageCodec.PrefixSize)));
        Assert.Equal(link, Assert.Single(effects.OfType<NodeEffect.CloseLink>()).Link);
        return Assert.Single(Events<NodeEvent.Refused>(effects)).Problem.Code;
    }

    private Node Join() => new(new NodeOptions { TaskId = _task.Id, Incarnation = 1 }, new StandInIdentity("me"), new StandInVerifier(), 1);

    private Node Open()
    {
        Node node = Join();
        Step(node, new NodeInput.TaskOpened(_task, RestoredState.None));
        return node;
    }

    /// <summary>A connection on which this identity says all that it should.</summary>
    private (LinkId Link, List<NodeEffect> Effects) Meet(Node node, string name, bool outgoing, bool namesMembers = false)
    {
        var link = new LinkId(++_links);
        Hash256 mine = Hash256.Of([1, (byte)_links]);
        Hash256 theirs = Hash256.Of([2, (byte)_links]);
        PeerAddress remote = PeerAddress.From(IPAddress.Parse("192.0.2.1"), 1000 + (int)_links);
        var effects = new List<NodeEffect>();
        effects.AddRange(Step(node, new NodeInput.LinkOpened(link, remote, outgoing, mine, theirs)));
        byte[] id = [.. Enumerable.Repeat((byte)_links, PeerId.Size)];
        effects.AddRange(Step(node, new NodeInput.FrameReceived(link, new Handshake(Handshake.ExtensionBit | Handshake.FastBit, InfoHash.Of(_task.Id), new PeerId(id)).Encode())));
        StHandshake st = LinkBinding.Create(new StandInIdentity(name), outgoing ? LinkRole.Responder : LinkRole.Initiator, theirs, mine, _task.Id, default, 1, "")
            with
        { NamesMembers = namesMembers };
        var extended = new ExtendedHandshake { Extensions = [.. Names.Select((extension, i) => new ExtensionId(extension, (byte)(i + 1)))], ListenPort = 7000, St = st };
        byte[] frame = PeerMessageCodec.Encode(new PeerMessage.Extended(ExtendedHandshake.MessageId, extended.Encode()));
        effects.AddRange(Step(node, new NodeInput.FrameReceived(link, frame.AsMemory(PeerMessageCodec.PrefixSize))));
        return (link, effects);
    }

    private List<NodeEffect> Pass(Node node, int seconds)
    {
        var effects = new List<NodeEffect>();
        for (int i = 0; i < seconds; i++)
        {
            _now += TimeSpan.FromSeconds(1);
            effects.AddRange(Step(node, new NodeInput.Tick()));
        }

        return effects;
    }

    private List<NodeEffect> Step(Node node, NodeInput input) => [.. node.Step(input, _now)];
}
