using System;
using System.Collections.Generic;
using Starling.Core.Primitives;

namespace Starling.Core.Torrents;

/// <summary>
/// Decides who is served (BEP 3, "choking"): while fetching, those who give most (tit for tat); while seeding, each in turn for a fair share; and
/// always one stranger on trial, drawn anew every 30 s, who may turn out to give more.
/// </summary>
internal sealed class Choker(DataContext context, DataPeerTable peers, Uploads uploads)
{
    /// <summary>Bytes after which a peer that is served by a seed makes room for one that waits.</summary>
    public const long SeedQuotaBytes = 16 * 1024 * 1024;

    /// <summary>New connections are so many times as likely to be tried.</summary>
    private const int NewcomerWeight = 3;

    private static readonly TimeSpan Newcomer = TimeSpan.FromMinutes(1);

    private DataPeer? _optimistic;
    private Instant _optimisticUntil;

    /// <summary>When the next look is due.</summary>
    public Instant Due { get; private set; }

    /// <summary>The peer on trial, if any.</summary>
    public DataPeer? Optimistic => _optimistic;

    /// <summary>A peer became interested: a free slot is given at once.</summary>
    public void OnInterested(DataPeer peer)
    {
        int served = 0;
        foreach (DataPeer each in peers.Established)
        {
            served += !each.AmChoking && each.PeerInterested ? 1 : 0;
        }

        if (peer.AmChoking && served < context.Options.UploadSlots)
        {
            uploads.SetChoked(peer, false);
        }
    }

    /// <summary>Every ten seconds: who is served from now on.</summary>
    public void Rechoke(bool seeding)
    {
        if (context.Now < Due)
        {
            return;
        }

        Due = context.Now + DataLimits.Rechoke;
        var interested = new List<DataPeer>();
        foreach (DataPeer peer in peers.Established)
        {
            if (peer.PeerInterested)
            {
                interested.Add(peer);
            }
        }

        int slots = context.Options.UploadSlots;
        var served = new HashSet<DataPeer>();
        if (interested.Count <= slots)
        {
            served.UnionWith(interested);
            _optimistic = null;
        }
        else
        {
            Optimist(interested);
            List<DataPeer> ranked = seeding ? RankForSeed(interested) : RankByGiving(interested);
            if (_optimistic is not null)
            {
                served.Add(_optimistic);
            }

            for (int i = 0; i < ranked.Count && served.Count < slots; i++)
            {
                served.Add(ranked[i]);
            }
        }

        foreach (DataPeer peer in new List<DataPeer>(peers.Established))
        {
            // Who is not interested costs nothing, and may begin without delay should it become so: until slots are scarce.
            bool keep = served.Contains(peer) || (!peer.PeerInterested && !peer.AmChoking && interested.Count < slots);
            uploads.SetChoked(peer, !keep);
        }
    }

    /// <summary>A peer is gone.</summary>
    public void Forget(DataPeer peer)
    {
        if (_optimistic == peer)
        {
            _optimistic = null;
            _optimisticUntil = context.Now;
        }
    }

    private List<DataPeer> RankByGiving(List<DataPeer> interested)
    {
        var ranked = new List<DataPeer>();
        foreach (DataPeer peer in interested)
        {
            if (!peer.IsSnubbing && peer != _optimistic)
            {
                ranked.Add(peer);
            }
        }

        Sort(ranked, peer => -peer.Down.Rate(context.Now));
        return ranked;
    }

    /// <summary>Those who are served and have not had their share go on; then who got least.</summary>
    private List<DataPeer> RankForSeed(List<DataPeer> interested)
    {
        var ranked = new List<DataPeer>(interested);
        Sort(ranked, peer => !peer.AmChoking && peer.Up.Total - peer.UpAtUnchoke < SeedQuotaBytes ? -1 : peer.Up.Total);
        return ranked;
    }

    private void Optimist(List<DataPeer> interested)
    {
        if (_optimistic is not null && context.Now < _optimisticUntil && interested.Contains(_optimistic))
        {
            return;
        }

        _optimisticUntil = context.Now + DataLimits.Optimistic;
        var lots = new List<DataPeer>();
        foreach (DataPeer peer in interested)
        {
            if (peer.AmChoking)
            {
                int weight = context.Now - peer.OpenedAt < Newcomer ? NewcomerWeight : 1;
                for (int i = 0; i < weight; i++)
                {
                    lots.Add(peer);
                }
            }
        }

        _optimistic = lots.Count > 0 ? lots[context.Random.Next(lots.Count)] : null;
    }

    private static void Sort(List<DataPeer> list, Func<DataPeer, double> key)
    {
        // Equal ones stay in the order of their arrival, so that a seed replays the same run.
        var keyed = new (double Key, int Order, DataPeer Peer)[list.Count];
        for (int i = 0; i < keyed.Length; i++)
        {
            keyed[i] = (key(list[i]), i, list[i]);
        }

        Array.Sort(keyed, static (left, right) => left.Key != right.Key ? left.Key.CompareTo(right.Key) : left.Order.CompareTo(right.Order));
        for (int i = 0; i < keyed.Length; i++)
        {
            list[i] = keyed[i].Peer;
        }
    }
}
