using System;
using System.Linq;
using Starling.Core.Gossip;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Fuzz.Engine;

namespace Starling.Fuzz.Targets;

internal static class GossipTargets
{
    private const int SignatureSize = 64;

    public static TaskMessage[] Messages { get; } =
    [
        new TaskMessage.Claims([new AgedClaimBatch(Parts.ClaimBatchOf(Parts.TaskId, 5, [.. Parts.Claims]), TimeSpan.FromSeconds(1)), new AgedClaimBatch(Parts.ClaimBatchOf(Parts.TaskId, 6), default)]),
        new TaskMessage.Attests([Parts.TwoResults, Parts.Hit], []),
        new TaskMessage.Attests([], [new LogPosition(Parts.Worker.PublicKey, 1_767_225_600_000, 2), new LogPosition(new SealIdentity(2).PublicKey, 1, 0)]),
        new TaskMessage.Held([new Attestation(300, MerkleTree.ResultOf("90000\n"u8)), new Attestation(8, ResultId.Empty)]),
        new TaskMessage.ProofRequest(9, MerkleTree.ResultOf(Parts.BigContent)),
        new TaskMessage.Proof(9, MerkleTree.ResultOf(Parts.BigContent), MerkleTree.Leaves(Parts.BigContent)),
        new TaskMessage.Proof(9, MerkleTree.ResultOf(Parts.BigContent), []),
        new TaskMessage.Found(Parts.Hit, 9, "2083236893\n"u8.ToArray()),
        new TaskMessage.Delegates([DelegationNotice.Sign(Parts.Worker, Parts.TaskId, new SealIdentity(2).PublicKey, 1_767_225_600_000, 1_770_000_000, 2)]),
        new TaskMessage.Stop(null, Parts.Filled(SignatureSize)),
        new TaskMessage.Stop(Hash256.Of("next"u8), Parts.Filled(SignatureSize)),
        new TaskMessage.Released([new Attestation(8, ResultId.Empty)]),
    ];

    public static FuzzTarget[] All { get; } =
    [
        new()
        {
            Name = "claim-batch",
            Covers = [typeof(ClaimBatchCodec), typeof(BatchCache), typeof(Varint)],
            IsCanonical = true,
            MaxSize = 1024,
            Seeds = () => [Parts.ClaimBatchOf(Parts.TaskId, 5, [.. Parts.Claims]).Raw.ToArray(), Parts.ClaimBatchOf(Parts.TaskId, long.MaxValue).Raw.ToArray()],
            Start = () =>
            {
                var cache = new BatchCache(4);
                return input =>
                {
                    bool understood = ClaimBatchCodec.TryDecode(input, out ClaimBatch? batch);
                    bool cached = cache.TryDecode(input.Span, out ClaimBatch? same);
                    FuzzFailureException.Unless(understood == cached && (same is null || same.Raw.Span.SequenceEqual(input.Span)), "the cache has another batch");
                    return understood ? SameBody(input, ClaimBatchCodec.Sign(Parts.Worker, default, batch!.Sequence, same!.Claims).Raw) : null;
                };
            },
        },
        new()
        {
            Name = "attestation-batch",
            Covers = [typeof(AttestationBatchCodec), typeof(BatchCache), typeof(ResultRecord), typeof(EnvironmentClassText)],
            IsCanonical = true,
            MaxSize = 1024,
            Seeds = () => [Parts.TwoResults.Raw.ToArray(), Parts.Hit.Raw.ToArray(), Parts.Seals.Raw.ToArray(), Parts.Opened.Raw.ToArray()],
            Start = () =>
            {
                var cache = new BatchCache(4);
                return input =>
                {
                    bool understood = AttestationBatchCodec.TryDecode(input, out AttestationBatch? batch);
                    bool cached = cache.TryDecode(input.Span, out AttestationBatch? same);
                    FuzzFailureException.Unless(understood == cached && (same is null || same.Raw.Span.SequenceEqual(input.Span)), "the cache has another batch");
                    return understood ? SameBody(input, AttestationBatchCodec.Sign(Parts.Worker, default, batch! with { Entries = same!.Entries }).Raw) : null;
                };
            },
        },
        Message(TaskMessageCodec.ClaimName, [typeof(ClaimsPayload), typeof(PayloadParts)], "b"),
        Message(TaskMessageCodec.AttestName, [typeof(AttestsPayload)], "b", "p"),
        Message(TaskMessageCodec.HeldName, [typeof(HeldPayload)], "h"),
        Message(TaskMessageCodec.ProofName, [typeof(ProofPayload)], "h", "l", "p", "r"),
        Message(TaskMessageCodec.FoundName, [typeof(FoundPayload)], "b", "c", "p"),
        Message(TaskMessageCodec.DelegateName, [typeof(DelegatesPayload), typeof(DelegationNotice)], "d"),
        Message(TaskMessageCodec.StopName, [typeof(StopPayload)], "r", "s"),
    ];

    public static (string Name, byte[] Payload)[] Payloads { get; } = [.. Messages.Select(TaskMessageCodec.Encode)];

    private static FuzzTarget Message(string name, Type[] payload, params string[] keys) => new()
    {
        Name = name,
        Covers = [typeof(TaskMessageCodec), .. payload],
        Shape = InputShape.Bencode,
        Words = keys,
        Seeds = () => Payloads.Where(message => message.Name == name).Select(message => message.Payload),
        Start = () => input => TaskMessageCodec.TryDecode(name, input, out TaskMessage? message) ? TaskMessageCodec.Encode(message).Payload : null,
    };

    /// <summary>The body that another signer's batch of the same meaning has, between the key and the signature of the input.</summary>
    private static byte[] SameBody(ReadOnlyMemory<byte> input, ReadOnlyMemory<byte> signedAgain) =>
        [.. input.Span[..PublicKey.Size], .. signedAgain.Span[PublicKey.Size..^SignatureSize], .. input.Span[^SignatureSize..]];
}
