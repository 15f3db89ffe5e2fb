using Starling.Display;

namespace Starling.Tests.App.Display;

public sealed class QuantityTests
{
    [Theory]
    [InlineData(-1, "0.0 s")]
    [InlineData(0, "0.0 s")]
    [InlineData(12.34, "12.3 s")]
    [InlineData(59.94, "59.9 s")]
    [InlineData(59.96, "1 min 00 s")]
    [InlineData(185, "3 min 05 s")]
    [InlineData(3600, "1 h 00 min")]
    [InlineData(7620, "2 h 07 min")]
    [InlineData(356400, "4 d 03 h")]
    [InlineData(double.PositiveInfinity, "ever")]
    [InlineData(double.NaN, "ever")]
    public void Durations(double seconds, string text) => Assert.Equal(text, Quantity.Duration(seconds));

    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(1023, "1023 B")]
    [InlineData(1024, "1 KiB")]
    [InlineData(1536, "1.5 KiB")]
    [InlineData(262144, "256 KiB")]
    [InlineData(long.MaxValue, "8 EiB")]
    public void Sizes(long bytes, string text) => Assert.Equal(text, Quantity.Bytes(bytes));

    [Theory]
    [InlineData(0, "")]
    [InlineData(250, "250 a second")]
    [InlineData(1.5, "1.5 a second")]
    [InlineData(0.5, "30.0 a minute")]
    [InlineData(0.005, "18.0 an hour")]
    public void Rates(double perSecond, string text) => Assert.Equal(text, Quantity.Rate(perSecond));

    [Theory]
    [InlineData(0, "0 pieces")]
    [InlineData(1, "1 piece")]
    [InlineData(2, "2 pieces")]
    public void Counts(long count, string text) => Assert.Equal(text, Quantity.Count(count, "piece"));
}
