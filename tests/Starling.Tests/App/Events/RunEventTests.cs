using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.Json;
using Starling.Core.Engine;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Events;

namespace Starling.Tests.App.Events;

public sealed class RunEventTests
{
    private static readonly Hash256 Id = Hash256.Of([1, 2, 3]);

    /// <summary>Each event of the node with the line it becomes: the contract of section 11, field by field.</summary>
    public static TheoryData<NodeEvent, string> Events { get; } = new()
    {
        { new NodeEvent.Swarm(3), """{"event":"swarm","at":1.5,"time":2.5,"connected":3}""" },
        { new NodeEvent.Computing(7, 1, 2), """{"event":"computing","at":1.5,"time":2.5,"piece":7,"slot":1,"attempt":2}""" },
        {
            new NodeEvent.Aborted(7, 1, AbortReason.AcceptedElsewhere, 2, TimeSpan.FromSeconds(0.25)),
            """{"event":"aborted","at":1.5,"time":2.5,"piece":7,"slot":1,"attempt":2,"seconds":0.25,"reason":"accepted-elsewhere"}"""
        },
        {
            new NodeEvent.Aborted(7, 1, AbortReason.Yield, 1, TimeSpan.Zero),
            """{"event":"aborted","at":1.5,"time":2.5,"piece":7,"slot":1,"attempt":1,"seconds":0,"reason":"yield"}"""
        },
        {
            new NodeEvent.Aborted(7, 1, AbortReason.Owner, 1, TimeSpan.Zero),
            """{"event":"aborted","at":1.5,"time":2.5,"piece":7,"slot":1,"attempt":1,"seconds":0,"reason":"owner"}"""
        },
        { new NodeEvent.Paused(7, 1, IsPaused: true), """{"event":"paused","at":1.5,"time":2.5,"piece":7,"slot":1}""" },
        { new NodeEvent.Paused(7, 1, IsPaused: false), """{"event":"resumed","at":1.5,"time":2.5,"piece":7,"slot":1}""" },
        {
            new NodeEvent.Checkpointed(7, 1, 2, TimeSpan.FromSeconds(3)),
            """{"event":"checkpointed","at":1.5,"time":2.5,"piece":7,"slot":1,"attempt":2,"seconds":3}"""
        },
        {
            new NodeEvent.Failed(7, 1, new Problem("exit:3", "piece 7 ended with exit status 3", "Look"), 1, TimeSpan.FromSeconds(1), "oh & no\n"),
            """{"event":"failed","at":1.5,"time":2.5,"piece":7,"slot":1,"attempt":1,"seconds":1,"reason":"exit:3","hint":"piece 7 ended with exit status 3. Look","stderr":"oh & no\n"}"""
        },
        {
            new NodeEvent.PieceFinished(7, ResultSource.Downloaded, new ResultId(5, Id), TimeSpan.FromSeconds(2)),
            $$"""{"event":"piece","at":1.5,"time":2.5,"piece":7,"source":"downloaded","bytes":5,"root":"{{Id}}","seconds":2}"""
        },
        {
            new NodeEvent.PieceFinished(7, ResultSource.Computed, new ResultId(5, Id), TimeSpan.FromSeconds(2))
            {
                Usage = new RunUsage { Fuel = 9, CpuTime = TimeSpan.FromSeconds(1.25), PeakMemoryBytes = 4096 },
            },
            $$"""{"event":"piece","at":1.5,"time":2.5,"piece":7,"source":"computed","bytes":5,"root":"{{Id}}","seconds":2,"fuel":9,"cpu":1.25,"memory":4096}"""
        },
        {
            new NodeEvent.Checked(7, 1, Agrees: false, TimeSpan.FromSeconds(2)),
            """{"event":"checked","at":1.5,"time":2.5,"piece":7,"slot":1,"seconds":2,"reason":"differs"}"""
        },
        { new NodeEvent.PieceReopened(7), """{"event":"reopened","at":1.5,"time":2.5,"piece":7}""" },
        { new NodeEvent.Refused(new Problem("garbage", "half a handshake")), """{"event":"refused","at":1.5,"time":2.5,"code":"garbage","reason":"half a handshake"}""" },
        {
            new NodeEvent.Complete(64, 60, 4, 2, TimeSpan.FromSeconds(9)),
            $$"""{"event":"complete","at":1.5,"time":2.5,"task":"{{Id}}","pieces":64,"computed":60,"downloaded":4,"aborted":2,"seconds":9,"output":["/out/a","/out/b"]}"""
        },
        { new NodeEvent.Merged(1), """{"event":"merged","at":1.5,"time":2.5,"file":"/out/b"}""" },
        { new NodeEvent.Error(new Problem("disk-full", "the disk is full", "Make room")), """{"event":"error","at":1.5,"time":2.5,"code":"disk-full","reason":"the disk is full","hint":"Make room"}""" },
    };

    [Theory]
    [MemberData(nameof(Events))]
    public void EachEvent_HasItsFields(NodeEvent nodeEvent, string expected)
    {
        RunEvent translated = NodeEventTranslation.Translate(nodeEvent, Id, ["/out/a", "/out/b"]) with { At = 1.5, Time = 2.5 };

        Assert.Equal(Canonical(expected), Canonical(RunEventText.Write(translated)));
    }

    [Fact]
    public void EveryKindOfNodeEvent_IsListedAbove() =>
        Assert.Equal(
            typeof(NodeEvent).GetNestedTypes().Where(type => type.IsSubclassOf(typeof(NodeEvent))).ToHashSet(),
            Events.Select(row => row[0].GetType()).ToHashSet());

    [Theory]
    [MemberData(nameof(Events))]
    public void ALine_IsReadBackAsItWas(NodeEvent nodeEvent, string expected)
    {
        _ = nodeEvent;
        Assert.True(RunEventText.TryRead(expected, out RunEvent? read));
        Assert.Equal(Canonical(expected), Canonical(RunEventText.Write(read!)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("hello")]
    [InlineData("{")]
    [InlineData("{}")]
    [InlineData("[1]")]
    [InlineData("""{"event":7}""")]
    [InlineData("""{"event":"piece","piece":"x"}""")]
    [InlineData("""{"event":"piece","piece":99999999999}""")]
    public void WhatIsNoEvent_IsNotRead(string line) => Assert.False(RunEventText.TryRead(line, out _));

    [Fact]
    public void ALine_HasABound()
    {
        string fits = $$"""{"event":"error","reason":"{{new string('x', RunEventText.MaxLineLength - 29)}}"}""";
        Assert.Equal(RunEventText.MaxLineLength, fits.Length);
        Assert.True(RunEventText.TryRead(fits, out _));
        Assert.False(RunEventText.TryRead(fits.Replace("\"}", "x\"}", StringComparison.Ordinal), out _));
    }

    private static SortedDictionary<string, string> Canonical(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        var fields = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (JsonProperty property in document.RootElement.EnumerateObject())
        {
            fields.Add(property.Name, property.Value.GetRawText());
        }

        return fields;
    }
}
