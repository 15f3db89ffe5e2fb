using System;
using System.Linq;
using FsCheck;
using FsCheck.Fluent;
using Starling.Core.Gossip;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Tests.Core.Crypto;

namespace Starling.Tests.Core.Gossip;

public sealed class ClaimBatchCodecTests
{
    private static readonly Hash256 Task = Hash256.Of("task"u8);
    private static readonly StandInIdentity Worker = new("worker");
    private static readonly StandInVerifier Verifier = new();

    [Fact]
    public void Any_batch_comes_back_the_same()
    {
        Prop.ForAll<NonNegativeInt[], NonNegativeInt, NonNegativeInt>((pieces, elapsed, expected) =>
        {
            Claim[] claims = [.. pieces.Select(piece => piece.Get % TaskLimitsOfFormat.MaxPieces).Distinct().Order().Take(ClaimBatch.MaxClaims)
                .Select(piece => new Claim(piece, TimeSpan.FromTicks(elapsed.Get * 977L), TimeSpan.FromSeconds(expected.Get)))];
            ClaimBatch sent = ClaimBatchCodec.Sign(Worker, Task, elapsed.Get * 1_000_003L, claims);
            return ClaimBatchCodec.TryDecode(sent.Raw, out ClaimBatch? back)
                && back.Worker == Worker.PublicKey
                && back.Sequence == sent.Sequence
                && back.Claims.SequenceEqual(sent.Claims)
                && ClaimBatchCodec.Verify(back, Task, Verifier);
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Times_are_cut_to_what_the_receiver_will_read()
    {
        ClaimBatch batch = ClaimBatchCodec.Sign(
            Worker, Task, 1, [new Claim(0, TimeSpan.FromTicks(19_999), TimeSpan.MaxValue), new Claim(1, TimeSpan.FromSeconds(-1), default)]);
        Assert.Equal(TimeSpan.FromMilliseconds(1), batch.Claims[0].Elapsed);
        Assert.Equal(TimeSpan.FromMilliseconds(ClaimBatchCodec.MaxSpanMs), batch.Claims[0].Expected);
        Assert.Equal(TimeSpan.Zero, batch.Claims[1].Elapsed);
    }

    [Fact]
    public void Every_bit_is_signed()
    {
        byte[] raw = ClaimBatchCodec.Sign(Worker, Task, 1, [new Claim(5, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2))]).Raw.ToArray();
        for (int bit = 0; bit < raw.Length * 8; bit++)
        {
            byte[] changed = [.. raw];
            changed[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(ClaimBatchCodec.TryDecode(changed, out ClaimBatch? batch) && ClaimBatchCodec.Verify(batch, Task, Verifier));
        }
    }

    [Fact]
    public void The_largest_batch_fits_and_one_claim_more_does_not()
    {
        var span = TimeSpan.FromMilliseconds(ClaimBatchCodec.MaxSpanMs);
        Claim[] claims = [.. Enumerable.Range(0, ClaimBatch.MaxClaims).Select(i => new Claim(i * 16_383, span, span))];
        ClaimBatch batch = ClaimBatchCodec.Sign(Worker, Task, long.MaxValue, claims);
        Assert.InRange(batch.Raw.Length, 1, ClaimBatchCodec.MaxSize);
        Assert.True(ClaimBatchCodec.TryDecode(batch.Raw, out _));
        Assert.Throws<ArgumentOutOfRangeException>(() => ClaimBatchCodec.Sign(Worker, Task, 1, [.. claims, new Claim(1 << 22, span, span)]));
    }

    [Theory]
    [InlineData("")]
    [InlineData("01")]
    [InlineData("0102000000")]
    [InlineData("01010000")]
    [InlineData("010100000000")]
    [InlineData("810001000000")]
    [InlineData("010180000000")]
    [InlineData("0181020000")]
    [InlineData("010180808002" + "0000")]
    [InlineData("010200" + "0000" + "ffffff01" + "0000")]
    [InlineData("010100" + "808080808020" + "00")]
    [InlineData("01010000" + "808080808020")]
    public void Bodies_that_are_cut_off_too_long_beyond_a_bound_or_not_canonical_are_refused(string body) =>
        Assert.False(ClaimBatchCodec.TryDecode(Raw(body), out _));

    [Theory]
    [InlineData("0100")]
    [InlineData("0101" + "ffffff01" + "0000")]
    [InlineData("0101" + "00" + "ffffffffff1f" + "ffffffffff1f")]
    [InlineData("0102" + "000000" + "feffff01" + "0000")]
    public void Bodies_at_the_bounds_are_taken(string body) => Assert.True(ClaimBatchCodec.TryDecode(Raw(body), out _));

    [Fact]
    public void Pieces_out_of_order_are_a_bug_of_the_signer()
    {
        Assert.Throws<ArgumentException>(() => ClaimBatchCodec.Sign(Worker, Task, 1, [new Claim(2, default, default), new Claim(1, default, default)]));
        Assert.Throws<ArgumentException>(() => ClaimBatchCodec.Sign(Worker, Task, 1, [new Claim(2, default, default), new Claim(2, default, default)]));
        Assert.Throws<ArgumentException>(() => ClaimBatchCodec.Sign(Worker, Task, 1, [new Claim(-1, default, default)]));
        Assert.Throws<ArgumentException>(() => ClaimBatchCodec.Sign(Worker, Task, 1, [new Claim(1 << 22, default, default)]));
        Assert.Throws<ArgumentOutOfRangeException>(() => ClaimBatchCodec.Sign(Worker, Task, -1, []));
    }

    private static byte[] Raw(string body) => [.. new byte[32], .. Convert.FromHexString(body), .. new byte[64]];
}
