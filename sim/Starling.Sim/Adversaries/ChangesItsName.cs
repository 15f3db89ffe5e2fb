using System;

namespace Starling.Sim.Adversaries;

/// <summary>Comes back under another key again and again, so that nothing that others learnt of it is of use.</summary>
internal sealed class ChangesItsName : Behaviour
{
    private static readonly TimeSpan _after = TimeSpan.FromSeconds(45);

    public override void OnStart() => Host.After(_after, Host.StartUnderAnotherName);
}
