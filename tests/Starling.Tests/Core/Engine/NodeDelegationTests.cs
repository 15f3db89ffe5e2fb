using System;
using System.Linq;
using Starling.Core.Engine;
using Starling.Core.Gossip;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Swarm;
using Starling.Core.Tasks;
using Starling.Tests.Core.Crypto;
using Starling.Tests.Core.Swarm;

namespace Starling.Tests.Core.Engine;

/// <summary>What becomes of results that were believed on a delegate's word, when the author takes it back.</summary>
public sealed class NodeDelegationTests
{
    private const long Start = 1_000_000;

    private static readonly StandInIdentity _author = new("author");
    private static readonly StandInIdentity _delegate = new("delegate");
    private static readonly ResultId _result = MerkleTree.ResultOf("judged"u8);

    private readonly TaskFile _task = Make();

    [Fact]
    public void What_is_taken_back_is_not_believed_after_a_restart_either()
    {
        Assert.Equal(_result, Restarted(Notice(1, Start + 1000)).Used(0));
        Assert.Null(Restarted(Notice(1, Start + 1000), Notice(2, expires: 0)).Used(0));
    }

    [Fact]
    public void What_had_run_out_stays_believed_over_a_restart() => Assert.Equal(_result, Restarted(Notice(1, Start - 100)).Used(0));

    [Fact]
    public void What_had_run_out_is_taken_back_as_well()
    {
        var parts = new SwarmParts(pieces: 1, new NodeOptions { TaskId = _task.Id, Incarnation = Start * 1000, Delegations = [Notice(1, Start - 100)] });
        var arbiters = new Arbiters(parts.Context, parts.Links, _task);
        Assert.True(DelegationNotice.TryDecode(Notice(2, expires: 0), out DelegationNotice? notice));
        ArbiterChange change = Assert.Single(arbiters.OnMessage(parts.AddLink("peer"), new TaskMessage.Delegates([notice])));
        Assert.Equal(new ArbiterChange(_delegate.PublicKey, Counts: false, IsTakenBack: true), change);
    }

    [Fact]
    public void What_came_before_a_wrong_notice_is_passed_on_all_the_same()
    {
        var parts = new SwarmParts(pieces: 1, new NodeOptions { TaskId = _task.Id, Incarnation = Start * 1000 });
        var arbiters = new Arbiters(parts.Context, parts.Links, _task);
        byte[] damaged = Notice(1, Start + 1000, "another").ToArray();
        damaged[^1] ^= 1;
        Assert.True(DelegationNotice.TryDecode(Notice(1, Start + 1000), out DelegationNotice? right));
        Assert.True(DelegationNotice.TryDecode(damaged, out DelegationNotice? wrong));
        PeerLink other = parts.AddLink("other");
        PeerLink peer = parts.AddLink("peer");
        Assert.Single(arbiters.OnMessage(peer, new TaskMessage.Delegates([right, wrong])));
        Assert.True(parts.Links.IsBanned(peer.Key));
        Assert.Single(parts.TakeSent(other).OfType<TaskMessage.Delegates>());
    }

    /// <summary>A process whose folder says that an earlier one believed what the delegate attested.</summary>
    private Node Restarted(params ReadOnlyMemory<byte>[] delegations)
    {
        var node = new Node(
            new NodeOptions { TaskId = _task.Id, Incarnation = Start * 1000, Delegations = delegations }, new StandInIdentity("me"), new StandInVerifier(), 1);
        AttestationBatch batch = AttestationBatchCodec.Sign(_delegate, _task.Id, 1, 0, "", [new Attestation(0, _result)]);
        var restored = new RestoredState { Held = [(0, _result)], Accepted = [(0, _result)], Batches = [batch.Raw] };
        _ = node.Step(new NodeInput.TaskOpened(_task, restored), Instant.FromSeconds(1));
        return node;
    }

    private ReadOnlyMemory<byte> Notice(long serial, long expires, string to = "delegate") =>
        DelegationNotice.Sign(_author, _task.Id, new StandInIdentity(to).PublicKey, serial, expires, depth: 0).Raw;

    private static TaskFile Make()
    {
        var info = new TaskInfo
        {
            Name = "task",
            Run = new RunSpec.Shell("true"),
            Files = [new OutputFile("out", 1)],
            Verify = new VerifySpec.Arbiter(),
            Author = _author.PublicKey,
        };
        Assert.True(TaskFileCodec.TryMake(info, out TaskFile? task, out Problem? problem), problem?.Reason);
        return task;
    }
}
