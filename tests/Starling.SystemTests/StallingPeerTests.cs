using System;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Threading.Tasks;
using Starling.Core.Gossip;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Wire;
using Starling.Events;
using Starling.Tests.App.EndToEnd;
using Starling.Tests.App.Hostile;

namespace Starling.SystemTests;

/// <summary>
/// Peers that break no rule and help nobody: they say nothing, claim everything, or announce everything and serve nothing. The program's
/// patience with each is bounded; that its bounds are minutes is why these tests are not among the fast ones.
/// </summary>
public sealed class StallingPeerTests : IDisposable
{
    private const int Pieces = 30;
    private const int Bytes = 100;

    private readonly ScratchFolder _home = new();
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private string _verify = "{ replicas: 2 }";
    private readonly string _name = $"task-{Guid.NewGuid():N}";

    public StallingPeerTests() => _listener.Start();

    public void Dispose()
    {
        _listener.Dispose();
        _home.Dispose();
    }

    [Fact]
    public async Task Who_says_nothing_or_half_a_handshake_is_dropped_with_its_reason()
    {
        using StarlingRun run = Start();
        RunEvent started = run.WaitFor(EventName.Started);
        using HostilePeer silent = await HostilePeer.DialAsync(started.Listen!);
        using HostilePeer halfTls = await HostilePeer.DialAsync(started.Listen!);
        await halfTls.WriteAsync([0x16, 0x03, 0x01, 0x01, 0x00, 0x01]);
        using HostilePeer halfGreeting = await HostilePeer.DialAsync(started.Listen!);
        await halfGreeting.StartTlsAsync();
        await halfGreeting.WriteAsync(HostilePeer.Greeting(HostilePeer.TaskId(started.Task!))[..40]);
        using HostilePeer noIdentity = await HostilePeer.DialAsync(started.Listen!);
        await noIdentity.StartTlsAsync();
        await noIdentity.WriteAsync(HostilePeer.Greeting(HostilePeer.TaskId(started.Task!)));
        await Task.WhenAll(silent.ReadToEndAsync(), halfTls.ReadToEndAsync(), halfGreeting.ReadToEndAsync(), noIdentity.ReadToEndAsync());

        ExpectRefusal(run, "connection", "no TLS handshake within");
        ExpectRefusal(run, "bad-connection", "no BitTorrent handshake within");
        ExpectRefusal(run, "no-handshake", "did not finish its handshake in time");
        ExpectCompletion(run);
    }

    [Fact]
    public async Task Who_claims_everything_from_the_start_holds_the_work_up_for_a_bounded_time()
    {
        // One run of each piece is enough here: in a task that wants two, one claim holds nothing up.
        _verify = "own";
        using StarlingRun run = Start("--peer", $"{_listener.LocalEndpoint}");
        RunEvent started = run.WaitFor(EventName.Started);
        using HostilePeer greedy = await HostilePeer.AcceptAsync(_listener, started.Task!, cores: 256);
        await greedy.ClaimAsync(started.Task!, Enumerable.Range(0, Pieces));
        await greedy.AttestAsync(started.Task!);
        Task serving = greedy.ReadToEndAsync();
        Task renewing = RenewAsync(greedy, started.Task!, serving);
        ExpectCompletion(run);
        Assert.False(renewing.IsFaulted);
    }

    [Theory]
    [InlineData("chokes for ever")]
    [InlineData("answers no request")]
    [InlineData("rejects every request")]
    public async Task Who_announces_everything_and_serves_nothing_is_not_waited_for(string how)
    {
        // Believed, for --trust takes everybody's word: the worst case.
        using StarlingRun run = Start("--peer", $"{_listener.LocalEndpoint}", "--trust");
        RunEvent started = run.WaitFor(EventName.Started);
        using HostilePeer liar = await HostilePeer.AcceptAsync(_listener, started.Task!);
        ResultId result = MerkleTree.ResultOf("nothing of this will ever be sent"u8);
        await liar.AttestAsync(started.Task!, [.. Enumerable.Range(0, Pieces).Select(piece => new Attestation(piece, result))]);
        Task serving = liar.ServeAsync(async message =>
        {
            if (message is PeerMessage.Interested && how != "chokes for ever")
            {
                await liar.SendAsync(new PeerMessage.Unchoke());
            }
            else if (message is PeerMessage.Request request && how == "rejects every request")
            {
                await liar.SendAsync(new PeerMessage.RejectRequest(request.Piece, request.Begin, request.Length));
            }
        });
        ExpectCompletion(run);
        Assert.False(serving.IsFaulted);
    }

    private static async Task RenewAsync(HostilePeer greedy, string task, Task serving)
    {
        while (!serving.IsCompleted)
        {
            await Task.WhenAny(serving, Task.Delay(TimeSpan.FromSeconds(10)));
            await greedy.ClaimAsync(task, Enumerable.Range(0, Pieces));
        }
    }

    private StarlingRun Start(params string[] flags) => StarlingRun.Start(
        _home.Path,
        [
            "run",
            _home.File("task.yaml", $"name: {_name}\npieces: {Pieces}\nverify: {_verify}\nrun: {{ kernel: sleep, seconds: \"0.05\", bytes: {Bytes} }}\n"),
            "--dir", _home.Folder("out"), "--slots", "1", "--listen", "127.0.0.1:0", "--json", .. flags,
        ]);

    private static void ExpectRefusal(StarlingRun run, string code, string reason) => run.WaitFor(read =>
        read.Event == EventName.Refused && read.Code == code && read.Reason!.Contains(reason, StringComparison.Ordinal));

    private static void ExpectCompletion(StarlingRun run)
    {
        string output = run.WaitFor(read => read.Event == EventName.Complete, TimeSpan.FromMinutes(5)).Output!.Single();
        var expected = new byte[Pieces * Bytes];
        for (int piece = 0; piece < Pieces; piece++)
        {
            new DeterministicRandom((ulong)piece).Fill(expected.AsSpan(piece * Bytes, Bytes));
        }

        Assert.Equal(expected, File.ReadAllBytes(output));
    }
}
