using System;
using System.Linq;
using Starling.Core.Gossip;
using Starling.Core.Wire;
using Starling.Tests.Core.Wire;

namespace Starling.Tests.Core.Fuzz;

/// <summary>
/// 100,000 damaged messages for each decoder: none throws, none allocates out of proportion to its input, and what is accepted is
/// encoded to bytes that mean the same. Canonical formats give the very same bytes.
/// </summary>
public sealed class DecoderFuzzTests
{
    private const int Rounds = 100_000;

    /// <summary>Bytes that a decoder may allocate for an input of n bytes: 64·n + this.</summary>
    private const int FixedAllocation = 16_384;

    /// <summary>Decodes and encodes again; null when the input is refused.</summary>
    private delegate byte[]? Pass(byte[] input);

    private static readonly byte[][] Frames = [.. GoldenMessages.Names.Where(name => name != "handshake").Select(name => GoldenMessages.Of(name)[4..])];

    public static TheoryData<string> Decoders =>
    [
        "handshake", "peer-message", "extended-handshake", "ut_metadata", "ut_pex", "claim-batch", "attestation-batch", .. TaskMessageCodec.Names,
    ];

    [Theory]
    [MemberData(nameof(Decoders))]
    public void Damaged_input_is_refused_or_understood_but_never_harms(string decoder)
    {
        (Pass pass, byte[][] corpus, bool canonical) = Target(decoder);
        foreach (byte[] right in corpus)
        {
            Assert.NotNull(pass(right));
        }

        var mutation = new Mutation(20_260_101, corpus);
        int accepted = 0;
        for (int round = 0; round < Rounds; round++)
        {
            byte[] input = mutation.Next();
            long before = GC.GetAllocatedBytesForCurrentThread();
            byte[]? output = pass(input);
            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(allocated <= FixedAllocation + (64L * input.Length), $"{allocated} bytes for {Convert.ToHexString(input)}");
            if (output is null)
            {
                continue;
            }

            accepted++;
            byte[]? again = pass(output);
            Assert.True(again is not null && again.AsSpan().SequenceEqual(output), Convert.ToHexString(input));
            Assert.True(!canonical || output.AsSpan().SequenceEqual(input), Convert.ToHexString(input));
        }

        // Damage that always breaks the frame would test nothing behind it.
        Assert.InRange(accepted, 50, Rounds);
    }

    private static (Pass Pass, byte[][] Corpus, bool Canonical) Target(string decoder) => decoder switch
    {
        "handshake" => (
            input => Handshake.TryDecode(input, out Handshake handshake) ? handshake.Encode() : null,
            [GoldenMessages.Of("handshake")],
            true),
        "peer-message" => (
            input => PeerMessageCodec.TryDecode(input, out PeerMessage? message)
                ? message is PeerMessage.Unknown ? input : PeerMessageCodec.Encode(message)[4..] : null,
            [.. Frames, .. PeerMessageCodecTests.Examples.Select(row => Convert.FromHexString((string)row[0])[4..])],
            true),
        "extended-handshake" => (
            input => ExtendedHandshake.TryDecode(input, out ExtendedHandshake? handshake) ? handshake.Encode() : null,
            Payloads("extended-handshake"),
            false),
        "ut_metadata" => (
            input => UtMetadata.TryDecode(input, out UtMetadata? message) ? message is UtMetadata.Unknown ? input : message.Encode() : null,
            Payloads("ut_metadata"),
            false),
        "ut_pex" => (input => UtPex.TryDecode(input, out UtPex? message) ? message.Encode() : null, Payloads("ut_pex"), false),
        "claim-batch" => (
            input => ClaimBatchCodec.TryDecode(input, out ClaimBatch? batch)
                ? SameBody(input, ClaimBatchCodec.Sign(new Crypto.StandInIdentity("fuzz"), default, batch.Sequence, batch.Claims).Raw) : null,
            [GoldenScene.OneClaim().Raw.ToArray(), GoldenScene.ThreeClaims().Raw.ToArray()],
            true),
        "attestation-batch" => (
            input => AttestationBatchCodec.TryDecode(input, out AttestationBatch? batch)
                ? SameBody(input, AttestationBatchCodec.Sign(
                    new Crypto.StandInIdentity("fuzz"), default, batch.Log, batch.Sequence, batch.EnvironmentClass, batch.Entries).Raw) : null,
            [GoldenScene.TwoResults().Raw.ToArray(), GoldenScene.Hit().Raw.ToArray()],
            true),
        _ => (
            input => TaskMessageCodec.TryDecode(decoder, input, out TaskMessage? message) ? TaskMessageCodec.Encode(message).Payload : null,
            Payloads(decoder),
            false),
    };

    private static byte[][] Payloads(string prefix) =>
        [.. GoldenMessages.Names.Where(name => name.StartsWith(prefix, StringComparison.Ordinal)).Select(name => GoldenMessages.Of(name)[6..])];

    /// <summary>The body that another signer's batch of the same meaning has, between the key and signature of the input.</summary>
    private static byte[] SameBody(byte[] input, ReadOnlyMemory<byte> signedAgain) => [.. input[..32], .. signedAgain.Span[32..^64], .. input[^64..]];
}
