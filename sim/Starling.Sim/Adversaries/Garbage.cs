using System;
using Starling.Core.Engine;

namespace Starling.Sim.Adversaries;

/// <summary>Sends random frames on links that are established.</summary>
internal sealed class Garbage : Behaviour
{
    public override bool MayCompute => false;

    public override TimeSpan Every => TimeSpan.FromMilliseconds(500);

    public override void Act()
    {
        foreach (LinkId link in Host.Peers)
        {
            var frame = new byte[1 + Host.Random.Next(300)];
            Host.Random.Fill(frame);
            frame[0] = (byte)Host.Random.Next(24);
            if (Host.Random.Next(2) == 0 && frame.Length > 1)
            {
                // An extended message with a number that means something.
                frame[0] = 20;
                frame[1] = (byte)Host.Random.Next(10);
            }

            Host.SayRaw(link, frame);
        }
    }
}
