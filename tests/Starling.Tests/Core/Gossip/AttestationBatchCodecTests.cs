using System;
using System.Collections.Generic;
using System.Linq;
using FsCheck;
using FsCheck.Fluent;
using Starling.Core.Gossip;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Tests.Core.Crypto;

namespace Starling.Tests.Core.Gossip;

public sealed class AttestationBatchCodecTests
{
    private const string Root = "1111111111111111111111111111111111111111111111111111111111111111";

    private static readonly Hash256 Task = Hash256.Of("task"u8);
    private static readonly StandInIdentity Worker = new("worker");
    private static readonly StandInVerifier Verifier = new();

    [Fact]
    public void Any_batch_comes_back_the_same()
    {
        Prop.ForAll<NonNegativeInt[], NonNegativeInt>((pieces, number) =>
        {
            Attestation[] entries = [new(0, ResultId.Empty), .. pieces.Select(piece => piece.Get % TaskLimitsOfFormat.MaxPieces)
                .Where(piece => piece > 0).Distinct().Order().Take(AttestationBatch.MaxEntries - 1)
                .Select(piece => new Attestation(piece, MerkleTree.ResultOf(new byte[piece % 3])))];
            AttestationBatch sent = AttestationBatchCodec.Sign(
                Worker, Task, number.Get * 1_000_003L, number.Get, new string('e', number.Get % 65), entries);
            return AttestationBatchCodec.TryDecode(sent.Raw, out AttestationBatch? back)
                && (back.Worker, back.Log, back.Sequence, back.EnvironmentClass)
                    == (Worker.PublicKey, sent.Log, sent.Sequence, sent.EnvironmentClass)
                && back.Entries.SequenceEqual(entries)
                && AttestationBatchCodec.Verify(back, Task, Verifier);
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Seals_and_openings_come_back_the_same()
    {
        Seal[] seals = [.. Enumerable.Range(0, AttestationBatch.MaxSealedEntries).Select(i => Seal.Of(Task, Worker.PublicKey, Result(i), Hash256.Of([(byte)i])))];
        AttestationBatch sealing = AttestationBatchCodec.Sign(Worker, Task, Draft([]) with { Seals = seals });
        Assert.True(AttestationBatchCodec.TryDecode(sealing.Raw, out AttestationBatch? back));
        Assert.Equal(seals, back.Seals);
        Assert.Empty(back.Entries);

        Attestation[] entries = [.. Enumerable.Range(0, AttestationBatch.MaxSealedEntries).Select(Result)];
        Opening[] openings = [.. entries.Select((_, i) => new Opening(Hash256.Of([(byte)i]), [.. Enumerable.Repeat(Task, i % (Opening.MaxWitnessed + 1))]))];
        AttestationBatch opening = AttestationBatchCodec.Sign(Worker, Task, Draft(entries) with { Openings = openings });
        Assert.True(AttestationBatchCodec.TryDecode(opening.Raw, out back));
        Assert.Equal(entries, back.Entries);
        Assert.Equal(openings.Select(one => one.Salt), back.Openings.Select(one => one.Salt));
        Assert.Equal(openings.Select(one => one.Witnessed.Count), back.Openings.Select(one => one.Witnessed.Count));
        Assert.True(AttestationBatchCodec.Verify(back, Task, Verifier));
        Assert.Throws<ArgumentOutOfRangeException>(() => AttestationBatchCodec.Sign(Worker, Task, Draft([]) with { Seals = [.. seals, new Seal(64, Task)] }));
    }

    [Fact]
    public void A_seal_is_of_one_worker_one_piece_one_result_and_one_salt()
    {
        Hash256 salt = Seal.SaltOf(Worker, Task, 3);
        Hash256 commitment = Seal.Of(Task, Worker.PublicKey, Result(3), salt).Commitment;
        Assert.Equal(salt, Seal.SaltOf(Worker, Task, 3));
        Assert.NotEqual(salt, Seal.SaltOf(Worker, Task, 4));
        Assert.NotEqual(salt, Seal.SaltOf(new StandInIdentity("other"), Task, 3));
        Assert.NotEqual(commitment, Seal.Of(Hash256.Zero, Worker.PublicKey, Result(3), salt).Commitment);
        Assert.NotEqual(commitment, Seal.Of(Task, new StandInIdentity("other").PublicKey, Result(3), salt).Commitment);
        Assert.NotEqual(commitment, Seal.Of(Task, Worker.PublicKey, Result(3) with { Piece = 4 }, salt).Commitment);
        Assert.NotEqual(commitment, Seal.Of(Task, Worker.PublicKey, Result(4) with { Piece = 3 }, salt).Commitment);
        Assert.NotEqual(commitment, Seal.Of(Task, Worker.PublicKey, Result(3), Hash256.Zero).Commitment);
    }

    [Fact]
    public void Every_bit_is_signed()
    {
        byte[] raw = AttestationBatchCodec.Sign(Worker, Task, 1, 2, "x", [new Attestation(5, MerkleTree.ResultOf("a"u8))]).Raw.ToArray();
        for (int bit = 0; bit < raw.Length * 8; bit++)
        {
            byte[] changed = [.. raw];
            changed[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(AttestationBatchCodec.TryDecode(changed, out AttestationBatch? batch) && AttestationBatchCodec.Verify(batch, Task, Verifier));
        }
    }

    [Fact]
    public void A_claim_is_not_an_attestation()
    {
        // The same bytes under the other kind's domain: the signature must not carry over.
        ClaimBatch claim = ClaimBatchCodec.Sign(
            Worker, Task, 1, [new Claim(0, default, TimeSpan.FromMilliseconds(3)), new Claim(1, default, default), new Claim(2, default, default)]);
        Assert.True(AttestationBatchCodec.TryDecode(claim.Raw, out AttestationBatch? batch));
        Assert.Equal([new Attestation(0, ResultId.Empty), new Attestation(1, ResultId.Empty), new Attestation(2, ResultId.Empty)], batch.Entries);
        Assert.False(AttestationBatchCodec.Verify(batch, Task, Verifier));
    }

    [Fact]
    public void The_largest_batch_fits_and_one_entry_more_does_not()
    {
        var result = new ResultId(TaskLimitsOfFormat.MaxPieceLength, Task);
        Attestation[] entries = [.. Enumerable.Range(0, AttestationBatch.MaxEntries).Select(i => new Attestation(i * 16_383, result))];
        AttestationBatch batch = AttestationBatchCodec.Sign(Worker, Task, long.MaxValue, int.MaxValue, new string('x', 64), entries);
        Assert.InRange(batch.Raw.Length, 1, AttestationBatchCodec.MaxSize);
        Assert.True(AttestationBatchCodec.TryDecode(batch.Raw, out _));
        Assert.Throws<ArgumentOutOfRangeException>(() => Sign([.. entries, new Attestation((1 << 22) - 1, result)]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Sign([]));
    }

    [Theory]
    [InlineData("")]
    [InlineData("0100030001" + "0000")]
    [InlineData("01000100010000")]
    [InlineData("010002000100" + "0000")]
    [InlineData("0100010041")]
    [InlineData("01000000")]
    [InlineData("0100000000")]
    [InlineData("010000000100")]
    [InlineData("01000000010000" + "00")]
    [InlineData("010000000200" + "00")]
    [InlineData("01000000010001")]
    [InlineData("010000000100" + "01" + "1111")]
    [InlineData("010000000100" + "81808080" + "01" + Root)]
    [InlineData("010000000181808002" + "00")]
    [InlineData("018080808008000001" + "0000")]
    [InlineData("0100000161")]
    [InlineData("010000010a01" + "0000")]
    [InlineData("010000017f01" + "0000")]
    [InlineData("010000008102")]
    [InlineData("0100000001" + "8000" + "00")]
    [InlineData("0100000001" + "00" + "8000")]
    public void Bodies_that_are_cut_off_too_long_beyond_a_bound_or_not_canonical_are_refused(string body) =>
        Assert.False(AttestationBatchCodec.TryDecode(Raw(body), out _));

    [Theory]
    [InlineData("01000000010000")]
    [InlineData("010000000100" + "80808080" + "01" + Root)]
    [InlineData("0100000001ffffff0100")]
    [InlineData("01ffffffff07000001" + "0000")]
    [InlineData("010000012001" + "0000")]
    [InlineData("010000017e01" + "0000")]
    public void Bodies_at_the_bounds_are_taken(string body) => Assert.True(AttestationBatchCodec.TryDecode(Raw(body), out _));

    [Fact]
    public void What_cannot_be_is_a_bug_of_the_signer()
    {
        Assert.Throws<ArgumentException>(() => Sign([new Attestation(0, new ResultId(0, Task))]));
        Assert.Throws<ArgumentException>(() => Sign([new Attestation(0, new ResultId(TaskLimitsOfFormat.MaxPieceLength + 1, Task))]));
        Assert.Throws<ArgumentException>(() => Sign([new Attestation(0, new ResultId(-1, Task))]));
        Assert.Throws<ArgumentException>(() => Sign([new Attestation(1, default), new Attestation(1, default)]));
        Assert.Throws<ArgumentException>(() => Sign([new Attestation(1, default)], "a\n"));
        Assert.Throws<ArgumentException>(() => Sign([new Attestation(1, default)], new string('x', 65)));
    }

    private static Attestation Result(int piece) => new(piece, MerkleTree.ResultOf(new byte[piece + 1]));

    private static AttestationBatch Draft(IReadOnlyList<Attestation> entries) => new() { Worker = default, Log = 1, Sequence = 0, Entries = entries, Raw = default };

    private static AttestationBatch Sign(Attestation[] entries, string environmentClass = "") =>
        AttestationBatchCodec.Sign(Worker, Task, 1, 0, environmentClass, entries);

    private static byte[] Raw(string body) => [.. new byte[32], .. Convert.FromHexString(body), .. new byte[64]];
}
