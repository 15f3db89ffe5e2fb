using System;
using System.Text;
using Starling.Core.Crypto;
using Starling.Core.Primitives;
using Starling.Core.Tasks;

namespace Starling.Tests.Core.Tasks;

/// <summary>Tasks that several tests use, and a key whose signature is a hash: enough to see that the right bytes are signed.</summary>
internal static class TaskSamples
{
    public static TaskInfo Plain() => new()
    {
        Name = "squares",
        Run = new RunSpec.Shell("echo $((PIECE_IDX * PIECE_IDX))"),
        Files = [new OutputFile("squares", 8)],
        Verify = new VerifySpec.Replicas(2),
    };

    /// <summary>Every field away from its default.</summary>
    public static TaskInfo Full() => new()
    {
        Name = "all of it",
        Run = new RunSpec.Kernel("mandelbrot", [new("centre", "-0.5 0"), new("height", "480"), new("width", "640")]),
        Files = [new OutputFile("a/left.png", 3), new OutputFile("a/right.png", 4)],
        Merge = "cat $PART_LIST > \"$FILE\"",
        PieceLength = 4096,
        Inputs = [new InputSpec("in.bin", new TorrentId(Hash256.Of("in"u8)), 700)],
        Chunks = new ChunkSpec("in.bin", 100),
        Needs = new NeedsSpec { Programs = ["ffmpeg >= 5"], Cores = 2, MemoryBytes = 1 << 30, DiskBytes = 5, Os = "linux", Arch = "x64" },
        Limits = new RunLimits
        {
            Wall = TimeSpan.FromMinutes(10),
            Cpu = TimeSpan.FromSeconds(5),
            MemoryBytes = 1 << 20,
            DiskBytes = 0,
            Processes = 9,
            Network = "full",
        },
        Verify = new VerifySpec.Own(),
        Until = Until.First,
        Author = new FakeIdentity(7).PublicKey,
    };

    public static TaskFile Make(TaskInfo info)
    {
        Assert.True(TaskFileCodec.TryMake(info, out TaskFile? task, out Problem? problem), problem?.ToString());
        return task;
    }

    /// <summary>Two texts, one after the other, of one key and a message.</summary>
    internal sealed class FakeIdentity(byte seed) : IIdentity, ISignatureVerifier
    {
        public PublicKey PublicKey { get; } = new(Hash256.Of([seed]).ToArray());

        public byte[] Sign(ReadOnlySpan<byte> message) => Signature(PublicKey, message);

        public bool Verify(in PublicKey key, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature) =>
            signature.SequenceEqual(Signature(key, message));

        private static byte[] Signature(in PublicKey key, ReadOnlySpan<byte> message)
        {
            byte[] hash = Hash256.Of([.. key.ToArray(), .. message]).ToArray();
            return [.. hash, .. hash];
        }
    }

    public static byte[] Latin(string text) => Encoding.Latin1.GetBytes(text);
}
