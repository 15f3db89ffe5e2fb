using System;
using System.Collections.Generic;
using Starling.Core.Engine;
using Starling.Core.Primitives;
using Starling.Core.Wire;

namespace Starling.Sim.Swarms;

/// <summary>
/// No node at all: connects to everybody and sends nothing, nonsense, a handshake for another task, or a right handshake and then nothing or
/// nonsense; answers those who connect to it in the same way. Never closes a link by itself.
/// </summary>
internal sealed class RawPeer(SimWorld world, int number, ulong seed) : SimHost(world, number, new SimHostTraits(1), seed)
{
    private static readonly TimeSpan ConnectEvery = TimeSpan.FromMilliseconds(700);

    private IReadOnlyList<PeerAddress> _known = [];
    private bool _isUp;

    public override bool IsUp => _isUp;

    public override bool IsHonest => false;

    public override void Start(IReadOnlyList<PeerAddress> known)
    {
        _known = known;
        _isUp = true;
        ConnectToSomebody();
    }

    public override void Crash(CrashKind kind)
    {
    }

    public override void Take(int life, NodeInput input, bool more = false)
    {
        if (input is NodeInput.LinkOpened opened)
        {
            Greet(opened.Link);
        }
    }

    private void ConnectToSomebody()
    {
        World.Network.Connect(this, _known[Random.Next(_known.Count)]);
        Later(ConnectEvery, ConnectToSomebody);
    }

    private void Greet(LinkId link)
    {
        var noise = new byte[Handshake.Size];
        Random.Fill(noise);
        var right = new Handshake(
            Handshake.ExtensionBit | Handshake.FastBit | Handshake.V2Bit, InfoHash.Of(World.Task.Id), PeerId.Create(Random)).Encode();
        switch (Random.Next(5))
        {
            case 0:
                break;
            case 1:
                World.Network.Send(this, link, noise);
                break;
            case 2:
                World.Network.Send(this, link, new Handshake(0, InfoHash.Of(Hash256.Of(noise)), PeerId.Create(Random)).Encode());
                break;
            case 3:
                World.Network.Send(this, link, right);
                break;
            default:
                World.Network.Send(this, link, right);
                noise[0] = 20;
                noise[1] = 0;
                World.Network.Send(this, link, noise);
                break;
        }
    }
}
