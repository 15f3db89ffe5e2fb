using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using Starling.Core.Engine;
using Starling.Core.Exchange;
using Starling.Core.Gossip;
using Starling.Core.Pieces;
using Starling.Core.Primitives;

namespace Starling.Core.Swarm;

/// <summary>
/// What is kept of the results once the output is merged (<see cref="KeepRule"/>): results are released, and with <c>N</c> copies fetched again when those who held them leave.
/// </summary>
/// <remarks>
/// With <c>N</c>, all peers that keep to it are in an order for each piece, by a hash of key and piece; those who keep everything come first. I release a result when N neighbours before me
/// in that order say that they hold it. So the first N who ever had it never release it, whatever each of them sees of the swarm: a smaller view makes more copies, not fewer. When they leave, whoever sees
/// fewer than N before him fetches it again, as long as anybody has it; else it is computed again (<see cref="LostPieces"/>). What a neighbour asks for because none of its own has it comes
/// back too, until the neighbour holds it (<see cref="Wishes"/>).
/// </remarks>
internal sealed class KeptResults(NodeContext context, PieceMap map, Acceptance acceptance, LinkTable links, Downloader downloader, Wishes wishes, Completion completion)
{
    /// <summary>A whole round over all pieces takes so many seconds, or less.</summary>
    private const int RoundSeconds = 60;

    /// <summary>Pieces looked at in one second at least.</summary>
    private const int Batch = 1_024;

    /// <summary>How long a piece has too few holders before it is fetched again: who left may be back.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly SortedDictionary<int, Instant> _tooFewSince = [];
    private readonly List<Attestation> _gone = [];
    private int _cursor;

    /// <summary>Pieces of which too few hold a result.</summary>
    public int Count => _tooFewSince.Count;

    private KeepRule Rule => context.Options.Keep;

    /// <summary>Once a second, when nothing is left to do: releases what others keep, and fetches what too few keep.</summary>
    public void Tidy()
    {
        if (Rule == KeepRule.All || !completion.MayRelease)
        {
            return;
        }

        int count = Math.Min(map.Count, Math.Max(Batch, (map.Count + RoundSeconds - 1) / RoundSeconds));
        for (int i = 0; i < count; i++)
        {
            Look(_cursor);
            _cursor = (_cursor + 1) % map.Count;
        }

        Tell(links.Established, _gone);
        _gone.Clear();
    }

    /// <summary>A new neighbour is told first of all what I attested and do not hold: my word alone would make it ask.</summary>
    public void OnEstablished(PeerLink link)
    {
        if (map.ReleasedCount == 0)
        {
            return;
        }

        for (int piece = 0; piece < map.Count; piece++)
        {
            if (map.Released(piece) is var released and >= 0 && released == acceptance.MyVote(piece))
            {
                link.Gossip.UntoldReleased.Add(new Attestation(piece, map.Candidate(piece, released)));
            }
        }
    }

    /// <summary>A neighbour asks for a result. If it was released here, the neighbour knows of nobody else who has it: it is fetched again.</summary>
    public void OnRequest(PeerLink link, TaskMessage.ProofRequest request)
    {
        int released = request.Piece < map.Count ? map.Released(request.Piece) : -1;
        if (released < 0 || map.Candidate(request.Piece, released) != request.Result)
        {
            return;
        }

        Tell([link], [new Attestation(request.Piece, request.Result)]);
        if (!completion.MayRelease || !wishes.Note(link, request.Piece) || map.IsRecalled(request.Piece))
        {
            return;
        }

        FetchAgain(request.Piece);
        if (downloader.Offers(request.Piece) == 0)
        {
            // Those for whom it was released left since: whoever is asked next may see a holder.
            wishes.Tell(request.Piece);
        }
    }

    private void Look(int piece)
    {
        if (map.Released(piece) >= 0)
        {
            Recall(piece);
        }
        else if (map.Used(piece) is { Length: > 0 } used && !acceptance.IsHidden(piece) && !IsMine(piece, map.IndexOf(piece, used), mustHold: true)
            && !wishes.Include(piece))
        {
            Release(piece, used);
        }
    }

    private void Release(int piece, ResultId used)
    {
        int candidate = map.IndexOf(piece, used);
        int others = map.Held(piece) & ~(1 << candidate);
        map.Release(piece, candidate);
        context.Emit(new NodeEffect.ReleaseResult(piece, used));
        _gone.Add(new Attestation(piece, used));
        for (int i = 0; others != 0; i++, others >>= 1)
        {
            if ((others & 1) != 0)
            {
                map.SetHeld(piece, i, held: false);
                context.Emit(new NodeEffect.DropResult(piece, map.Candidate(piece, i)));
            }
        }
    }

    private void Recall(int piece)
    {
        if (map.IsRecalled(piece) || !IsMine(piece, map.Released(piece), mustHold: false))
        {
            _tooFewSince.Remove(piece);
        }
        else if (_tooFewSince.TryAdd(piece, context.Now) || context.Now - _tooFewSince[piece] < Patience)
        {
            // Not yet.
        }
        else
        {
            _tooFewSince.Remove(piece);
            FetchAgain(piece);
        }
    }

    private void FetchAgain(int piece)
    {
        map.Recall(piece);
        downloader.Review(piece);
    }

    /// <summary>Whether the result is for me to hold.</summary>
    /// <param name="piece">The piece.</param>
    /// <param name="candidate">The result.</param>
    /// <param name="mustHold">Only who says that he holds it relieves me; else whoever is to hold it does, for he fetches it himself.</param>
    private bool IsMine(int piece, int candidate, bool mustHold)
    {
        if (Rule.Copies is not ({ } copies and > 0))
        {
            // What was computed here; nothing else is fetched again unless somebody asks for it.
            return mustHold && acceptance.MyVote(piece) == candidate;
        }

        int before = 0;
        ulong mine = Rank(context.Self, piece);
        foreach (PeerLink link in links.Established)
        {
            bool isKeeper = link.Keep.Copies is not { } theirs || theirs >= copies;
            bool isFirst = link.Keep == KeepRule.All || Rank(link.Key, piece) < mine;
            bool holds = link.Exchange.Holding(piece) == candidate && !link.Exchange.Withholds;
            if (isKeeper && isFirst && (holds || !mustHold) && ++before == copies)
            {
                return false;
            }
        }

        return true;
    }

    private void Tell(IReadOnlyList<PeerLink> neighbours, List<Attestation> gone)
    {
        for (int start = 0; start < gone.Count; start += TaskMessageCodec.MaxHeld)
        {
            var message = new TaskMessage.Released(gone.GetRange(start, Math.Min(TaskMessageCodec.MaxHeld, gone.Count - start)));
            foreach (PeerLink link in neighbours)
            {
                links.Send(link, message);
            }
        }
    }

    /// <summary>The place of an identity in the order of a piece: splitmix64 over key and piece, for there are many of both.</summary>
    private static ulong Rank(PublicKey key, int piece)
    {
        Span<byte> bytes = stackalloc byte[PublicKey.Size];
        key.CopyTo(bytes);
        ulong mixed = BinaryPrimitives.ReadUInt64LittleEndian(bytes) + ((ulong)(piece + 1) * 0x9E37_79B9_7F4A_7C15);
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58_476D_1CE4_E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D0_49BB_1331_11EB;
        return mixed ^ (mixed >> 31);
    }
}
