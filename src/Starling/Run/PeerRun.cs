using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Threading.Tasks;
using Starling.Core.Crypto;
using Starling.Core.Engine;
using Starling.Core.Metainfo;
using Starling.Core.Owner;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Events;
using Starling.LocalPeers;
using Starling.Runtime.Engine;
using Starling.Runtime.Tasks;
using Starling.Runtime.Torrents;

namespace Starling.Run;

/// <summary>One session of this process as events and an exit code; the same for a lone process and for a child of a supervisor.</summary>
internal sealed class PeerRun : ISessionObserver, IAsyncDisposable
{
    private static readonly TimeSpan MemoryTidyDelay = TimeSpan.FromSeconds(3);

    private readonly PeerPlan _plan;
    private readonly TaskFile? _task;
    private readonly MagnetLink? _magnet;
    private readonly IIdentity _identity;
    private readonly Action<RunEvent> _emit;
    private readonly RunClock _clock;
    private TaskSession? _session;
    private volatile bool _complete;
    private (int Slots, bool IsHalted, string? Code) _granted;

    public PeerRun(PeerPlan plan, TaskFile? task, MagnetLink? magnet, IIdentity identity, Action<RunEvent> emit, RunClock clock)
    {
        _plan = plan;
        _task = task;
        _magnet = magnet;
        _identity = identity;
        _granted = (plan.Slots, false, null);
        _emit = emit;
        _clock = clock;
    }

    /// <summary>Whether everything is there: what an impatient stop still means.</summary>
    public int ExitCodeWhenStopped => _complete ? ExitCode.Done : ExitCode.Stopped;

    public Func<NodeSnapshot> Snapshots => () => _session?.Snapshot() ?? new NodeSnapshot();

    public IReadOnlyList<string> Outputs => _session?.Outputs ?? [];

    /// <summary>Opens folder and port. False: it told why, and this is the exit code.</summary>
    public bool TryPrepare(out int exitCode)
    {
        var inputs = new Dictionary<string, FoundInput>();
        foreach ((string name, PlannedInput input) in _plan.Inputs)
        {
            if (!TorrentFileReading.TryRead(input.Torrent, out TorrentFile? torrent, out Problem? problem))
            {
                exitCode = Tell(new SessionOutcome(SessionEnd.Failed, new Problem("inputs", problem.Reason, "Start again")));
                return false;
            }

            inputs.Add(name, new FoundInput(input.Path, torrent));
        }

        var options = new TaskSessionOptions
        {
            Task = _task,
            Magnet = _magnet,
            Folder = _plan.Dir,
            Identity = _identity,
            Authors = Keys(_plan.Authors),
            Slots = _plan.Slots,
            Listen = _plan.Listen is null ? null : IPEndPoint.Parse(_plan.Listen),
            Peers = _plan.Peers,
            DiscoverLocally = _plan.DiscoverLocally,
            UseUtp = _plan.UseUtp,
            UseDht = _plan.UseDht,
            DhtRouters = _plan.DhtRouters,
            HomeFolder = _plan.HomeFolder,
            OwnerFolder = OwnerKeys.Folder,
            Owner = OwnerKeys.Identity(),
            AskTrackers = _plan.AskTrackers,
            MapPort = _plan.MapPort,
            Publish = _plan.Publish,
            Inputs = inputs,
            Keep = KeepRule.TryParse(_plan.Keep, out KeepRule keep) ? keep : throw new InvalidOperationException($"'{_plan.Keep}' is no rule of what to keep."),
            Trust = _plan.Trust,
            AllowNetwork = _plan.Network,
            ContainerEngine = _plan.ContainerEngine,
            Rules = OwnerKeys.Place,
            ExitWhenDone = _plan.Exit,
        };
        if (!TaskSession.TryPrepare(options, this, out _session, out SessionOutcome? outcome))
        {
            exitCode = Tell(outcome);
            return false;
        }

        exitCode = ExitCode.Done;
        return true;
    }

    /// <summary>Who this is and how its siblings reach it.</summary>
    public PeerReady Describe()
    {
        IPEndPoint listening = _session!.ListenEndPoint;
        bool everywhere = listening.Address.Equals(IPAddress.Any) || listening.Address.Equals(IPAddress.IPv6Any);
        return new PeerReady
        {
            Identity = _session.Identity.ToString(),
            Address = PeerAddress.From(everywhere ? IPAddress.Loopback : listening.Address, listening.Port).ToString(),
            Reachable = [.. _session.Reachable.Select(address => address.ToString())],
        };
    }

    /// <summary>The link that brings others to this peer.</summary>
    public MagnetLink Link()
    {
        IEnumerable<PeerAddress> known = _session!.External is { } external ? [external, .. _session.Reachable] : _session.Reachable;
        string[] addresses = [.. known.Select(address => address.ToString())];
        return _task is not null ? MagnetLink.Of(_task, addresses) : _magnet! with { Peers = addresses };
    }

    /// <summary>Begins, and runs to the end; the exit code.</summary>
    public async Task<int> Run(PeerStart start)
    {
        _emit(Stamp(new RunEvent
        {
            Event = EventName.Started,
            Task = (_task?.Id ?? _magnet!.TaskId).ToString(),
            Identity = _session!.Identity.ToString(),
            Listen = PeerAddress.From(_session.ListenEndPoint.Address, _session.ListenEndPoint.Port).ToString(),
            Dir = _plan.Dir,
            Slots = _plan.Slots,
            Resumed = _session.Resumed,
            Magnet = Link().ToUri(),
        }));
        _session.Begin(Keys(start.Siblings), Addresses(start.Addresses));
        SessionOutcome outcome = await _session.Ended.ConfigureAwait(false);
        if (outcome.End != SessionEnd.Crashed)
        {
            await _session.DisposeAsync().ConfigureAwait(false);
        }

        return Tell(outcome);
    }

    public void RequestStop(string reason) => _session?.RequestStop(reason);

    public async ValueTask DisposeAsync()
    {
        if (_session is not null)
        {
            await _session.DisposeAsync().ConfigureAwait(false);
        }
    }

    void ISessionObserver.Report(NodeEvent nodeEvent)
    {
        if (nodeEvent is NodeEvent.Complete)
        {
            _complete = true;
            _ = TidyMemory();
        }

        _emit(Stamp(NodeEventTranslation.Translate(nodeEvent, _task?.Id ?? _magnet!.TaskId, Outputs)));
    }

    /// <summary>Told when something that a person acts on changes: not each second that is left.</summary>
    void ISessionObserver.Granted(Grant grant)
    {
        int slots = Math.Min(grant.Slots, _plan.Slots);
        Problem? first = grant.Restrictions.Count > 0 ? grant.Restrictions[0] : null;
        (int, bool, string?) told = (slots, grant.IsHalted, first?.Code);
        if (told == _granted)
        {
            return;
        }

        _granted = told;
        _emit(Stamp(new RunEvent { Event = EventName.Owner, Slots = slots, Code = first?.Code, Reason = first?.Reason, Hint = first?.Hint }));
    }

    void ISessionObserver.Opened(TaskFile task, int resumed) => _emit(Stamp(new RunEvent
    {
        Event = EventName.Opened,
        Task = task.Id.ToString(),
        Name = task.Info.Name,
        Pieces = task.Info.PieceCount,
        Resumed = resumed,
    }));

    void ISessionObserver.Published(string torrent, string magnet) =>
        _emit(Stamp(new RunEvent { Event = EventName.Published, File = torrent, Magnet = magnet }));

    void ISessionObserver.Mapped(PeerAddress? external, string protocol) => _emit(Stamp(new RunEvent
    {
        Event = EventName.Mapped,
        Listen = external?.ToString(),
        Source = protocol,
        Magnet = Link().ToUri(),
    }));

    /// <summary>
    /// A peer that only shares may do so for days: once the last transfers are over, what computing and downloading left behind goes back to
    /// the system.
    /// </summary>
    private static async Task TidyMemory()
    {
        await Task.Delay(MemoryTidyDelay).ConfigureAwait(false);
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
    }

    private RunEvent Stamp(RunEvent runEvent)
    {
        double elapsed = _clock.Elapsed;
        return runEvent with { At = RunClock.Round(elapsed), Time = RunClock.Round(_clock.StartedAt + elapsed) };
    }

    private int Tell(SessionOutcome outcome)
    {
        switch (outcome.End)
        {
            case SessionEnd.Done:
                _emit(Stamp(new RunEvent { Event = EventName.Stopped, Reason = "done" }));
                return ExitCode.Done;
            case SessionEnd.Stopped:
                _emit(Stamp(new RunEvent { Event = EventName.Stopped, Reason = outcome.Problem?.Reason ?? (_complete ? "asked to" : "asked to, before it was complete") }));
                return ExitCodeWhenStopped;
            case SessionEnd.Refused:
                _emit(Stamp(NodeEventTranslation.OfProblem(EventName.Refused, outcome.Problem!)));
                return ExitCode.Refused;
            case SessionEnd.Crashed:
                _emit(Stamp(NodeEventTranslation.OfProblem(EventName.Error, outcome.Problem!)));
                Console.Error.WriteLine(outcome.Bug);
                return ExitCode.Bug;
            default:
                _emit(Stamp(NodeEventTranslation.OfProblem(EventName.Error, outcome.Problem ?? new Problem("failed", "the task could not be completed"))));
                return ExitCode.Failed;
        }
    }

    private static List<PublicKey> Keys(IReadOnlyList<string> texts)
    {
        var keys = new List<PublicKey>();
        foreach (string text in texts)
        {
            if (PublicKey.TryParse(text, out PublicKey key))
            {
                keys.Add(key);
            }
        }

        return keys;
    }

    private static List<PeerAddress> Addresses(IReadOnlyList<string> texts)
    {
        var addresses = new List<PeerAddress>();
        foreach (string text in texts)
        {
            if (PeerAddress.TryParse(text, out PeerAddress address))
            {
                addresses.Add(address);
            }
        }

        return addresses;
    }
}
