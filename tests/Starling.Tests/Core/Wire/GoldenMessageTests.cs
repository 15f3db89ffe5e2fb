using System;
using System.Collections.Generic;
using System.Linq;
using Starling.Core.Gossip;
using Starling.Core.Primitives;
using Starling.Core.Wire;
using Starling.Runtime.Identity;

namespace Starling.Tests.Core.Wire;

public sealed class GoldenMessageTests
{
    private readonly Ed25519Verifier _verifier = new();

    public static TheoryData<string> Names => [.. GoldenMessages.Names];

    public static TheoryData<string> TaskMessageNames => [.. GoldenMessages.Names.Where(name => name.StartsWith("st_", StringComparison.Ordinal))];

    [Theory]
    [MemberData(nameof(Names))]
    public void Encoding_gives_the_golden_bytes(string name) =>
        Assert.Equal(Convert.ToHexString(GoldenMessages.Of(name)), Convert.ToHexString(GoldenScene.Frame(name)));

    [Theory]
    [MemberData(nameof(TaskMessageNames))]
    public void Golden_task_messages_decode_and_encode_to_the_same_bytes(string name)
    {
        TaskMessage message = Decode(name);
        (string messageName, byte[] payload) = TaskMessageCodec.Encode(message);
        Assert.StartsWith(messageName, name, StringComparison.Ordinal);
        Assert.Equal(GoldenMessages.Of(name)[6..], payload);
    }

    [Fact]
    public void The_handshake_decodes()
    {
        Assert.True(Handshake.TryDecode(GoldenMessages.Of("handshake"), out Handshake handshake));
        Assert.Equal(GoldenScene.Handshake, handshake);
        Assert.True(handshake.SupportsExtensions && handshake.SupportsFast);
        Assert.False(handshake.SupportsDht || handshake.SupportsV2);
    }

    [Fact]
    public void The_extended_handshake_decodes_and_its_proof_holds()
    {
        Assert.True(ExtendedHandshake.TryDecode(GoldenMessages.Of("extended-handshake").AsMemory(6), out ExtendedHandshake? handshake));
        Assert.Equal(GoldenScene.Extensions.OrderBy(e => e.Name, StringComparer.Ordinal), handshake.Extensions);
        Assert.Equal((ushort)6881, handshake.ListenPort);
        Assert.Equal(31_235, handshake.MetadataSize);
        Assert.Equal(250, handshake.RequestQueue);
        Assert.Equal("Starling 0.1", handshake.Client);
        Assert.Equal("192.0.2.7:0", handshake.YourAddress.ToString());
        Assert.NotNull(handshake.St);
        Assert.Equal(4, handshake.St.Cores);
        Assert.Equal("linux-x64", handshake.St.EnvironmentClass);
        Assert.True(LinkBinding.Verify(
            handshake.St,
            LinkRole.Initiator,
            GoldenScene.InitiatorCertificate,
            GoldenScene.ResponderCertificate,
            GoldenScene.TaskId,
            GoldenScene.Secret,
            _verifier,
            out Problem? problem), problem?.ToString());
    }

    [Fact]
    public void Signatures_of_golden_batches_hold_for_their_task_alone()
    {
        ClaimBatch claims = Assert.Single(Assert.IsType<TaskMessage.Claims>(Decode("st_claim")).Batches).Batch;
        Assert.True(ClaimBatchCodec.Verify(claims, GoldenScene.TaskId, _verifier));
        Assert.False(ClaimBatchCodec.Verify(claims, GoldenScene.NextTaskId, _verifier));
        AttestationBatch results = Assert.Single(Assert.IsType<TaskMessage.Attests>(Decode("st_attest")).Batches);
        Assert.True(AttestationBatchCodec.Verify(results, GoldenScene.TaskId, _verifier));
        Assert.False(AttestationBatchCodec.Verify(results, GoldenScene.NextTaskId, _verifier));
        AttestationBatch hit = Assert.IsType<TaskMessage.Found>(Decode("st_found")).Batch;
        Assert.True(AttestationBatchCodec.Verify(hit, GoldenScene.TaskId, _verifier));
    }

    [Fact]
    public void A_claim_of_one_piece_is_at_most_115_bytes_and_its_frame_at_most_130()
    {
        Assert.InRange(GoldenScene.OneClaim().Raw.Length, 96, 115);
        Assert.InRange(GoldenMessages.Of("st_claim").Length, 96, 130);
    }

    [Theory]
    [InlineData("st_stop")]
    [InlineData("st_stop-replaced")]
    public void Only_the_author_stops_a_task_and_only_this_one(string name)
    {
        var stop = Assert.IsType<TaskMessage.Stop>(Decode(name));
        Assert.True(StopNotice.Verify(stop, GoldenScene.Author.PublicKey, GoldenScene.TaskId, _verifier));
        Assert.False(StopNotice.Verify(stop, GoldenScene.Worker.PublicKey, GoldenScene.TaskId, _verifier));
        Assert.False(StopNotice.Verify(stop, GoldenScene.Author.PublicKey, GoldenScene.NextTaskId, _verifier));
        TaskMessage.Stop other = stop with { ReplacedBy = stop.ReplacedBy is null ? GoldenScene.NextTaskId : null };
        Assert.False(StopNotice.Verify(other, GoldenScene.Author.PublicKey, GoldenScene.TaskId, _verifier));
    }

    [Fact]
    public void Every_message_has_a_golden_example()
    {
        IEnumerable<string> shown = GoldenMessages.Names.Select(name => name.Split('-')[0]).Distinct();
        Assert.Superset(new HashSet<string>(TaskMessageCodec.Names), new HashSet<string>(shown));
    }

    private static TaskMessage Decode(string name)
    {
        Assert.True(TaskMessageCodec.TryDecode(name.Split('-')[0], GoldenMessages.Of(name).AsMemory(6), out TaskMessage? message));
        return message;
    }
}
