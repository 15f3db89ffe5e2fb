using System;
using System.Buffers.Binary;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Threading.Tasks;
using Starling.Core.Gossip;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Wire;
using Starling.Events;
using Starling.Runtime.Identity;
using Starling.Runtime.Tasks;
using Starling.Tests.App.EndToEnd;

namespace Starling.Tests.App.Hostile;

/// <summary>
/// Peers that do what no honest peer does, against the running program: each is dropped, the program tells why, and its task is completed
/// with the right bytes all the same.
/// </summary>
public sealed class HostilePeerTests : IDisposable
{
    private const int Pieces = 6;
    private const int Bytes = 100;

    private readonly ScratchFolder _home = new();
    private readonly string _name = $"task-{Guid.NewGuid():N}";

    public void Dispose() => _home.Dispose();

    [Fact]
    public async Task What_is_not_the_protocol_is_refused_with_its_reason()
    {
        using StarlingRun run = Start();
        string listen = run.WaitFor(EventName.Started).Listen!;

        using (HostilePeer garbage = await HostilePeer.DialAsync(listen))
        {
            await garbage.WriteAsync(Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\n\r\n"));
            await garbage.ReadToEndAsync();
        }

        ExpectRefusal(run, "connection", "neither TLS nor BitTorrent");
        using (HostilePeer plain = await HostilePeer.DialAsync(listen))
        {
            await plain.WriteAsync(HostilePeer.Greeting(Hash256.Of("any"u8)));
            await plain.ReadToEndAsync();
        }

        ExpectRefusal(run, "connection", "plain BitTorrent");
        using (HostilePeer foreign = await HostilePeer.DialAsync(listen))
        {
            await foreign.StartTlsAsync();
            await foreign.WriteAsync(Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\n\r\n"));
            await foreign.ReadToEndAsync();
        }

        ExpectRefusal(run, "bad-connection", "BitTorrent protocol");
        ExpectCompletion(run);
    }

    [Fact]
    public async Task What_goes_wrong_in_the_handshake_is_refused_with_its_reason()
    {
        using StarlingRun run = Start();
        RunEvent started = run.WaitFor(EventName.Started);
        Hash256 task = HostilePeer.TaskId(started.Task!);

        await GreetAsync(started.Listen!, HostilePeer.Greeting(Hash256.Of("another task"u8)));
        ExpectRefusal(run, "other-task", "which is not run here");

        await GreetAsync(started.Listen!, HostilePeer.Greeting(task, reserved: 0));
        ExpectRefusal(run, "plain-bittorrent", "plain BitTorrent");

        await GreetAsync(started.Listen!, HostilePeer.Greeting(task), peer => peer.SendAsync(new PeerMessage.Interested()));
        ExpectRefusal(run, "bad-handshake", "did not begin with the extended handshake");

        await GreetAsync(started.Listen!, HostilePeer.Greeting(task), peer => peer.SendIdentityAsync(null));
        ExpectRefusal(run, "bad-handshake", "no identity");

        // Signed for another task: as good as a proof that was overheard elsewhere.
        await GreetAsync(
            started.Listen!, HostilePeer.Greeting(task),
            peer => peer.SendIdentityAsync(peer.Binding(Hash256.Of("another task"u8)) with { TaskId = task }));
        ExpectRefusal(run, "bad-signature", "did not prove that it is");

        await GreetAsync(
            started.Listen!, HostilePeer.Greeting(task),
            peer => peer.SendIdentityAsync(peer.Binding(task) with { Version = 99 }));
        ExpectRefusal(run, "wire-version", "version 99");
        ExpectCompletion(run);
    }

    [Fact]
    public async Task Messages_that_break_the_rules_end_in_a_ban_with_its_reason()
    {
        using StarlingRun run = Start();
        RunEvent started = run.WaitFor(EventName.Started);
        (string listen, string task) = (started.Listen!, started.Task!);

        await JoinAsync(listen, task, peer => peer.SendExtendedAsync(TaskMessageCodec.ClaimName, "d1:"u8.ToArray()));
        ExpectRefusal(run, "bad-message", "st_claim");

        var prefix = new byte[PeerMessageCodec.PrefixSize];
        BinaryPrimitives.WriteInt32BigEndian(prefix, int.MaxValue);
        await JoinAsync(listen, task, peer => peer.WriteAsync(prefix));
        ExpectRefusal(run, "bad-connection", $"{int.MaxValue} bytes");

        await JoinAsync(listen, task, peer => peer.AttestAsync(task, new Attestation(Pieces, MerkleTree.ResultOf("x"u8))));
        ExpectRefusal(run, "bad-attestation", "pieces that the task does not have");

        await JoinAsync(listen, task, peer => peer.AttestAsync(Hash256.Of("another task"u8).ToString(), new Attestation(0, MerkleTree.ResultOf("x"u8))));
        ExpectRefusal(run, "bad-signature", "attestations whose signature is wrong");

        await JoinAsync(listen, task, peer => peer.ClaimAsync(Hash256.Of("another task"u8).ToString(), [0]));
        ExpectRefusal(run, "bad-signature", "claims whose signature is wrong");

        await JoinAsync(listen, task, peer => peer.SendAsync(new TaskMessage.Held([new Attestation(Pieces, ResultId.Empty)])));
        ExpectRefusal(run, "bad-held", $"holds piece {Pieces} of {Pieces}");

        await JoinAsync(listen, task, peer => peer.SendAsync(new TaskMessage.Stop(null, new byte[64])));
        ExpectRefusal(run, "bad-stop", "the author did not sign");
        ExpectCompletion(run);
    }

    [Fact]
    public async Task A_peer_that_sends_what_nobody_asked_for_is_banned_for_it()
    {
        using StarlingRun run = Start();
        RunEvent started = run.WaitFor(EventName.Started);
        await JoinAsync(started.Listen!, started.Task!, async peer =>
        {
            for (int i = 0; i < 100; i++)
            {
                await peer.SendAsync(new PeerMessage.Block(0, 0, new byte[MerkleTree.BlockSize]));
            }
        });
        ExpectRefusal(run, "block-not-asked", "was not asked for");
        ExpectCompletion(run);
    }

    [Fact]
    public async Task In_an_open_task_the_lies_of_one_stranger_change_nothing()
    {
        using StarlingRun run = Start();
        RunEvent started = run.WaitFor(EventName.Started);
        using HostilePeer liar = await HostilePeer.JoinAsync(started.Listen!, started.Task!);
        await liar.AttestAsync(started.Task!, Lies(0));
        Task ended = liar.ReadToEndAsync();
        ExpectCompletion(run);

        // Two results of one piece under one key are the one portable proof of misbehaviour.
        await liar.AttestAsync(started.Task!, Lies(1));
        ExpectRefusal(run, "contradiction", "signed two results of piece");
        Assert.False(ended.IsFaulted);
    }

    [Theory]
    [InlineData("wrong-block", 1)]
    [InlineData("wrong-block", 3)]
    [InlineData("wrong-proof", 3)]
    public async Task Who_is_believed_and_sends_something_else_is_banned_and_his_pieces_are_computed(string lie, int blocks)
    {
        // Believed, for --trust takes everybody's word, and heard before the first run, for its owner named it.
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using StarlingRun run = Start("--trust", "--peer", $"{listener.LocalEndpoint}");
        RunEvent started = run.WaitFor(EventName.Started);
        using HostilePeer liar = await HostilePeer.AcceptAsync(listener, started.Task!);
        byte[] content = RandomNumberGenerator.GetBytes(MerkleTree.BlockSize * blocks);
        ResultId result = MerkleTree.ResultOf(content);
        await liar.AttestAsync(started.Task!, [.. Enumerable.Range(0, Pieces).Select(piece => new Attestation(piece, result))]);
        await liar.ServeAsync(
            async message =>
            {
                if (message is PeerMessage.Interested)
                {
                    await liar.SendAsync(new PeerMessage.Unchoke());
                }
                else if (message is PeerMessage.Request request)
                {
                    await liar.SendAsync(new PeerMessage.Block(request.Piece, request.Begin, new byte[request.Length]));
                }
            },
            async message =>
            {
                if (message is TaskMessage.ProofRequest wanted)
                {
                    Hash256[] leaves = MerkleTree.Leaves(content);
                    leaves[1] = lie == "wrong-proof" ? Hash256.Zero : leaves[1];
                    await liar.SendAsync(new TaskMessage.Proof(wanted.Piece, wanted.Result, leaves));
                }
            });
        liar.Dispose();

        ExpectRefusal(run, lie, "peer 127.0.0.1");
        ExpectCompletion(run);
    }

    [Fact]
    public async Task Who_claims_everything_does_not_keep_others_from_it()
    {
        using StarlingRun run = Start();
        RunEvent started = run.WaitFor(EventName.Started);
        run.WaitFor(EventName.Piece);
        using HostilePeer greedy = await HostilePeer.JoinAsync(started.Listen!, started.Task!, cores: 256);
        await greedy.ClaimAsync(started.Task!, Enumerable.Range(0, Pieces));
        Task ended = greedy.ReadToEndAsync();
        ExpectCompletion(run);
        Assert.False(ended.IsCompleted);
    }

    [Fact]
    public async Task A_task_file_that_does_not_make_the_links_id_is_refused_and_the_right_one_taken()
    {
        string yaml = Write();
        Assert.True(new TaskLoader(new Ed25519Verifier()).TryLoad(yaml, out LoadedTask? loaded, out _));
        string task = ((LoadedTask.Here)loaded).Prepared.Task.Id.ToString();
        using StarlingRun run = StarlingRun.Start(
            _home.Path, "run", $"magnet:?xt=urn:btmh:1220{task}", "--dir", _home.Folder("out"), "--listen", "127.0.0.1:0", "--trust", "--json");
        RunEvent joining = run.WaitFor(EventName.Started);

        using HostilePeer liar = await HostilePeer.JoinAsync(joining.Listen!, task, metadata: "d4:name1:xe"u8.ToArray());
        await liar.ReadToEndAsync();
        ExpectRefusal(run, "bad-metadata", "does not make the task id");

        using StarlingRun honest = StarlingRun.Start(
            _home.Path, "run", yaml, "--dir", _home.Folder("honest"), "--listen", "127.0.0.1:0", "--peer", joining.Listen!, "--json");
        Assert.Equal(_name, run.WaitFor(read => read.Event == EventName.Opened).Name);
        ExpectCompletion(run);
    }

    [Fact]
    public async Task A_port_scan_is_told_of_in_bounds()
    {
        using StarlingRun run = Start();
        IPEndPoint listen = IPEndPoint.Parse(run.WaitFor(EventName.Started).Listen!);
        await Parallel.ForAsync(0, 200, async (_, cancellation) =>
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(listen, cancellation);
            await socket.SendAsync("x"u8.ToArray(), cancellation);
        });
        ExpectCompletion(run);
        Assert.InRange(run.Events.Count(read => read.Event == EventName.Refused), 1, 100);
    }

    /// <summary>A process whose task takes a moment, on its own.</summary>
    private StarlingRun Start(params string[] flags) => StarlingRun.Start(
        _home.Path, ["run", Write(), "--dir", _home.Folder("out"), "--slots", "1", "--listen", "127.0.0.1:0", "--json", .. flags]);

    private string Write() => _home.File(
        "task.yaml", FormattableString.Invariant($"name: {_name}\npieces: {Pieces}\nrun: {{ kernel: sleep, seconds: \"0.1\", bytes: {Bytes} }}\n"));

    private static Attestation[] Lies(byte seed) =>
        [.. Enumerable.Range(0, Pieces).Select(piece => new Attestation(piece, MerkleTree.ResultOf([seed, (byte)piece, 77])))];

    private static async Task GreetAsync(string listen, byte[] greeting, Func<HostilePeer, Task>? then = null)
    {
        using HostilePeer peer = await HostilePeer.DialAsync(listen);
        await peer.StartTlsAsync();
        await peer.WriteAsync(greeting);
        if (then is not null)
        {
            await then(peer);
        }

        await peer.ReadToEndAsync();
    }

    private static async Task JoinAsync(string listen, string task, Func<HostilePeer, Task> misbehave)
    {
        using HostilePeer peer = await HostilePeer.JoinAsync(listen, task);
        await misbehave(peer);
        await peer.ReadToEndAsync();
    }

    private static void ExpectRefusal(StarlingRun run, string code, string reason) => run.WaitFor(read =>
        read.Event == EventName.Refused && read.Code == code && read.Reason!.Contains(reason, StringComparison.Ordinal));

    private void ExpectCompletion(StarlingRun run)
    {
        string output = run.WaitFor(read => read.Event == EventName.Complete).Output!.Single();
        var expected = new byte[Pieces * Bytes];
        for (int piece = 0; piece < Pieces; piece++)
        {
            new DeterministicRandom((ulong)piece).Fill(expected.AsSpan(piece * Bytes, Bytes));
        }

        Assert.Equal(expected, File.ReadAllBytes(output));
    }
}
