using Starling.Core.Tasks;
using Starling.Core.Verification;

namespace Starling.Inspect;

/// <summary>What would make me believe a result of this task, in words (DESIGN section 6).</summary>
internal static class VerificationText
{
    public static string Of(VerifySpec verify, bool isMemberSwarm)
    {
        string acquaintance = isMemberSwarm
            ? ""
            : $", one of them somebody of whom {Standing.KnownFrom} results were confirmed here; a result computed here is believed at once";
        string within = verify.WithinClass ? " in the same environment class" : "";
        string same = verify.Compare is { } compare ? $"what '{compare}' calls the same" : "the same";
        return verify switch
        {
            VerifySpec.Own => "a result is believed when a member of the swarm, or this machine, computed it",
            VerifySpec.Replicas replicas => $"a result is believed when {replicas.Count} workers that do not share an identity{within} got {same}{acquaintance}{(verify.Sealed is { } time ? $"; results stay sealed until there are {replicas.Count}, {time.TotalSeconds:0} s at most" : "")}",
            VerifySpec.Trust trust =>
                $"a result is believed when those who got {(verify.Compare is null ? "it" : same)}{within} outweigh all others {trust.Threshold - 1} to 1: {StrangersFor(trust.Threshold)} strangers, "
                + $"fewer workers the more results of them were confirmed here{acquaintance}",
            VerifySpec.Arbiter => "a result is believed when the author computed it too",
            VerifySpec.Checker checker => $"a result is believed when '{checker.Command}' ends with status 0 for it here, or this machine computed it",
            _ => verify.GetType().Name,
        };
    }

    private static int StrangersFor(int threshold) => TrustArithmetic.RunsUntilEnough(1, 1, Standing.StrangerWeight, threshold);
}
