using System;
using System.Numerics;
using Starling.Core.Model;

namespace Starling.Tests.Core.Model;

public sealed class ExpectedCompletionTests
{
    [Theory]
    [InlineData(64, 1, "64.000000")]
    [InlineData(64, 2, "33.357322")]
    [InlineData(128, 2, "65.530601")]
    [InlineData(192, 2, "97.631966")]
    [InlineData(64, 4, "17.859439")]
    [InlineData(64, 8, "9.991393")]
    [InlineData(64, 12, "7.270584")]
    [InlineData(64, 16, "5.961879")]
    [InlineData(128, 4, "34.116823")]
    [InlineData(128, 8, "18.274987")]
    [InlineData(128, 12, "12.951511")]
    [InlineData(128, 16, "10.204925")]
    [InlineData(192, 4, "50.267765")]
    [InlineData(192, 8, "26.449675")]
    [InlineData(192, 12, "18.442618")]
    [InlineData(192, 16, "14.401501")]
    public void The_table_of_the_original_comes_out_digit_for_digit(int pieces, int peers, string rounds) =>
        Assert.Equal(rounds, ExpectedCompletion.Of(pieces, peers).RoundsText(6));

    [Theory]
    [InlineData(64, 4, 7.4, 3.584)]
    [InlineData(64, 16, 31.4, 10.735)]
    [InlineData(128, 8, 18.2, 7.004)]
    [InlineData(192, 12, 29.3, 10.411)]
    [InlineData(192, 16, 38.4, 13.332)]
    public void Waste_and_speed_up_follow(int pieces, int peers, double wasted, double speedUp)
    {
        ExpectedCompletion model = ExpectedCompletion.Of(pieces, peers);
        Assert.Equal(wasted, model.WastedRuns, 1);
        Assert.Equal(speedUp, model.SpeedUp, 3);
    }

    [Fact]
    public void Small_cases_are_those_worked_out_by_hand()
    {
        // Two pieces, two peers: both pick the same with 1/2, then one round is left: 1 + 1/2.
        Assert.Equal((new BigInteger(3), new BigInteger(2)), Fraction(2, 2));

        // Three pieces, two peers: same with 1/3 leaves two, else one: 1 + 1/3 · 3/2 + 2/3 · 1.
        Assert.Equal((new BigInteger(13), new BigInteger(6)), Fraction(3, 2));
        Assert.Equal((BigInteger.One, BigInteger.One), Fraction(1, 50));
        Assert.Equal(3, ExpectedCompletion.Of(7, 3).LeastRounds);
    }

    [Fact]
    public void Exact_fractions_have_a_bound()
    {
        Assert.True(ExpectedCompletion.IsWithinBounds(1, (int)ExpectedCompletion.MaxExactCost));
        Assert.False(ExpectedCompletion.IsWithinBounds(2, (int)ExpectedCompletion.MaxExactCost));
        Assert.Throws<ArgumentOutOfRangeException>(() => ExpectedCompletion.Of(0, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => ExpectedCompletion.Of(int.MaxValue, int.MaxValue));
    }

    private static (BigInteger Numerator, BigInteger Denominator) Fraction(int pieces, int peers)
    {
        ExpectedCompletion model = ExpectedCompletion.Of(pieces, peers);
        return (model.Numerator, model.Denominator);
    }
}
