using System;
using System.Security.Cryptography;
using Starling.Core.Primitives;
using Starling.Core.Wire;

namespace Starling.Core.Torrents;

/// <summary>
/// <c>ut_metadata</c> (BEP 9) of a data swarm: serves the <c>info</c> dictionary, and fetches it when only a magnet link is known; from one peer at a
/// time, so that bytes that do not make the info-hash are the fault of a known peer.
/// </summary>
internal sealed class MetadataFetch(DataContext context, DataPeerTable peers)
{
    private const int AskedAtOnce = 4;

    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan AskAgainAfter = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private DataPeer? _from;
    private MetadataParts? _parts;
    private int _nextAsk;
    private Instant _heardAt;
    private bool _complete;

    /// <summary>Asks some peer, if the metadata is not known and nobody is being asked.</summary>
    public void Fetch()
    {
        if (_complete || context.Torrent is not null || !context.Options.FetchMetadata)
        {
            return;
        }

        if (_from is { } slow)
        {
            if (context.Now - _heardAt < AnswerTimeout)
            {
                return;
            }

            Abandon(slow);
        }

        foreach (DataPeer peer in peers.Established)
        {
            if (peer.Said is { MetadataSize: > 0 and var size } said && said.TryGetId(UtMetadata.Name, out _) && peer.NextMetadataRequest <= context.Now)
            {
                Begin(peer, size);
                return;
            }
        }
    }

    /// <summary>The peer is gone.</summary>
    public void Forget(DataPeer peer)
    {
        if (_from == peer)
        {
            _from = null;
            Fetch();
        }
    }

    /// <summary>A message came; returns the metadata when it is complete and makes the info-hash.</summary>
    public byte[]? Take(DataPeer peer, ReadOnlyMemory<byte> payload)
    {
        if (!UtMetadata.TryDecode(payload, out UtMetadata? message))
        {
            peers.Offend(peer, "bad-message", "sends broken ut_metadata messages");
            return null;
        }

        switch (message)
        {
            case UtMetadata.Request request:
                Answer(peer, request.Piece);
                return null;
            case UtMetadata.Data data when _from == peer && _parts!.Misses(data.Piece):
                return Keep(peer, _parts, data);
            case UtMetadata.Reject when _from == peer:
                Abandon(peer);
                Fetch();
                return null;
            default:
                return null;
        }
    }

    private void Begin(DataPeer peer, int size)
    {
        _from = peer;
        _parts = new MetadataParts(size);
        _nextAsk = 0;
        _heardAt = context.Now;
        for (int i = 0; i < AskedAtOnce; i++)
        {
            AskNext(peer);
        }
    }

    private void AskNext(DataPeer peer)
    {
        if (_nextAsk < _parts!.Count)
        {
            context.SendExtended(peer, UtMetadata.Name, new UtMetadata.Request(_nextAsk++).Encode());
        }
    }

    private void Abandon(DataPeer peer)
    {
        peer.NextMetadataRequest = context.Now + AskAgainAfter;
        _from = null;
    }

    private void Answer(DataPeer peer, int piece)
    {
        if (context.Now - peer.MetadataAnswersSince > Minute)
        {
            (peer.MetadataAnswersSince, peer.MetadataAnswers) = (context.Now, 0);
        }

        ReadOnlyMemory<byte> info = context.Torrent?.InfoBytes ?? default;
        bool known = piece < UtMetadata.PieceCount(info.Length) && info.Length <= UtMetadata.MaxMetadataSize && peer.MetadataAnswers++ < DataLimits.MaxMetadataAnswersPerMinute;
        UtMetadata answer = known
            ? new UtMetadata.Data(piece, info.Length, info.Slice(piece * UtMetadata.PieceSize, UtMetadata.LengthOf(piece, info.Length)))
            : new UtMetadata.Reject(piece);
        context.SendExtended(peer, UtMetadata.Name, answer.Encode());
    }

    private byte[]? Keep(DataPeer peer, MetadataParts parts, UtMetadata.Data data)
    {
        if (data.TotalSize != parts.Size)
        {
            peers.Refuse(peer, "bad-metadata", "changed its mind about the size of the metadata");
            return null;
        }

        parts.Add(data);
        _heardAt = context.Now;
        if (!parts.IsComplete)
        {
            AskNext(peer);
            return null;
        }

        _from = null;
        byte[] info = parts.Join();
        if (!MakesInfoHash(info))
        {
            peers.Ban(peer.Remote, "bad-metadata", "sent metadata that does not make the info-hash");
            Fetch();
            return null;
        }

        _complete = true;
        _parts = null;
        return info;
    }

#pragma warning disable CA5350 // BEP 3 names torrents by SHA-1.
    private bool MakesInfoHash(byte[] info) =>
        (context.Options.V2 is not { } v2 || Hash256.Of(info) == v2)
        && (context.Options.V1 is not { } v1 || new InfoHash(SHA1.HashData(info)) == v1);
#pragma warning restore CA5350
}
