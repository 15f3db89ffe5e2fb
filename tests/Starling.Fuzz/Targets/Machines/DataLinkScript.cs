using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Linq;
using Starling.Core.Engine;
using Starling.Core.Metainfo;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Torrents;
using Starling.Core.Wire;
using Starling.Fuzz.Engine;

namespace Starling.Fuzz.Targets.Machines;

/// <summary>
/// A whole <see cref="DataSwarm"/> with two hostile peers, whose bytes come through the reader of data links. The first chunk is one byte of settings: 1 it seeds, 2 it
/// knows only the magnet link, 4 a v2 torrent whose piece hashes have to be fetched, 8 the disk finds pieces wrong, 16 peers without the fast extension. The first byte
/// of each other one says what happens: 0 and 1 a message of a peer, 2 time passes, 3 a peer goes and comes again, 4 a block of full size, 5 the owner does something,
/// 6 bare bytes of a peer, 7 a link drains.
/// </summary>
internal sealed class DataLinkScript
{
    private const int MaxInputs = 2_000;
    private const int MaxTicksAtOnce = 64;

    /// <summary>Wakes of one script: a clock that runs for ever would test nothing more.</summary>
    private const int MaxWakes = 80;

    private static readonly TorrentFile V1 = TorrentTargets.File(TorrentTargets.Single(TorrentVersion.V1, 180_000, 32_768));
    private static readonly TorrentFile V2 = TorrentTargets.File(TorrentTargets.Single(TorrentVersion.V2, 180_000, 65_536));

    private readonly Stack<BlockBuffer> _blocks = new();
    private readonly Queue<DataInput> _inputs = new();
    private readonly List<DataFrame> _frames = [];
    private readonly Peer[] _peers = new Peer[2];
    private readonly byte[] _bytes = new byte[8192];
    private DataSwarm _swarm = null!;
    private Instant _now;
    private int _wakes;
    private int _rented;
    private long _links;
    private int _settings;
    private bool _isOpen;

    private TorrentFile Torrent => (_settings & 4) != 0 ? V2 : V1;

    public static IEnumerable<byte[]> Seeds()
    {
        byte[][] talk = [.. WireTargets.Messages.Where(message => message is not PeerMessage.Block).Select(message => (byte[])[0, .. PeerMessageCodec.Encode(message)[4..]])];
        byte[] hello = [0, 20, 0, .. Parts.Latin($"d1:md11:ut_metadatai1e6:ut_pexi2ee13:metadata_sizei{V1.Info.Bytes.Length}e1:pi6881e4:reqqi5ee")];
        byte[] pex = [0, 20, 2, .. WireTargets.FullPex.Encode()];
        byte[] all = [0, 14];
        byte[] unchoke = [0, 1];
        byte[] interested = [1, 2];
        byte[] request = [1, 6, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 64, 0];
        byte[] time = [2, 0x10, 0];
        yield return Script.Of([[0], hello, .. talk, time, time]);
        yield return Script.Of([0], hello, all, unchoke, [4, 0, 0, 0], [4, 0, 1, 0], [4, 0, 2, 1], [4, 0, 3, 0], time, [4, 0, 11, 0], pex, [3, 0], [0, 0], time);
        yield return Script.Of([9], hello, [1, 15], interested, time, request, request, [7, 1, 0xFF], [1, 8, .. request[2..]], time, [5, 0], [5, 1], [5, 2], pex);
        yield return Script.Of([2], hello, [0, 5, 0xFC], [0, 4, 0, 0, 0, 3], [0, 20, 1, .. WireTargets.UtMetadataOf(2)], MetadataChunk(V1), all, unchoke, time, [4, 0, 0, 0], [5, 3]);
        yield return Script.Of([2], hello, [0, 5, 0xFF, 0xFF], [1, 5, 0xFC], [1, 4, 0, 0, 1, 3], MetadataChunk(V1), time);
        yield return Script.Of([[4], hello, all, unchoke, .. HashChunks(), time, [4, 0, 0, 0], [4, 0, 1, 0], [4, 0, 2, 1], [4, 0, 3, 0], [1, .. Range(2, 0, 2)], time]);
        yield return Script.Of([5], hello, [0, 15], [1, .. Range(0, 0, 4)], [1, .. Range(0, 4, 4)], [1, .. Range(2, 0, 2)], [0, .. Range(1, 0, 512)], time);
        yield return Script.Of([24], all, unchoke, [4, 0, 0, 1], [4, 0, 1, 1], time, [4, 0, 0, 0], [6, 0, 0, 0, 0, 1, 1, 0, 0], [6, 1, 0x7F, 0xFF, 0xFF, 0xFF, 1]);
    }

    public byte[]? Run(ReadOnlyMemory<byte> script)
    {
        Begin(Script.Settings(ref script));
        foreach (ReadOnlyMemory<byte> chunk in new Script(script))
        {
            if (!chunk.IsEmpty)
            {
                Do(chunk.Span[0], chunk.Span[1..]);
            }

            Settle();
        }

        End();
        return null;
    }

    private static byte[] Range(int layer, int index, int length) =>
        PeerMessageCodec.Encode(new PeerMessage.HashRequest(new HashRange(V2.Info.Files[0].PiecesRoot, layer, index, length, 3)))[4..];

    private static byte[] MetadataChunk(TorrentFile torrent) => [0, 20, 1, .. new UtMetadata.Data(0, torrent.Info.Bytes.Length, torrent.Info.Bytes).Encode()];

    private static IEnumerable<byte[]> HashChunks()
    {
        var missing = new PieceLayers(V2.Info);
        foreach (HashRange range in missing.MissingRanges())
        {
            yield return [0, .. PeerMessageCodec.Encode(new PeerMessage.Hashes(range, V2.Layers!.Answer(range)!))[4..]];
        }
    }

    private static PeerAddress At(int number) => Parts.Address($"50.0.0.{1 + number}:6881");

    private void Begin(int settings)
    {
        _settings = settings;
        _isOpen = false;
        _inputs.Clear();
        _frames.Clear();
        _rented = 0;
        _now = Instant.FromSeconds(1);
        _wakes = 0;
        TorrentInfo info = Torrent.Info;
        _swarm = new DataSwarm(new DataSwarmOptions
        {
            V1 = info.InfoHashV1,
            V2 = info.InfoHashV2,
            PeerId = Parts.Peer,
            Seed = 1,
            ListenPort = 6881,
            MaxHeldBytes = 4 * BlockBuffer.Capacity,
        });
        if ((settings & 2) == 0)
        {
            OpenTorrent();
        }

        for (int i = 0; i < _peers.Length; i++)
        {
            Connect(i);
        }

        Settle();
    }

    private void OpenTorrent()
    {
        if (_isOpen)
        {
            return;
        }

        _isOpen = true;
        TorrentInfo info = Torrent.Info;
        var have = new PieceBits(info.PieceCount);
        if ((_settings & 1) != 0)
        {
            have.Fill();
        }

        PieceLayers? layers = info.HasV2 ? (_settings & 1) != 0 ? Torrent.Layers : new PieceLayers(info) : null;
        _inputs.Enqueue(new DataInput.Opened(TorrentKnowledge.Of(info, layers), have));
    }

    private void Connect(int number)
    {
        ulong reserved = Handshake.ExtensionBit | ((_settings & 16) != 0 ? 0 : Handshake.FastBit) | Handshake.V2Bit;
        var link = new LinkId(++_links);
        _peers[number] = new Peer(link, new DataFrameReader(Rent));
        var handshake = new Handshake(reserved, Torrent.Info.SwarmHashes[0], new PeerId([.. Parts.Filled(19), (byte)_links]));
        if (number == 0)
        {
            _inputs.Enqueue(new DataInput.LinkOpened(link, At(number), Outgoing: false, handshake));
        }
        else
        {
            _inputs.Enqueue(new DataInput.LinkOpened(link, At(number), Outgoing: true, null));
            _inputs.Enqueue(new DataInput.HandshakeReceived(link, handshake));
        }
    }

    private BlockBuffer Rent()
    {
        _rented++;
        return _blocks.Count > 0 ? _blocks.Pop() : new BlockBuffer();
    }

    private void Return(BlockBuffer block)
    {
        _rented--;
        _blocks.Push(block);
    }

    private void Do(byte what, ReadOnlySpan<byte> rest)
    {
        switch (what)
        {
            case 0 or 1 when rest.Length <= _bytes.Length - 4:
                BinaryPrimitives.WriteInt32BigEndian(_bytes, rest.Length);
                rest.CopyTo(_bytes.AsSpan(4));
                Receive(_peers[what], _bytes.AsSpan(0, rest.Length + 4));
                break;
            case 2 when rest.Length >= 2:
                Pass(TimeSpan.FromMilliseconds(4 * ((rest[0] << 8) | rest[1])));
                break;
            case 3 when rest.Length >= 1:
                Disconnect(rest[0] & 1);
                break;
            case 4 when rest.Length >= 3:
                SendBlock(_peers[rest[0] & 1], rest[1], wrong: (rest[2] & 1) != 0);
                break;
            case 5 when rest.Length >= 1:
                Own(rest[0]);
                break;
            case 6 when rest.Length >= 2:
                Receive(_peers[rest[0] & 1], rest[1..]);
                break;
            case 7 when rest.Length >= 2:
                _inputs.Enqueue(new DataInput.LinkDrained(_peers[rest[0] & 1].Link, rest[1] * 1024));
                break;
        }
    }

    private void Own(byte action)
    {
        switch (action % 5)
        {
            case 0:
                _inputs.Enqueue(new DataInput.PrioritiesChanged([(action % Torrent.Info.PieceCount, (PiecePriority)(action % 3))]));
                break;
            case 1:
                _inputs.Enqueue(new DataInput.RatesChanged(action * 100, action * 100));
                break;
            case 2:
                _inputs.Enqueue(new DataInput.PeersFound([At(action)], PeerSource.Dht));
                break;
            case 3:
                _inputs.Enqueue(new DataInput.StopRequested("enough"));
                break;
            default:
                _swarm.Snapshot(_now, withPeers: true);
                break;
        }
    }

    private void Receive(Peer peer, ReadOnlySpan<byte> bytes)
    {
        if (peer.IsClosed)
        {
            return;
        }

        _frames.Clear();
        peer.Reader.Read(bytes, _frames);
        if (_frames.Count > 0)
        {
            _inputs.Enqueue(new DataInput.FramesReceived(peer.Link, [.. _frames]));
        }

        if (peer.Reader.Problem is { } problem)
        {
            _inputs.Enqueue(new DataInput.LinkClosed(peer.Link, problem.Reason) { BrokeRules = true });
            CloseReader(peer);
        }
    }

    private void SendBlock(Peer peer, int block, bool wrong)
    {
        TorrentInfo info = Torrent.Info;
        int blocks = info.PieceLength / BlockBuffer.Capacity;
        int piece = block / blocks % info.PieceCount;
        int begin = block % blocks * BlockBuffer.Capacity;
        if (peer.IsClosed || begin >= info.ContentSize(piece))
        {
            return;
        }

        BlockBuffer buffer = Rent();
        buffer.Length = wrong ? 100 : Math.Min(BlockBuffer.Capacity, info.ContentSize(piece) - begin);
        _inputs.Enqueue(new DataInput.FramesReceived(peer.Link, [DataFrame.OfBlock(piece, begin, buffer)]));
    }

    private void Disconnect(int number)
    {
        Peer peer = _peers[number];
        if (!peer.IsClosed)
        {
            _inputs.Enqueue(new DataInput.LinkClosed(peer.Link, "gone"));
            CloseReader(peer);
        }

        Settle();
        Connect(number);
    }

    private void CloseReader(Peer peer)
    {
        peer.IsClosed = true;
        if (peer.Reader.TakePartialBlock() is { } partial)
        {
            Return(partial);
        }
    }

    /// <summary>The clock goes from one wake to the next.</summary>
    private void Pass(TimeSpan time)
    {
        Instant end = _now + time;
        int atOnce = 0;
        for (; _wakes < MaxWakes && _swarm.NextWake <= end; _wakes++)
        {
            Instant next = _swarm.NextWake;
            atOnce = next <= _now ? atOnce + 1 : 0;
            FuzzFailureException.Unless(atOnce < MaxTicksAtOnce, "it wants to be woken at one instant again and again");
            _now = next > _now ? next : _now;
            _inputs.Enqueue(new DataInput.Tick());
            Settle();
        }

        _now = end;
    }

    private void Settle()
    {
        for (int steps = 0; _inputs.TryDequeue(out DataInput? input); steps++)
        {
            FuzzFailureException.Unless(steps < MaxInputs, "its effects have no end");
            foreach (DataEffect effect in _swarm.Step(input, _now, more: _inputs.Count > 0))
            {
                Execute(effect);
            }
        }

        foreach ((string name, long count, long bound) in _swarm.Tables())
        {
            FuzzFailureException.Unless(count <= bound, $"{name}: {count}, the bound is {bound}");
        }
    }

    private void Execute(DataEffect effect)
    {
        switch (effect)
        {
            case DataEffect.Send send:
                Understand(send.Bytes);
                break;
            case DataEffect.SendBlocks send:
                FuzzFailureException.Unless(send.Blocks.All(block => block.Length is > 0 and <= DataLimits.MaxRequestLength && block.Piece < Torrent.Info.PieceCount), "it sends blocks that are none");
                break;
            case DataEffect.WriteBlocks write:
                Return(write.Blocks);
                break;
            case DataEffect.StorePiece store:
                bool good = (_settings & 8) == 0;
                Hash256[] right = LeavesOf(store.Piece);
                Return(store.Blocks);
                _inputs.Enqueue(new DataInput.PieceChecked(
                    store.Piece, good, !good ? [.. Enumerable.Repeat(Hash256.Of([(byte)(_links % 3)]), right.Length)] : store.WantBlockHashes ? right : []));
                break;
            case DataEffect.HashBlocks ask:
                _inputs.Enqueue(new DataInput.BlocksHashed(ask.Piece, (_settings & 8) == 0 ? LeavesOf(ask.Piece) : []));
                break;
            case DataEffect.Release release:
                foreach (BlockBuffer block in release.Blocks)
                {
                    Return(block);
                }

                break;
            case DataEffect.CloseLink close:
                foreach (Peer peer in _peers)
                {
                    if (peer.Link == close.Link && !peer.IsClosed)
                    {
                        CloseReader(peer);
                    }
                }

                _inputs.Enqueue(new DataInput.LinkClosed(close.Link, close.Reason));
                break;
            case DataEffect.Connect connect:
                _inputs.Enqueue(new DataInput.ConnectFailed(connect.Address, "nobody is there"));
                break;
            case DataEffect.OpenTorrent open:
                FuzzFailureException.Unless(open.InfoBytes.Span.SequenceEqual(Torrent.Info.Bytes.Span), "it takes metadata that is not the torrent's");
                OpenTorrent();
                break;
        }
    }

    private Hash256[] LeavesOf(int piece) => MerkleTree.Leaves(Parts.Filled(Torrent.Info.ContentSize(piece)));

    private void Return(IReadOnlyList<HeldBlock> blocks)
    {
        foreach (HeldBlock block in blocks)
        {
            Return(block.Data);
        }
    }

    /// <summary>What it sends must be what the protocol knows.</summary>
    private static void Understand(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.Span.StartsWith(Handshake.Prefix))
        {
            bytes = bytes[Handshake.Size..];
        }

        while (!bytes.IsEmpty)
        {
            int length = BinaryPrimitives.ReadInt32BigEndian(bytes.Span);
            FuzzFailureException.Unless(PeerMessageCodec.TryDecode(bytes.Slice(4, length), out _), "it sends a message that is none");
            bytes = bytes[(4 + length)..];
        }
    }

    /// <summary>After the end no buffer is anywhere.</summary>
    private void End()
    {
        _inputs.Enqueue(new DataInput.StopRequested("the end"));
        Settle();
        foreach (Peer peer in _peers)
        {
            if (!peer.IsClosed)
            {
                _inputs.Enqueue(new DataInput.LinkClosed(peer.Link, "the end"));
                CloseReader(peer);
            }
        }

        Settle();
        FuzzFailureException.Unless(_rented >= 0 && _rented <= Torrent.Info.PieceCount * ((Torrent.Info.PieceLength / BlockBuffer.Capacity) + 1), $"{_rented} buffers are out after the end");
    }

    private sealed class Peer(LinkId link, DataFrameReader reader)
    {
        public LinkId Link { get; } = link;

        public DataFrameReader Reader { get; } = reader;

        public bool IsClosed { get; set; }
    }
}
