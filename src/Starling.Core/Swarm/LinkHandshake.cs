using System;
using System.Collections.Generic;
using Starling.Core.Engine;
using Starling.Core.Exchange;
using Starling.Core.Gossip;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Core.Wire;

namespace Starling.Core.Swarm;

/// <summary>
/// Brings a link from TLS to a proved peer: the BitTorrent handshake (BEP 3), then the BEP 10 handshake with the identity bound to this
/// very connection (DESIGN section 4). Whatever is not right ends the link with its reason.
/// </summary>
internal sealed class LinkHandshake(NodeContext context, LinkTable links, AddressBook addresses, PeerId self)
{
    /// <summary>Code of the refusal of whoever is no member.</summary>
    public const string NoMember = "no-member";

    private readonly ulong _reserved =
        Handshake.ExtensionBit | Handshake.FastBit | Handshake.V2Bit | (context.Options.HasDhtNode ? Handshake.DhtBit : 0);

    private static readonly IReadOnlyList<string> Extensions = [.. TaskMessageCodec.Names, UtMetadata.Name, UtPex.Name];

    private readonly InfoHash _infoHash = InfoHash.Of(context.Options.TaskId);

    /// <summary>Addresses under which this process listens; the first is the one to tell others, further ones may be those that a router forwards.</summary>
    public IReadOnlyList<PeerAddress> Own { get; set; } = [];

    /// <summary>Bytes of the task's <c>info</c>, once known.</summary>
    public int MetadataSize { get; set; }

    /// <summary>What the task says of its members, once known; before, whoever has the task's file decides with whom he talks.</summary>
    public TaskInfo? Task { get; set; }

    /// <summary>The name behind a number of an extended message that a peer sends to me; null: none of mine.</summary>
    public static string? ExtensionName(byte id) => id >= 1 && id <= Extensions.Count ? Extensions[id - 1] : null;

    /// <summary>A connection stands: the side that connected speaks first.</summary>
    public void Open(PeerLink link)
    {
        if (link.Outgoing)
        {
            links.SendRaw(link, new Handshake(_reserved, _infoHash, self).Encode());
        }
    }

    /// <summary>The first 68 bytes came.</summary>
    public void OnHandshake(PeerLink link, ReadOnlyMemory<byte> frame)
    {
        if (!Handshake.TryDecode(frame.Span, out Handshake handshake))
        {
            links.Reject(link, "no-handshake", "sent no BitTorrent handshake");
        }
        else if (handshake.InfoHash != _infoHash)
        {
            links.Reject(
                link, "other-task", $"asked for task {handshake.InfoHash}, which is not run here", "Is the same file or link used on both machines?");
        }
        else if (!handshake.SupportsExtensions || !handshake.SupportsFast)
        {
            links.Reject(link, "plain-bittorrent", "speaks plain BitTorrent (no BEP 10 or no BEP 6), which a task swarm is not");
        }
        else
        {
            link.PeerId = handshake.PeerId;
            link.HasDhtNode = handshake.SupportsDht;
            link.Stage = LinkStage.AwaitingIdentity;
            if (!link.Outgoing)
            {
                links.SendRaw(link, new Handshake(_reserved, _infoHash, self).Encode());
            }

            SendIdentity(link);
        }
    }

    /// <summary>The BEP 10 handshake came; true: the peer is who it says, and the link is established.</summary>
    public bool OnIdentity(PeerLink link, ReadOnlyMemory<byte> payload)
    {
        if (!ExtendedHandshake.TryDecode(payload, out ExtendedHandshake? extended) || extended.St is not { } st)
        {
            links.Reject(link, "bad-handshake", "sent an extended handshake that is broken or has no identity");
            return false;
        }

        if (st.Key == context.Self)
        {
            addresses.MarkSelf(link.Remote);
            if (link.PeerId == self)
            {
                links.Close(link, "it is myself");
            }
            else
            {
                links.Reject(
                    link, "same-identity", "has the identity of this folder",
                    "Copy the task to another machine, not the folder .starling: each peer needs an identity of its own");
            }

            return false;
        }

        LinkRole theirs = link.Outgoing ? LinkRole.Responder : LinkRole.Initiator;
        if (!LinkBinding.Verify(
            st, theirs, link.RemoteCertificate, link.LocalCertificate, context.Options.TaskId, context.Options.Secret.Span, context.Verifier,
            out Problem? problem))
        {
            context.Refuse(problem.Code, $"{link.Remote}: {problem.Reason}", problem.Hint);
            links.Close(link, problem.Code);
            return false;
        }

        if (context.Options.Secret.IsEmpty && !st.Mac.IsEmpty)
        {
            // It will not have me; without this the owner would wait for nothing.
            links.Reject(
                link, NoMember, "is in a swarm of members, and this task has no secret here",
                "Start with the complete link or the .starling file of a member");
            return false;
        }

        if (Task is { } task && !task.Admits(st.Key))
        {
            RejectOutsider(link, st.Key);
            return false;
        }

        if (links.IsBanned(st.Key))
        {
            links.Close(link, "banned for this session");
            return false;
        }

        link.Key = st.Key;
        link.NamesMembers = st.NamesMembers;
        link.Keep = st.Keep is not { } copies ? KeepRule.All : copies == 0 ? KeepRule.Own : KeepRule.Of(copies);
        link.Cores = st.Cores;
        link.MetadataSize = extended.MetadataSize ?? 0;
        link.ListenAddress = extended.ListenPort is { } port and > 0 ? link.Remote with { Port = port } : link.Outgoing ? link.Remote : null;
        foreach (ExtensionId extension in extended.Extensions)
        {
            link.ExtensionIds[extension.Name] = extension.Id;
        }

        if (link.Outgoing)
        {
            addresses.Proved(link.Remote);
        }

        if (!IsToBeKept(link))
        {
            links.Close(link, "connected to this peer already");
            return false;
        }

        links.Establish(link);
        if (link.ListenAddress is { } listens)
        {
            addresses.Cover(listens, context.Now);
            context.Emit(new NodeEffect.PeerListens(listens));
        }

        if (link.HasDhtNode && context.Options.HasDhtNode && PortFor(link.Remote) is { } node)
        {
            links.Send(link, new PeerMessage.Port(node));
        }

        return true;
    }

    /// <summary>Ends a link to somebody whom the task does not name.</summary>
    public void RejectOutsider(PeerLink link, PublicKey key) =>
        links.Reject(link, NoMember, $"is {key}, whom the task does not name as a member", "If it should take part: its author makes the task anew with this key among the members");

    /// <summary>A link ended. Who has no task file yet and was turned away is told so: nobody else would tell its owner.</summary>
    public void OnClosed(PeerLink link)
    {
        if (Task is null && link.IsEstablished && link.NamesMembers && !link.WasHeard && links.Find(link.Key) is null)
        {
            context.Refuse(
                NoMember,
                $"peer {link.Remote} closed the connection without a word: the task names its members, and this key may not be one of them: {context.Self}",
                "Ask the author of the task to name this key");
        }
    }

    /// <summary>A proved peer tells where its node of the DHT is; once a link is enough.</summary>
    public void OnPort(PeerLink link, ushort port)
    {
        if (!link.ToldNode && port != 0 && context.Options.HasDhtNode)
        {
            link.ToldNode = true;
            context.Emit(new NodeEffect.PeerHasNode(link.Remote with { Port = port }));
        }
    }

    /// <summary>
    /// The port under which that peer, and those to whom it passes on this one's address, reach this process: on the Internet the one that the router
    /// forwards may be another than here.
    /// </summary>
    private ushort? PortFor(PeerAddress remote)
    {
        ushort? port = Own.Count > 0 ? Own[0].Port : null;
        if (AddressScopes.Of(remote) == AddressScope.Public)
        {
            foreach (PeerAddress own in Own)
            {
                port = own.IsV4 == remote.IsV4 && AddressScopes.Of(own) == AddressScope.Public ? own.Port : port;
            }
        }

        return port;
    }

    private void SendIdentity(PeerLink link)
    {
        var extensions = new List<ExtensionId>();
        for (int i = 0; i < Extensions.Count; i++)
        {
            extensions.Add(new ExtensionId(Extensions[i], (byte)(i + 1)));
        }

        NodeOptions options = context.Options;
        var handshake = new ExtendedHandshake
        {
            Extensions = extensions,
            ListenPort = PortFor(link.Remote),
            Client = options.ClientName,
            RequestQueue = Uploader.MaxQueued,
            MetadataSize = MetadataSize == 0 ? null : MetadataSize,
            YourAddress = link.Remote,
            St = LinkBinding.Create(
                context.Identity,
                link.Outgoing ? LinkRole.Initiator : LinkRole.Responder,
                link.LocalCertificate,
                link.RemoteCertificate,
                options.TaskId,
                options.Secret.Span,
                context.MayCompute ? Math.Min(options.Slots, StHandshakeCodec.MaxCores) : 0,
                context.EnvironmentClass) with
            { NamesMembers = Task is { Members.Count: > 0 }, Keep = options.Keep.Copies },
        };
        links.Send(link, new PeerMessage.Extended(ExtendedHandshake.MessageId, handshake.Encode()));
    }

    /// <summary>
    /// Of two links between the same two processes both sides keep the same one: the one that the peer with the lower key opened, and of
    /// two in the same direction the older. A new process (another peer id) replaces the old one's link.
    /// </summary>
    private bool IsToBeKept(PeerLink link)
    {
        if (links.Find(link.Key) is not { } other)
        {
            return true;
        }

        bool lowerOpenedThis = link.Outgoing == context.Self.CompareTo(link.Key) < 0;
        bool keepThis = other.PeerId != link.PeerId || (other.Outgoing != link.Outgoing && lowerOpenedThis);
        if (keepThis)
        {
            links.Close(other, "replaced by another link to this peer");
        }

        return keepThis;
    }
}
