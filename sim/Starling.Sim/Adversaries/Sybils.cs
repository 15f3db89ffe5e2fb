using System;
using System.Collections.Generic;
using Starling.Core.Engine;
using Starling.Core.Gossip;
using Starling.Sim.Swarms;

namespace Starling.Sim.Adversaries;

/// <summary>
/// One machine with thousands of fresh identities: each signs attestations of its own, and all of them agree on the same wrong result of every piece that is left
/// to them. They are passed on like those of any far-away worker. First each may copy some results of others, to be taken for a worker.
/// </summary>
/// <param name="identities">Identities of all such hosts together.</param>
/// <param name="copies">Results that each identity copies before it lies.</param>
internal sealed class Sybils(int identities, int copies) : Behaviour
{
    /// <summary>Pieces about which one identity lies: few enough not to be found out by its own lies.</summary>
    private const int LiesOfEach = 2;

    private const ulong AgreedSalt = 0x5B11;

    private readonly List<SignedLog> _logs = [];
    private readonly SortedSet<int> _attested = [];
    private readonly Dictionary<long, (int Log, int Batch)> _sent = [];
    private readonly Queue<Attestation> _toCopy = new();
    private int _copied;
    private bool _lied;

    public override bool MayCompute => false;

    public override TimeSpan Every => TimeSpan.FromMilliseconds(250);

    public override void OnStart()
    {
        _sent.Clear();
        int hosts = Math.Max(1, Host.World.CountOf<Sybils>());
        for (int i = _logs.Count; i < identities / hosts; i++)
        {
            _logs.Add(new SignedLog(new SimIdentity((Host.Number * 1_000_000) + i, Host.World.Options.Seed ^ 0x5B11), Host.World.NextLog()));
        }
    }

    public override void OnHeard(AttestationBatch batch)
    {
        foreach (Attestation entry in batch.Entries)
        {
            if (_attested.Add(entry.Piece) && Host.World.IsRight(entry.Piece, entry.Result))
            {
                _toCopy.Enqueue(entry);
            }
        }
    }

    public override void Act()
    {
        while (_copied < copies && _toCopy.TryDequeue(out Attestation entry))
        {
            _copied++;
            foreach (SignedLog log in _logs)
            {
                log.Sign(Host.World.Task.Id, [entry]);
            }
        }

        if (!_lied && _copied >= copies)
        {
            _lied = true;
            Lie();
        }

        foreach (LinkId link in Host.Peers)
        {
            Push(link);
        }
    }

    /// <summary>Every piece that nobody has attested gets its part of the identities.</summary>
    private void Lie()
    {
        var pieces = new List<int>();
        for (int piece = 0; piece < Host.World.Options.Pieces; piece++)
        {
            if (!_attested.Contains(piece))
            {
                pieces.Add(piece);
            }
        }

        int next = Host.Random.Next(Math.Max(1, pieces.Count));
        foreach (SignedLog log in _logs)
        {
            var lies = new SortedDictionary<int, Attestation>();
            for (int i = 0; i < Math.Min(LiesOfEach, pieces.Count); i++)
            {
                int piece = pieces[next++ % pieces.Count];
                lies[piece] = new Attestation(piece, WrongResult(piece, AgreedSalt));
            }

            if (lies.Count > 0)
            {
                log.Sign(Host.World.Task.Id, [.. lies.Values]);
            }
        }
    }

    /// <summary>Some of what a peer has not been told, log by log.</summary>
    private void Push(LinkId link)
    {
        (int log, int batch) = _sent.GetValueOrDefault(link.Value);
        var batches = new List<AttestationBatch>();
        for (; log < _logs.Count && batches.Count < TaskMessageCodec.MaxBatches; log++, batch = 0)
        {
            for (; batch < _logs[log].Batches.Count && batches.Count < TaskMessageCodec.MaxBatches; batch++)
            {
                batches.Add(_logs[log].Batches[batch]);
            }

            if (batch < _logs[log].Batches.Count)
            {
                break;
            }
        }

        if (batches.Count > 0)
        {
            Host.Say(link, new TaskMessage.Attests(batches, []));
        }

        // Once round, whatever was signed meanwhile is said again from the beginning.
        bool more = _copied < copies || !_lied;
        _sent[link.Value] = log == _logs.Count && more ? (0, 0) : (log, batch);
    }
}
