using System;
using Starling.Core.Tasks;

namespace Starling.Core.Verification;

/// <summary>From what the task file says to the policy that does it.</summary>
public static class VerificationPolicies
{
    /// <summary>The policy of a task.</summary>
    public static IVerificationPolicy Of(VerifySpec spec) => spec switch
    {
        VerifySpec.Own => new OwnPolicy(),
        VerifySpec.Replicas replicas => new ReplicasPolicy(replicas.Count),
        _ => throw new ArgumentOutOfRangeException(nameof(spec), spec, "the validator lets no other mode through"),
    };
}
