using System;
using System.Collections.Generic;
using System.Numerics;
using Starling.Core.Engine;
using Starling.Core.Exchange;
using Starling.Core.Gossip;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Scheduling;
using Starling.Core.Tasks;
using Starling.Core.Verification;
using Starling.Core.Wire;

namespace Starling.Core.Swarm;

/// <summary>
/// My part in the swarm of one task whose file is known: what is believed, what runs here, what is fetched and served. The parts meet
/// only here: a fact comes in, the map changes, and <see cref="Reassess"/> tells those whom it concerns.
/// </summary>
internal sealed class TaskSwarm
{
    private static readonly TimeSpan StorePause = TimeSpan.FromSeconds(5);

    private readonly NodeContext _context;
    private readonly LinkTable _links;
    private readonly JoinGate _join;
    private readonly PieceMap _map;
    private readonly Trials _trials;
    private readonly Arbiters _arbiters;
    private readonly SealBook? _seals;
    private readonly Acceptance _acceptance;
    private readonly VoteIntake _votes;
    private readonly WantedRuns _wanted;
    private readonly WorkScheduler _scheduler;
    private readonly SlotTable _slots;
    private readonly SwarmGossip _gossip;
    private readonly Contradictions _contradictions;
    private readonly Downloader _downloader;
    private readonly Uploader _uploader;
    private readonly ProofServer _proofs;
    private readonly ResultKeeper _keeper;
    private readonly LostPieces _lost;
    private readonly Holders _holders;
    private readonly HitSearch _hits;
    private readonly Completion _completion;
    private readonly RunEnds _runEnds;
    private readonly KeptResults _kept;
    private readonly SortedDictionary<int, Arrival> _arrivals = [];
    private readonly SortedDictionary<int, Instant> _paused = [];
    private readonly List<NodeEffect> _started = [];
    private Instant _computeFrom;
    private bool _restoring;

    public TaskSwarm(NodeContext context, LinkTable links, AddressBook addresses, TaskFile task, RestoredState restored)
    {
        _context = context;
        _links = links;
        _join = new JoinGate(context, links, addresses);
        Task = task;
        int count = task.Info.PieceCount;
        _map = new PieceMap(task.Id, count);
        _scheduler = new WorkScheduler(count, context.Self, new SchedulingOptions(), context.Random) { Slots = context.Options.Slots };
        _slots = new SlotTable(context, _scheduler);
        var logs = new AttestationLogs(context.Self);
        _hits = new HitSearch(context, task.Info, _map, links);
        _seals = task.Info.Verify is VerifySpec.Replicas { Sealed: { } time } sealing ? new SealBook(context, task.Id, sealing.Count, time) : null;
        _arbiters = new Arbiters(context, links, task);
        _trials = new Trials(context, _map, _scheduler, comparing: task.Info.Verify.Compare is not null);
        _acceptance = new Acceptance(context, task, _map, _hits, _trials, _arbiters, _seals);
        _votes = new VoteIntake(context, _map, _acceptance, _scheduler, _seals)
        {
            Reassess = Reassess,
            Counted = (worker, piece, candidate) => _holders!.OnCounted(worker, piece, candidate),
            Proved = (batch, said) => _gossip!.Contradicted(batch, said),
        };
        _contradictions = new Contradictions(context, links, task.Id) { Found = _votes.OnContradiction };
        _gossip = new SwarmGossip(context, links, logs, _scheduler, _contradictions, task.Id)
        {
            BatchArrived = _votes.OnBatch,
            IsOutcast = _acceptance.IsOutcast,
            MayContradict = _votes.MayContradict,
            IsOutsider = task.Info.Members.Count > 0 ? key => !task.Info.Admits(key) : null,
        };
        _downloader = new Downloader(context, _map, links) { FellSilent = link => _holders!.OnSilence(link) };
        _uploader = new Uploader(context, _map, links, _acceptance.Workers, _acceptance.Offered);
        _proofs = new ProofServer(context, _map, links, _acceptance.IsHidden);
        var wishes = new Wishes(context, _map, links);
        _lost = new LostPieces(context, _map, _downloader, wishes);
        _holders = new Holders(links, _map, _acceptance, _downloader, _scheduler, _lost, _gossip) { Reassess = Reassess };
        _wanted = new WantedRuns(_map, _acceptance, _hits, _lost, _scheduler);
        _keeper = new ResultKeeper(context, logs, task.Id, restored.Log != 0 ? restored.Log : context.Options.Incarnation, _seals);
        _completion = new Completion(context, task.Info, _map, links, _downloader, _slots);
        _runEnds = new RunEnds(context, _map, _acceptance, _scheduler, _slots, _keeper, _lost, _completion, _seals);
        _kept = new KeptResults(context, _map, _acceptance, links, _downloader, wishes, _completion);
        OnGrantChanged();
        Restore(restored);
    }

    public TaskFile Task { get; }

    /// <summary>When something is due here if nothing comes in.</summary>
    public Instant NextWake()
    {
        Instant wake = Instant.Min(Instant.Min(_gossip.NextWake(), _keeper.NextWake()), _trials.NextWake());
        wake = Instant.Min(wake, Instant.Min(_uploader.NextWake(), _downloader.NextWake()));
        if (_completion.IsStopping)
        {
            return wake;
        }

        wake = Instant.Min(wake, _scheduler.NextWake);
        if (_join.IsOpen && _context.MayCompute)
        {
            wake = Instant.Min(wake, _slots.NextWake());
        }

        if (_join.IsOpen || !_context.MayCompute)
        {
            return _computeFrom > _context.Now ? Instant.Min(wake, _computeFrom) : wake;
        }

        return Instant.Min(wake, _join.NextWake);
    }

    /// <summary>What <see cref="NextWake"/> is made of, for checkers.</summary>
    public string DescribeWakes() =>
        $"gossip {_gossip.NextWake().Seconds:F3}, scheduler {_scheduler.NextWake.Seconds:F3} (renewal {_scheduler.NextRenewal.Seconds:F3}, "
        + $"expiry {_scheduler.Claims.NextExpiry.Seconds:F3}), joined {_join.IsOpen}, computing from {_computeFrom.Seconds:F3}";

    public void OnEstablished(PeerLink link)
    {
        _scheduler.SawWorker(link.Key, link.Cores, _context.Now);
        _holders.OnEstablished(link);
        _kept.OnEstablished(link);
        _arbiters.OnEstablished(link);
        _gossip.OnEstablished(link);
    }

    public void OnLinkClosed(PeerLink link)
    {
        if (_links.Find(link.Key) is null)
        {
            _scheduler.WorkerLeft(link.Key);
        }

        _downloader.OnLinkClosed(link);
        if (_links.IsBanned(link.Key))
        {
            _holders.GiveUpResultsOf(link.Key);
        }
    }

    /// <summary>Nothing is run before its inputs are here.</summary>
    public void AwaitInputs()
    {
        for (int piece = 0; piece < _map.Count; piece++)
        {
            _scheduler.Withhold(piece);
        }
    }

    /// <summary>The inputs of these pieces are here.</summary>
    public void OnInputsArrived(int first, int count)
    {
        for (int piece = first; piece < first + count; piece++)
        {
            _scheduler.Provide(piece);
        }
    }

    public void OnDrained(PeerLink link) => _uploader.OnDrained(link);

    /// <summary>The owner's rules give more or less: rates now, runs at the end of the step.</summary>
    public void OnGrantChanged()
    {
        _uploader.SetRate(_context.Grant.UploadBytesPerSecond);
        _downloader.SetRate(_context.Grant.DownloadBytesPerSecond);
    }

    public void OnMessage(PeerLink link, PeerMessage message)
    {
        switch (message)
        {
            case PeerMessage.Choke:
                _downloader.OnChoke(link);
                break;
            case PeerMessage.Unchoke:
                _downloader.OnUnchoke(link);
                break;
            case PeerMessage.Interested:
                _uploader.OnInterested(link);
                break;
            case PeerMessage.NotInterested:
                _uploader.OnNotInterested(link);
                break;
            case PeerMessage.Request request:
                _uploader.OnRequest(link, request);
                break;
            case PeerMessage.Cancel cancel:
                _uploader.OnCancel(link, cancel);
                break;
            case PeerMessage.Block block:
                _downloader.OnBlock(link, block);
                break;
            case PeerMessage.RejectRequest reject:
                _downloader.OnReject(link, reject);
                break;
            case PeerMessage.Have have when have.Piece >= _map.Count:
                _links.Offend(link, "bad-have", $"has piece {have.Piece} of {_map.Count}");
                break;
            case PeerMessage.Bitfield bitfield when bitfield.Bits.Length != (_map.Count + 7) / 8:
                _links.Offend(link, "bad-bitfield", $"sent a bitfield of {bitfield.Bits.Length} bytes");
                break;
            default:
                // have and bitfield are hints without a root: attestations and st_held say the same and which result.
                break;
        }
    }

    public void OnMessage(PeerLink link, TaskMessage message)
    {
        switch (message)
        {
            case TaskMessage.Claims claims:
                _gossip.OnClaims(link, claims);
                break;
            case TaskMessage.Attests attests:
                OnAttests(link, attests);
                break;
            case TaskMessage.Held held:
                _holders.OnHeld(link, held);
                break;
            case TaskMessage.Released released:
                _holders.OnReleased(link, released);
                break;
            case TaskMessage.ProofRequest request:
                _kept.OnRequest(link, request);
                _proofs.OnRequest(link, request);
                break;
            case TaskMessage.Proof proof:
                _downloader.OnProof(link, proof);
                break;
            case TaskMessage.Found found:
                OnFound(link, found);
                break;
            case TaskMessage.Delegates delegates:
                OnArbitersChanged(_arbiters.OnMessage(link, delegates));
                break;
            case TaskMessage.Stop stop:
                OnStop(link, stop);
                break;
        }
    }

    public void OnJobExited(JobId job, JobOutcome outcome) => _runEnds.OnJobExited(job, outcome);

    public void OnStored(int piece, ResultId result)
    {
        FinishedRun? run = _keeper.Answer(piece, result, stored: true, out AttestationBatch? batch);
        int candidate = _map.Add(piece, result, mine: true);
        if (candidate < 0)
        {
            _context.Emit(new NodeEffect.DropResult(piece, result));
            return;
        }

        if (!_map.IsFinished(piece))
        {
            _arrivals[piece] = run is null
                ? new Arrival(ResultSource.Downloaded, TimeSpan.Zero)
                : new Arrival(ResultSource.Computed, run.Elapsed, run.Usage);
        }

        ResultId? before = _map.Used(piece);
        bool wasReleased = _map.Released(piece) == candidate;
        bool finished = _map.SetHeld(piece, candidate, held: true);
        _downloader.OnStored(piece);
        _trials.Review(piece);
        _votes.RecogniseMine(piece);
        if (finished)
        {
            OnFinished(piece);
            if (run is { IsToBeAttested: false } && !_restoring)
            {
                // I attested it long ago and had lost it: that I hold it again does not follow from my word.
                _gossip.TellHeld(new Attestation(piece, result));
            }
        }
        else if (before is not null && _map.Used(piece) is { } now && now != before)
        {
            SwitchTo(piece, now);
        }
        else if (wasReleased)
        {
            OnBack(piece, result);
        }

        if (batch is not null)
        {
            _gossip.Publish(batch);
            _hits.OnPublished(batch);
        }
    }

    public void OnStoreFailed(int piece, ResultId result, Problem problem)
    {
        FinishedRun? run = _keeper.Answer(piece, result, stored: false, out AttestationBatch? batch);
        _context.Report(new NodeEvent.Error(problem));
        if (run is not null)
        {
            // Further outputs would have nowhere to go either; and what was accepted meanwhile is to be fetched, not run again.
            _scheduler.Include(piece);
            _scheduler.NotBefore(piece, _context.Now + StorePause);
            _computeFrom = _context.Now + StorePause;
            _paused[piece] = _context.Now + StorePause;
        }
        else
        {
            _downloader.OnStoreFailed(piece);
            _paused[piece] = _context.Now + StorePause;
        }

        if (batch is not null)
        {
            _gossip.Publish(batch);
        }
    }

    public void OnLeavesLoaded(int piece, ResultId result, IReadOnlyList<Hash256>? leaves) => _proofs.OnLoaded(piece, result, leaves);

    public void OnContentLoaded(int piece, ResultId result, ReadOnlyMemory<byte>? content) => _hits.OnContent(piece, result, content);

    /// <summary>Openings of seals of mine are durable, or the disk refused them.</summary>
    public void OnBatchKept(Problem? problem)
    {
        if (_keeper.AnswerOpenings(problem is null) is { } batch)
        {
            _gossip.Publish(batch);
        }
        else if (problem is not null)
        {
            _context.Report(new NodeEvent.Error(problem));
        }
    }

    /// <summary>The task's command looked at a result; what it refuses is not kept.</summary>
    public void OnTrialEnded(NodeInput.TrialEnded ended)
    {
        int piece = ended.Piece;
        int wrong = _trials.OnEnded(piece, ended.Result, ended.Other, ended.Outcome);
        IReadOnlyList<Worker> discounted = [];
        if (ended.Other is null && ended.Outcome is not TrialOutcome.Failed)
        {
            string reason = ended.Outcome is TrialOutcome.Rejected rejected ? rejected.Problem.Reason : "";
            discounted = _acceptance.Tried(piece, _map.IndexOf(piece, ended.Result), ended.Outcome is TrialOutcome.Passed, reason);
        }

        if (wrong >= 0)
        {
            _map.SetHeld(piece, wrong, held: false);
            _context.Emit(new NodeEffect.DropResult(piece, ended.Result));
        }

        Reassess(piece);
        _trials.Review(piece);
        foreach (Worker worker in discounted)
        {
            _votes.ReassessAllOf(worker);
        }
    }

    public void OnMergeExited(int file, Problem? problem) => _completion.OnMergeExited(file, problem);

    /// <summary>Once a second.</summary>
    public void Tidy()
    {
        _downloader.Tidy(_scheduler.Lease);
        _uploader.Tidy();
        _gossip.Tidy();
        foreach (int piece in _lost.Tidy(_scheduler.Lease, isAlone: _links.Established.Count == 0))
        {
            if (_lost.IsLost(piece))
            {
                _scheduler.Include(piece);
            }

            Reassess(piece);
        }

        OnArbitersChanged(_arbiters.Tidy());
        foreach (int piece in _seals?.Tidy() ?? [])
        {
            Reassess(piece);
        }

        TidyAcceptance();
        Resume();
        _kept.Tidy();
        _completion.Tidy(_scheduler);
    }

    /// <summary>At the end of every step: what follows from all that came in.</summary>
    public void Settle()
    {
        foreach (int piece in _acceptance.Lessons.TakeShaken())
        {
            Reassess(piece);
        }

        if (!_completion.IsStopping && !_context.Grant.IsHalted)
        {
            _trials.Settle();
        }

        OpenSeals();

        _keeper.Settle(_slots.RunsAreShort && _slots.AnyRunning);
        if (!_completion.IsStopping)
        {
            Surrender();
            _slots.Obey();
            if (_context.MayCompute && _join.TryOpen() && _keeper.HasRoom && _computeFrom <= _context.Now)
            {
                _slots.Fill(_started);
            }
        }

        _completion.Settle();
        _uploader.Pump();

        // Neighbours hear of a claim before the run begins (rule 1).
        _gossip.Flush();
        _context.Effects.AddRange(_started);
        _started.Clear();
        _downloader.Pump();
    }

    /// <summary>The owner stops it.</summary>
    public void Stop(string reason)
    {
        _slots.KillAll(AbortReason.Owner);
        _completion.Stop(reason);
    }

    public NodeSnapshot Snapshot() => SwarmSnapshot.Take(_context, _map, _slots, _scheduler, _downloader, _links, _completion);

    /// <summary>The result of a piece that is used here.</summary>
    public ResultId? Used(int piece) => _map.Used(piece);

    /// <summary>Whether the result of a piece is in the output and held no more.</summary>
    public bool IsReleased(int piece) => _map.Released(piece) >= 0;

    /// <summary>Every table that a remote can make grow, with its size and its bound (invariant 3).</summary>
    public IEnumerable<(string Name, long Count, long Bound)> Tables()
    {
        yield return ("workers", _acceptance.Workers.Count, WorkerTable.MaxWorkers);
        yield return ("workers with claims", _scheduler.Claims.WorkerCount, new SchedulingOptions().MaxWorkers);
        yield return ("contradictions", _contradictions.Count, Contradictions.MaxKept);
        yield return ("arrivals", _arrivals.Count, _map.Count);
        yield return ("pieces with too few copies", _kept.Count, _map.Count);
        yield return ("proof requests", _proofs.Count, ProofServer.MaxWaiting);
        yield return ("delegations", _arbiters.Count, DelegationTable.MaxNotices);
        yield return ("pieces with seals", _seals?.Count ?? 0, _map.Count);
        yield return ("trials", _trials.Count, _map.Count);
        yield return ("outputs waiting", _keeper.Count, ResultKeeper.MaxWaiting + _context.Options.Slots);
        yield return ("bytes being fetched", _downloader.ActiveBytes, Downloader.MaxActiveBytes + Task.Info.PieceLength);
        foreach (PeerLink link in _links.Established)
        {
            yield return ("requests to a peer", link.Exchange.Outstanding.Count, Downloader.MaxDepth);
            yield return ("requests of a peer", link.Exchange.Uploads.Count, Uploader.MaxQueued);
            yield return ("undelivered pieces of a peer", link.Exchange.Undelivered.Count, _map.Count);
            yield return ("offences", link.Offences, LinkTable.MaxOffences);
            yield return ("bytes waiting for a peer", link.QueuedBytes, LinkTable.MaxQueuedBytes);
            yield return ("positions of unknown logs", link.Gossip.EarlyPositions.Count, GossipCursor.MaxUnknownLogs);
            yield return ("wishes of a peer", link.Wished.Count, Wishes.MaxOfANeighbour);
            yield return ("released pieces of a peer", link.Released.Count, _map.Count);
            yield return ("announced logs", link.Gossip.Announced.Count, GossipCursor.MaxUnknownLogs);
        }
    }

    private void Restore(RestoredState restored)
    {
        // The folder is mine: signatures were checked before they were saved.
        _restoring = _acceptance.Lessons.IsRestoring = true;
        _wanted.SetAll();
        foreach (int piece in restored.Begun)
        {
            _scheduler.SetBegun(piece, piece < _map.Count);
        }

        foreach ((int piece, ResultId result) in restored.Held)
        {
            int candidate = piece < _map.Count ? _map.Add(piece, result, mine: true) : -1;
            if (candidate >= 0)
            {
                _arrivals[piece] = new Arrival(ResultSource.Resumed, TimeSpan.Zero);
                _map.SetHeld(piece, candidate, held: true);
            }
        }

        foreach ((int piece, ResultId result) in restored.Released)
        {
            int candidate = piece < _map.Count ? _map.Add(piece, result, mine: true) : -1;
            if (candidate >= 0 && (_map.Held(piece) & (1 << candidate)) == 0)
            {
                _arrivals[piece] = new Arrival(ResultSource.Resumed, TimeSpan.Zero);
                _map.Release(piece, candidate);
            }
        }

        foreach ((int piece, ResultId result) in restored.Accepted)
        {
            int candidate = piece < _map.Count ? _map.IndexOf(piece, result) : -1;
            if (candidate >= 0 && ((_map.Held(piece) & (1 << candidate)) != 0 || _map.Released(piece) == candidate))
            {
                _acceptance.Remember(piece, candidate);
                Reassess(piece);
            }
        }

        foreach (ReadOnlyMemory<byte> raw in restored.Batches)
        {
            if (AttestationBatchCodec.TryDecode(raw, out AttestationBatch? batch) && FitsTask(batch))
            {
                _gossip.Restore(batch);
            }
        }

        OnArbitersChanged(_arbiters.TakenBack());
        RestoreOutputs();
        _restoring = _acceptance.Lessons.IsRestoring = false;
    }

    /// <summary>Of which files the output stands for released results; where anything of a file is missing, all of it has to come back.</summary>
    private void RestoreOutputs()
    {
        for (int file = 0; _map.ReleasedCount > 0 && file < Task.Info.Files.Count; file++)
        {
            int first = Task.Info.FirstPieceOf(file);
            int finished = 0;
            int released = 0;
            for (int piece = first; piece < first + Task.Info.Files[file].Pieces; piece++)
            {
                finished += _map.IsFinished(piece) ? 1 : 0;
                released += _map.Released(piece) >= 0 ? 1 : 0;
            }

            if (released > 0 && finished == Task.Info.Files[file].Pieces)
            {
                _completion.OnMergedBefore(file);
            }
            else if (released > 0)
            {
                ReopenReleased(file);
            }
        }
    }

    /// <summary>A file is to be made anew: what was released of it is needed again.</summary>
    private void ReopenReleased(int file)
    {
        if (_map.ReleasedCount == 0)
        {
            return;
        }

        int first = Task.Info.FirstPieceOf(file);
        for (int piece = first; piece < first + Task.Info.Files[file].Pieces; piece++)
        {
            if (_map.Reopen(piece))
            {
                _completion.OnUnfinished(piece);
                _context.Report(new NodeEvent.PieceReopened(piece));
                _downloader.Review(piece);
            }
        }
    }

    private bool FitsTask(AttestationBatch batch)
    {
        foreach (Attestation entry in batch.Entries)
        {
            if (entry.Piece >= _map.Count || entry.Result.Length > Task.Info.PieceLength)
            {
                return false;
            }
        }

        foreach (Seal seal in batch.Seals)
        {
            if (seal.Piece >= _map.Count)
            {
                return false;
            }
        }

        return true;
    }

    private void OnAttests(PeerLink link, TaskMessage.Attests attests)
    {
        foreach (AttestationBatch batch in attests.Batches)
        {
            if (!FitsTask(batch))
            {
                _links.Ban(link, "bad-attestation", "passed on attestations of pieces that the task does not have");
                return;
            }
        }

        bool firstPositions = !link.Gossip.PositionsKnown;
        if (!_gossip.OnAttests(link, attests) || !firstPositions || !link.Gossip.PositionsKnown)
        {
            return;
        }

        _holders.TellAll(link);
    }

    /// <summary>A result that had been released is held again; my word of old does not say so.</summary>
    private void OnBack(int piece, ResultId result)
    {
        _slots.Kill(piece, AbortReason.AcceptedElsewhere);
        if (_lost.Found(piece))
        {
            Reassess(piece);
        }

        _gossip.TellHeld(new Attestation(piece, result));
    }

    private void OnFound(PeerLink link, TaskMessage.Found found)
    {
        if (!FitsTask(found.Batch) || found.Piece >= _map.Count)
        {
            _links.Ban(link, "bad-found", "sent a hit of a piece that the task does not have");
            return;
        }

        if (!_hits.TryTake(link, found, out ResultId result))
        {
            return;
        }

        OnAttests(link, new TaskMessage.Attests([found.Batch], []));
        if (_map.Add(found.Piece, result) < 0)
        {
            return;
        }

        Reassess(found.Piece);
        if (_map.IsAccepted(found.Piece) && !_map.IsFinished(found.Piece) && !_keeper.IsPending(found.Piece))
        {
            _hits.Store(found.Piece, result, found.Content);
            _hits.Forward(link, found);
        }
    }

    private void OnArbitersChanged(IReadOnlyList<ArbiterChange> changes)
    {
        foreach (ArbiterChange change in changes)
        {
            if (_acceptance.Appoint(change))
            {
                _votes.ReassessAllOf(_acceptance.Workers.TryFind(change.Key)!);
            }
        }

        if (changes.Count > 0)
        {
            _wanted.SetAll();
        }
    }

    private void OnStop(PeerLink link, TaskMessage.Stop stop)
    {
        if (Task.Info.Author is not { } author || !StopNotice.Verify(stop, author, Task.Id, _context.Verifier))
        {
            _links.Ban(link, "bad-stop", "sent a stop that the author did not sign");
            return;
        }

        if (_completion.IsStopping)
        {
            return;
        }

        foreach (PeerLink other in _links.Established)
        {
            if (other != link)
            {
                _links.Send(other, stop);
            }
        }

        _slots.KillAll(AbortReason.Owner);
        _completion.Cancel(stop.ReplacedBy);
    }

    private void OnFinished(int piece)
    {
        if (_lost.Found(piece))
        {
            _wanted.Note(piece, _acceptance.VerdictOn(piece));
        }

        _slots.Kill(piece, AbortReason.AcceptedElsewhere);
        ResultId used = _map.Used(piece)!.Value;
        Arrival arrival = _arrivals.GetValueOrDefault(piece);
        _arrivals.Remove(piece);
        _completion.OnFinished(piece, arrival.Source);
        if (_hits.OnFinished(piece, used))
        {
            OnHitsChanged();
        }

        _context.Report(new NodeEvent.PieceFinished(piece, arrival.Source, used, arrival.Elapsed) { Usage = arrival.Usage });
        if (!_restoring)
        {
            _holders.Tell(piece);
        }
    }

    /// <summary>The canonical result turned out to be another one than what was used so far: merged from now on, and served.</summary>
    private void SwitchTo(int piece, ResultId used)
    {
        _holders.TellSwitched(piece, used);

        _completion.OnSwitched(piece);
        ReopenReleased(Task.Info.Locate(piece).FileIndex);
    }

    /// <summary>Judges a piece again and tells everybody here whom a change concerns.</summary>
    private void Reassess(int piece)
    {
        AcceptanceChange change = _acceptance.Reassess(piece);
        if (change.Acceptable != change.Before)
        {
            OnAcceptanceChanged(piece, change);
        }

        if (change.Seeks)
        {
            _trials.Review(piece);
            if (change.Acceptable == change.Before && !_keeper.IsPending(piece))
            {
                _downloader.Review(piece);
            }
        }

        _wanted.Note(piece, change.Verdict);
        if (change.Finished)
        {
            OnFinished(piece);
        }
        else if (change.Unfinished)
        {
            _completion.OnUnfinished(piece);
            _context.Report(new NodeEvent.PieceReopened(piece));
            ReopenReleased(Task.Info.Locate(piece).FileIndex);
            if (_hits.OnUnfinished(piece))
            {
                OnHitsChanged();
            }
        }
        else if (change.SwitchedTo is { } used)
        {
            SwitchTo(piece, used);
        }
    }

    private void OnAcceptanceChanged(int piece, AcceptanceChange change)
    {
        if (change.Before == 0 && !_restoring && _holders.IsWithheld(piece))
        {
            _lost.GiveUp(piece);
        }
        else if (change.Before == 0)
        {
            _slots.Kill(piece, AbortReason.AcceptedElsewhere);
        }

        int canonical = _map.Canonical(piece, change.Acceptable);
        if (canonical >= 0 && !_restoring && (_map.Held(piece) & (1 << canonical)) != 0)
        {
            _context.Emit(new NodeEffect.SaveAccepted(piece, _map.Candidate(piece, canonical)));
        }

        for (int lost = change.Before & ~change.Acceptable & _map.Held(piece); lost != 0 && !_restoring; lost &= lost - 1)
        {
            _context.Emit(new NodeEffect.SaveAccepted(piece, _map.Candidate(piece, BitOperations.TrailingZeroCount(lost)), Accepted: false));
        }

        if (!_keeper.IsPending(piece))
        {
            _downloader.Review(piece);
        }
    }

    /// <summary>The first hit came, or the last one turned out to be none: every piece is wanted no more, or again.</summary>
    private void OnHitsChanged()
    {
        if (_hits.HasHit)
        {
            _slots.KillAll(AbortReason.AcceptedElsewhere);
        }

        _wanted.SetAll();
    }

    /// <summary>Workers became better known, or worse: what they attested is judged again.</summary>
    private void TidyAcceptance()
    {
        if (!_acceptance.IsAmongStrangers)
        {
            return;
        }

        foreach (int piece in _acceptance.Tidy(_scheduler.Workers()))
        {
            Reassess(piece);
        }

        _wanted.Tidy();
    }

    private void OpenSeals()
    {
        foreach (int piece in _seals?.TakeDue() ?? [])
        {
            if (_acceptance.MyVote(piece) is >= 0 and int mine)
            {
                _keeper.Open(piece, _map.Candidate(piece, mine));
            }
            else
            {
                // An earlier process sealed it, and the result is gone; perhaps it comes back.
                _seals!.PutOff(piece);
            }
        }

        _completion.MustStay = _seals is { HidesMine: true };
    }

    private void Surrender()
    {
        foreach (int piece in _scheduler.Surrender(_context.Now))
        {
            _slots.Kill(piece, AbortReason.Yield);
        }
    }

    /// <summary>Downloads that the disk refused are tried again after a pause.</summary>
    private void Resume()
    {
        if (_paused.Count == 0)
        {
            return;
        }

        foreach ((int piece, Instant until) in new List<KeyValuePair<int, Instant>>(_paused))
        {
            if (until <= _context.Now)
            {
                _paused.Remove(piece);
                _downloader.Review(piece);
            }
        }
    }

    private readonly record struct Arrival(ResultSource Source, TimeSpan Elapsed, RunUsage? Usage = null);
}
