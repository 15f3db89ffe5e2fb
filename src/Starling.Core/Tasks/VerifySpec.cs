using System;

namespace Starling.Core.Tasks;

/// <summary>The mode that decides when a result is believed, and its modifiers (DESIGN section 6).</summary>
public abstract record VerifySpec
{
    private VerifySpec()
    {
    }

    /// <summary>Modifier <c>class: env</c>: results are compared only with those of workers of the same environment class. Of <see cref="Replicas"/> and <see cref="Trust"/>.</summary>
    public bool WithinClass { get; init; }

    /// <summary>
    /// Modifier <c>compare: command</c>: the command decides whether two results that differ in bytes mean the same; null: bytes decide. Of
    /// <see cref="Replicas"/> and <see cref="Trust"/>.
    /// </summary>
    public string? Compare { get; init; }

    /// <summary>
    /// Modifier <c>sealed: time</c>: workers first publish fingerprints of their results, and open them when there are enough, or when the time is over; null: results
    /// are open from the start. Of <see cref="Replicas"/>.
    /// </summary>
    public TimeSpan? Sealed { get; init; }

    /// <summary>The command that looks at results here before they are believed; null: none does.</summary>
    public string? TrialCommand => this is Checker checker ? checker.Command : Compare;

    /// <summary>Any member's attestation is believed (default of member swarms).</summary>
    public sealed record Own : VerifySpec;

    /// <summary><paramref name="Count"/> matching attestations of different identities (default 2 of public tasks).</summary>
    public sealed record Replicas(int Count) : VerifySpec;

    /// <summary>Attestations weighed by what is known of their workers, up to confidence 1 − 1/<paramref name="Threshold"/>.</summary>
    public sealed record Trust(int Threshold) : VerifySpec;

    /// <summary>The author's word, or that of a key to which the author delegated.</summary>
    public sealed record Arbiter : VerifySpec;

    /// <summary>The task's own test of a result: <paramref name="Command"/> ends with status 0 for a right one.</summary>
    public sealed record Checker(string Command) : VerifySpec;
}
