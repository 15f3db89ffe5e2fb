namespace Starling.Core.Tasks;

/// <summary>The mode that decides when a result is believed, and its modifiers (DESIGN section 6).</summary>
public abstract record VerifySpec
{
    private VerifySpec()
    {
    }

    /// <summary>Modifier <c>class: env</c>: results are compared only with those of workers of the same environment class. Of <see cref="Replicas"/> and <see cref="Trust"/>.</summary>
    public bool WithinClass { get; init; }

    /// <summary>Any member's attestation is believed (default of member swarms).</summary>
    public sealed record Own : VerifySpec;

    /// <summary><paramref name="Count"/> matching attestations of different identities (default 2 of public tasks).</summary>
    public sealed record Replicas(int Count) : VerifySpec;

    /// <summary>Attestations weighed by what is known of their workers, up to confidence 1 − 1/<paramref name="Threshold"/>.</summary>
    public sealed record Trust(int Threshold) : VerifySpec;

    /// <summary>The author's word, or that of a key to which the author delegated.</summary>
    public sealed record Arbiter : VerifySpec;
}
