using System;
using Starling.Core.Tasks;

namespace Starling.Core.Verification;

/// <summary>From what the task file says to the policy that does it.</summary>
public static class VerificationPolicies
{
    /// <summary>The policy of a task.</summary>
    /// <param name="spec">Its mode.</param>
    /// <param name="isPublic">Whether anybody may take part: then strangers cannot confirm strangers.</param>
    /// <param name="isArbiter">Whether this peer is an arbiter of the task now.</param>
    public static IVerificationPolicy Of(VerifySpec spec, bool isPublic, Func<bool> isArbiter) => spec switch
    {
        VerifySpec.Own => new OwnPolicy(),
        VerifySpec.Replicas replicas => new ReplicasPolicy(replicas.Count, isPublic),
        VerifySpec.Trust trust => new TrustPolicy(trust.Threshold, isPublic),
        VerifySpec.Checker => new CheckerPolicy(),
        VerifySpec.Arbiter => new ArbiterPolicy(isArbiter),
        _ => throw new ArgumentOutOfRangeException(nameof(spec), spec, "the validator lets no other mode through"),
    };
}
