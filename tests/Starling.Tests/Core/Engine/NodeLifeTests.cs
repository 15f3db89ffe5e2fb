using System;
using System.Collections.Generic;
using System.Linq;
using Starling.Core.Engine;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Tests.Core.Crypto;

namespace Starling.Tests.Core.Engine;

/// <summary>One node alone, driven by hand: when it works, when it wakes, when it leaves.</summary>
public sealed class NodeLifeTests
{
    private Instant _now = Instant.FromSeconds(1);

    [Fact]
    public void StoppedWithARunUnderWay_LeavesWhenTheRunIsGone()
    {
        Node node = Open(MakeTask(2));
        NodeEffect.StartJob job = Tick(node).OfType<NodeEffect.StartJob>().Single();
        List<NodeEffect> effects = Step(node, new NodeInput.StopRequested("enough"));
        Assert.Single(effects.OfType<NodeEffect.KillJob>());
        Assert.Empty(effects.OfType<NodeEffect.Leave>());

        effects = Step(node, new NodeInput.JobExited(job.Job, new JobOutcome.Killed { Elapsed = TimeSpan.FromSeconds(1) }));
        Assert.Equal(LeaveReason.Stopped, Assert.Single(effects.OfType<NodeEffect.Leave>()).Reason);
    }

    [Fact]
    public void WhoMayNotCompute_DoesNotWakeWithoutEnd()
    {
        Node node = Open(MakeTask(2), mayCompute: false);
        for (int i = 0; i < 10; i++)
        {
            Assert.Empty(Tick(node).OfType<NodeEffect.StartJob>());
            Assert.True(node.NextWake > _now);
        }
    }

    [Fact]
    public void WhatWaitsForInputs_RunsPieceByPieceAsTheyArrive()
    {
        Node node = Open(MakeTask(3), awaitsInputs: true);
        for (int i = 0; i < 10; i++)
        {
            Assert.Empty(Tick(node).OfType<NodeEffect.StartJob>());
            Assert.True(node.NextWake > _now);
        }

        NodeEffect.StartJob job = Step(node, new NodeInput.InputsArrived(1, 1)).OfType<NodeEffect.StartJob>().Single();
        Assert.Equal(1, job.Piece);
        Assert.Empty(Step(node, new NodeInput.InputsArrived(1, 1)).OfType<NodeEffect.StartJob>());
        List<NodeEffect> effects = Step(node, new NodeInput.JobExited(job.Job, new JobOutcome.Succeeded(ResultId.Empty) { Elapsed = TimeSpan.FromSeconds(1) }));
        Assert.Empty(effects.OfType<NodeEffect.StartJob>());
        Step(node, new NodeInput.ResultStored(1, ResultId.Empty));
        Assert.NotEqual(1, Step(node, new NodeInput.InputsArrived(0, 3)).OfType<NodeEffect.StartJob>().Single().Piece);
    }

    [Fact]
    public void ARangeSearchedInVain_EndsNothingButTheWork()
    {
        Node node = Open(MakeTask(1) with { Until = Until.First });
        NodeEffect.StartJob job = Tick(node).OfType<NodeEffect.StartJob>().Single();
        Step(node, new NodeInput.JobExited(job.Job, new JobOutcome.Succeeded(ResultId.Empty) { Elapsed = TimeSpan.FromSeconds(1) }));
        List<NodeEffect> effects = Step(node, new NodeInput.ResultStored(0, ResultId.Empty));
        Assert.Contains(effects.OfType<NodeEffect.Report>(), report => report.Event is NodeEvent.Error { Problem.Code: "no-hit" });
        for (int i = 0; i < 5; i++)
        {
            Assert.Empty(Tick(node).OfType<NodeEffect.Leave>());
            Assert.True(node.NextWake > _now);
        }
    }

    [Fact]
    public void ADiskThatKeepsNothing_PausesTheWork()
    {
        Node node = Open(MakeTask(50));
        NodeEffect.StartJob job = Tick(node).OfType<NodeEffect.StartJob>().Single();
        var result = new ResultId(5, Hash256.Of("right"u8));
        List<NodeEffect> effects = Step(node, new NodeInput.JobExited(job.Job, new JobOutcome.Succeeded(result) { Elapsed = TimeSpan.FromSeconds(1) }));
        NodeEffect.StartJob next = effects.OfType<NodeEffect.StartJob>().Single();
        Step(node, new NodeInput.StoreFailed(job.Piece, result, new Problem("disk-full", "it is full")));
        effects = Step(node, new NodeInput.JobExited(next.Job, new JobOutcome.Succeeded(result) { Elapsed = TimeSpan.FromSeconds(1) }));
        Assert.Empty(effects.OfType<NodeEffect.StartJob>());

        _now += TimeSpan.FromSeconds(6);
        Assert.Single(Step(node, new NodeInput.Tick()).OfType<NodeEffect.StartJob>());
    }

    private static TaskInfo MakeTask(int pieces) => new()
    {
        Name = "task",
        Run = new RunSpec.Shell("true"),
        Files = [new OutputFile("out", pieces)],
        Verify = new VerifySpec.Own(),
    };

    private Node Open(TaskInfo info, bool mayCompute = true, bool awaitsInputs = false)
    {
        Assert.True(TaskFileCodec.TryMake(info, out TaskFile? task, out Problem? problem), problem?.Reason);
        var node = new Node(
            new NodeOptions { TaskId = task.Id, Incarnation = 1 }, new StandInIdentity("me"), new StandInVerifier(), 1);
        Step(node, new NodeInput.TaskOpened(task, RestoredState.None) { AwaitsInputs = awaitsInputs, MayCompute = mayCompute });
        return node;
    }

    private List<NodeEffect> Tick(Node node)
    {
        _now = node.NextWake;
        return Step(node, new NodeInput.Tick());
    }

    private List<NodeEffect> Step(Node node, NodeInput input) => [.. node.Step(input, _now)];
}
