using System;
using Starling.Core.Engine;
using Starling.Core.Wire;
using Starling.Core.Swarm;

namespace Starling.Sim.Adversaries;

/// <summary>
/// All of this kind surround one honest host, the last: they connect to it first and stay, and tell it, and each other, of nobody but themselves.
/// <see cref="Swarms.SimWorld"/> lets that host know one honest peer beside them.
/// </summary>
internal sealed class Eclipses : Behaviour
{
    public override TimeSpan Every => TimeSpan.FromSeconds(1);

    public override void OnStart() => Act();

    /// <summary>The node connects where it wants; this link besides.</summary>
    public override void Act() => Host.Tell(new NodeInput.PeersFound([Host.World.Hosts[Host.World.Options.Peers - 1].Address], PeerSource.Owner));

    public override NodeEffect? Rewrite(NodeEffect effect) => effect is NodeEffect.Send send && IsPeerExchange(send) ? null : effect;

    private static bool IsPeerExchange(NodeEffect.Send send) =>
        send.Bytes.Length > PeerMessageCodec.PrefixSize
        && PeerMessageCodec.TryDecode(send.Bytes[PeerMessageCodec.PrefixSize..], out PeerMessage? message)
        && message is PeerMessage.Extended extended
        && LinkHandshake.ExtensionName(extended.Id) == UtPex.Name;
}
