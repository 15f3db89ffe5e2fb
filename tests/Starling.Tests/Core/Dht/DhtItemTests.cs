using System;
using System.Text;
using Starling.Core.Dht;
using Starling.Core.Dht.Krpc;
using Starling.Core.Primitives;
using Starling.Runtime.Identity;
using Starling.Tests.Core.Crypto;

namespace Starling.Tests.Core.Dht;

public sealed class DhtItemTests
{
    private static readonly PublicKey Key =
        new(Convert.FromHexString("77ff84905a91936367c01360803104f92432fcd904a43511876df5cdf3e7e548"));

    private static readonly byte[] Value = "12:Hello World!"u8.ToArray();

    [Theory]
    [InlineData(
        "",
        "3:seqi1e1:v12:Hello World!",
        "4a533d47ec9c7d95b1ad75f576cffc641853b750",
        "305ac8aeb6c9c151fa120f120ea2cfb923564e11552d06a5d856091e5e853cff1260d3f39e4999684aa92eb73ffd136e6f4f3ecbfda0ce53a1608ecd7ae21f01")]
    [InlineData(
        "foobar",
        "4:salt6:foobar3:seqi1e1:v12:Hello World!",
        "411eba73b6f087ca51a3795d9c8c938d365e32c1",
        "6834284b6b24c3204eb2fea824d82f88883a3d95e8b4a21b8c0ded553d17d17ddf9a8a7104b1258f30bed3787e6cb896fca78c58f8e03b5f18f14951a87d9a08")]
    public void The_mutable_vectors_of_BEP_44(string salt, string signed, string target, string signature)
    {
        var item = new DhtItem
        {
            Key = Key,
            Salt = Encoding.ASCII.GetBytes(salt),
            Sequence = 1,
            Value = Value,
            Signature = Convert.FromHexString(signature),
        };
        Assert.Equal(signed, Encoding.ASCII.GetString(DhtItem.SignedBytes(item.Salt.Span, 1, Value)));
        Assert.Equal(target, item.Target.ToString());
        Assert.True(item.IsGenuine(new Ed25519Verifier()));
        Assert.False((item with { Sequence = 2 }).IsGenuine(new Ed25519Verifier()));
        Assert.False((item with { Salt = new byte[] { 1 } }).IsGenuine(new Ed25519Verifier()));
    }

    [Fact]
    public void The_immutable_vector_of_BEP_44() =>
        Assert.Equal("e5f96f6f38320f0f33959cb4d3d656452117aadb", DhtItem.Immutable(Value).Target.ToString());

    [Fact]
    public void A_value_is_one_bencoded_value_of_at_most_1000_bytes()
    {
        Assert.Equal(DhtItem.MaxValueSize, DhtItem.Immutable(Text(DhtItem.MaxValueSize - 4)).Value.Length);
        Assert.Throws<ArgumentException>(() => DhtItem.Immutable(Text(DhtItem.MaxValueSize - 3)));
        Assert.Throws<ArgumentException>(() => DhtItem.Immutable("12:Hello"u8.ToArray()));
        Assert.Throws<ArgumentException>(() => DhtItem.Immutable("i1ei2e"u8.ToArray()));
        var identity = new StandInIdentity("a");
        Assert.Equal(DhtItem.MaxSaltSize, DhtItem.Mutable(identity, new byte[DhtItem.MaxSaltSize], 1, Value).Salt.Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => DhtItem.Mutable(identity, new byte[DhtItem.MaxSaltSize + 1], 1, Value));
    }

    [Fact]
    public void A_version_replaces_lower_ones_only_and_cas_must_name_what_is_there()
    {
        var store = new ItemStore();
        DhtItem second = Version(2, "1:b");
        Assert.Equal(0, store.Check(second.Target, second, cas: 7));
        Assert.True(store.Put(second.Target, second, default, default));
        Assert.Equal(KrpcErrorCode.SequenceTooLow, store.Check(second.Target, Version(1, "1:a"), null));
        Assert.Equal(KrpcErrorCode.SequenceTooLow, store.Check(second.Target, Version(2, "1:x"), null));
        Assert.Equal(0, store.Check(second.Target, Version(2, "1:b"), null));
        Assert.Equal(KrpcErrorCode.CasMismatch, store.Check(second.Target, Version(3, "1:c"), cas: 1));
        Assert.Equal(0, store.Check(second.Target, Version(3, "1:c"), cas: 2));
    }

    [Fact]
    public void Items_expire_and_the_farthest_goes_when_the_store_is_full()
    {
        var store = new ItemStore();
        var random = new DeterministicRandom(3);
        NodeId own = NodeId.Random(random);
        NodeId far = own.RandomAt(0, random);
        Assert.True(store.Put(far, DhtItem.Immutable(Value), own, default));
        for (int i = 1; i < ItemStore.MaxItems; i++)
        {
            Assert.True(store.Put(own.RandomAt(1, random), DhtItem.Immutable(Value), own, default));
        }

        Assert.NotNull(store.Find(far));
        NodeId near = own.RandomAt(50, random);
        Assert.True(store.Put(near, DhtItem.Immutable(Value), own, Instant.FromSeconds(1)));
        Assert.Equal(ItemStore.MaxItems, store.Count);
        Assert.Null(store.Find(far));
        Assert.False(store.Put(far, DhtItem.Immutable(Value), own, Instant.FromSeconds(1)));

        store.Expire(default(Instant) + ItemStore.Lifetime);
        Assert.Equal(1, store.Count);
        Assert.NotNull(store.Find(near));
    }

    private static DhtItem Version(long sequence, string value) =>
        DhtItem.Mutable(new StandInIdentity("a"), default, sequence, Encoding.ASCII.GetBytes(value));

    private static byte[] Text(int length) => [.. Encoding.ASCII.GetBytes($"{length}:"), .. new byte[length]];
}
