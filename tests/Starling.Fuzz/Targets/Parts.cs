using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Text;
using Starling.Core.Crypto;
using Starling.Core.Gossip;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Core.Wire;

namespace Starling.Fuzz.Targets;

/// <summary>Values that the seeds of several targets are made of.</summary>
internal static class Parts
{
    public static readonly Hash256 TaskId = Hash256.Of("starling"u8);

    public static readonly InfoHash Swarm = InfoHash.Of(TaskId);

    public static readonly PeerId Peer = new("-ST0100-abcdefghijkl"u8);

    public static readonly SealIdentity Worker = new(1);

    public static PeerAddress Address(string text) => PeerAddress.From(IPEndPoint.Parse(text).Address, IPEndPoint.Parse(text).Port);

    public static byte[] Latin(string text) => Encoding.Latin1.GetBytes(text);

    public static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    public static string Text(ReadOnlyMemory<byte> utf8) => Encoding.UTF8.GetString(utf8.Span);

    public static byte[] Filled(int count, byte value = 7) => [.. Enumerable.Repeat(value, count)];

    /// <summary>Every field away from its default.</summary>
    public static TaskInfo FullTask { get; } = new()
    {
        Name = "all of it",
        Run = new RunSpec.Kernel("mandelbrot", [new("centre", "-0.5 0"), new("height", "480"), new("iterations", "100"), new("scale", "3"), new("width", "640")]),
        Files = [new OutputFile("a/left.png", 3), new OutputFile("a/right.png", 4)],
        Merge = "cat $PART_LIST > \"$FILE\"",
        PieceLength = 4096,
        Inputs = [new InputSpec("in.bin", new TorrentId(Hash256.Of("in"u8)), 700)],
        Chunks = new ChunkSpec("in.bin", 100),
        Needs = new NeedsSpec { Programs = ["ffmpeg >= 5"], Cores = 2, MemoryBytes = 1 << 30, DiskBytes = 5, Os = "linux", Arch = "x64" },
        Limits = new RunLimits { Wall = TimeSpan.FromMinutes(10), Cpu = TimeSpan.FromSeconds(5), Fuel = 1L << 40, MemoryBytes = 1 << 20, DiskBytes = 0, Processes = 9, Network = "full" },
        Verify = new VerifySpec.Own(),
        Until = Until.First,
        Members = [Worker.PublicKey],
        Author = Worker.PublicKey,
    };

    public static TaskInfo PlainTask { get; } = new()
    {
        Name = "squares",
        Run = new RunSpec.Shell("echo $((PIECE_IDX * PIECE_IDX))"),
        Files = [new OutputFile("squares", 8)],
        Verify = new VerifySpec.Replicas(2),
    };

    public static TaskFile Make(TaskInfo info) =>
        TaskFileCodec.TryMake(info, out TaskFile? task, out Problem? problem) ? task : throw new InvalidOperationException(problem.ToString());

    public static IReadOnlyList<Claim> Claims { get; } =
        [new Claim(1, TimeSpan.FromSeconds(2), TimeSpan.FromMinutes(1)), new Claim(2, default, default), new Claim(300, default, TimeSpan.FromSeconds(9))];

    public static ClaimBatch ClaimBatchOf(Hash256 task, long sequence, params Claim[] claims) => ClaimBatchCodec.Sign(Worker, task, sequence, claims);

    public static AttestationBatch Batch(Hash256 task, int sequence, string env, params Attestation[] entries) =>
        AttestationBatchCodec.Sign(Worker, task, 1_767_225_600_000, sequence, env, entries);

    public static AttestationBatch TwoResults { get; } =
        Batch(TaskId, 0, "linux-x64", new Attestation(7, MerkleTree.ResultOf("49\n"u8)), new Attestation(8, ResultId.Empty));

    /// <summary>Two seals, and the batch that opens one of them.</summary>
    public static AttestationBatch Seals { get; } = AttestationBatchCodec.Sign(Worker, TaskId, Draft with { Seals = [new Seal(3, Hash256.Of("seal"u8)), new Seal(9, Hash256.Of("other"u8))] });

    public static AttestationBatch Opened { get; } = AttestationBatchCodec.Sign(
        Worker, TaskId, Draft with { Sequence = 1, Entries = [new Attestation(9, MerkleTree.ResultOf("x"u8))], Openings = [new Opening(Hash256.Of("salt"u8), [Hash256.Of("witness"u8)])] });

    private static AttestationBatch Draft => new() { Worker = default, Log = 1_767_225_600_000, Sequence = 0, EnvironmentClass = "linux-x64", Entries = [], Raw = default };

    public static AttestationBatch Hit { get; } = Batch(TaskId, 1, "", new Attestation(9, MerkleTree.ResultOf("2083236893\n"u8)));

    public static byte[] BigContent { get; } = Latin(new string('a', 16_384) + new string('b', 16_384) + "c");
}

/// <summary>An identity whose signatures anybody can make and which any 64 bytes pass for, so that generated messages get behind the check of signatures.</summary>
internal sealed class SealIdentity(byte number) : IIdentity, ISignatureVerifier
{
    public PublicKey PublicKey { get; } = new(Hash256.Of([number]).ToArray());

    public byte[] Sign(ReadOnlySpan<byte> message) => Parts.Filled(ISignatureVerifier.SignatureSize, number);

    /// <summary>All but those that begin with 0xFF.</summary>
    public bool Verify(in PublicKey key, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature) => signature[0] != 0xFF;
}
