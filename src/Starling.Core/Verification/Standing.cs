using System;
using Starling.Core.Primitives;

namespace Starling.Core.Verification;

/// <summary>
/// What I know of one identity from results of it that I could judge (DESIGN section 6): the arithmetic of iExec's "proof of contribution", with two
/// rules of ours. After a refuted result an identity is a stranger again until it has had <see cref="Probation"/> more results confirmed; and
/// one that keeps being refuted is an outcast, whose word counts for nothing.
/// </summary>
public sealed class Standing
{
    /// <summary>Confirmed results from which on an identity is known to me: it may confirm strangers.</summary>
    public const int KnownFrom = 10;

    /// <summary>Confirmed results that an identity needs after a refuted one before it is more than a stranger again.</summary>
    public const int ProbationResults = 10;

    /// <summary>Weight of a stranger's attestation.</summary>
    public const double StrangerWeight = 2;

    /// <summary>Refuted results that make an outcast, if they are also more than a tenth of the confirmed ones.</summary>
    public const int OutcastFrom = 3;

    private const double Refutation = 2.0 / 3;

    /// <summary>A stranger.</summary>
    public Standing()
    {
    }

    /// <summary>Somebody met before.</summary>
    public Standing(StandingRecord record)
    {
        (Confirmed, Refuted, Score, Probation, Override) = (record.Confirmed, record.Refuted, record.Score, record.Probation, record.Override);
    }

    /// <summary>Results of it that I confirmed.</summary>
    public int Confirmed { get; private set; }

    /// <summary>Results of it that turned out wrong.</summary>
    public int Refuted { get; private set; }

    /// <summary>1 more for each confirmed result, a third less for each refuted one; 0 or more.</summary>
    public double Score { get; private set; }

    /// <summary>Confirmed results that are still missing until its word counts again.</summary>
    public int Probation { get; private set; }

    /// <summary>What the owner of this machine said about it.</summary>
    public StandingOverride Override { get; init; }

    /// <summary>Whether its word counts for nothing, and its claims too.</summary>
    public bool IsOutcast => Override == StandingOverride.Deny
        || (Override == StandingOverride.None && IsTooOftenWrong(Refuted, Confirmed));

    /// <summary>Whether so many wrong results beside so many right ones make an outcast.</summary>
    public static bool IsTooOftenWrong(int wrong, int right) => wrong >= OutcastFrom && wrong * 10L > right;

    /// <summary>Whether it may confirm strangers.</summary>
    public bool IsKnown => Override == StandingOverride.Allow || (!IsOutcast && Probation == 0 && Confirmed >= KnownFrom);

    /// <summary>What its attestation weighs: a group's weights are multiplied; 0 for an outcast.</summary>
    public double Weight => IsOutcast ? 0 : Probation > 0 ? StrangerWeight : Math.Max(Score / 3, 3) - 1;

    /// <summary>A result of it was confirmed.</summary>
    public void Confirm()
    {
        Confirmed++;
        Score++;
        Probation = Math.Max(0, Probation - 1);
    }

    /// <summary>A result of it was refuted.</summary>
    public void Refute()
    {
        Refuted++;
        Score *= Refutation;
        Probation = ProbationResults;
    }

    /// <summary>A result that had been refuted turned out right after all.</summary>
    public void Absolve()
    {
        Refuted = Math.Max(0, Refuted - 1);
        Score /= Refutation;
        Probation = 0;
    }

    /// <summary>A result that had been confirmed turned out wrong after all.</summary>
    public void Retract()
    {
        Confirmed = Math.Max(0, Confirmed - 1);
        Score = Math.Max(0, Score - 1);
    }

    /// <summary>Carries out a change that was kept.</summary>
    public void Apply(StandingChange change)
    {
        switch (change)
        {
            case StandingChange.Confirmed:
                Confirm();
                break;
            case StandingChange.Refuted:
                Refute();
                break;
            case StandingChange.Absolved:
                Absolve();
                break;
            case StandingChange.Retracted:
                Retract();
                break;
        }
    }

    /// <summary>All of it, to be kept.</summary>
    public StandingRecord ToRecord() => new(Confirmed, Refuted, Score, Probation, Override);
}

/// <summary>A <see cref="Standing"/> as it is kept between runs of the program.</summary>
/// <param name="Confirmed">Results confirmed.</param>
/// <param name="Refuted">Results refuted.</param>
/// <param name="Score">The score.</param>
/// <param name="Probation">Confirmed results missing until it is more than a stranger.</param>
/// <param name="Override">What the owner said.</param>
public readonly record struct StandingRecord(int Confirmed, int Refuted, double Score, int Probation, StandingOverride Override);

/// <summary>One step in what is known of an identity.</summary>
public enum StandingChange
{
    /// <summary>See <see cref="Standing.Confirm"/>.</summary>
    Confirmed = 1,

    /// <summary>See <see cref="Standing.Refute"/>.</summary>
    Refuted = 2,

    /// <summary>See <see cref="Standing.Absolve"/>.</summary>
    Absolved = 3,

    /// <summary>See <see cref="Standing.Retract"/>.</summary>
    Retracted = 4,
}

/// <summary>What the owner of a machine decided about an identity.</summary>
public enum StandingOverride
{
    /// <summary>Nothing: its results decide.</summary>
    None,

    /// <summary>Its word is enough.</summary>
    Allow,

    /// <summary>Its word counts for nothing.</summary>
    Deny,
}

/// <summary>What earlier tasks taught about identities.</summary>
public interface IStandings
{
    /// <summary>What is kept of an identity; null: a stranger.</summary>
    StandingRecord? Of(PublicKey worker);
}
