using System;
using System.Collections.Generic;
using Starling.Core.Crypto;
using Starling.Core.Owner;
using Starling.Core.Primitives;

namespace Starling.Core.Engine;

/// <summary>What all parts of a node share during a step: the time, the keys, the generator, and where effects go.</summary>
internal sealed class NodeContext(NodeOptions options, IIdentity identity, ISignatureVerifier verifier, ulong seed)
{
    /// <summary>Refusals that are told in one second: a flood of bad peers is not to become a flood of reports.</summary>
    public const int MaxRefusalsPerSecond = 10;

    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private Instant _refusalsSince = new(long.MinValue / 2);
    private int _refusals;

    public NodeOptions Options { get; } = options;

    public IIdentity Identity { get; } = identity;

    public PublicKey Self { get; } = identity.PublicKey;

    public ISignatureVerifier Verifier { get; } = verifier;

    public DeterministicRandom Random { get; } = new(seed);

    /// <summary>As <see cref="NodeInput.TaskOpened"/> said; until then it is not known, and hoped for.</summary>
    public bool MayCompute { get; set; } = true;

    /// <summary>As <see cref="NodeInput.TaskOpened"/> said.</summary>
    public string EnvironmentClass { get; set; } = "";

    /// <summary>What the owner's rules leave to this task now.</summary>
    public Grant Grant { get; set; } = Grant.Everything;

    /// <summary>The time of the input that is being handled.</summary>
    public Instant Now { get; set; }

    /// <summary>Now as Unix time in seconds, as far as the start of this process was known.</summary>
    public long UnixSeconds => (Options.Incarnation / 1000) + (long)Now.Seconds;

    public List<NodeEffect> Effects { get; } = [];

    public void Emit(NodeEffect effect) => Effects.Add(effect);

    public void Report(NodeEvent report) => Effects.Add(new NodeEffect.Report(report));

    /// <summary>Tells that something of a peer was refused; of very many only the first ones.</summary>
    public void Refuse(string code, string reason, string hint = "")
    {
        if (Now - _refusalsSince >= Second)
        {
            (_refusalsSince, _refusals) = (Now, 0);
        }

        if (_refusals < MaxRefusalsPerSecond)
        {
            _refusals++;
            Report(new NodeEvent.Refused(new Problem(code, reason, hint)));
        }
    }
}
