using Starling.Runtime.Yaml;

namespace Starling.Tests.Runtime.Yaml;

public sealed class YamlValuesTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("700", 700)]
    [InlineData("16 KiB", 16_384)]
    [InlineData("1.5GiB", 1_610_612_736)]
    [InlineData("2GB", 2_000_000_000)]
    [InlineData("3kB", 3_000)]
    [InlineData("1024TiB", 1L << 50)]
    public void Sizes_are_bytes(string text, long bytes) => Assert.Equal(bytes, YamlValues.Size(text));

    [Theory]
    [InlineData("")]
    [InlineData("GiB")]
    [InlineData("-1")]
    [InlineData("1G")]
    [InlineData("1 gib")]
    [InlineData("1.5")]
    [InlineData("1..5MiB")]
    [InlineData("1025TiB")]
    [InlineData("99999999999999999999TiB")]
    [InlineData("1MiB ")]
    [InlineData("1e3")]
    public void Other_texts_are_no_sizes(string text) => Assert.Null(YamlValues.Size(text));

    [Theory]
    [InlineData("90", 90)]
    [InlineData("90s", 90)]
    [InlineData("10m", 600)]
    [InlineData("1h30m", 5_400)]
    [InlineData("2d1h1m1s", 176_461)]
    [InlineData("0s", 0)]
    public void Times_are_seconds(string text, int seconds) => Assert.Equal(seconds, YamlValues.Duration(text)?.TotalSeconds);

    [Theory]
    [InlineData("")]
    [InlineData("m")]
    [InlineData("10 m")]
    [InlineData("1m1h")]
    [InlineData("1m1m")]
    [InlineData("1h30")]
    [InlineData("1.5h")]
    [InlineData("-1s")]
    [InlineData("10ms")]
    [InlineData("9223372036854775807d")]
    [InlineData("99999999999999999999s")]
    public void Other_texts_are_no_times(string text) => Assert.Null(YamlValues.Duration(text));
}
