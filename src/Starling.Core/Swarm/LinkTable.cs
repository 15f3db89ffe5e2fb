using System;
using System.Collections.Generic;
using Starling.Core.Bencode;
using Starling.Core.Engine;
using Starling.Core.Gossip;
using Starling.Core.Primitives;
using Starling.Core.Wire;

namespace Starling.Core.Swarm;

/// <summary>The one owner of links: finds them, sends on them, ends them, and remembers who is not to come back.</summary>
internal sealed class LinkTable(NodeContext context)
{
    /// <summary>Small offences after which a link is closed.</summary>
    public const int MaxOffences = 50;

    /// <summary>Bytes that may wait for a peer: one that asks and does not read is let go.</summary>
    public const int MaxQueuedBytes = 16 * 1024 * 1024;

    /// <summary>Messages that are neither asked for nor ask for data which a peer may send at once…</summary>
    public const int MaxNotices = 1_500;

    /// <summary>…and in every second; news is gathered, so that no honest peer comes near.</summary>
    public const int NoticesPerSecond = 200;

    /// <summary>Identities banned for this session; the oldest are forgotten first.</summary>
    public const int MaxBanned = 10_000;

    /// <summary>Bytes of a payload whose buffer is kept for the next one.</summary>
    private const int MaxScratch = 16 * 1024;

    private readonly SortedDictionary<long, PeerLink> _links = [];
    private readonly List<PeerLink> _established = [];
    private readonly Dictionary<PublicKey, PeerLink> _byKey = [];
    private readonly HashSet<PublicKey> _banned = [];
    private readonly Queue<PublicKey> _banOrder = new();
    private readonly List<PeerLink> _unread = [];
    private BencodeWriter _scratch = new();

    /// <summary>All links, in the order of their ids.</summary>
    public IEnumerable<PeerLink> All => _links.Values;

    public int Count => _links.Count;

    /// <summary>Links that this side opened.</summary>
    public int OutgoingCount { get; private set; }

    /// <summary>Places for links that others open.</summary>
    public int IncomingPlaces => Math.Max(1, context.Options.MaxLinks - OutgoingPlaces);

    /// <summary>
    /// Of all places the larger part is kept for those who connect to me: if everybody filled his own, nobody who comes later would get in
    /// anywhere.
    /// </summary>
    private int OutgoingPlaces => Math.Max(1, context.Options.MaxLinks * 2 / 5);

    /// <summary>Whether one more may be connected to while so many attempts are under way.</summary>
    public bool HasRoomToConnect(int pending) => Count + pending < context.Options.MaxLinks && OutgoingCount + pending < OutgoingPlaces;

    /// <summary>Links with a proved peer, in the order in which they were proved. A copy is taken before links are closed on the way.</summary>
    public List<PeerLink> Established => _established;

    public PeerLink? Find(LinkId id) => _links.GetValueOrDefault(id.Value);

    public PeerLink? Find(PublicKey key) => _byKey.GetValueOrDefault(key);

    public bool IsBanned(PublicKey key) => _banned.Contains(key);

    public void Add(PeerLink link)
    {
        _links.Add(link.Id.Value, link);
        OutgoingCount += link.Outgoing ? 1 : 0;
    }

    /// <summary>The peer proved its identity.</summary>
    public void Establish(PeerLink link)
    {
        link.Stage = LinkStage.Established;
        _established.Add(link);
        _byKey[link.Key] = link;
    }

    /// <summary>The driver told that the link is gone.</summary>
    public void Remove(PeerLink link)
    {
        OutgoingCount -= _links.Remove(link.Id.Value) && link.Outgoing ? 1 : 0;
        Unlist(link);
    }

    /// <summary>Closes a link; nothing of it is looked at any more.</summary>
    public void Close(PeerLink link, string reason)
    {
        if (link.Stage == LinkStage.Closing)
        {
            return;
        }

        Unlist(link);
        link.Stage = LinkStage.Closing;
        context.Emit(new NodeEffect.CloseLink(link.Id, reason));
    }

    /// <summary>Closes a link whose other end is not, or did not prove to be, a peer of this task, and tells why.</summary>
    public void Reject(PeerLink link, string code, string reason, string hint = "")
    {
        if (link.Stage != LinkStage.Closing)
        {
            context.Refuse(code, $"peer {link.Remote} {reason}", hint);
            Close(link, $"{code}: {reason}");
        }
    }

    /// <summary>Closes a link and refuses its identity for the rest of the session: it did what no honest peer does.</summary>
    public void Ban(PeerLink link, string code, string reason)
    {
        if (_banned.Add(link.Key))
        {
            _banOrder.Enqueue(link.Key);
            if (_banOrder.Count > MaxBanned)
            {
                _banned.Remove(_banOrder.Dequeue());
            }
        }

        context.Refuse(code, $"peer {link.Remote} {reason}", "It is banned for this session");
        Close(link, $"{code}: {reason}");
    }

    /// <summary>Counts a small offence, which may be a race; many of them end the link.</summary>
    public void Offend(PeerLink link, string code, string reason)
    {
        link.Offences++;
        if (link.Offences >= MaxOffences)
        {
            Ban(link, code, $"{reason} ({MaxOffences} such offences)");
        }
    }

    /// <summary>A message came. False: the peer floods, and its link was ended.</summary>
    public bool BearsNotice(PeerLink link, PeerMessage message)
    {
        bool isExchange = message is PeerMessage.Block or PeerMessage.Request or PeerMessage.Cancel or PeerMessage.RejectRequest
            || (message is PeerMessage.Extended { Id: var id } && LinkHandshake.ExtensionName(id) is TaskMessageCodec.ProofName or UtMetadata.Name);
        if (isExchange || link.Notices.TryTake(context.Now))
        {
            return true;
        }

        Ban(link, "flood", $"says more than {NoticesPerSecond} things a second");
        return false;
    }

    public void Send(PeerLink link, PeerMessage message) => SendRaw(link, PeerMessageCodec.Encode(message));

    /// <summary>Sends a task message if the peer knows its name.</summary>
    public void Send(PeerLink link, TaskMessage message)
    {
        _scratch.Clear();
        string name = TaskMessageCodec.Write(message, _scratch);
        SendExtended(link, name, _scratch.Written);
        if (_scratch.Length > MaxScratch)
        {
            _scratch = new BencodeWriter();
        }
    }

    /// <summary>Sends an extended message if the peer knows its name.</summary>
    public void SendExtended(PeerLink link, string name, ReadOnlySpan<byte> payload)
    {
        if (link.ExtensionIds.TryGetValue(name, out byte id) && id != 0)
        {
            SendRaw(link, PeerMessageCodec.EncodeExtended(id, payload));
        }
    }

    public void SendRaw(PeerLink link, byte[] bytes)
    {
        if (link.Stage == LinkStage.Closing)
        {
            return;
        }

        link.LastSent = context.Now;
        link.QueuedBytes += bytes.Length;
        if (link.QueuedBytes > MaxQueuedBytes)
        {
            _unread.Add(link);
            return;
        }

        context.Emit(new NodeEffect.Send(link.Id, bytes));
    }

    /// <summary>At the end of a step: closes the links of peers that do not read what is sent to them.</summary>
    public void CloseUnread()
    {
        foreach (PeerLink link in _unread)
        {
            Close(link, $"does not read: {MaxQueuedBytes >> 20} MiB wait for it");
        }

        _unread.Clear();
    }

    private void Unlist(PeerLink link)
    {
        if (link.IsEstablished)
        {
            _established.Remove(link);
            if (_byKey.GetValueOrDefault(link.Key) == link)
            {
                _byKey.Remove(link.Key);
            }
        }
    }
}
