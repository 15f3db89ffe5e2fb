using System.Numerics;
using Starling.Core.Pieces;

namespace Starling.Core.Verification;

/// <summary>
/// What the task's own command said here about the candidates of one piece: modes <c>checker</c> (each by itself) and <c>compare</c> (two and two). Candidates that
/// mean the same form a group, which is named by its lowest member.
/// </summary>
public sealed class PieceFindings
{
    private readonly byte[] _group = new byte[PieceMap.MaxCandidates];
    private readonly ushort[] _apart = new ushort[PieceMap.MaxCandidates];
    private readonly ushort[] _different = new ushort[PieceMap.MaxCandidates];
    private readonly Finding[] _findings = new Finding[PieceMap.MaxCandidates];

    /// <summary>Nothing was looked at yet.</summary>
    public PieceFindings()
    {
        for (int i = 0; i < _group.Length; i++)
        {
            _group[i] = (byte)i;
        }
    }

    /// <summary>What the checker said of a candidate.</summary>
    public Finding Of(int candidate) => _findings[candidate];

    /// <summary>The checker looked at a candidate, or nothing more is expected of it.</summary>
    public void Checked(int candidate, Finding finding) => _findings[candidate] = finding;

    /// <summary>The lowest candidate that means the same as this one.</summary>
    public int GroupOf(int candidate) => _group[candidate];

    /// <summary>Bits of the candidates that mean the same as this one, itself included.</summary>
    public ushort MembersOf(int candidate)
    {
        ushort members = 0;
        for (int i = 0; i < _group.Length; i++)
        {
            members |= _group[i] == _group[candidate] ? (ushort)(1 << i) : (ushort)0;
        }

        return members;
    }

    /// <summary>Whether two candidates have neither been found equal nor tried in vain.</summary>
    public bool IsOpen(int left, int right) => _group[left] != _group[right] && (_apart[_group[left]] & (1 << _group[right])) == 0;

    /// <summary>Whether two candidates were found to mean different things.</summary>
    public bool AreDifferent(int left, int right) => (_different[_group[left]] & (1 << _group[right])) != 0;

    /// <summary>Two candidates were compared.</summary>
    public void Compared(int left, int right, bool equal)
    {
        if (equal)
        {
            Join(_group[left], _group[right]);
        }
        else
        {
            Mark(_different, _group[left], _group[right]);
            Mark(_apart, _group[left], _group[right]);
        }
    }

    /// <summary>Two candidates can't be compared here: they are not tried again, and nothing follows from it for their workers.</summary>
    public void GiveUp(int left, int right) => Mark(_apart, _group[left], _group[right]);

    private static void Mark(ushort[] pairs, int left, int right)
    {
        pairs[left] |= (ushort)(1 << right);
        pairs[right] |= (ushort)(1 << left);
    }

    /// <summary>What is known of either group is known of both.</summary>
    private void Join(int left, int right)
    {
        (int kept, int gone) = left < right ? (left, right) : (right, left);
        if (kept == gone)
        {
            return;
        }

        for (int i = 0; i < _group.Length; i++)
        {
            _group[i] = _group[i] == gone ? (byte)kept : _group[i];
        }

        Inherit(_apart, kept, gone);
        Inherit(_different, kept, gone);
    }

    private static void Inherit(ushort[] pairs, int kept, int gone)
    {
        for (int others = pairs[gone] & ~(1 << kept); others != 0; others &= others - 1)
        {
            Mark(pairs, kept, BitOperations.TrailingZeroCount(others));
        }

        pairs[kept] &= (ushort)~(1 << kept);
    }
}

/// <summary>What the task's checker said of a candidate.</summary>
public enum Finding : byte
{
    /// <summary>It has not looked at it yet.</summary>
    Open,

    /// <summary>It is right.</summary>
    Passed,

    /// <summary>It is wrong.</summary>
    Rejected,

    /// <summary>The checker failed on it again and again: nothing is known, and nothing more will be.</summary>
    GivenUp,
}
