using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using Starling.Core.Crypto;
using Starling.Core.Dht.Krpc;
using Starling.Core.Primitives;

namespace Starling.Core.Dht;

/// <summary>
/// This process as a node of the DHT of one address family; the DHTs of IPv4 and IPv6 are two (BEP 32). Owns id, table and stores, sends queries, and hands
/// each message to the part that it concerns.
/// </summary>
internal sealed class DhtFamily
{
    /// <summary>Lookups at once; further ones wait or are refused by who starts them.</summary>
    public const int MaxLookups = 32;

    /// <summary>A node that learns that its id does not fit its address changes it at most that often.</summary>
    public static readonly TimeSpan MinIdLife = TimeSpan.FromMinutes(10);

    private readonly DhtOptions _options;
    private readonly List<DhtEffect> _effects;
    private readonly KrpcWriter _writer = new();
    private readonly List<Lookup> _lookups = [];
    private readonly QueryAnswers _answers;
    private readonly ExternalAddress _external = new();
    private readonly SeenIds _seenIds = new();
    private Instant _lastReply;
    private Instant? _idSince;

    public DhtFamily(bool isV6, DhtOptions options, SavedTable? saved, ISignatureVerifier verifier, DeterministicRandom random, List<DhtEffect> effects)
    {
        (IsV6, _options, Verifier, Random, _effects) = (isV6, options, verifier, random, effects);
        Known = isV6 ? options.KnownV6 : options.KnownV4;
        NodeId? savedId = !options.KeepsSavedId ? null : isV6 ? saved?.Id6 : saved?.Id;
        Table = new RoutingTable(
            Known is { } known
                ? savedId is { } old && SecureNodeId.IsAcceptable(old, known) ? old : SecureNodeId.Make(known, random)
                : savedId ?? NodeId.Random(random));
        Pending = new PendingQueries(options.Secret);
        Tokens = new WriteTokens(options.Secret);
        _answers = new QueryAnswers(this);
        Upkeep = new TableUpkeep(this, (isV6 ? saved?.Nodes6 : saved?.Nodes) ?? []);
    }

    public bool IsV6 { get; }

    public ISignatureVerifier Verifier { get; }

    public DeterministicRandom Random { get; }

    /// <summary>This node's id.</summary>
    public NodeId Id => Table.Own;

    public RoutingTable Table { get; private set; }

    public PendingQueries Pending { get; }

    public WriteTokens Tokens { get; }

    public PeerStore Peers { get; } = new();

    public ItemStore Items { get; } = new();

    public TableUpkeep Upkeep { get; }

    /// <summary>The node in the other DHT; null: there is none.</summary>
    public DhtFamily? Other { get; set; }

    /// <summary>Whether no queries are answered.</summary>
    public bool IsReadOnly => _options.IsReadOnly;

    /// <summary>Under which address this node is seen; null: not known.</summary>
    public PeerAddress? Known { get; private set; }

    /// <summary>Told of every peer that is announced here.</summary>
    public Action<NodeId, PeerAddress>? PeerStored { get; set; }

    /// <summary>Lookups under way.</summary>
    public int LookupCount => _lookups.Count;

    /// <summary>When time alone changes something.</summary>
    public Instant NextWake(Instant now)
    {
        Instant next = Instant.Min(Pending.NextTimeout, Upkeep.NextWake);
        foreach (Lookup lookup in _lookups)
        {
            next = Instant.Min(next, lookup.NextWake(now));
        }

        return next;
    }

    /// <summary>Every table that a remote can make grow, with its size and its bound, for checkers.</summary>
    public IEnumerable<(string Name, long Count, long Bound)> Tables()
    {
        yield return ("nodes", Table.Count, 8 * NodeId.Size * RoutingBucket.K);
        yield return ("queries under way", Pending.Count, PendingQueries.MaxPending);
        yield return ("lookups", _lookups.Count, MaxLookups);
        yield return ("swarms", Peers.SwarmCount, PeerStore.MaxSwarms);
        yield return ("peers", Peers.PeerCount, PeerStore.MaxPeers);
        yield return ("items", Items.Count, ItemStore.MaxItems);
        yield return ("ids of addresses", _seenIds.Count, SeenIds.MaxAddresses);
    }

    /// <summary>Time has passed.</summary>
    public void Tick(Instant now)
    {
        while (Pending.TakeLost(now) is { } lost)
        {
            // While nobody answers at all, it is this machine that has no network.
            if (_lastReply > lost.Sent)
            {
                Table.Failed(lost.To, now);
            }

            lost.Owner.OnFailure(lost, null, now);
        }

        foreach (Lookup lookup in _lookups.ToArray())
        {
            lookup.Advance(now);
        }

        _lookups.RemoveAll(lookup => lookup.IsOver);
        Upkeep.Tick(now);
    }

    /// <summary>A datagram that may be a message.</summary>
    public void Receive(PeerAddress from, ReadOnlyMemory<byte> datagram, Instant now)
    {
        KrpcMessage? message = KrpcReader.Read(datagram, out KrpcFailure? refusal);
        switch (message)
        {
            case KrpcQuery query:
                Answer(from, query, now);
                break;
            case KrpcReply reply:
                if (Pending.Take(from, reply.Transaction, now) is { } answered)
                {
                    Take(answered, reply, now);
                }

                break;
            case KrpcFailure failure:
                if (Pending.Take(from, failure.Transaction, now) is { } refused)
                {
                    _lastReply = now;
                    refused.Owner.OnFailure(refused, failure, now);
                }

                break;
            default:
                if (refusal is not null && !IsReadOnly)
                {
                    Send(from, _writer.Write(refusal with { SeenAs = from }));
                }

                break;
        }

        _lookups.RemoveAll(lookup => lookup.IsOver);
    }

    /// <summary>Sends a query, to which a transaction is given; false: too many are under way.</summary>
    public bool TryAsk(KrpcQuery query, PeerAddress to, IQueryOwner owner, object? tag, Instant now)
    {
        if (!Pending.HasRoom)
        {
            return false;
        }

        PendingQuery pending = Pending.Add(to, owner, tag, now);
        var transaction = new byte[PendingQueries.TransactionSize];
        BinaryPrimitives.WriteUInt32BigEndian(transaction, pending.Number);
        Send(to, _writer.Write(query with
        {
            Transaction = transaction,
            IsReadOnly = IsReadOnly,
            Want = query.Method is KrpcMethod.FindNode or KrpcMethod.GetPeers && Other is { Table.Count: < RoutingBucket.K }
                ? KrpcWant.V4 | KrpcWant.V6
                : KrpcWant.None,
        }));
        return true;
    }

    /// <summary>Begins a lookup; false: too many are under way.</summary>
    public bool TryStart(Lookup lookup, Instant now)
    {
        if (_lookups.Count >= MaxLookups)
        {
            return false;
        }

        _lookups.Add(lookup);
        lookup.Advance(now);
        _lookups.RemoveAll(one => one.IsOver);
        return true;
    }

    public void Emit(DhtEffect effect) => _effects.Add(effect);

    /// <summary>Whether a node told by another one may be asked: nobody on the internet is to send us into local networks.</summary>
    public bool MayUse(DhtContact contact, PeerAddress toldBy) =>
        contact.Address.IsV4 != IsV6 && contact.Id != Id && MayUsePeer(contact.Address, toldBy)
        && !_seenIds.Contradicts(contact);

    /// <summary>Whether a peer told by a node may be reported: it is not this process, and not one of a local network told by a stranger.</summary>
    public bool MayUsePeer(PeerAddress peer, PeerAddress toldBy) => peer != Known && (AddressRange.IsLocal(toldBy) || !AddressRange.IsLocal(peer));

    private void Answer(PeerAddress from, KrpcQuery query, Instant now)
    {
        if (IsReadOnly)
        {
            return;
        }

        Send(from, _answers.Answer(from, query, now) switch
        {
            KrpcReply reply => _writer.Write(reply with { SeenAs = from }),
            KrpcMessage failure => _writer.Write((KrpcFailure)failure with { SeenAs = from }),
        });
        if (!query.IsReadOnly && query.Id != Id && Table.Asked(new DhtContact(query.Id, from), now))
        {
            Upkeep.Consider(from, now);
        }
    }

    private void Take(PendingQuery query, KrpcReply reply, Instant now)
    {
        _lastReply = now;
        if (!_seenIds.Answered(query.To, reply.Id, now))
        {
            Table.Remove(query.To);
            query.Owner.OnFailure(query, null, now);
            return;
        }

        if (reply.Id != Id)
        {
            Table.Replied(new DhtContact(reply.Id, query.To), now, out RoutingEntry? check);
            if (check is not null)
            {
                Upkeep.Check(check, now);
            }
        }

        if (Other is { Table.Count: < RoutingBucket.K } other)
        {
            foreach (DhtContact contact in (IsV6 ? reply.Nodes : reply.Nodes6) ?? [])
            {
                if (other.MayUse(contact, query.To))
                {
                    other.Upkeep.Consider(contact.Address, now);
                }
            }
        }

        query.Owner.OnReply(query, reply, now);
        if (reply.SeenAs is { } seen && _external.Vote(query.To, seen))
        {
            SeenUnder(_external.Address!.Value, now);
        }
    }

    /// <summary>Others agree on this node's address: its id must fit it, or they will not keep it (BEP 42).</summary>
    private void SeenUnder(PeerAddress address, Instant now)
    {
        Known = address;
        if (SecureNodeId.IsAcceptable(Id, address) || (_idSince is { } since && now - since < MinIdLife))
        {
            return;
        }

        _idSince = now;
        Table = Table.Under(SecureNodeId.Make(address, Random), now);
        Upkeep.IdChanged(now);
    }

    private void Send(PeerAddress to, byte[] datagram) => Emit(new DhtEffect.Send(to, datagram));
}
