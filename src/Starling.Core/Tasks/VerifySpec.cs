namespace Starling.Core.Tasks;

/// <summary>The mode that decides when a result is believed (DESIGN section 6); modifiers come with the issue on verification.</summary>
public abstract record VerifySpec
{
    private VerifySpec()
    {
    }

    /// <summary>Any member's attestation is believed (default of member swarms).</summary>
    public sealed record Own : VerifySpec;

    /// <summary><paramref name="Count"/> matching attestations of different identities (default 2 of public tasks).</summary>
    public sealed record Replicas(int Count) : VerifySpec;
}
