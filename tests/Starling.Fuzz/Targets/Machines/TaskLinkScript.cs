using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Linq;
using Starling.Core.Engine;
using Starling.Core.Gossip;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Swarm;
using Starling.Core.Tasks;
using Starling.Core.Wire;
using Starling.Fuzz.Engine;

namespace Starling.Fuzz.Targets.Machines;

/// <summary>
/// A whole <see cref="Node"/> with two hostile peers that passed the handshake; signatures of anybody are right, so that everything behind their check is reached. The
/// first chunk is one byte of settings: 1 it knows only the magnet link, 2 the first hit ends the task, 4 it believes anyone, 8 it has results already, 16 it does not
/// compute, 32 the peers have said nothing yet, 64 one copy of each result is kept once all is done. The first byte of each other one says what happens: 0 and 1 a frame of a peer, 2 time passes, 3 a run ends, 4 a peer
/// goes and comes again, 5 a link drains, 6 the disk fails, 7 the owner stops it.
/// </summary>
internal sealed class TaskLinkScript
{
    private const int MaxInputs = 5_000;
    private const int MaxTicksAtOnce = 64;

    /// <summary>Wakes of one script: a clock that runs for ever would test nothing more.</summary>
    private const int MaxWakes = 60;
    private const int Pieces = 12;

    private static readonly TaskFile Every = Parts.Make(Parts.PlainTask with { Files = [new OutputFile("squares", Pieces)] });

    private static readonly TaskFile First = Parts.Make(Parts.PlainTask with { Files = [new OutputFile("hit", Pieces)], Until = Until.First });

    private readonly SealIdentity _self = new(100);
    private readonly Queue<NodeInput> _inputs = new();
    private readonly List<NodeEffect.StartJob> _jobs = [];
    private readonly Peer[] _peers = new Peer[2];
    private Node _node = null!;
    private Instant _now;
    private int _wakes;
    private int _settings;
    private long _links;
    private bool _diskFails;
    private bool _isOpen;
    private bool _left;

    private TaskFile Task => (_settings & 2) != 0 ? First : Every;

    public static IEnumerable<byte[]> Seeds()
    {
        byte[] time = [2, 0x10, 0];
        byte[] exit = [3, 0];
        foreach (TaskFile task in new[] { Every, First })
        {
            byte settings = (byte)(task == First ? 2 : 0);
            Hash256 id = task.Id;
            byte[] claim = Extended(new TaskMessage.Claims([new AgedClaimBatch(Parts.ClaimBatchOf(id, 5, new Claim(1, TimeSpan.FromSeconds(2), TimeSpan.FromMinutes(1)), new Claim(2, default, default)), default)]));
            byte[] attest = Extended(new TaskMessage.Attests([Parts.Batch(id, 0, "", new Attestation(1, ResultOf(1)), new Attestation(2, ResultId.Empty), new Attestation(3, MerkleTree.ResultOf(Parts.BigContent)))], []));
            byte[] positions = Extended(new TaskMessage.Attests([], [new LogPosition(Parts.Worker.PublicKey, 1_767_225_600_000, 1)]));
            byte[] held = Extended(new TaskMessage.Held([new Attestation(1, ResultOf(1)), new Attestation(3, MerkleTree.ResultOf(Parts.BigContent))]));
            byte[] released = Extended(new TaskMessage.Released([new Attestation(1, ResultOf(1)), new Attestation(3, MerkleTree.ResultOf(Parts.BigContent))]));
            byte[] ask = Extended(new TaskMessage.ProofRequest(0, ResultOf(0)));
            byte[] proof = Extended(new TaskMessage.Proof(3, MerkleTree.ResultOf(Parts.BigContent), MerkleTree.Leaves(Parts.BigContent)));
            byte[] proof1 = Extended(new TaskMessage.Proof(1, ResultOf(1), MerkleTree.Leaves(ContentOf(1))));
            byte[] found = Extended(new TaskMessage.Found(Parts.Batch(id, 1, "", new Attestation(4, ResultOf(4))), 4, ContentOf(4)));
            byte[] stop = Extended(new TaskMessage.Stop(Hash256.Of("next"u8), Parts.Filled(64)));
            byte[] pex = Frame(new PeerMessage.Extended(8, WireTargets.FullPex.Encode()));
            byte[] metadata = Frame(new PeerMessage.Extended(7, WireTargets.UtMetadataOf(0)));
            byte[] bits = Frame(new PeerMessage.Bitfield(new byte[] { 0xF0, 0 }));
            byte[] unchoke = Frame(new PeerMessage.Unchoke());
            byte[] block = Frame(new PeerMessage.Block(1, 0, ContentOf(1)));
            byte[] request = Frame(new PeerMessage.Request(0, 0, ContentOf(0).Length));
            yield return Script.Of([settings], claim, attest, positions, held, bits, unchoke, proof1, block, time, exit, time, ask, request, Frame(new PeerMessage.Interested()), request, time);
            yield return Script.Of([(byte)(settings | 4)], attest, bits, unchoke, proof, found, time, [1, .. attest[1..]], time, [4, 0], time, [5, 0, 4], exit, [6], exit, time, [7]);
            yield return Script.Of([(byte)(settings | 64)], attest, held, bits, unchoke, proof1, block, time, exit, exit, time, [2, 0xFF, 0xFF], released, [2, 0xFF, 0xFF], held, time, ask, request);
            yield return Script.Of([(byte)(settings | 8)], metadata, pex, ask, request, held, stop, time, time, [2, 0xFF, 0xFF]);
            yield return Script.Of([(byte)(settings | 1)], metadata, Metadata(task), claim, attest, held, found, time, exit);
            yield return Script.Of([(byte)(settings | 32)], [0, .. ShakeOf(task, 1)], [0, .. IdentityOf(task, 0)], claim, [1, .. ShakeOf(task, 2)], [1, .. IdentityOf(task, 1)], [1, .. attest[1..]], [2, 0x20, 0]);
            yield return Script.Of([[(byte)(settings | 16)], attest, bits, .. WireTargets.Messages.Select(Frame), time]);
        }
    }

    public byte[]? Run(ReadOnlyMemory<byte> script)
    {
        Begin(Script.Settings(ref script));
        foreach (ReadOnlyMemory<byte> chunk in new Script(script))
        {
            if (!chunk.IsEmpty)
            {
                Do(chunk.Span[0], chunk[1..]);
            }

            Settle();
        }

        Pass(TimeSpan.FromSeconds(5));
        _node.Snapshot(_now);
        return null;
    }

    private static byte[] ContentOf(int piece) => Parts.Latin($"{piece * piece}\n");

    private static ResultId ResultOf(int piece) => MerkleTree.ResultOf(ContentOf(piece));

    private static byte[] Frame(PeerMessage message) => [0, .. PeerMessageCodec.Encode(message)[4..]];

    private static byte[] Extended(TaskMessage message)
    {
        (string name, byte[] payload) = TaskMessageCodec.Encode(message);
        byte id = 1;
        while (LinkHandshake.ExtensionName(id) != name)
        {
            id++;
        }

        return Frame(new PeerMessage.Extended(id, payload));
    }

    private static byte[] Metadata(TaskFile task) => Frame(new PeerMessage.Extended(7, new UtMetadata.Data(0, task.InfoBytes.Length, task.InfoBytes).Encode()));

    private static byte[] ShakeOf(TaskFile task, byte number) =>
        new Handshake(Handshake.ExtensionBit | Handshake.FastBit, InfoHash.Of(task.Id), new PeerId([.. Parts.Filled(19), number])).Encode();

    private static byte[] IdentityOf(TaskFile task, int number) => Frame(new PeerMessage.Extended(0, (WireTargets.FullHandshake with
    {
        MetadataSize = task.InfoBytes.Length,
        UploadOnly = false,
        St = LinkBinding.Create(new SealIdentity((byte)(1 + number)), number == 0 ? LinkRole.Initiator : LinkRole.Responder, Certificate(1), Certificate(0), task.Id, default, 4, "linux-x64"),
    }).Encode()))[1..];

    private static Hash256 Certificate(byte side) => Hash256.Of([side]);

    private void Begin(int settings)
    {
        (_settings, _diskFails, _isOpen, _left) = (settings, false, false, false);
        _inputs.Clear();
        _jobs.Clear();
        _now = Instant.FromSeconds(1);
        _wakes = 0;
        _node = new Node(
            new NodeOptions
            {
                TaskId = Task.Id,
                Incarnation = 1_767_225_600_000,
                Slots = 2,
                TrustAnyone = (settings & 4) != 0,
                Keep = (settings & 64) != 0 ? KeepRule.Of(1) : KeepRule.All,
                MaxLinks = 6,
            },
            _self,
            _self,
            1);
        _inputs.Enqueue(new NodeInput.Listening([Parts.Address("50.0.0.200:6881")]));
        if ((settings & 1) == 0)
        {
            Open();
        }

        for (int i = 0; i < _peers.Length; i++)
        {
            Connect(i);
        }

        Settle();
    }

    private void Open()
    {
        if (_isOpen)
        {
            return;
        }

        _isOpen = true;
        RestoredState restored = (_settings & 8) == 0 ? RestoredState.None : new RestoredState
        {
            Held = [(0, ResultOf(0)), (5, ResultOf(5))],
            Accepted = [(0, ResultOf(0))],
            Batches = [Parts.TwoResults.Raw],
            Log = 1,
        };
        _inputs.Enqueue(new NodeInput.TaskOpened(Task, restored) { MayCompute = (_settings & 16) == 0 });
    }

    private void Connect(int number)
    {
        var link = new LinkId(++_links);
        _peers[number] = new Peer(link);
        _inputs.Enqueue(new NodeInput.LinkOpened(link, Parts.Address($"50.0.0.{1 + number}:6881"), number == 1, Certificate(0), Certificate(1)));
        if ((_settings & 32) == 0)
        {
            _inputs.Enqueue(new NodeInput.FrameReceived(link, ShakeOf(Task, (byte)_links)));
            _inputs.Enqueue(new NodeInput.FrameReceived(link, IdentityOf(Task, number)));
        }
    }

    private void Do(byte what, ReadOnlyMemory<byte> rest)
    {
        switch (what)
        {
            case 0 or 1:
                // The node keeps the memory of frames.
                _inputs.Enqueue(new NodeInput.FrameReceived(_peers[what].Link, rest.ToArray()));
                break;
            case 2 when rest.Length >= 2:
                Pass(TimeSpan.FromMilliseconds(4 * BinaryPrimitives.ReadUInt16BigEndian(rest.Span)));
                break;
            case 3 when rest.Length >= 1 && _jobs.Count > 0:
                EndJob(rest.Span[0]);
                break;
            case 4 when rest.Length >= 1:
                Peer peer = _peers[rest.Span[0] & 1];
                Close(peer, (rest.Span[0] & 2) != 0);
                Settle();
                Connect(rest.Span[0] & 1);
                break;
            case 5 when rest.Length >= 2:
                _inputs.Enqueue(new NodeInput.LinkDrained(_peers[rest.Span[0] & 1].Link, rest.Span[1] * 1024));
                break;
            case 6:
                _diskFails = !_diskFails;
                break;
            case 7:
                _inputs.Enqueue(new NodeInput.StopRequested("enough"));
                break;
        }
    }

    private void EndJob(byte how)
    {
        NodeEffect.StartJob job = _jobs[0];
        _jobs.RemoveAt(0);
        TimeSpan elapsed = TimeSpan.FromSeconds(1);
        _inputs.Enqueue(new NodeInput.JobExited(job.Job, (how % 4) switch
        {
            0 => new JobOutcome.Succeeded(ResultOf(job.Piece)) { Elapsed = elapsed },
            1 => new JobOutcome.Succeeded(ResultId.Empty) { Elapsed = elapsed },
            2 => new JobOutcome.Failed(new Problem("exit:1", "it failed"), "no") { Elapsed = elapsed },
            _ => new JobOutcome.Checkpointed { Elapsed = elapsed },
        }));
    }

    private void Close(Peer peer, bool brokeRules)
    {
        if (!peer.IsClosed)
        {
            peer.IsClosed = true;
            _inputs.Enqueue(new NodeInput.LinkClosed(peer.Link, "gone") { BrokeRules = brokeRules });
        }
    }

    private void Pass(TimeSpan time)
    {
        Settle();
        Instant end = _now + time;
        int atOnce = 0;
        for (; _wakes < MaxWakes && _node.NextWake <= end; _wakes++)
        {
            Instant next = _node.NextWake;
            atOnce = next <= _now ? atOnce + 1 : 0;
            FuzzFailureException.Unless(atOnce < MaxTicksAtOnce, $"it wants to be woken at one instant again and again: {_node.DescribeWakes()}");
            _now = next > _now ? next : _now;
            _inputs.Enqueue(new NodeInput.Tick());
            Settle();
        }

        _now = end;
    }

    private void Settle()
    {
        for (int steps = 0; _inputs.TryDequeue(out NodeInput? input); steps++)
        {
            FuzzFailureException.Unless(steps < MaxInputs, "its effects have no end");
            if (_left)
            {
                continue;
            }

            foreach (NodeEffect effect in _node.Step(input, _now, more: _inputs.Count > 0))
            {
                Execute(effect);
            }
        }

        foreach ((string name, long count, long bound) in _node.Tables())
        {
            FuzzFailureException.Unless(count <= bound, $"{name}: {count}, the bound is {bound}");
        }
    }

    private void Execute(NodeEffect effect)
    {
        switch (effect)
        {
            case NodeEffect.Send send:
                Understand(send.Bytes);
                break;
            case NodeEffect.SendBlock send:
                FuzzFailureException.Unless(send.Begin >= 0 && send.Length > 0 && send.Begin + send.Length <= send.Result.Length, "it sends a block that is none");
                break;
            case NodeEffect.CloseLink close:
                foreach (Peer peer in _peers)
                {
                    peer.IsClosed |= peer.Link == close.Link;
                }

                _inputs.Enqueue(new NodeInput.LinkClosed(close.Link, close.Reason));
                break;
            case NodeEffect.Connect connect:
                _inputs.Enqueue(new NodeInput.ConnectFailed(connect.Address, "nobody is there"));
                break;
            case NodeEffect.OpenTask open:
                FuzzFailureException.Unless(open.Task.Id == Task.Id, "it takes another task");
                Open();
                break;
            case NodeEffect.StartJob start:
                _jobs.Add(start);
                break;
            case NodeEffect.KillJob kill:
                _jobs.RemoveAll(job => job.Job == kill.Job);
                _inputs.Enqueue(new NodeInput.JobExited(kill.Job, new JobOutcome.Killed { Elapsed = TimeSpan.FromSeconds(1) }));
                break;
            case NodeEffect.KeepOutputs keep:
                foreach (KeptOutput output in keep.Outputs)
                {
                    Stored(output.Piece, output.Result);
                }

                break;
            case NodeEffect.CommitDownload commit:
                Stored(commit.Piece, commit.Result);
                break;
            case NodeEffect.LoadLeaves load:
                bool isHere = load.Result == ResultOf(load.Piece) && !_diskFails;
                _inputs.Enqueue(new NodeInput.LeavesLoaded(load.Piece, load.Result, isHere ? MerkleTree.Leaves(ContentOf(load.Piece)) : null));
                break;
            case NodeEffect.LoadContent load:
                _inputs.Enqueue(new NodeInput.ContentLoaded(load.Piece, load.Result, load.Result == ResultOf(load.Piece) && !_diskFails ? ContentOf(load.Piece) : null));
                break;
            case NodeEffect.StartMerge merge:
                _inputs.Enqueue(new NodeInput.MergeExited(merge.File, null));
                break;
            case NodeEffect.Leave:
                _left = true;
                break;
        }
    }

    private void Stored(int piece, ResultId result) => _inputs.Enqueue(
        _diskFails ? new NodeInput.StoreFailed(piece, result, new Problem("disk-full", "the disk is full")) : new NodeInput.ResultStored(piece, result));

    /// <summary>What it sends must be what the protocol knows.</summary>
    private static void Understand(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.Span.StartsWith(Handshake.Prefix))
        {
            return;
        }

        int length = BinaryPrimitives.ReadInt32BigEndian(bytes.Span);
        FuzzFailureException.Unless(length + 4 == bytes.Length && PeerMessageCodec.TryDecode(bytes[4..], out PeerMessage? message), "it sends a message that is none");
    }

    private sealed class Peer(LinkId link)
    {
        public LinkId Link { get; } = link;

        public bool IsClosed { get; set; }
    }
}
