using System;
using System.Collections.Generic;
using Starling.Core.Dht.Krpc;
using Starling.Core.Primitives;

namespace Starling.Core.Dht;

/// <summary>Answers the queries of other nodes (BEP 5, 33, 44, 51) from the table and the stores.</summary>
internal sealed class QueryAnswers(DhtFamily family)
{
    /// <summary>Bytes of an answer without an item (BEP 32, maximum packet size). A query of some 100 bytes is not answered by more.</summary>
    public const int MaxReplySize = 1024;

    /// <summary>Info-hashes of one sample (BEP 51).</summary>
    public const int MaxSamples = 20;

    /// <summary>Signatures checked a second for others; further ones are refused, since a check costs more than the datagram.</summary>
    public const int MaxSignatureChecks = 50;

    private const int SampleIntervalSeconds = 600;

    // Marks, id, token, transaction, version and the asker's address.
    private const int FrameSize = 160;

    private const int BytesOfValueV4 = 2 + PeerAddress.CompactSizeV4;
    private const int BytesOfValueV6 = 3 + PeerAddress.CompactSizeV6;

    private long _checksSecond;
    private int _checks;

    /// <summary>A reply or an error.</summary>
    public KrpcMessage Answer(PeerAddress from, KrpcQuery query, Instant now) => query.Method switch
    {
        KrpcMethod.Ping => Reply(query),
        KrpcMethod.FindNode => Nodes(query),
        KrpcMethod.GetPeers => Peers(from, query, now),
        KrpcMethod.AnnouncePeer => Announce(from, query, now),
        KrpcMethod.Get => Item(from, query, now),
        KrpcMethod.Put => Put(from, query, now),
        KrpcMethod.SampleInfohashes => Nodes(query) with
        {
            Samples = (family.Peers.Sample(MaxSamples, family.Random), family.Peers.SwarmCount, SampleIntervalSeconds),
        },
        _ => Refuse(query, KrpcErrorCode.MethodUnknown, "method unknown"),
    };

    private KrpcReply Reply(KrpcQuery query) => new() { Transaction = query.Transaction, Id = family.Id };

    private static KrpcFailure Refuse(KrpcQuery query, int code, string why) => new(code, why) { Transaction = query.Transaction };

    private KrpcReply Nodes(KrpcQuery query)
    {
        KrpcWant want = query.Want != KrpcWant.None ? query.Want : family.IsV6 ? KrpcWant.V6 : KrpcWant.V4;
        return Reply(query) with
        {
            Nodes = want.HasFlag(KrpcWant.V4) ? ClosestOf(family.IsV6 ? family.Other : family, query.Target) : null,
            Nodes6 = want.HasFlag(KrpcWant.V6) ? ClosestOf(family.IsV6 ? family : family.Other, query.Target) : null,
        };
    }

    private static List<DhtContact> ClosestOf(DhtFamily? family, NodeId target) => family?.Table.Closest(target, RoutingBucket.K) ?? [];

    private KrpcReply Peers(PeerAddress from, KrpcQuery query, Instant now)
    {
        KrpcReply reply = Nodes(query) with { Token = family.Tokens.Make(from, now) };
        int room = MaxReplySize - FrameSize
            - (reply.Nodes?.Count ?? 0) * DhtContact.CompactSizeV4 - (reply.Nodes6?.Count ?? 0) * DhtContact.CompactSizeV6;
        if (query.Scrape && family.Peers.Scrape(query.Target) is { } filters)
        {
            reply = reply with { Scrape = filters };
            room -= 2 * (ScrapeFilter.Size + 10);
        }

        int fit = Math.Max(room, 0) / (family.IsV6 ? BytesOfValueV6 : BytesOfValueV4);
        return reply with { Values = family.Peers.Choose(query.Target, fit, query.NoSeeds, family.Random) };
    }

    private KrpcMessage Announce(PeerAddress from, KrpcQuery query, Instant now)
    {
        if (!family.Tokens.IsValid(from, query.Token.Span, now))
        {
            return Refuse(query, KrpcErrorCode.Protocol, "bad token");
        }

        PeerAddress peer = query.HasImpliedPort ? from : new PeerAddress(from.Ip, query.Port);
        if (!family.Peers.Add(query.Target, peer, query.IsSeed, family.Id, now))
        {
            return Refuse(query, KrpcErrorCode.Server, "no room");
        }

        family.PeerStored?.Invoke(query.Target, peer);
        return Reply(query);
    }

    private KrpcReply Item(PeerAddress from, KrpcQuery query, Instant now)
    {
        KrpcReply reply = Nodes(query) with { Token = family.Tokens.Make(from, now) };
        if (family.Items.Find(query.Target) is not { } item)
        {
            return reply;
        }

        if (item.Key is null)
        {
            return reply with { Value = item.Value };
        }

        return query.Sequence >= item.Sequence
            ? reply with { Sequence = item.Sequence }
            : reply with { Key = item.Key, Sequence = item.Sequence, Signature = item.Signature, Value = item.Value };
    }

    private KrpcMessage Put(PeerAddress from, KrpcQuery query, Instant now)
    {
        if (!family.Tokens.IsValid(from, query.Token.Span, now))
        {
            return Refuse(query, KrpcErrorCode.Protocol, "bad token");
        }

        if (query.Value.Length > DhtItem.MaxValueSize)
        {
            return Refuse(query, KrpcErrorCode.ValueTooBig, "value too big");
        }

        if (query.Salt.Length > DhtItem.MaxSaltSize)
        {
            return Refuse(query, KrpcErrorCode.SaltTooBig, "salt too big");
        }

        // The item outlives the datagram.
        var item = new DhtItem
        {
            Value = query.Value.ToArray(),
            Key = query.Key,
            Salt = query.Key is null ? default : query.Salt.ToArray(),
            Sequence = query.Key is null ? 0 : query.Sequence ?? 0,
            Signature = query.Signature.ToArray(),
        };
        NodeId target = item.Target;
        switch (family.Items.Check(target, item, query.Cas))
        {
            case KrpcErrorCode.CasMismatch:
                return Refuse(query, KrpcErrorCode.CasMismatch, "cas mismatch, read again");
            case KrpcErrorCode.SequenceTooLow:
                return Refuse(query, KrpcErrorCode.SequenceTooLow, "sequence number less than current");
        }

        if (item.Key is not null && !MayCheckSignature(now))
        {
            return Refuse(query, KrpcErrorCode.Server, "busy");
        }

        if (!item.IsGenuine(family.Verifier))
        {
            return Refuse(query, KrpcErrorCode.InvalidSignature, "invalid signature");
        }

        return family.Items.Put(target, item, family.Id, now) ? Reply(query) : Refuse(query, KrpcErrorCode.Server, "no room");
    }

    private bool MayCheckSignature(Instant now)
    {
        long second = now.Ticks / TimeSpan.TicksPerSecond;
        (_checksSecond, _checks) = (second, second == _checksSecond ? _checks + 1 : 1);
        return _checks <= MaxSignatureChecks;
    }
}
