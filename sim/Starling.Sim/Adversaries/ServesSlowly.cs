using System;
using Starling.Core.Engine;

namespace Starling.Sim.Adversaries;

/// <summary>Computes and serves, each block and each list of block hashes as late as others bear it: the slow loris of an exchange.</summary>
internal sealed class ServesSlowly : Behaviour
{
    /// <summary>Under the 30 s after which a request is given up.</summary>
    private static readonly TimeSpan _late = TimeSpan.FromSeconds(27);

    public override NodeEffect? Rewrite(NodeEffect effect)
    {
        if (effect is not (NodeEffect.LoadLeaves or NodeEffect.SendBlock))
        {
            return effect;
        }

        Host.After(_late, () => Host.Do(effect));
        return null;
    }
}
