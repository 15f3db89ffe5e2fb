using System.Collections.Generic;
using Starling.Core.Primitives;
using Starling.Core.Wire;

namespace Starling.Core.Torrents;

/// <summary>What all parts of one swarm share: the time, the torrent, what is here, and the way out.</summary>
internal sealed class DataContext(DataSwarmOptions options)
{
    private readonly List<BlockBuffer> _released = [];
    private readonly List<DataPeer> _dirty = [];

    public DataSwarmOptions Options { get; } = options;

    public DeterministicRandom Random { get; } = new(options.Seed);

    public Instant Now { get; set; }

    public List<DataEffect> Effects { get; } = [];

    /// <summary>Null while the metadata is not known.</summary>
    public TorrentKnowledge? Torrent { get; set; }

    /// <summary>The pieces that are here; of length 0 while the metadata is not known.</summary>
    public PieceBits Have { get; set; } = new(0);

    public long WastedBytes { get; set; }

    /// <summary>The info-hash for what needs one: the v1 one where there is one.</summary>
    public InfoHash InfoHash => Options.V1 ?? InfoHash.Of(Options.V2!.Value);

    /// <summary>Whether peers tell each other their nodes of the DHT: not in private torrents, which have nothing to do with it (BEP 27).</summary>
    public bool UsesDht => Options.HasDhtNode && Torrent is not { IsPrivate: true };

    public void Report(DataEvent happened) => Effects.Add(new DataEffect.Report(happened));

    /// <summary>Sends a message at the end of the step, with the others to this peer.</summary>
    public void Send(DataPeer peer, PeerMessage message)
    {
        if (!peer.IsClosing)
        {
            peer.Out.Add(PeerMessageCodec.Encode(message));
            Touch(peer);
        }
    }

    /// <summary>Sends an extended message, if the peer takes messages of this name.</summary>
    public void SendExtended(DataPeer peer, string name, byte[] payload)
    {
        if (peer.Said is { } said && said.TryGetId(name, out byte id))
        {
            Send(peer, new PeerMessage.Extended(id, payload));
        }
    }

    /// <summary>Looks after this peer at the end of the step: requests, uploads, messages.</summary>
    public void Touch(DataPeer peer)
    {
        if (!peer.IsDirty)
        {
            peer.IsDirty = true;
            _dirty.Add(peer);
        }
    }

    /// <summary>The peers to look after; more may come while they are looked after.</summary>
    public bool TryTakeDirty(out DataPeer peer)
    {
        if (_dirty.Count == 0)
        {
            peer = null!;
            return false;
        }

        peer = _dirty[^1];
        _dirty.RemoveAt(_dirty.Count - 1);
        peer.IsDirty = false;
        return true;
    }

    /// <summary>Hands over the messages that wait for this peer.</summary>
    public void Flush(DataPeer peer)
    {
        if (!peer.Out.IsEmpty && !peer.IsClosing)
        {
            byte[] bytes = peer.Out.Take();
            peer.QueuedBytes += bytes.Length;
            peer.LastSentAt = Now;
            Effects.Add(new DataEffect.Send(peer.Link, bytes));
        }
    }

    /// <summary>Gives a block's memory back at the end of the step.</summary>
    public void Release(BlockBuffer block) => _released.Add(block);

    /// <summary>A block that was not needed.</summary>
    public void Waste(BlockBuffer block)
    {
        WastedBytes += block.Length;
        Release(block);
    }

    public void FlushReleased()
    {
        if (_released.Count > 0)
        {
            Effects.Add(new DataEffect.Release(_released.ToArray()));
            _released.Clear();
        }
    }
}
