using System.Collections.Generic;
using Starling.Core.Primitives;
using Starling.Core.Swarm;
using Starling.Core.Wire;

namespace Starling.Core.Torrents;

/// <summary>The first words of a connection: the handshake under one info-hash or the other (BEP 52's upgrade), and the extended handshake.</summary>
internal sealed class Greeter(DataContext context, DataPeerTable peers, AddressBook addresses)
{
    /// <summary>The ids under which this program takes extended messages.</summary>
    public const byte MetadataId = 1;

    /// <summary><c>ut_pex</c>.</summary>
    public const byte PeerExchangeId = 2;

    /// <summary><c>upload_only</c> (BEP 21).</summary>
    public const byte UploadOnlyId = 3;

    /// <summary>Name of BEP 21's message in <c>m</c>.</summary>
    public const string UploadOnlyName = "upload_only";

    private InfoHash? V1 => context.Options.V1 ?? context.Torrent?.V1;

    private Hash256? V2 => context.Options.V2 ?? context.Torrent?.V2;

    /// <summary>An outgoing connection stands: this side speaks first.</summary>
    public void Greet(DataPeer peer) => SendHandshake(peer, V1 ?? InfoHash.Of(V2!.Value));

    /// <summary>The other side's handshake came. True: the connection is a peer's from here on.</summary>
    public bool Take(DataPeer peer, Handshake handshake)
    {
        InfoHash? v2 = V2 is { } full ? InfoHash.Of(full) : null;
        bool isV2 = handshake.InfoHash == v2;
        if (!isV2 && handshake.InfoHash != V1)
        {
            peers.Refuse(peer, "wrong-torrent", "answers for another torrent");
            return false;
        }

        if (peer.Outgoing)
        {
            peer.IsV2 = isV2;
        }
        else
        {
            // A v1 peer of a hybrid torrent that speaks v2 too is answered under the v2 info-hash.
            peer.IsV2 = isV2 || (v2 is not null && handshake.SupportsV2);
            SendHandshake(peer, peer.IsV2 ? v2!.Value : V1!.Value);
        }

        return peers.Establish(peer, handshake);
    }

    /// <summary>Tells an established peer what is here and what this program speaks.</summary>
    public void Introduce(DataPeer peer)
    {
        TellPieces(peer);
        if (peer.Extended)
        {
            var extensions = new List<ExtensionId> { new(UtMetadata.Name, MetadataId), new(UploadOnlyName, UploadOnlyId) };
            if (context.Options.PeerExchange && context.Torrent is not { IsPrivate: true })
            {
                extensions.Add(new ExtensionId(UtPex.Name, PeerExchangeId));
            }

            context.Send(peer, new PeerMessage.Extended(ExtendedHandshake.MessageId, new ExtendedHandshake
            {
                Extensions = extensions,
                ListenPort = context.Options.ListenPort == 0 ? null : context.Options.ListenPort,
                Client = context.Options.Client,
                RequestQueue = DataLimits.MaxRequestsQueued,
                MetadataSize = context.Torrent is { } torrent && torrent.InfoBytes.Length <= UtMetadata.MaxMetadataSize
                    ? torrent.InfoBytes.Length : null,
                YourAddress = peer.Remote,
                UploadOnly = context.Torrent is not null && context.Have.IsFull,
            }.Encode()));
        }

        if (peer.Dht)
        {
            context.Send(peer, new PeerMessage.Port(context.Options.ListenPort));
        }
    }

    /// <summary>The other side's extended handshake; a later one replaces what it names.</summary>
    public void TakeExtended(DataPeer peer, ExtendedHandshake said)
    {
        peer.Said = said;
        peer.UploadOnly = said.UploadOnly;
        peer.Pipeline.Limit = said.RequestQueue ?? DataLimits.DefaultRequestQueue;
        if (said.YourAddress is { } mine)
        {
            peers.LearnOwnAddress(mine);
        }

        if (!peer.Outgoing && said.ListenPort is { } port && peer.ListenAddress is null)
        {
            PeerAddress listening = peer.Remote with { Port = port };
            peer.ListenAddress = listening;
            addresses.Cover(listening, context.Now);
        }

        context.Touch(peer);
    }

    /// <summary>The other side tells where its node of the DHT is; once a connection is enough.</summary>
    public void TakePort(DataPeer peer, ushort port)
    {
        if (!peer.ToldNode && port != 0 && context.UsesDht)
        {
            peer.ToldNode = true;
            context.Report(new DataEvent.NodeTold(peer.Remote with { Port = port }));
        }
    }

    private void TellPieces(DataPeer peer)
    {
        PieceBits have = context.Have;
        if (peer.Fast && (have.Count == 0 || context.Torrent is null))
        {
            context.Send(peer, new PeerMessage.HaveNone());
        }
        else if (peer.Fast && have.IsFull)
        {
            context.Send(peer, new PeerMessage.HaveAll());
        }
        else if (have.Count > 0)
        {
            context.Send(peer, new PeerMessage.Bitfield(have.Bytes));
        }
    }

    private void SendHandshake(DataPeer peer, InfoHash infoHash)
    {
        ulong reserved = Handshake.ExtensionBit | Handshake.FastBit | (V2 is null ? 0 : Handshake.V2Bit) | (context.UsesDht ? Handshake.DhtBit : 0);
        peer.Out.Add(new Handshake(reserved, infoHash, context.Options.PeerId).Encode());
        context.Flush(peer);
    }
}
