using System;
using Starling.Core.Primitives;

namespace Starling.Core.Scheduling;

/// <summary>
/// Rule 1 of DESIGN section 5, refined: which free piece a free slot takes. All slots of the swarm stand in a ring, ordered by a hash of their
/// worker's key; the slot of rank r of m owns the pieces [r·n/m, (r+1)·n/m). A slot takes the first free piece of its own share, so
/// slots that agree on who is there never collide, whether they hear each other's claims in time or not. A slot whose share is used
/// up takes from a share whose owner will not get through it before everybody is done. Which one is again computed, not drawn: going
/// back along the ring, surplus pieces and missing pieces are matched like closing and opening brackets. The match is local,
/// so two workers whose views differ a little agree almost everywhere.
/// </summary>
public static class SharePolicy
{
    private const int LooseTries = 16;
    private const double ClearlyFaster = 1.05;

    /// <summary>First piece of the share of <paramref name="rank"/> among <paramref name="slots"/>; for rank = slots, the number of pieces.</summary>
    public static int ShareStart(int rank, int slots, int pieceCount) => (int)((long)rank * pieceCount / slots);

    /// <summary>
    /// A free piece of the slot's own share, or -1. The first choice of a worker is drawn at random, for it hardly knows who else is there;
    /// later ones go through the share in order.
    /// </summary>
    public static int PickOwn(PieceSet free, int rank, int slots, DeterministicRandom? random)
    {
        ArgumentNullException.ThrowIfNull(free);
        int start = ShareStart(rank, slots, free.Capacity);
        int end = ShareStart(rank + 1, slots, free.Capacity);
        int below = free.CountBelow(start);
        int count = free.CountBelow(end) - below;
        return count == 0 ? -1 : free.Select(below + (random?.Next(count) ?? 0));
    }

    /// <summary>
    /// A free piece of another share that its owner would not reach in time, or -1: none is to spare.
    /// </summary>
    /// <param name="free">Free pieces as I know them.</param>
    /// <param name="rank">My slot.</param>
    /// <param name="paces">All slots by rank, mine included.</param>
    /// <param name="now">The time in seconds.</param>
    /// <param name="loads">Scratch of the length of <paramref name="paces"/>: afterwards the pieces left to each slot, its current run included.</param>
    public static int PickSurplus(PieceSet free, int rank, ReadOnlySpan<SlotPace> paces, double now, Span<int> loads)
    {
        ArgumentNullException.ThrowIfNull(free);
        double end = CommonEnd(free, rank, paces, now, loads);
        int need = 1;
        for (int step = 1; step < paces.Length; step++)
        {
            int other = rank - step < 0 ? rank - step + paces.Length : rank - step;
            int balance = loads[other] - Runs(paces[other], end, now);
            if (balance >= need)
            {
                int shareEnd = ShareStart(other + 1, paces.Length, free.Capacity);
                int at = free.CountBelow(shareEnd) - need;
                return at >= 0 && free.Select(at) is int piece && piece >= ShareStart(other, paces.Length, free.Capacity) ? piece : -1;
            }

            need -= balance;
        }

        return -1;
    }

    /// <summary>
    /// Any free piece that nobody seems about to run, drawn at random, or -1. Left alone are, for a while, the first free piece of a share whose owner
    /// runs something that I do not know (it is probably that), and of a share whose owner is about to end its run.
    /// </summary>
    public static int PickLoose(
        PieceSet free, ReadOnlySpan<SlotPace> paces, double now, double delaySeconds, double overdueFactor, DeterministicRandom random)
    {
        ArgumentNullException.ThrowIfNull(free);
        ArgumentNullException.ThrowIfNull(random);
        for (int tries = 0; tries < LooseTries && free.Count > 0; tries++)
        {
            int piece = free.Select(random.Next(free.Count));
            int owner = OwnerOf(piece, paces.Length, free.Capacity);
            SlotPace pace = paces[owner];
            double due = pace.Since + pace.RunSeconds;
            bool first = free.Next(ShareStart(owner, paces.Length, free.Capacity)) == piece;
            bool running = !pace.ClaimKnown && now < pace.Since + (pace.RunSeconds * overdueFactor);
            bool ending = Math.Abs(due - now) < delaySeconds;
            if (!first || pace.IsIdle || !(running || ending))
            {
                return piece;
            }
        }

        return -1;
    }

    /// <summary>
    /// Whether clearly faster slots will have ended everything that is free before one run here would: then a slow slot leaves it to them (rule 4).
    /// </summary>
    public static bool OthersAreSooner(int freeCount, int rank, ReadOnlySpan<SlotPace> paces, double now)
    {
        double end = now + paces[rank].RunSeconds;
        double ended = 0;
        for (int i = 0; i < paces.Length && ended < freeCount; i++)
        {
            SlotPace pace = paces[i];
            if (i != rank && pace.RunSeconds * ClearlyFaster < paces[rank].RunSeconds)
            {
                ended += Math.Max(0, Math.Floor((end - Since(pace, now)) / pace.RunSeconds) - (pace.IsIdle ? 0 : 1));
            }
        }

        return ended >= freeCount;
    }

    /// <summary>The rank whose share a piece lies in.</summary>
    public static int OwnerOf(int piece, int slots, int pieceCount) => (int)(((((long)piece + 1) * slots) - 1) / pieceCount);

    /// <summary>When everything would be done if the work were divided evenly by pace: the T with Σ (T − since) / run time = pieces left.</summary>
    private static double CommonEnd(PieceSet free, int rank, ReadOnlySpan<SlotPace> paces, double now, Span<int> loads)
    {
        double work = 0;
        double rate = 0;
        int below = 0;
        for (int i = 0; i < paces.Length; i++)
        {
            SlotPace pace = paces[i];
            int upTo = free.CountBelow(ShareStart(i + 1, paces.Length, free.Capacity));
            int left = upTo - below;
            below = upTo;
            bool elsewhere = left == 0 && i != rank && !pace.IsIdle && !pace.IsSeeking && now - pace.Since < pace.RunSeconds;
            loads[i] = left + (pace.ClaimKnown || elsewhere ? 1 : 0);
            if (pace.IsIdle)
            {
                work += loads[i];
                continue;
            }

            work += loads[i] + (Since(pace, now) / pace.RunSeconds);
            rate += 1 / pace.RunSeconds;
        }

        return rate > 0 ? work / rate : now;
    }

    private static int Runs(SlotPace pace, double end, double now) =>
        pace.IsIdle ? 0 : Math.Max(0, (int)Math.Round((end - Since(pace, now)) / pace.RunSeconds));

    /// <summary>A run that should be over counts as ending now.</summary>
    private static double Since(SlotPace pace, double now) => Math.Max(pace.Since, now - pace.RunSeconds);
}
