using System;
using Starling.Runtime.Machine;

namespace Starling.Tests.Runtime.Machine;

public sealed class ProgramNeedTests
{
    [Theory]
    [InlineData("ffmpeg", "ffmpeg", "", null)]
    [InlineData("ffmpeg >= 5", "ffmpeg", ">=", "5.0.0.0")]
    [InlineData(" g++>4.8.1 ", "g++", ">", "4.8.1.0")]
    [InlineData("python3 == 3.11", "python3", "=", "3.11.0.0")]
    [InlineData("x < 2", "x", "<", "2.0.0.0")]
    public void AnEntry_IsANameWithAnOptionalTest(string text, string name, string comparison, string? version)
    {
        Assert.True(ProgramNeed.TryParse(text, out ProgramNeed? need));
        Assert.Equal(new ProgramNeed(name, comparison, version is null ? null : Version.Parse(version)), need);
    }

    [Theory]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData("/bin/sh")]
    [InlineData("../x")]
    [InlineData("-rf")]
    [InlineData("a b")]
    [InlineData("a;b")]
    [InlineData("ffmpeg >=")]
    [InlineData("ffmpeg => 5")]
    [InlineData("ffmpeg >= five")]
    [InlineData("ffmpeg >= 99999999999")]
    public void AnythingElse_IsRefused(string text) => Assert.False(ProgramNeed.TryParse(text, out _));

    [Theory]
    [InlineData("x >= 5", "5.0", true)]
    [InlineData("x >= 5", "4.9.9", false)]
    [InlineData("x > 5", "5.0", false)]
    [InlineData("x > 5", "5.0.1", true)]
    [InlineData("x < 5.1", "5.0.9", true)]
    [InlineData("x <= 5.1", "5.1.1", false)]
    [InlineData("x = 5", "5.1.6", true)]
    [InlineData("x = 5.1", "5.2", false)]
    public void AVersion_IsCompared(string text, string found, bool met)
    {
        Assert.True(ProgramNeed.TryParse(text, out ProgramNeed? need));
        Assert.Equal(met, need.IsMetBy(Version.Parse(found)));
    }

    [Theory]
    [InlineData("ffmpeg version 5.1.6-0+deb12u1 Copyright (c) 2000-2024", "5.1.6.0")]
    [InlineData("ffmpeg version n7.0 Copyright", "7.0.0.0")]
    [InlineData("GNU bash, version 5.2.15(1)-release", "5.2.15.0")]
    [InlineData("less 590 (PCRE2 regular expressions)", "590.0.0.0")]
    [InlineData("tool of 2024, version 1.2", "1.2.0.0")]
    [InlineData("1.2.3.4.5", "1.2.3.4")]
    [InlineData("no number", null)]
    public void AVersion_IsFoundInWhatProgramsPrint(string text, string? version) =>
        Assert.Equal(version, ProgramNeed.FindVersion(text)?.ToString());
}
