using System;
using System.Collections.Generic;
using Starling.Core.Crypto;
using Starling.Core.Gossip;
using Starling.Core.Primitives;

namespace Starling.Core.Verification;

/// <summary>
/// Who may judge results of a task besides its author: chains of signed, expiring notices that begin at the author. A chain gets shorter with each step
/// (<see cref="DelegationNotice.Depth"/>), so it can't lead back to itself. What the author takes back is taken back whoever else had said it before.
/// </summary>
/// <remarks>Signatures are checked by whoever adds a notice.</remarks>
/// <param name="author">The author of the task.</param>
public sealed class DelegationTable(PublicKey author)
{
    /// <summary>Notices of one task that are remembered; further ones are refused.</summary>
    public const int MaxNotices = 64;

    private readonly SortedDictionary<(PublicKey Issuer, PublicKey Delegate), DelegationNotice> _notices = new(Comparer<(PublicKey Issuer, PublicKey Delegate)>.Create(
        static (left, right) => left.Issuer.CompareTo(right.Issuer) is not 0 and int order ? order : left.Delegate.CompareTo(right.Delegate)));

    /// <summary>The table of what was kept, in whatever order: each round adds the notices that hang on what is there already. Wrong ones are skipped.</summary>
    public static DelegationTable Of(PublicKey author, Hash256 taskId, IReadOnlyList<ReadOnlyMemory<byte>> kept, ISignatureVerifier verifier, long now)
    {
        ArgumentNullException.ThrowIfNull(kept);
        var table = new DelegationTable(author);
        var waiting = new List<DelegationNotice>();
        foreach (ReadOnlyMemory<byte> raw in kept)
        {
            if (DelegationNotice.TryDecode(raw, out DelegationNotice? notice) && DelegationNotice.Verify(notice, taskId, verifier))
            {
                waiting.Add(notice);
            }
        }

        for (bool grew = true; grew;)
        {
            grew = false;
            foreach (DelegationNotice notice in waiting)
            {
                if (table.IsNews(notice, now))
                {
                    table.Add(notice, now);
                    grew = true;
                }
            }
        }

        return table;
    }

    /// <summary>The notices, each before those of whoever it names, as far as they hang together.</summary>
    public IReadOnlyList<DelegationNotice> InOrder()
    {
        var ordered = new List<DelegationNotice>(_notices.Count);
        var reached = new HashSet<PublicKey> { author };
        for (int before = -1; before != ordered.Count;)
        {
            before = ordered.Count;
            foreach (DelegationNotice notice in _notices.Values)
            {
                if (reached.Contains(notice.Issuer) && !ordered.Contains(notice))
                {
                    ordered.Add(notice);
                    reached.Add(notice.Delegate);
                }
            }
        }

        return ordered;
    }

    /// <summary>Notices that are remembered.</summary>
    public int Count => _notices.Count;

    /// <summary>Whether a notice would say something new, by somebody who may say it at <paramref name="now"/> (Unix seconds).</summary>
    public bool IsNews(DelegationNotice notice, long now)
    {
        ArgumentNullException.ThrowIfNull(notice);
        bool known = _notices.TryGetValue((notice.Issuer, notice.Delegate), out DelegationNotice? before);
        return notice.Delegate != author
            && (known ? notice.Serial > before!.Serial : _notices.Count - CountStale(now) < MaxNotices)
            && (notice.Issuer == author || Reach(now).GetValueOrDefault(notice.Issuer, -1) > 0);
    }

    /// <summary>Adds a notice that is news, and right. For want of room those go that have run out.</summary>
    public void Add(DelegationNotice notice, long now)
    {
        ArgumentNullException.ThrowIfNull(notice);
        if (_notices.Count == MaxNotices)
        {
            foreach (DelegationNotice stale in new List<DelegationNotice>(_notices.Values))
            {
                if (IsStale(stale, now))
                {
                    _notices.Remove((stale.Issuer, stale.Delegate));
                }
            }
        }

        _notices[(notice.Issuer, notice.Delegate)] = notice;
    }

    /// <summary>Who may judge at <paramref name="now"/> (Unix seconds), and how often each may hand it on; the author too.</summary>
    public IReadOnlyDictionary<PublicKey, int> Reach(long now)
    {
        var reach = new Dictionary<PublicKey, int> { [author] = DelegationNotice.MaxDepth + 1 };
        for (bool changed = true; changed;)
        {
            changed = false;
            foreach (DelegationNotice notice in _notices.Values)
            {
                int left = Math.Min(notice.Depth, reach.GetValueOrDefault(notice.Issuer) - 1);
                if (left >= 0 && notice.Expires > now && !IsTakenBack(notice) && reach.GetValueOrDefault(notice.Delegate, -1) < left)
                {
                    reach[notice.Delegate] = left;
                    changed = true;
                }
            }
        }

        return reach;
    }

    /// <summary>Whether the author took back what was said of this key.</summary>
    public bool IsTakenBack(PublicKey key) => _notices.TryGetValue((author, key), out DelegationNotice? notice) && notice.Expires == 0;

    /// <summary>Keys that the author took back.</summary>
    public IReadOnlyList<PublicKey> TakenBack()
    {
        var keys = new List<PublicKey>();
        foreach (DelegationNotice notice in _notices.Values)
        {
            if (notice.Issuer == author && notice.Expires == 0)
            {
                keys.Add(notice.Delegate);
            }
        }

        return keys;
    }

    private int CountStale(long now)
    {
        int stale = 0;
        foreach (DelegationNotice notice in _notices.Values)
        {
            stale += IsStale(notice, now) ? 1 : 0;
        }

        return stale;
    }

    /// <summary>It has run out; what the author took back stays known.</summary>
    private bool IsStale(DelegationNotice notice, long now) => notice.Expires <= now && (notice.Expires > 0 || notice.Issuer != author);

    private bool IsTakenBack(DelegationNotice notice) =>
        _notices.TryGetValue((author, notice.Delegate), out DelegationNotice? own) && own.Expires == 0 && own.Serial >= notice.Serial;
}
