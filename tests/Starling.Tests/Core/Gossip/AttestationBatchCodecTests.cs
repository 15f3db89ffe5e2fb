using System;
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
            Worker, Task, 1, [new Claim(0, TimeSpan.FromMilliseconds(2), default), new Claim(1, default, default)]);
        Assert.True(AttestationBatchCodec.TryDecode(claim.Raw, out AttestationBatch? batch));
        Assert.Equal([new Attestation(0, ResultId.Empty), new Attestation(1, ResultId.Empty)], batch.Entries);
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
    [InlineData("010000")]
    [InlineData("01000000")]
    [InlineData("0100000100")]
    [InlineData("010000010000" + "00")]
    [InlineData("0100000200" + "00")]
    [InlineData("010000010001")]
    [InlineData("0100000100" + "01" + "1111")]
    [InlineData("0100000100" + "81808080" + "01" + Root)]
    [InlineData("0100000181808002" + "00")]
    [InlineData("0180808080080001" + "0000")]
    [InlineData("01000161")]
    [InlineData("0100010a01" + "0000")]
    [InlineData("0100017f01" + "0000")]
    [InlineData("0100008102")]
    [InlineData("01000001" + "8000" + "00")]
    [InlineData("01000001" + "00" + "8000")]
    public void Bodies_that_are_cut_off_too_long_beyond_a_bound_or_not_canonical_are_refused(string body) =>
        Assert.False(AttestationBatchCodec.TryDecode(Raw(body), out _));

    [Theory]
    [InlineData("010000010000")]
    [InlineData("0100000100" + "80808080" + "01" + Root)]
    [InlineData("01000001ffffff0100")]
    [InlineData("01ffffffff070001" + "0000")]
    [InlineData("0100012001" + "0000")]
    [InlineData("0100017e01" + "0000")]
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

    private static AttestationBatch Sign(Attestation[] entries, string environmentClass = "") =>
        AttestationBatchCodec.Sign(Worker, Task, 1, 0, environmentClass, entries);

    private static byte[] Raw(string body) => [.. new byte[32], .. Convert.FromHexString(body), .. new byte[64]];
}
