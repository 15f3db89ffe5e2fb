using Starling.Core.Dht;
using Starling.Core.Primitives;

namespace Starling.Tests.Core.Dht;

public sealed class NodeIdTests
{
    [Fact]
    public void A_random_point_of_a_bucket_has_exactly_its_common_bits()
    {
        var random = new DeterministicRandom(1);
        NodeId own = NodeId.Random(random);
        for (int bits = 0; bits < NodeId.Bits; bits++)
        {
            Assert.Equal(bits, own.CommonBits(own.RandomAt(bits, random)));
        }

        Assert.Equal(NodeId.Bits, own.CommonBits(own));
    }

    [Fact]
    public void Distance_is_xor_as_a_number()
    {
        var random = new DeterministicRandom(2);
        NodeId target = NodeId.Random(random);
        for (int bits = 0; bits + 1 < NodeId.Bits; bits++)
        {
            Assert.True(target.CompareDistance(target.RandomAt(bits + 1, random), target.RandomAt(bits, random)) < 0);
        }

        Assert.Equal(0, target.CompareDistance(target, target));
        Assert.Equal(target, NodeId.Of(target.ToInfoHash()));
    }
}
