using System;
using System.Collections.Generic;
using Starling.Core.Crypto;
using Starling.Core.Gossip;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Swarm;
using Starling.Core.Tasks;
using Starling.Core.Wire;

namespace Starling.Core.Engine;

/// <summary>
/// The engine of one process as a step machine (DESIGN section 2): inputs go in with the time, effects come out, nothing else happens.
/// Driven by one thread. The same options, keys, seed and inputs give the same effects, byte for byte.
/// </summary>
public sealed class Node
{
    /// <summary>Attempts to connect that are under way at the same time.</summary>
    public const int MaxPendingConnects = 16;

    /// <summary>Frames of one peer that wait until the task file is known.</summary>
    public const int MaxPendingFrames = 4_096;

    /// <summary>Bytes of such frames.</summary>
    public const int MaxPendingBytes = 4 * 1024 * 1024;

    /// <summary>Batches of each kind that are remembered as they were decoded: those of the last seconds of a large swarm.</summary>
    private const int CachedBatches = 1_024;

    /// <summary>
    /// Peers beyond the places that there are which are let in for as long as it takes to tell them who else is here: else a newcomer who knows
    /// full peers only would never find one that is not.
    /// </summary>
    private const int MaxGuests = 8;

    /// <summary>Links that were refused and whose end the driver has not told yet, at most, as far as one can see.</summary>
    private const int MaxLinksBeingRefused = 256;

    private static readonly TimeSpan TidyEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan HandshakeTimeout = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan KeepAliveEvery = TimeSpan.FromSeconds(100);
    private static readonly TimeSpan SilenceTimeout = TimeSpan.FromSeconds(240);

    private readonly NodeContext _context;
    private readonly BatchCache _batches;
    private readonly LinkTable _links;
    private readonly AddressBook _addresses;
    private readonly LinkHandshake _handshake;
    private readonly MetadataExchange _metadata;
    private readonly PeerExchange _peerExchange;
    private readonly List<PeerAddress> _own = [];
    private TaskSwarm? _swarm;
    private Instant _nextTidy;
    private int _connected;
    private bool _left;

    /// <summary>A node that has not joined yet: it waits for TaskOpened, or fetches the task file from peers first.</summary>
    /// <param name="options">What the owner set.</param>
    /// <param name="identity">My key pair.</param>
    /// <param name="verifier">Checks others' signatures.</param>
    /// <param name="seed">All my random choices follow from it.</param>
    /// <param name="batches">Where decoded batches are kept for a while; null: in a cache of my own. What I do does not depend on it.</param>
    public Node(NodeOptions options, IIdentity identity, ISignatureVerifier verifier, ulong seed, BatchCache? batches = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(identity);
        ArgumentNullException.ThrowIfNull(verifier);
        _batches = batches ?? new BatchCache(CachedBatches);
        _context = new NodeContext(options, identity, verifier, seed);
        _links = new LinkTable(_context);
        _addresses = new AddressBook(_context.Random);
        _handshake = new LinkHandshake(_context, _links, _addresses, PeerId.Create(_context.Random));
        _metadata = new MetadataExchange(_context, _links);
        _peerExchange = new PeerExchange(_context, _links, _addresses);
    }

    /// <summary>When the node wants a Tick if nothing else happens before; <see cref="Instant.Never"/>: not at all.</summary>
    public Instant NextWake
    {
        get
        {
            if (_left)
            {
                return Instant.Never;
            }

            Instant wake = Instant.Min(_nextTidy, _swarm?.NextWake() ?? Instant.Never);
            return HasRoomToConnect ? Instant.Min(wake, _addresses.NextDue()) : wake;
        }
    }

    private bool HasRoomToConnect => _addresses.Pending < MaxPendingConnects && _links.HasRoomToConnect(_addresses.Pending);

    /// <summary>Takes one input and returns what is to be done, in order. The list is reused by the next call.</summary>
    /// <param name="input">What happened.</param>
    /// <param name="now">The time.</param>
    /// <param name="more">
    /// Further inputs wait and follow at once: what follows from all of them together (work to pick, blocks to ask for, notices to send) is
    /// left to the last one.
    /// </param>
    public IReadOnlyList<NodeEffect> Step(NodeInput input, Instant now, bool more = false)
    {
        ArgumentNullException.ThrowIfNull(input);
        _context.Effects.Clear();
        _context.Now = now;
        if (_left)
        {
            return _context.Effects;
        }

        Take(input);
        if (now >= _nextTidy)
        {
            _nextTidy = now + TidyEvery;
            Tidy();
        }

        if (more)
        {
            return NoteLeave();
        }

        Connect();
        if (_links.Established.Count != _connected)
        {
            _connected = _links.Established.Count;
            _context.Report(new NodeEvent.Swarm(_connected));
        }

        _swarm?.Settle();
        _links.CloseUnread();
        return NoteLeave();
    }

    /// <summary>An immutable view of everything that a person may see. Not free: ask a few times a second at most.</summary>
    public NodeSnapshot Snapshot(Instant now)
    {
        _context.Now = now;
        return _swarm?.Snapshot() ?? new NodeSnapshot();
    }

    /// <summary>The result of a piece that is used here, for checkers.</summary>
    internal ResultId? Used(int piece) => _swarm?.Used(piece);

    /// <summary>Whether the piece's result is in the output and held no more.</summary>
    internal bool IsReleased(int piece) => _swarm?.IsReleased(piece) == true;

    /// <summary>What <see cref="NextWake"/> is made of, for checkers.</summary>
    internal string DescribeWakes() =>
        $"tidy {_nextTidy.Seconds:F3}, connect {(HasRoomToConnect ? _addresses.NextDue().Seconds : 0):F3}, {_swarm?.DescribeWakes()}";

    /// <summary>Every table that a remote can make grow, with its size and its bound (invariant 3), for checkers.</summary>
    internal IEnumerable<(string Name, long Count, long Bound)> Tables()
    {
        yield return ("links", _links.Count, _context.Options.MaxLinks + MaxPendingConnects + MaxLinksBeingRefused);
        yield return ("pending connects", _addresses.Pending, MaxPendingConnects);
        yield return ("addresses", _addresses.Count, AddressBook.MaxAddresses);
        foreach (PeerLink link in _links.All)
        {
            yield return ("postponed frames", link.Pending.Count, MaxPendingFrames + 1);
            yield return ("told addresses", link.ToldAddresses.Count, AddressBook.MaxAddresses);
        }

        foreach ((string, long, long) table in _swarm?.Tables() ?? [])
        {
            yield return table;
        }
    }

    private List<NodeEffect> NoteLeave()
    {
        foreach (NodeEffect effect in _context.Effects)
        {
            _left |= effect is NodeEffect.Leave;
        }

        return _context.Effects;
    }

    private void Take(NodeInput input)
    {
        switch (input)
        {
            case NodeInput.FrameReceived frame:
                if (_links.Find(frame.Link) is { } sender)
                {
                    sender.LastReceived = _context.Now;
                    OnFrame(sender, frame.Frame);
                }

                break;
            case NodeInput.LinkOpened opened:
                OnLinkOpened(opened);
                break;
            case NodeInput.LinkClosed closed:
                OnLinkClosed(closed);
                break;
            case NodeInput.LinkDrained drained:
                if (_links.Find(drained.Link) is { } link)
                {
                    link.QueuedBytes = drained.QueuedBytes;
                    _swarm?.OnDrained(link);
                }

                break;
            case NodeInput.ConnectFailed failed:
                _addresses.Ended(failed.Address, _context.Now);
                break;
            case NodeInput.PeersFound found:
                foreach (PeerAddress address in found.Addresses)
                {
                    AddAddress(address, found.Source);
                }

                break;
            case NodeInput.Listening listening:
                OnListening(listening);
                break;
            case NodeInput.TaskOpened opened:
                OnTaskOpened(opened);
                break;
            case NodeInput.InputsArrived arrived:
                _swarm?.OnInputsArrived(arrived.FirstPiece, arrived.Count);
                break;
            case NodeInput.JobExited exited:
                _swarm?.OnJobExited(exited.Job, exited.Outcome);
                break;
            case NodeInput.ResultStored stored:
                _swarm?.OnStored(stored.Piece, stored.Result);
                break;
            case NodeInput.StoreFailed failed:
                _swarm?.OnStoreFailed(failed.Piece, failed.Result, failed.Problem);
                break;
            case NodeInput.LeavesLoaded loaded:
                _swarm?.OnLeavesLoaded(loaded.Piece, loaded.Result, loaded.Leaves);
                break;
            case NodeInput.ContentLoaded loaded:
                _swarm?.OnContentLoaded(loaded.Piece, loaded.Result, loaded.Content);
                break;
            case NodeInput.BatchKept kept:
                _swarm?.OnBatchKept(kept.Problem);
                break;
            case NodeInput.TrialEnded ended:
                _swarm?.OnTrialEnded(ended);
                break;
            case NodeInput.MergeExited exited:
                _swarm?.OnMergeExited(exited.File, exited.Problem);
                break;
            case NodeInput.GrantChanged changed:
                _context.Grant = changed.Grant;
                _swarm?.OnGrantChanged();
                break;
            case NodeInput.StopRequested stop:
                OnStopRequested(stop);
                break;
            case NodeInput.Tick:
                break;
        }
    }

    private void OnListening(NodeInput.Listening listening)
    {
        _own.Clear();
        _own.AddRange(listening.Addresses);
        _handshake.Own = listening.Addresses;
        foreach (PeerAddress address in _own)
        {
            _addresses.MarkSelf(address);
        }
    }

    private void OnTaskOpened(NodeInput.TaskOpened opened)
    {
        if (opened.Task.Id != _context.Options.TaskId || _swarm is not null)
        {
            throw new InvalidOperationException("A node joins the one task that its options name, once.");
        }

        _context.MayCompute = opened.MayCompute;
        _context.EnvironmentClass = opened.EnvironmentClass;
        _handshake.MetadataSize = opened.Task.InfoBytes.Length;
        _handshake.Task = opened.Task.Info;
        foreach (PeerLink link in new List<PeerLink>(_links.Established))
        {
            // It came before the file that says who may.
            if (!opened.Task.Info.Admits(link.Key))
            {
                _handshake.RejectOutsider(link, link.Key);
            }
        }

        _metadata.Serve(opened.Task);
        _swarm = new TaskSwarm(_context, _links, _addresses, opened.Task, opened.Restored);
        if (opened.AwaitsInputs)
        {
            _swarm.AwaitInputs();
        }

        foreach (PeerLink link in new List<PeerLink>(_links.Established))
        {
            _swarm.OnEstablished(link);
            foreach (ReadOnlyMemory<byte> frame in link.Pending)
            {
                OnFrame(link, frame);
            }

            link.Pending.Clear();
            link.PendingBytes = 0;
        }
    }

    private void OnStopRequested(NodeInput.StopRequested stop)
    {
        if (_swarm is not null)
        {
            _swarm.Stop(stop.Reason);
        }
        else
        {
            _context.Emit(new NodeEffect.Leave(LeaveReason.Stopped, new Problem("stopped", stop.Reason)));
        }
    }

    private void OnLinkOpened(NodeInput.LinkOpened opened)
    {
        var link = new PeerLink(
            opened.Link, opened.Remote, opened.Outgoing, opened.LocalCertificate, opened.RemoteCertificate, _context.Now);
        _links.Add(link);
        if (opened.Outgoing)
        {
            _addresses.Connected(opened.Remote, _context.Now);
        }
        else
        {
            int beyond = _links.Count - _links.OutgoingCount - _links.IncomingPlaces;
            if (beyond > MaxGuests || CountFrom(opened.Remote) > _context.Options.MaxLinksPerAddress)
            {
                _links.Close(link, "too many connections");
                return;
            }

            link.IsGuest = beyond > 0;
        }

        _handshake.Open(link);
    }

    private int CountFrom(PeerAddress remote)
    {
        if (System.Net.IPAddress.IsLoopback(remote.ToIPAddress()))
        {
            return 0;
        }

        int count = 0;
        foreach (PeerLink link in _links.All)
        {
            count += link.Remote.HasSameIp(remote) ? 1 : 0;
        }

        return count;
    }

    private void OnLinkClosed(NodeInput.LinkClosed closed)
    {
        if (_links.Find(closed.Link) is not { } link)
        {
            return;
        }

        bool wasProved = link.Key != default;
        if (closed.BrokeRules && link.Stage != LinkStage.Closing)
        {
            Blame(link, closed.Reason);
        }

        _links.Remove(link);
        FreeAddress(link.Outgoing ? link.Remote : null);
        FreeAddress(link.ListenAddress);
        if (wasProved)
        {
            _handshake.OnClosed(link);
            _metadata.OnLinkClosed(link);
            _swarm?.OnLinkClosed(link);
        }
    }

    /// <summary>The connection itself was ended for what the peer did on it.</summary>
    private void Blame(PeerLink link, string reason)
    {
        if (link.IsEstablished)
        {
            _links.Ban(link, "bad-connection", $"broke the connection's rules: {reason}");
        }
        else
        {
            _links.Reject(link, "bad-connection", $"broke the connection's rules: {reason}");
        }
    }

    private void FreeAddress(PeerAddress? address)
    {
        if (address is not { } ended)
        {
            return;
        }

        foreach (PeerLink link in _links.Established)
        {
            if (link.ListenAddress == ended || (link.Outgoing && link.Remote == ended))
            {
                return;
            }
        }

        _addresses.Ended(ended, _context.Now);
    }

    private void AddAddress(PeerAddress address, PeerSource source)
    {
        foreach (PeerAddress own in _own)
        {
            if (own == address)
            {
                return;
            }
        }

        _addresses.Add(address, source, _context.Now);
    }

    private void OnFrame(PeerLink link, ReadOnlyMemory<byte> frame)
    {
        switch (link.Stage)
        {
            case LinkStage.AwaitingHandshake:
                _handshake.OnHandshake(link, frame);
                break;
            case LinkStage.AwaitingIdentity:
                OnFirstMessage(link, frame);
                break;
            case LinkStage.Established:
                OnMessage(link, frame);
                break;
        }
    }

    private void OnFirstMessage(PeerLink link, ReadOnlyMemory<byte> frame)
    {
        if (!PeerMessageCodec.TryDecode(frame, out PeerMessage? message))
        {
            _links.Reject(link, "bad-handshake", "sent a broken message in place of the extended handshake");
            return;
        }

        if (message is PeerMessage.KeepAlive)
        {
            return;
        }

        if (message is not PeerMessage.Extended { Id: ExtendedHandshake.MessageId } extended)
        {
            _links.Reject(link, "bad-handshake", "did not begin with the extended handshake");
            return;
        }

        if (_handshake.OnIdentity(link, extended.Payload))
        {
            if (link.IsGuest)
            {
                TellPeers(link);
                _links.Close(link, "too many connections; others were named");
                return;
            }

            _peerExchange.OnEstablished(link);
            _swarm?.OnEstablished(link);
            _metadata.Fetch();
        }
    }

    /// <summary>Names the peers of the task to one of them; not before the file is here that may say who they are.</summary>
    private void TellPeers(PeerLink link)
    {
        if (_swarm is not null)
        {
            _peerExchange.Tell(link);
        }
    }

    private void OnMessage(PeerLink link, ReadOnlyMemory<byte> frame)
    {
        link.WasHeard = true;
        if (!PeerMessageCodec.TryDecode(frame, out PeerMessage? message))
        {
            _links.Ban(link, "bad-message", "sent a broken message");
            return;
        }

        if (!_links.BearsNotice(link, message))
        {
            return;
        }

        if (message is PeerMessage.Extended extended)
        {
            OnExtended(link, frame, extended);
        }
        else if (message is PeerMessage.Port port)
        {
            _handshake.OnPort(link, port.Number);
        }
        else if (_swarm is not null)
        {
            _swarm.OnMessage(link, message);
        }
        else if (message is not PeerMessage.KeepAlive)
        {
            Postpone(link, frame);
        }
    }

    private void OnExtended(PeerLink link, ReadOnlyMemory<byte> frame, PeerMessage.Extended extended)
    {
        switch (LinkHandshake.ExtensionName(extended.Id))
        {
            case null:
                break;
            case UtMetadata.Name:
                if (_metadata.OnMessage(link, extended.Payload) is { } info)
                {
                    OnMetadata(info);
                }

                break;
            case UtPex.Name:
                _peerExchange.OnMessage(link, extended.Payload);
                break;
            default:
                if (_swarm is null)
                {
                    Postpone(link, frame);
                }
                else if (TaskMessageCodec.TryDecode(LinkHandshake.ExtensionName(extended.Id)!, extended.Payload, out TaskMessage? message, _batches))
                {
                    _swarm.OnMessage(link, message);
                }
                else
                {
                    _links.Ban(link, "bad-message", $"sent a broken {LinkHandshake.ExtensionName(extended.Id)} message");
                }

                break;
        }
    }

    private void OnMetadata(byte[] info)
    {
        if (TaskFileCodec.TryDecodeInfo(info, out TaskFile? task, out Problem? problem))
        {
            _context.Emit(new NodeEffect.OpenTask(task with { Secret = _context.Options.Secret }));
        }
        else
        {
            _context.Emit(new NodeEffect.Leave(LeaveReason.Failed, problem));
        }
    }

    /// <summary>Keeps what is said before the task file is known; a peer that says too much has to say it again later.</summary>
    private void Postpone(PeerLink link, ReadOnlyMemory<byte> frame)
    {
        link.Pending.Add(frame);
        link.PendingBytes += frame.Length;
        if (link.Pending.Count > MaxPendingFrames || link.PendingBytes > MaxPendingBytes)
        {
            _links.Reject(link, "flood", "said too much before the task file was known here");
        }
    }

    private void Tidy()
    {
        _metadata.Tidy();
        if (_swarm is not null)
        {
            _peerExchange.Tidy();
            _swarm.Tidy();
        }

        foreach (PeerLink link in new List<PeerLink>(_links.All))
        {
            if (!link.IsEstablished && _context.Now - link.OpenedAt > HandshakeTimeout)
            {
                _links.Reject(link, "no-handshake", "did not finish its handshake in time");
            }
            else if (_context.Now - link.LastReceived > SilenceTimeout)
            {
                _links.Close(link, "was silent for too long");
            }
            else if (link.IsEstablished && _context.Now - link.LastSent > KeepAliveEvery)
            {
                _links.Send(link, new PeerMessage.KeepAlive());
            }
        }
    }

    private void Connect()
    {
        while (HasRoomToConnect && _addresses.Take(_context.Now) is { } address)
        {
            _context.Emit(new NodeEffect.Connect(address));
        }
    }
}
