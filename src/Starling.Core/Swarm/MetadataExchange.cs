using System;
using Starling.Core.Engine;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Core.Wire;

namespace Starling.Core.Swarm;

/// <summary>
/// <c>ut_metadata</c> (BEP 9): serves the task's <c>info</c>, and fetches it when only a link is known. It is fetched from one peer at a
/// time, so that bytes that do not make the task id are the fault of a known peer.
/// </summary>
internal sealed class MetadataExchange(NodeContext context, LinkTable links)
{
    private static readonly TimeSpan PieceTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan AskAgainAfter = TimeSpan.FromSeconds(2);

    private ReadOnlyMemory<byte> _info;
    private MetadataParts? _parts;
    private int _next;
    private LinkId? _from;
    private bool _complete;
    private Instant _askedAt;

    /// <summary>The task is known: it is served from now on.</summary>
    public void Serve(TaskFile task) => _info = task.InfoBytes;

    /// <summary>Asks some peer for the next part, if the task is not known and nobody is being asked.</summary>
    public void Fetch()
    {
        if (_complete || !_info.IsEmpty || _from is not null)
        {
            return;
        }

        PeerLink? chosen = null;
        foreach (PeerLink link in links.Established)
        {
            if (link.MetadataSize is >= 0 and <= TaskLimitsOfFormat.MaxTaskFileSize
                && link.ExtensionIds.ContainsKey(UtMetadata.Name)
                && link.NextMetadataRequest <= context.Now
                && (chosen is null || (chosen.MetadataSize == 0 && link.MetadataSize > 0)))
            {
                chosen = link;
            }
        }

        if (chosen is not null)
        {
            // Without a size: a peer that had no task file when it said hello may have one by now; the first part tells the size.
            _from = chosen.Id;
            _parts = chosen.MetadataSize > 0 ? new MetadataParts(chosen.MetadataSize) : null;
            _next = 0;
            Ask(chosen);
        }
    }

    /// <summary>The link is gone; another peer is asked.</summary>
    public void OnLinkClosed(PeerLink link)
    {
        if (_from == link.Id)
        {
            _from = null;
        }
    }

    /// <summary>Once a second: a peer that does not answer is left alone.</summary>
    public void Tidy()
    {
        if (_from is { } slow && context.Now - _askedAt > PieceTimeout)
        {
            _from = null;
            if (links.Find(slow) is { } link)
            {
                links.Reject(link, "no-metadata", "does not answer requests for the task file");
            }
        }

        Fetch();
    }

    /// <summary>A message came; returns the bytes of <c>info</c> when they are complete and make the task id.</summary>
    public byte[]? OnMessage(PeerLink link, ReadOnlyMemory<byte> payload)
    {
        if (!UtMetadata.TryDecode(payload, out UtMetadata? message))
        {
            links.Offend(link, "bad-message", "sent a broken ut_metadata message");
            return null;
        }

        switch (message)
        {
            case UtMetadata.Request request:
                Answer(link, request.Piece);
                return null;
            case UtMetadata.Data data:
                return Take(link, data);
            case UtMetadata.Reject when _from == link.Id:
                _from = null;
                link.MetadataSize = 0;
                link.NextMetadataRequest = context.Now + AskAgainAfter;
                Fetch();
                return null;
            default:
                return null;
        }
    }

    private void Answer(PeerLink link, int piece)
    {
        bool known = !_info.IsEmpty && piece < UtMetadata.PieceCount(_info.Length);
        UtMetadata answer = known
            ? new UtMetadata.Data(piece, _info.Length, _info.Slice(piece * UtMetadata.PieceSize, UtMetadata.LengthOf(piece, _info.Length)))
            : new UtMetadata.Reject(piece);
        links.SendExtended(link, UtMetadata.Name, answer.Encode());
    }

    private byte[]? Take(PeerLink link, UtMetadata.Data data)
    {
        if (_from != link.Id || data.Piece != _next)
        {
            return null;
        }

        if (data.TotalSize <= TaskLimitsOfFormat.MaxTaskFileSize)
        {
            _parts ??= new MetadataParts(data.TotalSize);
        }

        if (data.TotalSize != _parts?.Size)
        {
            links.Ban(link, "bad-metadata", "changed its mind about the size of the task file");
            return null;
        }

        _parts.Add(data);
        _next++;
        if (!_parts.IsComplete)
        {
            Ask(link);
            return null;
        }

        _from = null;
        byte[] info = _parts.Join();
        if (Hash256.Of(info) != context.Options.TaskId)
        {
            links.Ban(link, "bad-metadata", "sent a task file that does not make the task id");
            Fetch();
            return null;
        }

        _complete = true;
        _parts = null;
        return info;
    }

    private void Ask(PeerLink link)
    {
        _askedAt = context.Now;
        links.SendExtended(link, UtMetadata.Name, new UtMetadata.Request(_next).Encode());
    }
}
