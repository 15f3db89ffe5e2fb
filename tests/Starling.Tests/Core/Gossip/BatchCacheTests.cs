using System;
using Starling.Core.Gossip;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Tests.Core.Crypto;

namespace Starling.Tests.Core.Gossip;

public sealed class BatchCacheTests
{
    private static readonly StandInIdentity Me = new("worker");

    [Fact]
    public void The_same_bytes_give_the_same_batch_and_others_their_own()
    {
        var cache = new BatchCache(16);
        for (int i = 0; i < 100; i++)
        {
            ClaimBatch claim = Claim(i);
            Assert.True(cache.TryDecode(claim.Raw.Span, out ClaimBatch? first));
            Assert.True(cache.TryDecode(claim.Raw.ToArray(), out ClaimBatch? again));
            Assert.Same(first, again);
            Assert.Equal(claim.Sequence, first.Sequence);
            AttestationBatch attestation = Attestation(i);
            Assert.True(cache.TryDecode(attestation.Raw.Span, out AttestationBatch? read));
            Assert.Equal((attestation.Worker, attestation.Sequence), (read.Worker, read.Sequence));
            Assert.Equal(attestation.Entries, read.Entries);
        }
    }

    [Fact]
    public void Bytes_that_differ_in_one_place_only_are_told_apart()
    {
        var cache = new BatchCache(1);
        ClaimBatch claim = Claim(7);
        Assert.True(cache.TryDecode(claim.Raw.Span, out ClaimBatch? before));
        byte[] changed = claim.Raw.ToArray();
        changed[0] ^= 1;
        Assert.True(cache.TryDecode(changed, out ClaimBatch? after));
        Assert.NotEqual(before.Worker, after.Worker);
        changed[0] ^= 1;
        changed[PublicKey.Size] ^= 0x80;
        Assert.Equal(ClaimBatchCodec.TryDecode(changed, out _), cache.TryDecode(changed, out ClaimBatch? _));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(40)]
    [InlineData(20_000)]
    public void What_is_no_batch_is_refused_each_time(int length)
    {
        var cache = new BatchCache(4);
        var raw = new byte[length];
        for (int i = 0; i < 2; i++)
        {
            Assert.False(cache.TryDecode(raw, out ClaimBatch? _));
            Assert.False(cache.TryDecode(raw, out AttestationBatch? _));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-4)]
    [InlineData(3)]
    public void A_capacity_is_a_power_of_two(int capacity) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new BatchCache(capacity));

    private static ClaimBatch Claim(int sequence) =>
        ClaimBatchCodec.Sign(Me, default, sequence, [new Claim(3, TimeSpan.Zero, TimeSpan.FromSeconds(1))]);

    private static AttestationBatch Attestation(int sequence) =>
        AttestationBatchCodec.Sign(Me, default, 1, sequence, "", [new Attestation(5, MerkleTree.ResultOf(new byte[sequence + 1]))]);
}
