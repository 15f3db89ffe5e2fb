using System;
using System.Collections.Generic;
using System.Linq;
using Starling.Core.Engine;
using Starling.Core.Gossip;
using Starling.Core.Primitives;
using Starling.Core.Scheduling;

namespace Starling.Core.Swarm;

/// <summary>
/// Spreads signed notices (DESIGN section 4): my claims and attestations to every neighbour, everybody else's once to those that lack
/// them. Changes go out at once when a link was quiet, else gathered for <see cref="NodeOptions.GossipDelay"/>.
/// </summary>
internal sealed class SwarmGossip(
    NodeContext context, LinkTable links, AttestationLogs logs, WorkScheduler scheduler, Contradictions contradictions, Hash256 taskId)
{
    /// <summary>Bytes of one <c>st_attest</c> message, about; a catch-up is cut into such parts.</summary>
    private const int ChunkBytes = 128 * 1024;

    /// <summary>Bytes that may wait in a link's send queue before a catch-up pauses.</summary>
    private const int HighMarkBytes = 512 * 1024;

    private const double BudgetSeconds = 2;

    /// <summary>Neighbours to whom another worker's notice is passed on: the first where everybody is everybody's neighbour, else the second.</summary>
    private const int RelaysInMesh = 1;
    private const int Relays = 5;

    /// <summary>Neighbours, on average, that tell a worker who else runs what it claims.</summary>
    private const int AnswersToContested = 8;

    /// <summary>Workers whose claims may wait for a link before those of workers that have delivered nothing are not passed on to it.</summary>
    private const int MaxWaitingNewcomers = 256;

    private static readonly TimeSpan PositionsEvery = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan PushAfter = TimeSpan.FromSeconds(5);

    private long _claimSequence = context.Options.Incarnation;
    private ClaimBatch? _mine;
    private Instant _signedAt;
    private int _relays = RelaysInMesh;

    private readonly List<LogPosition> _positions = [];
    private readonly List<PeerLink> _chosen = [];

    /// <summary>Handles one new batch of attestations, appended to its log.</summary>
    public Action<AttestationBatch>? BatchArrived { get; set; }

    /// <summary>Whose claims are not heard.</summary>
    public Func<PublicKey, bool>? IsOutcast { get; set; }

    /// <summary>Whether a worker whose batches found no room said something else of a piece before, and that is not known of it yet; null: every batch is looked at.</summary>
    public Func<PublicKey, Attestation, bool>? MayContradict { get; set; }

    /// <summary>Who may not take part, where the task names its members.</summary>
    public Func<PublicKey, bool>? IsOutsider { get; set; }

    /// <summary>A new neighbour: it gets the live claims and learns what is here; it answers with what it has.</summary>
    public void OnEstablished(PeerLink link)
    {
        FlushReleased(link);
        if (link.Gossip.HasWork)
        {
            link.Gossip.Hurry(context.Now);
        }

        link.Gossip.BudgetAt = context.Now;
        link.Gossip.ClaimBudgetBytes = context.Options.ClaimBytesPerSecond * BudgetSeconds;
        if (_mine is { Claims.Count: > 0 })
        {
            link.Gossip.DirtyWorkers.Add(context.Self);
        }

        foreach (AgedClaimBatch live in scheduler.Claims.Latest(context.Now))
        {
            if (live.Batch.Worker != link.Key)
            {
                link.Gossip.DirtyWorkers.Add(live.Batch.Worker);
            }
        }

        FlushClaims(link, everything: true);
        contradictions.OnEstablished(link);
        TellPositions(link, Enumerable.Range(0, logs.Count));
    }

    /// <summary>Claims came in.</summary>
    public void OnClaims(PeerLink link, TaskMessage.Claims message)
    {
        foreach (AgedClaimBatch aged in message.Batches)
        {
            ClaimBatch batch = aged.Batch;
            if (IsOfOutsider(link, batch.Worker))
            {
                return;
            }

            if (batch.Worker == context.Self || !scheduler.Claims.IsNews(batch.Worker, batch.Sequence) || IsOutcast?.Invoke(batch.Worker) == true)
            {
                continue;
            }

            if (!IsIntroduced(link, batch.Worker))
            {
                continue;
            }

            if (!ClaimBatchCodec.Verify(batch, taskId, context.Verifier))
            {
                links.Ban(link, "bad-signature", "passed on claims whose signature is wrong");
                return;
            }

            PeerLink? neighbour = links.Find(batch.Worker);
            if (neighbour is { Exchange: { IsMute: true, HasDelivered: false } })
            {
                // What came out of its runs never leaves it: others run the same.
                continue;
            }

            int cores = neighbour?.Cores ?? 0;
            if (!scheduler.Claims.Apply(batch, aged.Age, cores, context.Now))
            {
                continue;
            }

            if (link.Gossip.PositionsKnown)
            {
                scheduler.HeardClaim(aged.Age);
            }

            TellContested(batch);
            bool hasDelivered = scheduler.HasDelivered(batch.Worker);
            foreach (PeerLink other in RelaysOf(batch.Worker, link))
            {
                if (!hasDelivered && other.Gossip.DirtyWorkers.Count >= MaxWaitingNewcomers)
                {
                    continue;
                }

                other.Gossip.DirtyWorkers.Add(batch.Worker);
                other.Gossip.DueBy(context.Now + context.Options.GossipDelay);
            }
        }
    }

    /// <summary>Attestations, or what the neighbour has of each log, came in. Returns false when the link was ended for it.</summary>
    public bool OnAttests(PeerLink link, TaskMessage.Attests message)
    {
        foreach (Contradiction proof in message.Contradictions)
        {
            if (IsOfOutsider(link, proof.Worker))
            {
                return false;
            }
        }

        if (!contradictions.OnProofs(link, message.Contradictions))
        {
            return false;
        }

        foreach (AttestationBatch batch in message.Batches)
        {
            if (!OnBatch(link, batch))
            {
                return false;
            }
        }

        if ((message.Batches.Count > 0 || message.Contradictions.Count > 0) && message.Positions.Count == 0)
        {
            return true;
        }

        foreach (LogPosition position in message.Positions)
        {
            int log = logs.NumberOf(position.Worker, position.Log);
            int here = log < 0 ? 0 : logs.Length(log);
            if (log >= 0)
            {
                link.Gossip.Advance(log, position.Next);
            }
            else if (link.Gossip.EarlyPositions.Count < GossipCursor.MaxUnknownLogs)
            {
                link.Gossip.EarlyPositions[(position.Worker, position.Log)] = position.Next;
            }

            if (position.Next > here && link.Gossip.Announced.Count < GossipCursor.MaxUnknownLogs)
            {
                link.Gossip.Announced[(position.Worker, position.Log)] = position.Next;
            }
        }

        if (link.Gossip.PositionsKnown)
        {
            PushUnconfirmed(link);
            return true;
        }

        link.Gossip.PositionsKnown = true;
        for (int log = 0; log < logs.Count; log++)
        {
            if (link.Gossip.PositionOf(log) < logs.Length(log))
            {
                link.Gossip.DirtyLogs.Add(log);
            }
        }

        link.Gossip.Hurry(context.Now);
        return true;
    }

    /// <summary>A batch of my own is durable: it goes out.</summary>
    public void Publish(AttestationBatch mine) => Append(null, mine);

    /// <summary>Puts a batch that an earlier process saved back into its log; false when it does not fit there.</summary>
    public bool Restore(AttestationBatch batch)
    {
        if (logs.StandingOf(batch) != BatchStanding.Next)
        {
            if (logs.StandingOf(batch) == BatchStanding.Known)
            {
                IsTheSame(null, batch, logs.NumberOf(batch.Worker, batch.Log));
            }

            return false;
        }

        Append(null, batch);
        return true;
    }

    /// <summary>A result that I did not attest is durable here: neighbours may fetch it.</summary>
    public void TellHeld(Attestation held)
    {
        foreach (PeerLink link in links.Established)
        {
            if (link.Gossip.PositionsKnown)
            {
                link.Gossip.UntoldHeld.Add(held);
                link.Gossip.DueBy(context.Now + context.Options.GossipDelay);
            }
        }
    }

    /// <summary>
    /// Once a second: neighbours compare how much of each log they have, and what relays did not bring is pushed. So nothing is lost that a relay
    /// left out, and what everybody has is not sent again.
    /// </summary>
    public void Tidy()
    {
        _relays = scheduler.Claims.AnyWorker(worker => links.Find(worker) is null) ? Relays : RelaysInMesh;

        foreach (PeerLink link in links.Established)
        {
            GossipCursor cursor = link.Gossip;
            if (cursor.PushAt <= context.Now)
            {
                PushUnconfirmed(link);
            }

            if (cursor.Grown.Count > 0 && cursor.NextPositions <= context.Now)
            {
                cursor.NextPositions = context.Now + PositionsEvery;
                TellPositions(link, cursor.Grown.Logs);
                cursor.Grown.Clear();
            }
        }
    }

    /// <summary>Sends what is due on every link.</summary>
    public void Flush()
    {
        if (scheduler.ClaimsChanged || scheduler.NextRenewal <= context.Now)
        {
            SignClaims();
        }

        foreach (PeerLink link in links.Established)
        {
            if (link.Gossip.DueAt <= context.Now)
            {
                // A result before the claim that it ends: a piece that looked released would be picked again at once.
                FlushReleased(link);
                FlushLogs(link);
                FlushClaims(link, everything: false);
                FlushHeld(link);
                link.Gossip.Flushed(context.Now, context.Options.GossipDelay);
            }
        }
    }

    /// <summary>When the next flush or renewal of my claims is due.</summary>
    public Instant NextWake()
    {
        Instant wake = links.Established.Count == 0 ? Instant.Never : scheduler.NextRenewal;
        foreach (PeerLink link in links.Established)
        {
            if (link.QueuedBytes < HighMarkBytes)
            {
                wake = Instant.Min(wake, link.Gossip.DueAt);
            }
        }

        return wake;
    }

    /// <summary>
    /// Relays miss a peer now and then, so of two that run the same piece neither may know of the other, and both would run it to the end: some of the
    /// neighbours of each tell it.
    /// </summary>
    private void TellContested(ClaimBatch batch)
    {
        for (int i = 0; i < batch.Claims.Count; i++)
        {
            Claim claim = batch.Claims[i];
            IReadOnlyList<LiveClaim> live = scheduler.Claims.Of(claim.Piece);
            for (int j = 0; j < live.Count; j++)
            {
                if (live[j].Worker != batch.Worker)
                {
                    TellContested(live[j].Worker, batch.Worker);
                    TellContested(batch.Worker, live[j].Worker);
                }
            }

            if (_mine is not null && scheduler.IsRunning(claim.Piece))
            {
                TellContested(batch.Worker, context.Self);
            }
        }
    }

    private void TellContested(PublicKey worker, PublicKey other)
    {
        if (links.Find(worker) is { } link && context.Random.Next(links.Established.Count) < AnswersToContested)
        {
            link.Gossip.DirtyWorkers.Add(other);
            link.Gossip.Hurry(context.Now);
        }
    }

    /// <summary>No member takes such a notice, so none passes it on.</summary>
    private bool IsOfOutsider(PeerLink link, PublicKey worker)
    {
        bool isOutsider = IsOutsider?.Invoke(worker) == true;
        if (isOutsider)
        {
            links.Ban(link, LinkHandshake.NoMember, $"passed on a notice of {worker}, who is no member of the task");
        }

        return isOutsider;
    }

    /// <summary>
    /// Whether claims of this worker are heard here. New names cost nothing: of those that have delivered nothing a neighbour may bring some, and then one now and
    /// then; more while no worker is known to have delivered.
    /// </summary>
    private bool IsIntroduced(PeerLink link, PublicKey worker) =>
        worker == link.Key || links.Find(worker) is not null || scheduler.IsFamiliar(worker) || link.Gossip.MayIntroduce(context.Now, scheduler.IsStart);

    private bool OnBatch(PeerLink link, AttestationBatch batch)
    {
        if (IsOfOutsider(link, batch.Worker))
        {
            return false;
        }

        switch (logs.StandingOf(batch))
        {
            case BatchStanding.Known:
                if (logs.NumberOf(batch.Worker, batch.Log) is >= 0 and int known)
                {
                    link.Gossip.Advance(known, batch.Sequence + 1);
                    return IsTheSame(link, batch, known);
                }

                return true;
            case BatchStanding.Gap:
                links.Offend(link, "log-gap", "skipped attestations of a log");
                return link.IsEstablished;
            case BatchStanding.Full:
                return ContradictsNothing(link, batch);
        }

        if (!AttestationBatchCodec.Verify(batch, taskId, context.Verifier))
        {
            links.Ban(link, "bad-signature", "passed on attestations whose signature is wrong");
            return false;
        }

        context.Emit(new NodeEffect.SaveBatch(batch.Raw));
        Append(link, batch);
        return true;
    }

    /// <summary>Under one number of one log a worker may have signed two batches, and shown each of us another one. False: the link was ended.</summary>
    private bool IsTheSame(PeerLink? link, AttestationBatch batch, int log)
    {
        ReadOnlyMemory<byte> here = logs.Raw(log, batch.Sequence);
        return here.Span.SequenceEqual(batch.Raw.Span)
            || !AttestationBatchCodec.TryDecode(here, out AttestationBatch? other)
            || Compare(link, new Contradiction(other, batch));
    }

    /// <summary>There is no room for the batch, but for what it proves.</summary>
    private bool ContradictsNothing(PeerLink link, AttestationBatch batch)
    {
        foreach (Attestation entry in batch.Entries)
        {
            if (MayContradict?.Invoke(batch.Worker, entry) != false && logs.Other(batch.Worker, entry) is { } other)
            {
                return Compare(link, new Contradiction(other, batch));
            }
        }

        return true;
    }

    private bool Compare(PeerLink? link, Contradiction proof)
    {
        if (proof.Piece() < 0 || contradictions.Has(proof.Worker))
        {
            return true;
        }

        if (link is not null)
        {
            if (!AttestationBatchCodec.Verify(proof.Second, taskId, context.Verifier))
            {
                links.Ban(link, "bad-signature", "passed on attestations whose signature is wrong");
                return false;
            }

            if (contradictions.HasRoom(proof))
            {
                context.Emit(new NodeEffect.SaveBatch(proof.Second.Raw));
            }
        }

        contradictions.Add(proof, null);
        return true;
    }

    /// <summary>A batch that was taken in says something else of a piece than an earlier one of its worker. False: that one is not here any more.</summary>
    public bool Contradicted(AttestationBatch batch, Attestation said)
    {
        if (logs.Other(batch.Worker, said) is not { } other)
        {
            return false;
        }

        contradictions.Add(new Contradiction(other, batch), null);
        return true;
    }

    private void Append(PeerLink? source, AttestationBatch batch)
    {
        int log = logs.Append(batch);
        foreach (PeerLink link in links.Established)
        {
            if (batch.Sequence == 0 && link.Gossip.EarlyPositions.Remove((batch.Worker, batch.Log), out int early))
            {
                link.Gossip.Advance(log, early);
            }

            if (link == source)
            {
                link.Gossip.Advance(log, batch.Sequence + 1);
            }
            else if (link.Gossip.PositionsKnown && link.Gossip.PositionOf(log) <= batch.Sequence)
            {
                if (batch.Worker == context.Self)
                {
                    link.Gossip.DirtyLogs.Add(log);
                    link.Gossip.Hurry(context.Now);
                }
                else
                {
                    link.Gossip.PushAt = link.Gossip.Unconfirmed.Count == 0 ? context.Now + PushAfter : link.Gossip.PushAt;
                    link.Gossip.Unconfirmed.Add(log);
                }
            }

            link.Gossip.Grown.Add(log);

            if (link.Gossip.Announced.TryGetValue((batch.Worker, batch.Log), out int announced) && announced <= batch.Sequence + 1)
            {
                link.Gossip.Announced.Remove((batch.Worker, batch.Log));
            }
        }

        if (batch.Worker != context.Self)
        {
            foreach (PeerLink link in RelaysOf(batch.Worker, source))
            {
                if (link.Gossip.PositionsKnown)
                {
                    link.Gossip.DirtyLogs.Add(log);
                    link.Gossip.DueBy(context.Now + context.Options.GossipDelay);
                }
            }
        }

        BatchArrived?.Invoke(batch);
    }

    /// <summary>Some random neighbours to whom a notice of this worker is passed on; more when it is not everybody's neighbour. The list is reused by the next call.</summary>
    private List<PeerLink> RelaysOf(PublicKey worker, PeerLink? source)
    {
        if (links.Find(worker) is null)
        {
            _relays = Relays;
        }

        _chosen.Clear();
        int seen = 0;
        foreach (PeerLink link in links.Established)
        {
            if (link == source || link.Key == worker)
            {
                continue;
            }

            seen++;
            if (_chosen.Count < _relays)
            {
                _chosen.Add(link);
            }
            else if (context.Random.Next(seen) is int place && place < _relays)
            {
                _chosen[place] = link;
            }
        }

        return _chosen;
    }

    private void PushUnconfirmed(PeerLink link)
    {
        GossipCursor cursor = link.Gossip;
        foreach (int log in cursor.Unconfirmed.Logs)
        {
            if (cursor.PositionOf(log) < logs.Length(log))
            {
                cursor.DirtyLogs.Add(log);
                cursor.DueBy(context.Now + context.Options.GossipDelay);
            }
        }

        cursor.Unconfirmed.Clear();
        cursor.PushAt = Instant.Never;
    }

    private void TellPositions(PeerLink link, IEnumerable<int> changed)
    {
        _positions.Clear();
        foreach (int log in changed)
        {
            _positions.Add(logs.Position(log));
            if (_positions.Count == TaskMessageCodec.MaxPositions)
            {
                links.Send(link, new TaskMessage.Attests([], _positions));
                _positions.Clear();
            }
        }

        links.Send(link, new TaskMessage.Attests([], _positions));
    }

    private void SignClaims()
    {
        IReadOnlyList<Claim> claims = scheduler.MyClaims(context.Now);
        if (links.Established.Count == 0)
        {
            _mine = null;
            return;
        }

        if (claims.Count == 0 && _mine is null or { Claims.Count: 0 })
        {
            return;
        }

        _mine = ClaimBatchCodec.Sign(context.Identity, taskId, ++_claimSequence, claims);
        _signedAt = context.Now;
        foreach (PeerLink link in links.Established)
        {
            link.Gossip.DirtyWorkers.Add(context.Self);
            link.Gossip.Hurry(context.Now);
        }
    }

    private void FlushClaims(PeerLink link, bool everything)
    {
        GossipCursor cursor = link.Gossip;
        if (cursor.DirtyWorkers.Count == 0)
        {
            return;
        }

        double rate = context.Options.ClaimBytesPerSecond;
        cursor.ClaimBudgetBytes = Math.Min(
            rate * BudgetSeconds,
            cursor.ClaimBudgetBytes + (rate * (context.Now - cursor.BudgetAt).TotalSeconds));
        cursor.BudgetAt = context.Now;
        var batches = new List<AgedClaimBatch>();
        IEnumerable<PublicKey> order = cursor.DirtyWorkers;
        if (!everything && cursor.DirtyWorkers.Count * ClaimBatchCodec.TypicalSize > cursor.ClaimBudgetBytes)
        {
            order = scheduler.RelayOrder(cursor.DirtyWorkers);
        }

        var waiting = new List<PublicKey>();
        foreach (PublicKey worker in order)
        {
            if (worker == context.Self)
            {
                if (_mine is not null)
                {
                    batches.Add(new AgedClaimBatch(_mine, context.Now - _signedAt));
                }
            }
            else if (scheduler.Claims.LatestOf(worker, context.Now) is { } aged)
            {
                if (everything || cursor.ClaimBudgetBytes >= aged.Batch.Raw.Length)
                {
                    cursor.ClaimBudgetBytes -= aged.Batch.Raw.Length;
                    batches.Add(aged);
                }
                else
                {
                    waiting.Add(worker);
                }
            }

            if (batches.Count == TaskMessageCodec.MaxBatches)
            {
                links.Send(link, new TaskMessage.Claims(batches));
                batches = [];
            }
        }

        cursor.DirtyWorkers.Clear();
        cursor.DirtyWorkers.UnionWith(waiting);
        if (batches.Count > 0)
        {
            links.Send(link, new TaskMessage.Claims(batches));
        }
    }

    private void FlushLogs(PeerLink link)
    {
        GossipCursor cursor = link.Gossip;
        while (cursor.DirtyLogs.Count > 0 && cursor.UntoldReleased.Count == 0 && link.QueuedBytes < HighMarkBytes)
        {
            var batches = new List<AttestationBatch>();
            int bytes = 0;
            while (cursor.DirtyLogs.Count > 0 && batches.Count < TaskMessageCodec.MaxBatches && bytes < ChunkBytes)
            {
                int log = cursor.DirtyLogs.Min;
                int next = cursor.PositionOf(log);
                if (next >= logs.Length(log))
                {
                    cursor.DirtyLogs.Remove(log);
                    continue;
                }

                LogPosition position = logs.Position(log);
                ReadOnlyMemory<byte> raw = logs.Raw(log, next);
                batches.Add(new AttestationBatch { Worker = position.Worker, Log = position.Log, Sequence = next, Entries = [], Raw = raw });
                bytes += raw.Length;
                cursor.Advance(log, next + 1);
            }

            if (batches.Count > 0)
            {
                links.Send(link, new TaskMessage.Attests(batches, []));
            }
        }
    }

    /// <summary>After the logs: a peer can only make use of results of which it knows the attestation.</summary>
    private void FlushHeld(PeerLink link)
    {
        if (link.Gossip.DirtyLogs.Count == 0)
        {
            FlushResults(link, link.Gossip.UntoldHeld, static results => new TaskMessage.Held(results));
        }
    }

    private void FlushReleased(PeerLink link) => FlushResults(link, link.Gossip.UntoldReleased, static results => new TaskMessage.Released(results));

    /// <summary>As much as fits into the link's queue; the rest when the peer has read that.</summary>
    private void FlushResults(PeerLink link, List<Attestation> untold, Func<IReadOnlyList<Attestation>, TaskMessage> message)
    {
        int told = 0;
        while (told < untold.Count && link.QueuedBytes < HighMarkBytes)
        {
            int count = Math.Min(TaskMessageCodec.MaxHeld, untold.Count - told);
            links.Send(link, message(untold.GetRange(told, count)));
            told += count;
        }

        untold.RemoveRange(0, told);
    }
}
