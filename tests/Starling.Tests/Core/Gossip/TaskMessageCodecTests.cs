using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using Starling.Core.Bencode;
using Starling.Core.Gossip;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Tests.Core.Crypto;

namespace Starling.Tests.Core.Gossip;

public sealed class TaskMessageCodecTests
{
    private static readonly Hash256 Task = Hash256.Of("task"u8);
    private static readonly StandInIdentity Worker = new("worker");

    [Fact]
    public void Unknown_keys_are_ignored_and_unknown_names_refused()
    {
        byte[] known = Encoded(new TaskMessage.Held([new Attestation(1, ResultId.Empty)]));
        byte[] more = [.. known[..^1], .. "4:moreli1eee"u8];
        Assert.True(TaskMessageCodec.TryDecode("st_held", more, out TaskMessage? message));
        Assert.Equal(new Attestation(1, ResultId.Empty), Assert.Single(Assert.IsType<TaskMessage.Held>(message).Results));
        Assert.False(TaskMessageCodec.TryDecode("st_other", known, out _));
        Assert.False(TaskMessageCodec.TryDecode("ST_HELD", known, out _));
    }

    [Theory]
    [InlineData("st_claim", "de")]
    [InlineData("st_claim", "d1:bi1ee")]
    [InlineData("st_claim", "d1:b1:\u0001e")]
    [InlineData("st_claim", "d1:b2:\u0001\u0001e")]
    [InlineData("st_claim", "d1:b0:e ")]
    [InlineData("st_attest", "d1:blee")]
    [InlineData("st_attest", "d1:pi1ee")]
    [InlineData("st_attest", "d1:p3:abce")]
    [InlineData("st_held", "de")]
    [InlineData("st_held", "d1:h1:\u0001e")]
    [InlineData("st_held", "d1:h2:\u0001\u0001e")]
    [InlineData("st_proof", "d1:li1e1:pi1ee")]
    [InlineData("st_proof", "d1:li1e1:pi1e1:r31:1234567890123456789012345678901e")]
    [InlineData("st_proof", "d1:li0e1:pi1e1:r32:12345678901234567890123456789012e")]
    [InlineData("st_proof", "d1:li268435457e1:pi1e1:r32:12345678901234567890123456789012e")]
    [InlineData("st_proof", "d1:li1e1:pi4194304e1:r32:12345678901234567890123456789012e")]
    [InlineData("st_proof", "d1:li1e1:pi-1e1:r32:12345678901234567890123456789012e")]
    [InlineData("st_proof", "d1:h31:12345678901234567890123456789011:li1e1:pi1e1:r32:12345678901234567890123456789012e")]
    [InlineData("st_found", "d1:c0:1:pi1ee")]
    [InlineData("st_stop", "de")]
    [InlineData("st_stop", "d1:s3:abce")]
    public void Missing_wrong_and_cut_off_parts_are_refused(string name, string payload) =>
        Assert.False(TaskMessageCodec.TryDecode(name, Encoding.Latin1.GetBytes(payload), out _));

    [Fact]
    public void A_proof_without_hashes_says_that_the_result_is_not_here()
    {
        Assert.True(TaskMessageCodec.TryDecode("st_proof", "d1:h0:1:li1e1:pi1e1:r32:12345678901234567890123456789012e"u8.ToArray(), out TaskMessage? message));
        Assert.Empty(Assert.IsType<TaskMessage.Proof>(message).Leaves);
    }

    [Fact]
    public void A_stop_with_a_wrong_replacement_is_refused()
    {
        string signature = new('s', 64);
        Assert.True(TaskMessageCodec.TryDecode("st_stop", Encoding.ASCII.GetBytes($"d1:s64:{signature}e"), out _));
        Assert.False(TaskMessageCodec.TryDecode("st_stop", Encoding.ASCII.GetBytes($"d1:ri1e1:s64:{signature}e"), out _));
        Assert.False(TaskMessageCodec.TryDecode("st_stop", Encoding.ASCII.GetBytes($"d1:r3:abc1:s64:{signature}e"), out _));
    }

    [Theory]
    [InlineData(TaskMessageCodec.MaxBatches, true)]
    [InlineData(TaskMessageCodec.MaxBatches + 1, false)]
    public void Batches_of_a_message_are_bounded(int count, bool accepted)
    {
        ClaimBatch claim = ClaimBatchCodec.Sign(Worker, Task, 1, []);
        AttestationBatch attestation = AttestationBatchCodec.Sign(Worker, Task, 1, 0, "", [new Attestation(1, ResultId.Empty)]);
        byte[] claimRecord = [0, .. Sized(claim.Raw)];
        Assert.Equal(accepted, TaskMessageCodec.TryDecode("st_claim", OfOne("b", claimRecord, count), out _));
        Assert.Equal(accepted, TaskMessageCodec.TryDecode("st_attest", OfOne("b", Sized(attestation.Raw), count), out _));
        var claims = new TaskMessage.Claims([.. Enumerable.Repeat(new AgedClaimBatch(claim, default), count)]);
        var attests = new TaskMessage.Attests([.. Enumerable.Repeat(attestation, count)], []);
        if (accepted)
        {
            Assert.Equal(OfOne("b", claimRecord, count), Encoded(claims));
            Assert.Equal(OfOne("b", Sized(attestation.Raw), count), Encoded(attests));
        }
        else
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => TaskMessageCodec.Encode(claims));
            Assert.Throws<ArgumentOutOfRangeException>(() => TaskMessageCodec.Encode(attests));
        }
    }

    [Theory]
    [InlineData(TaskMessageCodec.MaxHeld, true)]
    [InlineData(TaskMessageCodec.MaxHeld + 1, false)]
    public void Results_and_positions_of_a_message_are_bounded(int count, bool accepted)
    {
        byte[] result = [0xFF, 0xFF, 0xFF, 0x01, 0x01, .. new byte[32]];
        Assert.Equal(accepted, TaskMessageCodec.TryDecode("st_held", OfOne("h", result, count), out _));
        byte[] position = [.. new byte[32], 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0x07];
        Assert.Equal(accepted, TaskMessageCodec.TryDecode("st_attest", OfOne("p", position, count), out _));
    }

    [Fact]
    public void The_proof_of_the_longest_result_fits()
    {
        var leaves = new Hash256[TaskMessageCodec.MaxLeaves];
        Array.Fill(leaves, Task);
        var result = new ResultId(TaskLimitsOfFormat.MaxPieceLength, MerkleTree.Root(leaves));
        byte[] payload = Encoded(new TaskMessage.Proof(3, result, leaves));
        Assert.True(TaskMessageCodec.TryDecode("st_proof", payload, out TaskMessage? message));
        var proof = Assert.IsType<TaskMessage.Proof>(message);
        Assert.Equal(leaves, proof.Leaves);
        Assert.Equal(result, proof.Result);
        Assert.Throws<ArgumentOutOfRangeException>(() => TaskMessageCodec.Encode(new TaskMessage.Proof(3, result, leaves[1..])));
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(TaskMessageCodec.MaxContent, true)]
    [InlineData(TaskMessageCodec.MaxContent + 1, false)]
    public void The_content_of_a_hit_is_bounded(int length, bool accepted)
    {
        var content = new byte[length];
        AttestationBatch batch = AttestationBatchCodec.Sign(Worker, Task, 1, 0, "", [new Attestation(4, MerkleTree.ResultOf(content))]);
        byte[] payload = Found(batch, content, 4);
        Assert.Equal(accepted, TaskMessageCodec.TryDecode("st_found", payload, out _));
        if (accepted)
        {
            Assert.Equal(payload, Encoded(new TaskMessage.Found(batch, 4, content)));
        }
        else
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => TaskMessageCodec.Encode(new TaskMessage.Found(batch, 4, content)));
        }
    }

    [Fact]
    public void A_hit_that_its_batch_does_not_attest_is_refused()
    {
        AttestationBatch batch = AttestationBatchCodec.Sign(Worker, Task, 1, 0, "", [new Attestation(4, MerkleTree.ResultOf("x"u8))]);
        Assert.True(TaskMessageCodec.TryDecode("st_found", Found(batch, [1], 4), out _));
        Assert.False(TaskMessageCodec.TryDecode("st_found", Found(batch, [1], 5), out _));
        Assert.False(TaskMessageCodec.TryDecode("st_found", Found(batch, [1, 2], 4), out _));
        Assert.Throws<ArgumentException>(() => TaskMessageCodec.Encode(new TaskMessage.Found(batch, 5, new byte[1])));
    }

    [Fact]
    public void As_many_full_batches_as_fit_are_counted()
    {
        var result = new ResultId(TaskLimitsOfFormat.MaxPieceLength, Task);
        AttestationBatch full = AttestationBatchCodec.Sign(
            Worker, Task, long.MaxValue, 0, "", [.. Enumerable.Range(0, AttestationBatch.MaxEntries).Select(i => new Attestation(i, result))]);
        AttestationBatch[] log = [.. Enumerable.Repeat(full, 300)];
        int count = TaskMessageCodec.CountThatFits(log, 0);
        Assert.InRange(count, 2, TaskMessageCodec.MaxBatches - 1);
        Assert.InRange(Encoded(new TaskMessage.Attests(log[..count], [])).Length, TaskMessageCodec.MaxPayload - full.Raw.Length - 100, TaskMessageCodec.MaxPayload);
        Assert.Equal(1, TaskMessageCodec.CountThatFits(log, log.Length - 1));
        Assert.Equal(0, TaskMessageCodec.CountThatFits(log, log.Length));
    }

    [Fact]
    public void What_was_decoded_does_not_hold_the_frame()
    {
        ClaimBatch claim = ClaimBatchCodec.Sign(Worker, Task, 1, []);
        byte[] payload = OfOne("b", [0, .. Sized(claim.Raw)], 1);
        Assert.True(TaskMessageCodec.TryDecode("st_claim", payload, out TaskMessage? message));
        Array.Clear(payload);
        Assert.Equal(claim.Raw.ToArray(), Assert.Single(Assert.IsType<TaskMessage.Claims>(message).Batches).Batch.Raw.ToArray());
    }

    [Fact]
    public void Ages_come_back_in_whole_milliseconds()
    {
        ClaimBatch claim = ClaimBatchCodec.Sign(Worker, Task, 1, []);
        byte[] payload = Encoded(new TaskMessage.Claims(
            [new AgedClaimBatch(claim, TimeSpan.FromTicks(12_349_999)), new AgedClaimBatch(claim, TimeSpan.MaxValue), new AgedClaimBatch(claim, TimeSpan.MinValue)]));
        Assert.True(TaskMessageCodec.TryDecode("st_claim", payload, out TaskMessage? message));
        Assert.Equal(
            [1234, ClaimBatchCodec.MaxSpanMs, 0],
            Assert.IsType<TaskMessage.Claims>(message).Batches.Select(batch => (long)batch.Age.TotalMilliseconds));
    }

    private static byte[] Encoded(TaskMessage message) => TaskMessageCodec.Encode(message).Payload;

    private static byte[] Sized(ReadOnlyMemory<byte> raw)
    {
        var length = new byte[Varint.MaxSize];
        return [.. length[..Varint.Write(length, raw.Length)], .. raw.Span];
    }

    private static byte[] OfOne(string key, byte[] record, int count)
    {
        var writer = new BencodeWriter();
        writer.BeginDictionary();
        writer.Bytes(Encoding.ASCII.GetBytes(key), Enumerable.Repeat(record, count).SelectMany(one => one).ToArray());
        writer.End();
        return writer.ToArray();
    }

    private static byte[] Found(AttestationBatch batch, byte[] content, int piece) => new BDictionary(new Dictionary<string, BValue>
    {
        ["b"] = new BString(batch.Raw),
        ["c"] = new BString(content),
        ["p"] = new BInteger(piece),
    }).ToBytes();
}
