using System;
using Starling.Core.Exchange;
using Starling.Core.Gossip;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Scheduling;
using Starling.Core.Verification;

namespace Starling.Core.Swarm;

/// <summary>Which neighbour holds which result, by what it attested and told; who does not deliver; and what I tell them of mine.</summary>
internal sealed class Holders(
    LinkTable links, PieceMap map, Acceptance acceptance, Downloader downloader, WorkScheduler scheduler, LostPieces lost, SwarmGossip gossip)
{
    /// <summary>A piece is to be judged again.</summary>
    public required Action<int> Reassess { get; init; }

    /// <summary>A new neighbour holds what it attested before.</summary>
    public void OnEstablished(PeerLink link)
    {
        Worker? worker = acceptance.Workers.TryFind(link.Key);
        for (int piece = 0; worker is not null && piece < map.Count; piece++)
        {
            int candidate = map.VoteOf(piece, worker.Number);
            if (candidate >= 0)
            {
                Learn(link, piece, candidate);
            }
        }
    }

    /// <summary>The worker of a vote holds what it attested.</summary>
    public void OnCounted(Worker worker, int piece, int candidate)
    {
        if (links.Find(worker.Key) is { } neighbour && !neighbour.Released.Contains(piece))
        {
            Learn(neighbour, piece, candidate);
        }

        LearnEarly(piece, map.Candidate(piece, candidate), candidate);
    }

    /// <summary>A neighbour holds these results, which it did not attest.</summary>
    public void OnHeld(PeerLink link, TaskMessage.Held held)
    {
        foreach (Attestation entry in held.Results)
        {
            if (entry.Piece >= map.Count)
            {
                links.Ban(link, "bad-held", $"holds piece {entry.Piece} of {map.Count}");
                return;
            }

            link.Released.Remove(entry.Piece);
            int candidate = map.IndexOf(entry.Piece, entry.Result);
            if (candidate >= 0)
            {
                Learn(link, entry.Piece, candidate);
            }
            else if (link.EarlyHeld.Count < PeerLink.MaxEarlyHeld)
            {
                // Nothing to fetch before somebody's attestation of it has come, which may take another way.
                link.EarlyHeld[entry.Piece] = entry.Result;
            }
        }
    }

    /// <summary>A neighbour holds these results no more.</summary>
    public void OnReleased(PeerLink link, TaskMessage.Released released)
    {
        foreach (Attestation entry in released.Results)
        {
            if (entry.Piece >= map.Count)
            {
                links.Ban(link, "bad-held", $"held piece {entry.Piece} of {map.Count}");
                return;
            }

            link.Released.Add(entry.Piece);
            link.EarlyHeld.Remove(entry.Piece);
            link.Exchange.Undelivered.Remove(entry.Piece);
            downloader.Learn(link, entry.Piece, -1);
        }
    }

    /// <summary>A neighbour that never sent anything owes results: what only it holds is run again, and what it says that it runs is not left to it.</summary>
    public void OnSilence(PeerLink link)
    {
        if (!link.Exchange.HasDelivered)
        {
            scheduler.WorkerLeft(link.Key);
        }

        GiveUpResultsOf(link.Key);
    }

    /// <summary>Whether all who attested what is believed of a piece are neighbours that send nothing, and nobody else here holds it.</summary>
    public bool IsWithheld(int piece)
    {
        bool any = false;
        foreach ((int number, int candidate, _) in map.Votes(piece))
        {
            if ((map.Acceptable(piece) & (1 << candidate)) != 0)
            {
                any = true;
                if (links.Find(acceptance.Workers[number].Key) is not { Exchange.IsMute: true })
                {
                    return false;
                }
            }
        }

        return any && downloader.Availability(piece) == 0;
    }

    /// <summary>
    /// Whoever was banned or is silent will not deliver what it attested: where nobody else holds it either, the piece is computed again at once instead of
    /// after the patience for peers that only left.
    /// </summary>
    public void GiveUpResultsOf(PublicKey key)
    {
        Worker? worker = acceptance.Workers.TryFind(key);
        for (int piece = 0; worker is not null && piece < map.Count; piece++)
        {
            if (map.VoteOf(piece, worker.Number) >= 0 && map.IsAccepted(piece) && !map.IsFinished(piece)
                && downloader.Availability(piece) == 0 && lost.GiveUp(piece))
            {
                scheduler.Include(piece);
                Reassess(piece);
            }
        }
    }

    /// <summary>A result is durable here: neighbours hear of it, unless my own word says so already.</summary>
    public void Tell(int piece)
    {
        if (acceptance.Offered(piece) is { } offered && acceptance.MyVote(piece) != map.IndexOf(piece, offered))
        {
            gossip.TellHeld(new Attestation(piece, offered));
        }
    }

    /// <summary>A neighbour that is there for the first time hears of all that I hold and did not attest.</summary>
    public void TellAll(PeerLink link)
    {
        for (int piece = 0; piece < map.Count; piece++)
        {
            if (acceptance.Offered(piece) is { } offered && acceptance.MyVote(piece) != map.IndexOf(piece, offered))
            {
                link.Gossip.UntoldHeld.Add(new Attestation(piece, offered));
            }
        }
    }

    /// <summary>Another result of a piece is used here from now on.</summary>
    public void TellSwitched(int piece, ResultId used)
    {
        foreach (PeerLink link in links.Established)
        {
            if (link.Gossip.PositionsKnown && acceptance.Offered(piece) == used)
            {
                links.Send(link, new TaskMessage.Held([new Attestation(piece, used)]));
            }
        }
    }

    /// <summary>A result became known of which neighbours may have told before that they hold it.</summary>
    private void LearnEarly(int piece, ResultId result, int candidate)
    {
        foreach (PeerLink link in links.Established)
        {
            if (link.EarlyHeld.Count > 0 && link.EarlyHeld.TryGetValue(piece, out ResultId early) && early == result)
            {
                link.EarlyHeld.Remove(piece);
                Learn(link, piece, candidate);
            }
        }
    }

    private void Learn(PeerLink link, int piece, int candidate)
    {
        downloader.Learn(link, piece, candidate);
        if (lost.IsLost(piece) && downloader.IsDeliverable(piece) && lost.Found(piece))
        {
            Reassess(piece);
        }
    }
}
