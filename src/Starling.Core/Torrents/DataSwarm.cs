using System;
using System.Collections.Generic;
using Starling.Core.Primitives;
using Starling.Core.Swarm;
using Starling.Core.Wire;

namespace Starling.Core.Torrents;

/// <summary>
/// One ordinary torrent's swarm as a step machine: what happens goes in with the time, what is to be done comes out. No sockets, files, clock
/// or threads; the same seed and inputs give the same effects.
/// </summary>
public sealed class DataSwarm
{
    private static readonly TimeSpan TickInterval = TimeSpan.FromSeconds(1);

    private readonly DataContext _context;
    private readonly AddressBook _addresses;
    private readonly DataPeerTable _peers;
    private readonly Greeter _greeter;
    private readonly MetadataFetch _metadata;
    private readonly DataPeerExchange _exchange;
    private readonly HashExchange _hashes;
    private readonly RateLimit _downLimit;
    private readonly RateLimit _upLimit;
    private readonly Uploads _uploads;
    private readonly Choker _choker;
    private PiecePicker? _picker;
    private Downloads? _downloads;
    private IReadOnlyList<PartialPiece> _partial = [];
    private Instant _nextTick;
    private long _downloadedBefore;
    private bool _completeTold;
    private bool _stopped;

    /// <summary>A swarm that waits for its first input.</summary>
    public DataSwarm(DataSwarmOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.V1 is null && options.V2 is null)
        {
            throw new ArgumentException("A swarm needs an info-hash.", nameof(options));
        }

        _context = new DataContext(options);
        _addresses = new AddressBook(_context.Random);
        _peers = new DataPeerTable(_context, _addresses) { Gone = OnGone };
        _greeter = new Greeter(_context, _peers, _addresses);
        _metadata = new MetadataFetch(_context, _peers);
        _exchange = new DataPeerExchange(_context, _peers, _addresses);
        _hashes = new HashExchange(_context, _peers);
        _downLimit = new RateLimit(options.DownRate);
        _upLimit = new RateLimit(options.UpRate);
        _uploads = new Uploads(_context, _peers, _upLimit);
        _choker = new Choker(_context, _peers, _uploads);
    }

    /// <summary>Whether every wanted piece is here.</summary>
    public bool IsComplete => _picker is { IsComplete: true };

    /// <summary>When the next <see cref="DataInput.Tick"/> is wanted, should nothing else happen before.</summary>
    public Instant NextWake
    {
        get
        {
            Instant wake = _peers.Count > 0 || _downloads is { HeldBytes: > 0 } ? _nextTick : Instant.Never;
            if (!_stopped && _peers.Count < _context.Options.MaxOutgoing && _addresses.Pending < _context.Options.MaxHalfOpen)
            {
                wake = Instant.Min(wake, _addresses.NextDue());
            }

            wake = Instant.Min(wake, WakeOf(_downLimit));
            return Instant.Min(wake, WakeOf(_upLimit));
        }
    }

    /// <summary>
    /// Takes one input. <paramref name="more"/>: further ones wait and follow at once, so that what can be settled for all of them together
    /// may wait too. The list is reused by the next call.
    /// </summary>
    public IReadOnlyList<DataEffect> Step(DataInput input, Instant now, bool more = false)
    {
        ArgumentNullException.ThrowIfNull(input);
        _context.Effects.Clear();
        _context.Now = now;
        Take(input);
        if (now >= _nextTick)
        {
            _nextTick = now + TickInterval;
            Tick();
        }

        if (!more)
        {
            Settle();
        }

        return _context.Effects;
    }

    /// <summary>A view of it; <paramref name="withPeers"/>: of each peer too.</summary>
    public DataSnapshot Snapshot(Instant now, bool withPeers = false)
    {
        double down = _downloads?.Web.Down.Rate(now) ?? 0;
        double up = 0;
        long downloaded = _downloadedBefore + (_downloads?.Web.Down.Total ?? 0);
        var views = new List<DataPeerView>();
        foreach (DataPeer peer in _peers.Established)
        {
            down += peer.Down.Rate(now);
            up += peer.Up.Rate(now);
            downloaded += peer.Down.Total;
            if (withPeers)
            {
                views.Add(new DataPeerView(
                    peer.Remote, peer.Said?.Client, peer.Bits?.Count ?? 0, peer.Down.Rate(now), peer.Up.Rate(now), peer.Pipeline.Count));
            }
        }

        return new DataSnapshot
        {
            Pieces = _context.Have.Length,
            Have = _context.Have.Count,
            Wanted = _picker?.Wanted ?? 0,
            WantedHave = _picker?.WantedHave ?? 0,
            Connected = _peers.Established.Count,
            DownloadedBytes = downloaded,
            UploadedBytes = _uploads.SentBytes,
            WastedBytes = _context.WastedBytes,
            DownRate = down,
            UpRate = up,
            Peers = views,
        };
    }

    /// <summary>Every table that a remote can make grow, with its size and its bound (invariant 3), for checkers.</summary>
    internal IEnumerable<(string Name, long Count, long Bound)> Tables()
    {
        yield return ("peers", _peers.Established.Count, _context.Options.MaxPeers);
        yield return ("addresses", _addresses.Count, AddressBook.MaxAddresses);
        yield return ("pending connects", _addresses.Pending, _context.Options.MaxHalfOpen);
        yield return ("held bytes", _downloads?.HeldBytes ?? 0, _context.Options.MaxHeldBytes + BlockBuffer.Capacity);
        foreach (DataPeer peer in _peers.Established)
        {
            yield return ("requests to a peer", peer.Pipeline.Count, DataLimits.MaxRequestsSent);
            yield return ("requests of a peer", peer.Uploads.Count, DataLimits.MaxRequestsQueued);
            yield return ("early haves", peer.EarlyHaves.Count, DataLimits.MaxEarlyHaves);
            yield return ("allowed-fast pieces", peer.AllowedFastHeard.Count, DataLimits.MaxAllowedFastHeard);
            yield return ("suggestions", peer.Suggested.Count, DataLimits.MaxSuggestions);
            yield return ("told addresses", peer.ToldAddresses.Count, AddressBook.MaxAddresses);
            yield return ("offences", peer.Offences, DataLimits.MaxOffences);
        }
    }

    private void Take(DataInput input)
    {
        switch (input)
        {
            case DataInput.FramesReceived frames: TakeFrames(frames); break;
            case DataInput.LinkDrained drained when _peers.Find(drained.Link) is { } peer: Drained(peer, drained.SentBytes); break;
            case DataInput.LinkDrained: break;
            case DataInput.PieceChecked verdict: TakeVerdict(verdict); break;
            case DataInput.WebSeedsReady ready: LimitWeb(ready.Fetches); break;
            case DataInput.WebPieceFetched fetched: _downloads!.Web.Take(fetched.Piece, fetched.Blocks, isWanted: !_stopped); break;
            case DataInput.WebFetchFailed failed: _downloads!.Web.Failed(failed.Piece); break;
            case DataInput.Tick: TouchAll(); break;
            case DataInput.LinkOpened opened: OpenLink(opened); break;
            case DataInput.HandshakeReceived came when _peers.Find(came.Link) is { IsEstablished: false } peer: Shake(peer, came.Handshake); break;
            case DataInput.HandshakeReceived: break;
            case DataInput.ConnectFailed failed: _addresses.Ended(failed.Address, _context.Now); break;
            case DataInput.LinkClosed closed: _peers.Closed(closed.Link); break;
            case DataInput.PeersFound found: Add(found); break;
            case DataInput.Opened opened: Open(opened); break;
            case DataInput.PrioritiesChanged changed: Prioritise(changed); break;
            case DataInput.RatesChanged rates: ChangeRates(rates); break;
            case DataInput.BlocksHashed hashed: _hashes.Server.Hashed(hashed.Piece, hashed.Hashes); break;
            case DataInput.StorageFailed failed: Fail(failed.Problem); break;
            case DataInput.StopRequested stop: Stop(stop.Reason); break;
            default: throw new NotSupportedException($"No rule for {input.GetType().Name}.");
        }
    }

    private void TakeFrames(DataInput.FramesReceived received)
    {
        DataPeer? peer = _peers.Find(received.Link);
        IReadOnlyList<DataFrame> frames = received.Frames;
        for (int i = 0; i < frames.Count; i++)
        {
            DataFrame frame = frames[i];
            bool taken = peer is { IsClosing: false, IsEstablished: true };
            if (frame.Kind == DataFrameKind.Block)
            {
                TakeBlock(taken ? peer : null, frame);
            }
            else if (taken)
            {
                TakeFrame(peer!, frame);
            }
        }

        if (peer is not null)
        {
            peer.LastReceivedAt = _context.Now;
            _context.Touch(peer);
        }
    }

    private void TakeBlock(DataPeer? peer, DataFrame frame)
    {
        if (peer is null || _downloads is null)
        {
            _context.Waste(frame.Block);
            if (peer is not null && ++peer.Unasked > DataLimits.MaxUnaskedBlocks)
            {
                _peers.Refuse(peer, "unasked-block", "sends blocks that nobody asked for");
            }

            return;
        }

        _downloads.Take(peer, frame.Range, frame.Block);
    }

    private void TakeFrame(DataPeer peer, DataFrame frame)
    {
        switch (frame.Kind)
        {
            case DataFrameKind.Request: _uploads.Take(peer, frame.Range); break;
            case DataFrameKind.Have: TakeHave(peer, frame.Range.Piece); break;
            default: TakeMessage(peer, frame.Message); break;
        }
    }

    private void TakeMessage(DataPeer peer, PeerMessage message)
    {
        if (message is PeerMessage.HaveAll or PeerMessage.HaveNone or PeerMessage.SuggestPiece or PeerMessage.RejectRequest or PeerMessage.AllowedFast
            && !peer.Fast)
        {
            _peers.Refuse(peer, "bad-message", "uses the fast extension, which it did not offer");
            return;
        }

        switch (message)
        {
            case PeerMessage.Choke: Choked(peer); break;
            case PeerMessage.Unchoke: peer.PeerChoking = false; peer.NothingToPickAt = -1; break;
            case PeerMessage.Interested: Interested(peer, true); break;
            case PeerMessage.NotInterested: Interested(peer, false); break;
            case PeerMessage.Bitfield or PeerMessage.HaveAll or PeerMessage.HaveNone: TakePieces(peer, message); break;
            case PeerMessage.Cancel cancel: _uploads.Cancel(peer, new BlockRange(cancel.Piece, cancel.Begin, cancel.Length)); break;
            case PeerMessage.RejectRequest reject: Rejected(peer, new BlockRange(reject.Piece, reject.Begin, reject.Length)); break;
            case PeerMessage.AllowedFast allowed: Hint(peer, peer.AllowedFastHeard, allowed.Piece, DataLimits.MaxAllowedFastHeard); break;
            case PeerMessage.SuggestPiece suggest: Hint(peer, peer.Suggested, suggest.Piece, DataLimits.MaxSuggestions); break;
            case PeerMessage.Extended extended: TakeExtended(peer, extended); break;
            case PeerMessage.Port port: _greeter.TakePort(peer, port.Number); break;
            case PeerMessage.HashRequest request: _hashes.Answer(peer, request.Range); break;
            case PeerMessage.HashReject reject: _hashes.Rejected(peer, reject.Range); break;
            case PeerMessage.Hashes hashes when _hashes.Take(peer, hashes): Resume(); TouchAll(); break;
            default: break;
        }
    }

    private void TakeExtended(DataPeer peer, PeerMessage.Extended message)
    {
        switch (message.Id)
        {
            case ExtendedHandshake.MessageId:
                if (ExtendedHandshake.TryDecode(message.Payload, out ExtendedHandshake? said))
                {
                    _greeter.TakeExtended(peer, said);
                    _metadata.Fetch();
                }
                else
                {
                    _peers.Offend(peer, "bad-message", "sends a broken extended handshake");
                }

                break;
            case Greeter.MetadataId:
                if (_metadata.Take(peer, message.Payload) is { } info)
                {
                    _context.Effects.Add(new DataEffect.OpenTorrent(info));
                }

                break;
            case Greeter.PeerExchangeId: _exchange.Take(peer, message.Payload); break;
            case Greeter.UploadOnlyId: peer.UploadOnly = message.Payload.Length == 1 && message.Payload.Span[0] != 0; break;
            default: break;
        }
    }

    private void OpenLink(DataInput.LinkOpened opened)
    {
        if (opened.Outgoing)
        {
            _addresses.Connected(opened.Remote, _context.Now);
        }

        if (_peers.Open(opened.Link, opened.Remote, opened.Outgoing) is not { } peer)
        {
            return;
        }

        if (_stopped)
        {
            _peers.Close(peer, "stopping");
        }
        else if (opened.Received is { } handshake)
        {
            Shake(peer, handshake);
        }
        else
        {
            _greeter.Greet(peer);
        }
    }

    private void Shake(DataPeer peer, Handshake handshake)
    {
        if (_greeter.Take(peer, handshake))
        {
            if (_context.Torrent is { } torrent)
            {
                peer.Bits = new PieceBits(torrent.Layout.PieceCount);
            }

            _greeter.Introduce(peer);
            _hashes.Fetch();
            _exchange.OnEstablished(peer);
        }
    }

    private void Open(DataInput.Opened opened)
    {
        _context.Torrent = opened.Torrent;
        _context.Have = opened.Have;
        _picker = new PiecePicker(opened.Have, _context.Options.Sequential, _context.Random);
        foreach (int skipped in opened.Skipped)
        {
            _picker.SetPriority(skipped, PiecePriority.Skip, started: false);
        }

        _downloads = new Downloads(_context, _peers, _picker, opened.Torrent.Layout, _downLimit, _hashes.Blocks);
        _partial = opened.Partial;
        Resume();

        // What they said early may show that a link is of no use: it ends.
        foreach (DataPeer peer in new List<DataPeer>(_peers.Established))
        {
            peer.Bits = new PieceBits(opened.Torrent.Layout.PieceCount);
            for (int piece = 0; piece < opened.Have.Length; piece++)
            {
                if (opened.Have[piece])
                {
                    peer.Out.AddHave(piece);
                }
            }

            if (peer.EarlyPieces is { } said)
            {
                peer.SaidPieces = false;
                TakePieces(peer, said);
            }

            // What it said may be what no peer of this torrent says; then it is gone.
            for (int i = 0; i < peer.EarlyHaves.Count && !peer.IsClosing; i++)
            {
                TakeHave(peer, peer.EarlyHaves[i]);
            }

            _context.Touch(peer);
        }

        _hashes.Fetch();
        TellComplete();
    }

    /// <summary>Goes on with pieces that an earlier process began, as soon as they can be checked.</summary>
    private void Resume()
    {
        if (_hashes.CanCheck && _partial.Count > 0)
        {
            _downloads!.Resume(_partial);
            _partial = [];
        }
    }

    private void TakePieces(DataPeer peer, PeerMessage message)
    {
        if (peer.SaidPieces)
        {
            _peers.Offend(peer, "bad-message", "says its pieces again and again");
            return;
        }

        peer.SaidPieces = true;
        if (peer.Bits is null)
        {
            peer.EarlyPieces = message;
            return;
        }

        PieceBits bits = new(peer.Bits.Length);
        if (message is PeerMessage.Bitfield bitfield && !PieceBits.TryRead(bitfield.Bits.Span, bits.Length, out bits!))
        {
            _peers.Refuse(peer, "bad-message", $"sends a bitfield that does not fit {peer.Bits.Length} pieces");
            return;
        }

        if (message is PeerMessage.HaveAll)
        {
            bits.Fill();
        }

        _picker!.RemovePeer(peer.Bits);
        peer.Bits = bits;
        _picker.AddPeer(bits);
        CountUseful(peer);
        AllowFast(peer);
        LeaveUseless(peer);
    }

    private void TakeHave(DataPeer peer, int piece)
    {
        if (peer.Bits is null)
        {
            if (peer.EarlyHaves.Count < DataLimits.MaxEarlyHaves)
            {
                peer.EarlyHaves.Add(piece);
            }

            return;
        }

        if (piece >= peer.Bits.Length)
        {
            _peers.Offend(peer, "bad-message", $"has piece {piece} of {peer.Bits.Length}");
        }
        else if (peer.Bits.Add(piece))
        {
            _picker!.AddPiece(peer.Bits, piece);
            peer.Useful += _picker.IsMissing(piece) ? 1 : 0;
            peer.NothingToPickAt = -1;
            LeaveUseless(peer);
        }
    }

    /// <summary>Two seeds have nothing to say to each other (BEP 21).</summary>
    private void LeaveUseless(DataPeer peer)
    {
        if (_context.Have.IsFull && peer.Bits is { IsFull: true })
        {
            _peers.Close(peer, "both have everything");
        }
    }

    private void AllowFast(DataPeer peer)
    {
        if (peer.Fast && peer.Bits!.Count < DataLimits.AllowedFastPieces && _context.Have.Count > 0)
        {
            peer.AllowedFast = AllowedFast.SetOf(peer.Remote, _context.InfoHash, peer.Bits.Length, DataLimits.AllowedFastPieces);
            foreach (int piece in peer.AllowedFast)
            {
                _context.Send(peer, new PeerMessage.AllowedFast(piece));
            }
        }
    }

    private void Hint(DataPeer peer, List<int> hints, int piece, int bound)
    {
        if (peer.Bits is { } bits && piece >= bits.Length)
        {
            _peers.Offend(peer, "bad-message", $"names piece {piece} of {bits.Length}");
        }
        else if (peer.Bits is not null && hints.Count < bound && !hints.Contains(piece))
        {
            hints.Add(piece);
        }
    }

    private void Choked(DataPeer peer)
    {
        peer.PeerChoking = true;
        if (!peer.Fast)
        {
            // Without BEP 6 a choke takes all requests back; what was under way may come all the same.
            _downloads?.GiveUp(peer, mayStillCome: true);
        }
    }

    private void Rejected(DataPeer peer, BlockRange range)
    {
        if (_downloads is not { } downloads || downloads.Rejected(peer, range))
        {
            return;
        }

        if (peer.MayStillCome > 0)
        {
            peer.MayStillCome--;
        }
        else
        {
            _peers.Offend(peer, "bad-message", "rejects what nobody asked for");
        }
    }

    private void Interested(DataPeer peer, bool interested)
    {
        peer.PeerInterested = interested;
        if (interested && _context.Torrent is not null)
        {
            _choker.OnInterested(peer);
        }
    }

    private void Drained(DataPeer peer, int bytes)
    {
        peer.QueuedBytes = Math.Max(0, peer.QueuedBytes - bytes);
        peer.Up.Add(bytes, _context.Now);
        _context.Touch(peer);
    }

    private void TakeVerdict(DataInput.PieceChecked verdict)
    {
        if (_downloads is null || !_downloads.Checked(verdict))
        {
            return;
        }

        foreach (DataPeer peer in _peers.Established)
        {
            if (peer.Bits is { } bits && bits[verdict.Piece])
            {
                peer.Useful -= _picker!.PriorityOf(verdict.Piece) == PiecePriority.Skip ? 0 : 1;
            }
            else
            {
                peer.Out.AddHave(verdict.Piece);
            }

            _context.Touch(peer);
        }

        _context.Report(new DataEvent.PieceReady(verdict.Piece));
        TellComplete();
    }

    private void TellComplete()
    {
        if (!IsComplete || _completeTold)
        {
            _completeTold &= IsComplete;
            return;
        }

        _completeTold = true;
        _context.Report(new DataEvent.Complete());
        foreach (DataPeer peer in new List<DataPeer>(_peers.Established))
        {
            LeaveUseless(peer);
            if (!peer.IsClosing && _context.Have.IsFull)
            {
                _context.SendExtended(peer, Greeter.UploadOnlyName, [1]);
            }
        }
    }

    private void Prioritise(DataInput.PrioritiesChanged changed)
    {
        if (_picker is null)
        {
            return;
        }

        foreach ((int piece, PiecePriority priority) in changed.Changes)
        {
            if (piece < 0 || piece >= _context.Have.Length)
            {
                continue;
            }

            if (priority == PiecePriority.Skip)
            {
                _downloads!.Unwanted(piece);
            }

            _picker.SetPriority(piece, priority, _downloads!.IsStarted(piece));
        }

        foreach (DataPeer peer in _peers.Established)
        {
            CountUseful(peer);
        }

        TellComplete();
    }

    private void CountUseful(DataPeer peer)
    {
        peer.Useful = 0;
        peer.NothingToPickAt = -1;
        for (int piece = 0; peer.Bits is { } bits && piece < bits.Length; piece++)
        {
            peer.Useful += bits[piece] && _picker!.IsMissing(piece) ? 1 : 0;
        }

        _context.Touch(peer);
    }

    private void ChangeRates(DataInput.RatesChanged rates)
    {
        _downLimit.Set(rates.Down);
        _upLimit.Set(rates.Up);
        TouchAll();
    }

    private void Add(DataInput.PeersFound found)
    {
        foreach (PeerAddress address in found.Addresses)
        {
            if (!_peers.IsBanned(address))
            {
                _addresses.Add(address, found.Source, _context.Now);
            }
        }
    }

    private void Fail(Problem problem)
    {
        _downloads?.Fail();
        _context.Report(new DataEvent.Failed(problem));
    }

    private void Stop(string reason)
    {
        _stopped = true;
        _downloads?.Keep(_context.Now);
        foreach (DataPeer peer in new List<DataPeer>(_peers.All))
        {
            _peers.Close(peer, reason);
        }
    }

    private void OnGone(DataPeer peer)
    {
        _downloadedBefore += peer.Down.Total;
        _downloads?.GiveUp(peer, mayStillCome: false);
        _downloads?.Forget(peer);
        _choker.Forget(peer);
        _metadata.Forget(peer);
        _hashes.Forget(peer);
        peer.Uploads.Clear();
        if (peer.Bits is { } bits)
        {
            _picker?.RemovePeer(bits);
        }
    }

    private void Tick()
    {
        foreach (DataPeer peer in new List<DataPeer>(_peers.All))
        {
            CheckDeadlines(peer);
        }

        _downloads?.Keep(_context.Now - _context.Options.KeepAfter);
        _exchange.Tick();
        _metadata.Fetch();
        _hashes.Fetch();
        if (_context.Torrent is not null)
        {
            _choker.Rechoke(IsComplete);
        }

        TouchAll();
    }

    private void CheckDeadlines(DataPeer peer)
    {
        Instant now = _context.Now;
        if (!peer.IsEstablished && now - peer.OpenedAt > DataLimits.HandshakeTimeout)
        {
            _peers.Close(peer, "no handshake in time");
        }
        else if (now - peer.LastReceivedAt > DataLimits.Idle)
        {
            _peers.Close(peer, "it sent nothing for three minutes");
        }
        else if (peer.IsEstablished && now - peer.LastSentAt > DataLimits.KeepAlive)
        {
            _context.Send(peer, new PeerMessage.KeepAlive());
        }

        if (!peer.IsClosing && peer.Pipeline.Count > 0 && !peer.IsSnubbing && now - peer.LastBlockAt > DataLimits.Snub)
        {
            peer.IsSnubbing = true;
            peer.Pipeline.Collapse();
            _downloads!.GiveUp(peer, mayStillCome: true);
        }
    }

    private void TouchAll()
    {
        foreach (DataPeer peer in _peers.Established)
        {
            _context.Touch(peer);
        }
    }

    private void Settle()
    {
        while (_context.TryTakeDirty(out DataPeer peer))
        {
            if (!peer.IsEstablished || peer.IsClosing)
            {
                continue;
            }

            bool interested = peer.Useful > 0;
            if (interested != peer.AmInterested)
            {
                peer.AmInterested = interested;
                _context.Send(peer, interested ? new PeerMessage.Interested() : new PeerMessage.NotInterested());
            }

            if (_hashes.CanCheck)
            {
                _downloads?.Ask(peer);
            }

            _uploads.Serve(peer);
            _context.Flush(peer);
        }

        if (_hashes.CanCheck && !_stopped)
        {
            _downloads?.AskWeb();
        }

        Connect();
        _context.FlushReleased();
    }

    private void Connect()
    {
        while (!_stopped && _peers.Count + _addresses.Pending < _context.Options.MaxOutgoing
            && _addresses.Pending < _context.Options.MaxHalfOpen
            && _addresses.Take(_context.Now) is { } address)
        {
            if (_peers.IsBanned(address))
            {
                _addresses.Ended(address, _context.Now);
            }
            else
            {
                _context.Effects.Add(new DataEffect.Connect(address));
            }
        }
    }

    private void LimitWeb(int fetches)
    {
        if (_downloads is not null)
        {
            _downloads.Web.Limit = fetches;
        }
    }

    private Instant WakeOf(RateLimit limit) =>
        (_peers.Count == 0 && _downloads is not { Web.Limit: > 0 }) || limit.IsOpen(_context.Now) ? Instant.Never : limit.OpensAt(_context.Now);
}
