using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using Starling.Core.Gossip;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Utp;
using Starling.Core.Wire;
using Starling.Core.Wire.Mse;
using Starling.Runtime.Identity;

namespace Starling.Tests.Core.Wire;

/// <summary>The values behind <see cref="GoldenMessages"/>: who says what, in which task.</summary>
public static class GoldenScene
{
    public const long Log = 1_767_225_600_000;

    public static readonly Hash256 TaskId = Hash256.Of("starling"u8);
    public static readonly Hash256 NextTaskId = Hash256.Of("next"u8);
    public static readonly Hash256 InitiatorCertificate = Hash256.Of("initiator certificate"u8);
    public static readonly Hash256 ResponderCertificate = Hash256.Of("responder certificate"u8);
    public static readonly byte[] Secret = Hash256.Of("secret"u8).ToArray();

    /// <summary>RFC 8032, section 7.1, test 1.</summary>
    public static readonly Ed25519Identity Worker =
        Ed25519Identity.FromSeed(Convert.FromHexString("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"));

    /// <summary>RFC 8032, section 7.1, test 2.</summary>
    public static readonly Ed25519Identity Author =
        Ed25519Identity.FromSeed(Convert.FromHexString("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"));

    public static readonly Handshake Handshake =
        new(Handshake.ExtensionBit | Handshake.FastBit, InfoHash.Of(TaskId), new PeerId("-ST0100-abcdefghijkl"u8));

    public static readonly byte[] BigContent = Encoding.ASCII.GetBytes(new string('a', 16_384) + new string('b', 16_384) + "c");

    public static readonly IReadOnlyList<ExtensionId> Extensions =
    [
        new("st_attest", 3), new("st_claim", 4), new("st_delegate", 9), new("st_found", 5), new("st_held", 6), new("st_proof", 7), new("st_stop", 8),
        new("ut_metadata", 1), new("ut_pex", 2),
    ];

    public static ExtendedHandshake ExtendedHandshake() => new()
    {
        Extensions = Extensions,
        MetadataSize = 31_235,
        ListenPort = 6881,
        RequestQueue = 250,
        Client = "Starling 0.1",
        YourAddress = new PeerAddress(Address("192.0.2.7:1").Ip, 0),
        St = LinkBinding.Create(
            Worker, LinkRole.Initiator, InitiatorCertificate, ResponderCertificate, TaskId, Secret, 4, "linux-x64"),
    };

    public static ClaimBatch OneClaim() => ClaimBatchCodec.Sign(
        Worker, TaskId, Log, [new Claim(7, TimeSpan.FromSeconds(1.5), TimeSpan.FromMinutes(1))]);

    public static ClaimBatch ThreeClaims() => ClaimBatchCodec.Sign(
        Worker,
        TaskId,
        Log + 1,
        [new Claim(7, TimeSpan.FromSeconds(2), TimeSpan.FromMinutes(1)), new Claim(8, default, default), new Claim(300, default, default)]);

    public static AttestationBatch TwoResults() => AttestationBatchCodec.Sign(
        Worker, TaskId, Log, 0, "linux-x64", [new Attestation(7, MerkleTree.ResultOf("49\n"u8)), new Attestation(8, ResultId.Empty)]);

    private static Attestation Sealed => new(7, MerkleTree.ResultOf("49\n"u8));

    private static Hash256 Salt => Seal.SaltOf(Worker, TaskId, 7);

    private static AttestationBatch SealedBatch() => new() { Worker = default, Log = Log, Sequence = 0, Entries = [], Raw = default };

    public static AttestationBatch Hit() => AttestationBatchCodec.Sign(
        Worker, TaskId, Log, 1, "", [new Attestation(9, MerkleTree.ResultOf("2083236893\n"u8))]);

    public static UtPex Pex() => new(
        [new PexPeer(Address("192.0.2.1:6881"), PexFlags.Reachable), new PexPeer(Address("[2001:db8::1]:6881"), PexFlags.None)],
        [Address("192.0.2.2:6881")]);

    /// <summary>The frame that the golden message of this name must equal.</summary>
    public static byte[] Frame(string name) => name switch
    {
        "handshake" => Handshake.Encode(),
        "extended-handshake" => Extended(0, ExtendedHandshake().Encode()),
        "ut_metadata-request" => Extended(1, new UtMetadata.Request(0).Encode()),
        "ut_metadata-data" => Extended(1, new UtMetadata.Data(1, UtMetadata.PieceSize + 5, "hello"u8.ToArray()).Encode()),
        "ut_metadata-reject" => Extended(1, new UtMetadata.Reject(0).Encode()),
        "ut_pex" => Extended(2, Pex().Encode()),
        "utp-syn" => Utp(new UtpHeader(UtpPacketType.Syn, 4660, 1_000_000, 0, 1_048_576, 1, 0), []),
        "utp-state" => Utp(new UtpHeader(UtpPacketType.State, 4661, 1_050_000, 50_000, 1_048_576, 7, 3), [5, 0, 0, 0]),
        _ when name.StartsWith("mse-", StringComparison.Ordinal) => Mse()[name],
        _ => OfTask(Message(name)),
    };

    public static TaskMessage Message(string name) => name switch
    {
        "st_claim" => new TaskMessage.Claims([new AgedClaimBatch(OneClaim(), default)]),
        "st_claim-three" => new TaskMessage.Claims([new AgedClaimBatch(ThreeClaims(), TimeSpan.FromMilliseconds(250))]),
        "st_attest" => new TaskMessage.Attests([TwoResults()], []),
        "st_attest-positions" => new TaskMessage.Attests([], [new LogPosition(Worker.PublicKey, Log, 1)]),
        "st_attest-seals" => new TaskMessage.Attests([AttestationBatchCodec.Sign(Worker, TaskId, SealedBatch() with { Seals = [Seal.Of(TaskId, Worker.PublicKey, Sealed, Salt)] })], []),
        "st_attest-openings" => new TaskMessage.Attests(
            [AttestationBatchCodec.Sign(Worker, TaskId, SealedBatch() with { Sequence = 1, Entries = [Sealed], Openings = [new Opening(Salt, [Hash256.Of("another seal"u8)])] })], []),
        "st_held" => new TaskMessage.Held([new Attestation(300, MerkleTree.ResultOf("90000\n"u8)), new Attestation(8, ResultId.Empty)]),
        "st_held-released" => new TaskMessage.Released([new Attestation(300, MerkleTree.ResultOf("90000\n"u8)), new Attestation(8, ResultId.Empty)]),
        "st_proof-request" => new TaskMessage.ProofRequest(9, MerkleTree.ResultOf(BigContent)),
        "st_proof" => new TaskMessage.Proof(9, MerkleTree.ResultOf(BigContent), MerkleTree.Leaves(BigContent)),
        "st_found" => new TaskMessage.Found(Hit(), 9, "2083236893\n"u8.ToArray()),
        "st_stop" => StopNotice.Sign(Author, TaskId, null),
        "st_stop-replaced" => StopNotice.Sign(Author, TaskId, NextTaskId),
        "st_delegate" => new TaskMessage.Delegates([DelegationNotice.Sign(Author, TaskId, Worker.PublicKey, Log, expires: 1_770_000_000, depth: 1)]),
        _ => throw new ArgumentException(name),
    };

    /// <summary>The four messages of a handshake, without pads.</summary>
    private static Dictionary<string, byte[]> Mse()
    {
        static MseRandomness Random(int first) => new(Enumerable.Range(first, MseRandomness.ExponentSize).Select(number => (byte)number).ToArray(), default, default);
        InfoHash swarm = InfoHash.Of(TaskId);
        var initiator = new MseInitiator(swarm, MseMethods.Rc4 | MseMethods.Plaintext, default, Random(1));
        var responder = new MseResponder(new MseSwarmKeys(swarm), MseMethods.Rc4, Random(21));
        byte[] value = initiator.Start().ToArray();
        byte[] answer = responder.Receive(value).ToArray();
        byte[] offer = initiator.Receive(answer).ToArray();
        return new Dictionary<string, byte[]>
        {
            ["mse-initiator-value"] = value,
            ["mse-responder-value"] = answer,
            ["mse-initiator-offer"] = offer,
            ["mse-responder-selection"] = responder.Receive(offer).ToArray(),
        };
    }

    private static byte[] Utp(UtpHeader header, byte[] selectiveAck)
    {
        var datagram = new byte[UtpPacketCodec.HeaderSize + UtpPacketCodec.ExtensionHeaderSize + selectiveAck.Length];
        UtpPacketCodec.WriteHeader(datagram, header);
        selectiveAck.CopyTo(datagram, UtpPacketCodec.HeaderSize + UtpPacketCodec.ExtensionHeaderSize);
        return selectiveAck.Length == 0 ? datagram[..UtpPacketCodec.HeaderSize] : datagram[..UtpPacketCodec.MarkSelectiveAck(datagram, selectiveAck.Length)];
    }

    private static byte[] OfTask(TaskMessage message)
    {
        (string name, byte[] payload) = TaskMessageCodec.Encode(message);
        Assert.True(ExtendedHandshake().TryGetId(name, out byte id));
        return Extended(id, payload);
    }

    private static byte[] Extended(byte id, byte[] payload) => PeerMessageCodec.Encode(new PeerMessage.Extended(id, payload));

    private static PeerAddress Address(string text)
    {
        Assert.True(PeerAddress.TryParse(text, out PeerAddress address));
        return address;
    }
}
