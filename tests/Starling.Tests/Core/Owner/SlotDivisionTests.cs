using System.Linq;
using FsCheck;
using FsCheck.Fluent;
using Starling.Core.Owner;

namespace Starling.Tests.Core.Owner;

public sealed class SlotDivisionTests
{
    [Theory]
    [InlineData(4, new[] { 4, 4 }, new[] { 10, 10 }, new[] { 2, 2 })]
    [InlineData(4, new[] { 4, 4 }, new[] { 30, 10 }, new[] { 3, 1 })]
    [InlineData(4, new[] { 1, 4 }, new[] { 30, 10 }, new[] { 1, 3 })]
    [InlineData(3, new[] { 8, 8 }, new[] { 10, 10 }, new[] { 2, 1 })]
    [InlineData(1, new[] { 8, 8, 8 }, new[] { 10, 11, 10 }, new[] { 0, 1, 0 })]
    [InlineData(0, new[] { 8 }, new[] { 10 }, new[] { 0 })]
    [InlineData(9, new[] { 0, 2, 3 }, new[] { 1000, 1, 1 }, new[] { 0, 2, 3 })]
    [InlineData(7, new[] { 1, 10, 10 }, new[] { 1, 1, 4 }, new[] { 1, 1, 5 })]
    public void Slots_are_divided_by_weight(int slots, int[] wanted, int[] weights, int[] given) =>
        Assert.Equal(given, SlotDivision.Divide(slots, [.. wanted.Zip(weights, (want, weight) => new SlotShare(want, weight, 0))]));

    [Fact]
    public void A_lower_class_gets_what_the_higher_ones_leave() =>
        Assert.Equal([1, 3, 0], SlotDivision.Divide(4, [new(5, 1000, 1), new(3, 1, 2), new(5, 1000, 0)]));

    [Fact]
    public void Without_a_number_everybody_gets_what_it_wants() =>
        Assert.Equal([5, 300], SlotDivision.Divide(null, [new(5, 1, 1), new(300, 1, 0)]));

    [Fact]
    public void Nothing_is_lost_and_nothing_is_given_twice() => Prop.ForAll(
        Gen.Choose(0, 40).ToArbitrary(),
        (from want in Gen.Choose(0, 12) from weight in Gen.Choose(1, 50) from top in Gen.Choose(0, 2) select new SlotShare(want, weight, top)).ArrayOf().ToArbitrary(),
        (slots, shares) =>
        {
            int[] given = SlotDivision.Divide(slots, shares);
            bool sane = given.Zip(shares).All(pair => pair.First >= 0 && pair.First <= pair.Second.Wanted);
            bool whole = given.Sum() == System.Math.Min(slots, shares.Sum(share => share.Wanted));
            bool classes = !given.Zip(shares).Any(low => low.First > 0 && given.Zip(shares).Any(high => high.Second.Class > low.Second.Class && high.First < high.Second.Wanted));

            // Within a class who weighs more gets no less, unless it wants no more.
            bool weights = !given.Zip(shares).Any(light => given.Zip(shares).Any(heavy =>
                heavy.Second.Class == light.Second.Class && heavy.Second.Weight > light.Second.Weight && heavy.First < light.First && heavy.First < heavy.Second.Wanted));
            return sane && whole && classes && weights;
        }).QuickCheckThrowOnFailure();
}
