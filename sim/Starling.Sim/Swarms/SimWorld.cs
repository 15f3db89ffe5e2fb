using System;
using System.Collections.Generic;
using System.Text;
using Starling.Core.Engine;
using Starling.Core.Gossip;
using Starling.Core.Owner;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Sim.Adversaries;

namespace Starling.Sim.Swarms;

/// <summary>A whole swarm of real nodes on a virtual clock: safety first, with faults; then liveness, without.</summary>
internal sealed class SimWorld
{
    /// <summary>After everybody is complete: time for late news, so that all agree on the results that they use.</summary>
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(30);

    private readonly DeterministicRandom _random;
    private readonly List<SimHost> _hosts = [];
    private readonly Fingerprint _fingerprint = new();
    private readonly byte[][] _contents;
    private readonly ResultId[] _expected;
    private readonly int[] _runs;
    private long _lastLog = 1_000;

    public SimWorld(SimOptions options)
    {
        Options = options;
        _random = new DeterministicRandom(options.Seed);
        Network = new SimNetwork(Events, options, new DeterministicRandom(_random.NextUInt64()));
        Checks = new SimChecks(this);
        News = new NewsDelay(Events, options.Pieces);
        Task = MakeTask(options);
        _contents = new byte[options.Pieces][];
        _expected = new ResultId[options.Pieces];
        _runs = new int[options.Pieces];
        MakeContents();
        for (int i = 0; i < options.Peers; i++)
        {
            var traits = new SimHostTraits(
                _random.NextDouble() < options.SlowShare ? 1 / options.SlowFactor : 1,
                IsBroken: i > 0 && _random.NextDouble() < options.BrokenShare,
                FromMagnet: i > 0 && _random.NextDouble() < options.MagnetShare);
            Add(new SimHost(this, i, traits, _random.NextUInt64()));
        }

        AddAdversaries();
    }

    public SimOptions Options { get; }

    public EventQueue Events { get; } = new();

    public SimNetwork Network { get; }

    private readonly HashSet<(int Piece, ResultId Result)> _variants = [];

    public SimChecks Checks { get; }

    public NewsDelay News { get; }

    /// <summary>What any host decoded is decoded for all: a thousand of them keep one copy of each batch.</summary>
    public BatchCache Batches { get; } = new(1 << 16);

    public TaskFile Task { get; }

    public IReadOnlyList<SimHost> Hosts => _hosts;

    public bool HasAdversaries => Options.Adversaries.Count > 0;

    /// <summary>Whether somebody here gives wrong results, which others may come to believe.</summary>
    public bool HasLiars { get; private set; }

    /// <summary>Adversaries that do this among other things.</summary>
    public int CountOf<T>()
        where T : Behaviour
    {
        int count = 0;
        foreach (SimHost host in _hosts)
        {
            count += host is AdversaryHost adversary && adversary.Does<T>() ? 1 : 0;
        }

        return count;
    }

    public string Fingerprint => _fingerprint.ToString();

    /// <summary>Every folder's log has a number of its own.</summary>
    public long NextLog() => ++_lastLog;

    /// <summary>What every honest run of a piece gives.</summary>
    public ResultId ExpectedOf(int piece) => _expected[piece];

    /// <summary>What a host signed before the start: the author names the other arbiters, each of whom may hand it on.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> DelegationsBy(int host)
    {
        const long never = DelegationNotice.MaxExpiry;
        var author = new SimIdentity(0, Options.Seed);
        for (int i = 1; host == 0 && i < Options.Arbiters; i++)
        {
            yield return DelegationNotice.Sign(author, Task.Id, new SimIdentity(i, Options.Seed).PublicKey, serial: i, never, depth: 1).Raw;
        }
    }

    /// <summary>Seconds of the runs that were needed: the first ones of each piece that ended well.</summary>
    public double NeededSeconds { get; private set; }

    /// <summary>An honest run of a piece ended well after so many seconds.</summary>
    public void CountRun(int piece, double seconds) => NeededSeconds += _runs[piece]++ < Math.Max(1, Options.Replicas) ? seconds : 0;

    /// <summary>An honest run of a piece on this host ends: its output.</summary>
    public byte[] Run(int piece, int host, out ResultId result)
    {
        int variant = host % Options.Variants;
        if (variant == 0)
        {
            result = _expected[piece];
            return _contents[piece];
        }

        byte[] content = [.. _contents[piece], (byte)variant];
        result = MerkleTree.ResultOf(content);
        _variants.Add((piece, result));
        return content;
    }

    /// <summary>The one copy of a right content, so that a thousand hosts share it; any other comes back as it is.</summary>
    public byte[] Intern(int piece, byte[] content) => content.AsSpan().SequenceEqual(_contents[piece]) ? _contents[piece] : content;

    /// <summary>The one copy of what every honest run of a piece writes.</summary>
    public byte[] RightContent(int piece) => _contents[piece];

    /// <summary>Whether this is the very copy whose root is known.</summary>
    public bool IsKnownRight(int piece, byte[] content) => ReferenceEquals(content, _contents[piece]);

    /// <summary>Whether an honest run gave this result.</summary>
    public bool IsRight(int piece, ResultId result) => result == _expected[piece];

    /// <summary>Whether an honest run gave this result or another that means the same.</summary>
    public bool IsMeant(int piece, ResultId result) => IsRight(piece, result) || _variants.Contains((piece, result));

    /// <summary>Runs until everybody honest is complete, or throws when an invariant or the liveness is broken.</summary>
    /// <exception cref="SimFailureException">Something is wrong with the engine (or with this simulator).</exception>
    public SimReport Run()
    {
        foreach (SimHost host in _hosts)
        {
            Instant start = Instant.FromSeconds(_random.NextDouble() * Options.StartSpread);
            Events.At(start, () => host.Start(KnownTo(host)));
        }

        if (Options.OrphanedAt > 0)
        {
            PlanOrphaning();
        }

        if (Options.HasFaults)
        {
            PlanFaults();
            Instant calm = new Instant(0) + TimeSpan.FromSeconds(Options.FaultSeconds);
            while (Events.RunNext(calm))
            {
            }
        }

        Calm();
        Instant end = Events.Now + TimeSpan.FromSeconds(Options.LivenessSeconds);
        for (long steps = 0; !AllDone(steps) && Events.RunNext(end); steps++)
        {
        }

        if (!AllDone(0))
        {
            throw new SimFailureException($"not complete {Options.LivenessSeconds} s after the faults: {Describe()}");
        }

        var report = SimReport.Of(this);
        if (Options.CheckEveryStep)
        {
            Instant settled = Events.Now + Settling;
            while (Events.RunNext(settled))
            {
            }
        }

        Checks.CheckAll();
        return report with { Fingerprint = Fingerprint };
    }

    /// <summary>Adds an effect to the fingerprint of the run: two runs of one seed must have the same.</summary>
    public void Trace(SimHost host, NodeEffect effect)
    {
        if (Options.CheckEveryStep)
        {
            _fingerprint.Add(Events.Now, host.Number, effect);
        }
    }

    private static TaskFile MakeTask(SimOptions options)
    {
        int files = Math.Min(options.Files, options.Pieces);
        var outputs = new List<OutputFile>();
        for (int i = 0; i < files; i++)
        {
            int from = (int)((long)options.Pieces * i / files);
            outputs.Add(new OutputFile($"out{i}", (int)((long)options.Pieces * (i + 1) / files) - from));
        }

        var info = new TaskInfo
        {
            Name = $"simulated-{options.Seed}",
            Run = new RunSpec.Shell("simulated"),
            Files = outputs,
            PieceLength = Math.Max(MerkleTree.BlockSize, options.PieceBytes),
            Verify = VerifyOf(options),
            Author = options.Arbiters > 0 ? new SimIdentity(0, options.Seed).PublicKey : null,
            Until = options.Search ? Until.First : Until.All,
        };
        if (!TaskFileCodec.TryMake(info, out TaskFile? task, out Problem? problem))
        {
            throw new ArgumentException(problem.Reason, nameof(options));
        }

        var secret = new byte[options.IsOpen ? 0 : 32];
        new DeterministicRandom(options.Seed ^ 0x5EC2E7).Fill(secret);
        return task with { Secret = secret };
    }

    private static VerifySpec VerifyOf(SimOptions options)
    {
        string? compare = options.Variants > 1 ? "simulated" : null;
        return options.Arbiters > 0 ? new VerifySpec.Arbiter()
            : options.Checker ? new VerifySpec.Checker("simulated")
            : options.Trust > 0 ? new VerifySpec.Trust(options.Trust) { Compare = compare }
            : options.Replicas > 0 ? new VerifySpec.Replicas(options.Replicas) { Compare = compare, Sealed = options.Sealed > 0 ? TimeSpan.FromSeconds(options.Sealed) : null }
            : new VerifySpec.Own();
    }

    private void MakeContents()
    {
        var random = new DeterministicRandom(Options.Seed ^ 0xC0FFEE);
        for (int piece = 0; piece < _contents.Length; piece++)
        {
            bool empty = random.NextDouble() < (Options.Search ? 0.98 : Options.EmptyShare) && !(Options.Search && piece == _contents.Length - 1);
            int length = empty ? 0 : Options.EmptyShare > 0 ? Math.Max(Options.Search ? 1 : 0, random.Next(Options.PieceBytes + 1)) : Options.PieceBytes;
            _contents[piece] = new byte[length];
            random.Fill(_contents[piece]);
            _expected[piece] = MerkleTree.ResultOf(_contents[piece]);
        }
    }

    private void AddAdversaries()
    {
        IReadOnlyList<int> counts = AdversaryMix.CountsBeside(Options.Peers, Options.Adversaries);
        for (int group = 0; group < counts.Count; group++)
        {
            HasLiars |= AdversaryKinds.Lies(Options.Adversaries[group]);
            for (int i = 0; i < counts[group]; i++)
            {
                Add(AdversaryKinds.Create(this, _hosts.Count, Options.Adversaries[group], _random.NextUInt64()));
            }
        }
    }

    private void Add(SimHost host)
    {
        _hosts.Add(host);
        Network.Add(host);
    }

    private List<PeerAddress> KnownTo(SimHost host)
    {
        var known = new List<PeerAddress>();
        if (_hosts.Count <= Options.KnownPeers + 1)
        {
            foreach (SimHost other in _hosts)
            {
                if (other != host)
                {
                    known.Add(other.Address);
                }
            }

            return known;
        }

        if (host.Number == Options.Peers - 1 && CountOf<Eclipses>() > 0)
        {
            known.AddRange(Surrounding());
            known.Add(_hosts[_random.Next(Math.Max(1, Options.Peers - 1))].Address);
            return known;
        }

        while (known.Count < Options.KnownPeers)
        {
            // One honest peer with a lower number at least: two groups that know nothing of each other can't be helped, nor who knows liars only.
            int among = known.Count > 0 ? _hosts.Count : host.Number is 0 || !host.IsHonest ? Options.Peers : host.Number;
            SimHost other = _hosts[_random.Next(among)];
            if (other != host && !known.Contains(other.Address))
            {
                known.Add(other.Address);
            }
        }

        return known;
    }

    private IEnumerable<PeerAddress> Surrounding()
    {
        foreach (SimHost host in _hosts)
        {
            if (host is AdversaryHost adversary && adversary.Does<Eclipses>())
            {
                yield return host.Address;
            }
        }
    }

    /// <summary>The author's side goes at once and for good, and every other one of the rest is killed while the others work.</summary>
    private void PlanOrphaning()
    {
        Events.At(Instant.FromSeconds(Options.OrphanedAt), () => Lose(_hosts[0]));
        for (int i = 2; i < Options.Peers; i += 2)
        {
            SimHost host = _hosts[i];
            Events.At(Instant.FromSeconds(Options.OrphanedAt * (1 + _random.NextDouble())), () => Lose(host));
        }
    }

    private static void Lose(SimHost host)
    {
        host.IsGone = true;
        if (host.IsUp)
        {
            host.Crash(CrashKind.Kill);
        }
    }

    private void PlanFaults()
    {
        double hours = Options.FaultSeconds / 3_600;
        Plan(Options.CrashesPerHour * hours * Options.Peers, () =>
        {
            SimHost host = _hosts[_random.Next(Options.Peers)];
            if (host.IsUp)
            {
                host.Crash(_random.Next(8) switch
                {
                    < 4 => CrashKind.Kill,
                    < 6 => CrashKind.Power,
                    6 => CrashKind.FolderLost,
                    _ => CrashKind.MachineLost,
                });
                Events.After(TimeSpan.FromSeconds(_random.NextDouble() * 10), () => Restart(host));
            }
        });
        Plan(Options.LeavesPerHour * hours * Options.Peers, () =>
        {
            SimHost host = _hosts[_random.Next(Options.Peers)];
            if (host.IsUp)
            {
                host.Take(host.Life, new NodeInput.StopRequested("the owner wants it"));
                Events.After(TimeSpan.FromSeconds(1 + (_random.NextDouble() * 20)), () => Restart(host));
            }
        });
        Plan(Options.PartitionsPerHour * hours, () =>
        {
            Network.Partition(_hosts.FindAll(_ => _random.Next(2) == 0));
            Events.After(TimeSpan.FromSeconds(1 + (_random.NextDouble() * 60)), () => Network.Partition([]));
        });
        Plan(Options.FullDisksPerHour * hours * Options.Peers, () =>
        {
            SimHost host = _hosts[_random.Next(Options.Peers)];
            host.Disk.IsFull = true;
            Events.After(TimeSpan.FromSeconds(1 + (_random.NextDouble() * 20)), () => host.Disk.IsFull = false);
        });
        if (Options.GrantsPerHour > 0)
        {
            PlanGrants();
        }
    }

    /// <summary>The rules of a host's owner give less for a while.</summary>
    private void PlanGrants()
    {
        Plan(Options.GrantsPerHour * Options.FaultSeconds / 3_600 * Options.Peers, () =>
        {
            SimHost host = _hosts[_random.Next(Options.Peers)];
            int slots = _random.Next(Options.Slots + 1);
            bool isSlow = _random.Next(3) == 0;
            host.Give(new Grant
            {
                Slots = slots,
                IsHalted = slots == 0,
                Halt = _random.Next(3) == 0 ? HaltKind.Stop : HaltKind.Pause,
                UploadBytesPerSecond = isSlow ? 10_000 + _random.Next(100_000) : null,
                DownloadBytesPerSecond = isSlow ? 10_000 + _random.Next(100_000) : null,
            });
            Events.After(TimeSpan.FromSeconds(_random.NextDouble() * 30), () => host.Give(Grant.Everything));
        });
    }

    private void Plan(double expected, Action fault)
    {
        int count = (int)expected + (_random.NextDouble() < expected - (int)expected ? 1 : 0);
        for (int i = 0; i < count; i++)
        {
            Events.At(Instant.FromSeconds(_random.NextDouble() * Options.FaultSeconds), fault);
        }
    }

    private void Restart(SimHost host)
    {
        if (!host.IsUp && !host.IsGone && !(host.IsDone && Options.ExitWhenDone))
        {
            host.Start(KnownTo(host));
        }
    }

    private void Calm()
    {
        if (Options.GrantsPerHour > 0)
        {
            _hosts.ForEach(host => host.Give(Grant.Everything));
        }

        Network.IsCalm = true;
        Network.Partition([]);
        foreach (SimHost host in _hosts)
        {
            host.Disk.IsFull = false;
            if (host.Life > 0 && !host.IsUp)
            {
                Events.After(TimeSpan.Zero, () => Restart(host));
            }
        }
    }

    /// <summary>Looked at now and then: it costs a walk over all hosts.</summary>
    private bool AllDone(long steps)
    {
        for (int i = 0; steps % 64 == 0 && i < Options.Peers; i++)
        {
            if (!_hosts[i].IsDone && !_hosts[i].IsGone)
            {
                return false;
            }
        }

        return steps % 64 == 0;
    }

    private string Describe()
    {
        var text = new StringBuilder();
        foreach (SimHost host in _hosts)
        {
            if (host is { IsHonest: true, IsDone: false, IsGone: false } && text.Length < 3_000)
            {
                NodeSnapshot? snapshot = host.Snapshot;
                text.Append($"host {host.Number} {(host.IsUp ? "up" : "down")}: {host.Finished.Count}/{Options.Pieces} finished, ");
                text.Append($"{snapshot?.Peers.Count} peers, missing");
                for (int piece = 0, told = 0; snapshot is not null && piece < snapshot.Pieces.Count && told < 5; piece++)
                {
                    if (snapshot.Pieces[piece] != PieceState.Finished)
                    {
                        text.Append($" {piece} ({snapshot.Pieces[piece]})");
                        told++;
                    }
                }

                text.Append("; ");
            }
        }

        return text.ToString();
    }
}
