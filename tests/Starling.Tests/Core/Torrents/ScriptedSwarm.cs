using System;
using System.Collections.Generic;
using System.Linq;
using Starling.Core.Engine;
using Starling.Core.Primitives;
using Starling.Core.Torrents;
using Starling.Core.Wire;

namespace Starling.Tests.Core.Torrents;

/// <summary>A swarm of small pieces whose peers a test plays: it says what they say, and looks at what is said to them.</summary>
internal sealed class ScriptedSwarm
{
    public const ulong Reserved = Handshake.ExtensionBit | Handshake.FastBit;

    private readonly int _pieceLength;
    private readonly int _pieces;

    public ScriptedSwarm(int pieces, int blocks = 1, bool magnet = false, bool seed = false, bool isPrivate = false, Func<DataSwarmOptions, DataSwarmOptions>? options = null)
    {
        (_pieces, _pieceLength) = (pieces, blocks * BlockBuffer.Capacity);
        DataSwarmOptions made = new() { V1 = Hash, PeerId = PeerId.Create(new DeterministicRandom(1)), Seed = 1 };
        Swarm = new DataSwarm(options?.Invoke(made) ?? made);
        if (!magnet)
        {
            Open(seed, isPrivate);
        }
    }

    public static InfoHash Hash { get; } = new(Hash256.Of("torrent"u8).ToArray());

    public DataSwarm Swarm { get; }

    public Instant Now { get; set; } = Instant.FromSeconds(10);

    public List<DataEffect> Effects { get; } = [];

    /// <summary>Address of a peer: of a network of its own.</summary>
    public static PeerAddress AddressOf(int peer) => new(PeerAddress.From(new([80, 4, (byte)(peer >> 8), (byte)peer]), 0).Ip, 6881);

    public void Step(DataInput input) => Effects.AddRange(Swarm.Step(input, Now));

    public void Open(bool seed = false, bool isPrivate = false)
    {
        var have = new PieceBits(_pieces);
        if (seed)
        {
            have.Fill();
        }

        Step(new DataInput.Opened(
            new TorrentKnowledge(PieceLayout.Of((long)_pieces * _pieceLength, _pieceLength), new byte[40_000]) { V1 = Hash, IsPrivate = isPrivate }, have));
    }

    /// <summary>A peer connects, and says its handshake.</summary>
    public void Join(int peer, params PeerMessage[] messages)
    {
        Step(new DataInput.LinkOpened(new LinkId(peer), AddressOf(peer), false, new Handshake(Reserved, Hash, IdOf(peer))));
        Say(peer, messages);
    }

    public void Say(int peer, params PeerMessage[] messages) =>
        Step(new DataInput.FramesReceived(new LinkId(peer), [.. messages.Select(DataFrame.Of)]));

    public void SendBlock(int peer, BlockRange range) => Step(new DataInput.FramesReceived(
        new LinkId(peer), [DataFrame.OfBlock(range.Piece, range.Begin, new BlockBuffer { Length = range.Length })]));

    /// <summary>Lets the virtual time pass, second by second.</summary>
    public void Pass(TimeSpan time)
    {
        for (Instant end = Now + time; Now < end; Now += TimeSpan.FromSeconds(1))
        {
            Step(new DataInput.Tick());
        }
    }

    /// <summary>What was said to a peer, in order.</summary>
    public List<DataFrame> Said(int peer)
    {
        var frames = new List<DataFrame>();
        var reader = new DataFrameReader(() => new BlockBuffer());
        foreach (DataEffect.Send send in Effects.OfType<DataEffect.Send>().Where(send => send.Link.Value == peer))
        {
            ReadOnlySpan<byte> bytes = send.Bytes.Span;
            reader.Read(bytes.StartsWith(Handshake.Prefix) ? bytes[Handshake.Size..] : bytes, frames);
        }

        return frames;
    }

    /// <summary>The blocks that a peer was asked for, in order.</summary>
    public List<BlockRange> Asked(int peer) => [.. Said(peer).Where(frame => frame.Kind == DataFrameKind.Request).Select(frame => frame.Range)];

    public bool IsClosed(int peer) => Effects.OfType<DataEffect.CloseLink>().Any(close => close.Link.Value == peer);

    private static PeerId IdOf(int peer)
    {
        var bytes = new byte[PeerId.Size];
        BitConverter.TryWriteBytes(bytes, peer);
        return new PeerId(bytes);
    }
}
