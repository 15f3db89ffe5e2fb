using System;
using System.Collections.Generic;
using Starling.Core.Engine;
using Starling.Core.Gossip;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Scheduling;

namespace Starling.Sim.Swarms;

/// <summary>
/// The five invariants of DESIGN section 2, judged from outside: from effects, disks and evidence that the simulator keeps itself, and from the
/// sizes that a node tells of its tables. Most are checked at the very effect that could break them; tables every so many steps.
/// </summary>
internal sealed class SimChecks(SimWorld world)
{
    /// <summary>Ticks at one instant that each ask for another one at once.</summary>
    private const int MaxTicksAtOnce = 64;

    private const int TablesEvery = 512;

    private const int MaxEventsPerHost = 200_000;

    /// <summary>Codes under which a peer is banned.</summary>
    private static readonly HashSet<string> _blames =
    [
        "bad-signature", "bad-message", "bad-attestation", "bad-held", "bad-found", "bad-stop", "bad-request", "bad-have", "bad-bitfield",
        "wrong-block", "wrong-proof", "block-not-asked", "serves-nothing", "log-gap", "pex-flood", "flood",
    ];

    private readonly Dictionary<(PublicKey Worker, int Piece), ResultId> _signed = [];
    private readonly Dictionary<SimHost, PieceSet> _toSurvive = [];
    private readonly Dictionary<SimHost, PieceSet> _everFinished = [];
    /// <summary>Wrong results that honest hosts ever believed, each host counted.</summary>
    public int WrongEver { get; private set; }

    /// <summary>Wrong results that honest hosts believe now, each host counted.</summary>
    public int WrongNow()
    {
        int wrong = 0;
        foreach (SimHost host in world.Hosts)
        {
            for (int piece = 0; host.IsHonest && host.Node is { } node && piece < world.Options.Pieces; piece++)
            {
                wrong += node.Used(piece) is { } used && !world.IsMeant(piece, used) ? 1 : 0;
            }
        }

        return wrong;
    }

    private readonly SortedDictionary<string, int> _refusals = new(StringComparer.Ordinal);
    private long _steps;

    /// <summary>What honest hosts refused, by code.</summary>
    public IReadOnlyDictionary<string, int> Refusals => _refusals;

    /// <summary>Invariants 2 and 3: no host spins, no table grows beyond its bound.</summary>
    public void OnStep(SimHost host, int ticksInARow)
    {
        if (ticksInARow > MaxTicksAtOnce)
        {
            throw Failure(host, $"{ticksInARow} ticks at one instant, and it wants another one: a livelock ({host.Node?.DescribeWakes()})");
        }

        if (world.Options.CheckEveryStep && ++_steps % TablesEvery == 0)
        {
            CheckTables(host);
            if (world.Events.Count > (long)MaxEventsPerHost * world.Hosts.Count)
            {
                throw Failure(host, $"{world.Events.Count} events wait: a queue has no bound");
            }
        }
    }

    /// <summary>Invariant 1: durable, matching its root, and believed by a judgement of our own.</summary>
    public void OnFinished(SimHost host, NodeEvent.PieceFinished finished)
    {
        if (!host.IsHonest)
        {
            return;
        }

        CheckContent(host, finished.Piece, finished.Result);
        WrongEver += world.IsMeant(finished.Piece, finished.Result) ? 0 : 1;
        if (!_everFinished.TryGetValue(host, out PieceSet? ever))
        {
            _everFinished.Add(host, ever = new PieceSet(world.Options.Pieces));
        }

        if (!ever.Add(finished.Piece) && finished.Source == ResultSource.Resumed)
        {
            return;
        }

        (int votes, bool mine) = host.Evidence.Of(finished.Piece, finished.Result, host.Identity.PublicKey);
        int needed = Math.Max(1, world.Options.Replicas);
        if (world.Options.Checker && !world.IsMeant(finished.Piece, finished.Result))
        {
            throw Failure(host, $"believes a result of piece {finished.Piece} that the checker refuses");
        }

        // What means the same counts together there.
        if (!mine && votes < needed && world.Options.Trust == 0 && world.Options.Variants == 1)
        {
            throw Failure(host, $"piece {finished.Piece} is finished on the word of {votes} workers, {needed} are needed");
        }
    }

    /// <summary>Invariant 4: what is finished is not computed again by its owner.</summary>
    public void OnStartJob(SimHost host, NodeEffect.StartJob start)
    {
        // Among strangers what is finished may be checked, and may turn out wrong.
        // What was released and has no holder left is computed again.
        if (host.IsHonest && !world.Options.IsOpen && !world.HasLiars && host.Node?.IsReleased(start.Piece) != true && _everFinished.TryGetValue(host, out PieceSet? ever) && ever.Contains(start.Piece))
        {
            throw Failure(host, $"runs piece {start.Piece}, which it had finished");
        }
    }

    /// <summary>Invariant 4: what was finished when it crashed must be finished when it is back.</summary>
    public void OnCrash(SimHost host, PieceSet finished)
    {
        if (host.IsHonest)
        {
            _toSurvive[host] = finished;
        }
    }

    /// <summary>Its folder is gone: it may start from nothing.</summary>
    public void OnFolderLost(SimHost host)
    {
        _toSurvive.Remove(host);
        _everFinished.Remove(host);
    }

    /// <summary>The task is open (again).</summary>
    public void OnOpened(SimHost host)
    {
        // With nothing left to merge it may have left as done in the same step: then it had everything (OnLeave), and its Finished is of no life any more.
        if (!_toSurvive.Remove(host, out PieceSet? before) || host.LeftWith == LeaveReason.Done)
        {
            return;
        }

        // What a command here had said yes to may have to be shown to it once more; but it is not computed again.
        bool isAskedAgain = world.Options.Checker || world.Options.Variants > 1;
        for (int piece = before.Next(0); piece >= 0; piece = before.Next(piece + 1))
        {
            if (!host.Finished.Contains(piece) && !(isAskedAgain && host.Disk.Holds(piece)))
            {
                throw Failure(host, $"piece {piece} was finished before the crash and is not after it");
            }
        }
    }

    /// <summary>A write of the store must be whole and right before it is asked for.</summary>
    public void OnCommit(SimHost host, NodeEffect.CommitDownload commit, byte[] content)
    {
        if (host.IsHonest && MerkleTree.ResultOf(content) != commit.Result)
        {
            throw Failure(host, $"commits a download of piece {commit.Piece} that does not match its root");
        }
    }

    /// <summary>A merge is made of finished pieces only, in order.</summary>
    public void OnMerge(SimHost host, NodeEffect.StartMerge merge)
    {
        int last = -1;
        foreach ((int piece, ResultId result) in merge.Parts)
        {
            if (piece <= last || !host.Finished.Contains(piece))
            {
                throw Failure(host, $"merges file {merge.File} from piece {piece}, which is not finished or not in order");
            }

            CheckContent(host, piece, result);
            last = piece;
        }
    }

    /// <summary>Nobody signs two roots for one piece; told when a batch is durable, for only then it may be sent.</summary>
    public void OnAttested(SimHost host, SimIdentity identity, ReadOnlyMemory<byte> raw)
    {
        if (!host.IsHonest || !AttestationBatchCodec.TryDecode(raw, out AttestationBatch? batch))
        {
            return;
        }

        foreach (Attestation entry in batch.Entries)
        {
            if (!_signed.TryAdd((identity.PublicKey, entry.Piece), entry.Result)
                && _signed[(identity.PublicKey, entry.Piece)] != entry.Result)
            {
                throw Failure(host, $"signed two results of piece {entry.Piece}");
            }
        }
    }

    /// <summary>Invariant 5: no secret bytes on the wire.</summary>
    public void OnSend(SimHost host, ReadOnlyMemory<byte> bytes)
    {
        if (!world.Options.CheckEveryStep || !host.IsHonest)
        {
            return;
        }

        if (bytes.Span.IndexOf(host.Identity.SecretKey) >= 0
            || (!world.Task.Secret.IsEmpty && bytes.Span.IndexOf(world.Task.Secret.Span) >= 0))
        {
            throw Failure(host, "sends secret bytes");
        }
    }

    /// <summary>Nobody leaves as done without everything, and nobody gives up: some host always can run every piece.</summary>
    public void OnLeave(SimHost host, NodeEffect.Leave leave)
    {
        if (host.IsHonest && leave.Reason == LeaveReason.Done && !world.Options.Search && host.Finished.Count != world.Task.Info.PieceCount)
        {
            throw Failure(host, $"leaves as done with {host.Finished.Count} pieces");
        }

        if (host.IsHonest && leave.Reason == LeaveReason.Failed)
        {
            throw Failure(host, $"fails: {leave.Problem?.Reason}");
        }
    }

    public void OnRefused(SimHost host, Problem problem)
    {
        if (host.IsHonest)
        {
            _refusals[problem.Code] = _refusals.GetValueOrDefault(problem.Code) + 1;
            if (!world.HasAdversaries && problem.Code is not ("no-handshake" or "no-metadata"))
            {
                throw Failure(host, $"refuses an honest peer: {problem.Code}, {problem.Reason}");
            }
        }
    }

    /// <summary>An honest host ends a link: what it holds against the other must not be held against an honest one.</summary>
    public void OnClose(SimHost host, SimHost? peer, string reason)
    {
        string code = reason.Split(':')[0];
        if (host.IsHonest && peer is { IsHonest: true } && _blames.Contains(code))
        {
            throw Failure(host, $"bans the honest host {peer.Number}: {reason}");
        }
    }

    /// <summary>At the end: everything once more, and all use the same results.</summary>
    public void CheckAll()
    {
        var canonical = new Dictionary<int, ResultId>();
        foreach (SimHost host in world.Hosts)
        {
            if (!host.IsHonest || host.Node is not { } node)
            {
                continue;
            }

            CheckTables(host);
            for (int piece = host.Finished.Next(0); piece >= 0; piece = host.Finished.Next(piece + 1))
            {
                if (node.Used(piece) is not { } used)
                {
                    throw Failure(host, $"piece {piece} was finished and is no more");
                }

                CheckContent(host, piece, used);
                if (!canonical.TryAdd(piece, used) && canonical[piece] != used && !world.Options.IsOpen && !world.HasLiars)
                {
                    throw Failure(host, $"uses another result of piece {piece} than the others");
                }
            }
        }
    }

    private void CheckContent(SimHost host, int piece, ResultId result)
    {
        if (host.Node is { } node && node.IsReleased(piece))
        {
            // Its bytes are in the output, which is not simulated.
            return;
        }

        byte[] content = host.Disk.Read(piece, result) ?? throw Failure(host, $"calls piece {piece} finished without its bytes");
        if (!world.IsKnownRight(piece, content) && MerkleTree.ResultOf(content) != result)
        {
            throw Failure(host, $"piece {piece} does not match its root");
        }

        if (!world.IsMeant(piece, result) && !world.HasLiars)
        {
            throw Failure(host, $"piece {piece} is what no honest run gave");
        }
    }

    private void CheckTables(SimHost host)
    {
        if (host.Node is not { } node)
        {
            return;
        }

        foreach ((string name, long count, long bound) in node.Tables())
        {
            if (count > bound)
            {
                throw Failure(host, $"{name}: {count}, the bound is {bound}");
            }
        }
    }

    private SimFailureException Failure(SimHost host, string what) =>
        new($"at {world.Events.Now.Seconds:F3} s host {host.Number} (life {host.Life}) {what}");
}
