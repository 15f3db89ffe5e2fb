using System;
using System.Collections.Generic;
using System.Linq;
using Starling.Core.Primitives;
using Starling.Core.Wire.Mse;

namespace Starling.Tests.Core.Wire.Mse;

/// <summary>Both sides of a handshake, and the wire between them.</summary>
internal static class MseParts
{
    public const MseMethods Both = MseMethods.Plaintext | MseMethods.Rc4;

    public static readonly InfoHash ThisSwarm = new(Enumerable.Repeat((byte)7, 20).ToArray());

    public static readonly InfoHash OtherSwarm = new(Enumerable.Repeat((byte)8, 20).ToArray());

    public static MseRandomness Randomness(ulong seed, int valuePad = 100, int cryptoPad = 50)
    {
        var random = new DeterministicRandom(seed);
        byte[] Bytes(int count)
        {
            var bytes = new byte[count];
            random.Fill(bytes);
            return bytes;
        }

        return new MseRandomness(Bytes(MseRandomness.ExponentSize), Bytes(valuePad), Bytes(cryptoPad));
    }

    public static MseInitiator Initiator(
        MseMethods offered = Both, byte[]? initial = null, int valuePad = 100, int cryptoPad = 50, InfoHash? swarm = null) =>
        new(swarm ?? ThisSwarm, offered, initial ?? "hello"u8.ToArray(), Randomness(1, valuePad, cryptoPad));

    public static MseResponder Responder(MseMethods accepted = Both, int valuePad = 30, int cryptoPad = 60, params InfoHash[] swarms) =>
        new(new MseSwarmKeys(swarms.Length == 0 ? [OtherSwarm, ThisSwarm] : swarms), accepted, Randomness(2, valuePad, cryptoPad));

    /// <summary>Carries bytes both ways in the cuts that <paramref name="cut"/> names until both are over or nothing moves.</summary>
    public static void Converse(MseInitiator initiator, MseResponder responder, Func<int, int> cut)
    {
        var toResponder = new List<byte>(initiator.Start().ToArray());
        var toInitiator = new List<byte>();
        bool moved = true;
        while (moved)
        {
            moved = Carry(toResponder, responder, toInitiator, cut) | Carry(toInitiator, initiator, toResponder, cut);
        }
    }

    private static bool Carry(List<byte> wire, MseHandshake side, List<byte> back, Func<int, int> cut)
    {
        if (wire.Count == 0 || side.IsOver)
        {
            return false;
        }

        int count = Math.Clamp(cut(wire.Count), 1, wire.Count);
        byte[] bytes = [.. wire.Take(count)];
        wire.RemoveRange(0, count);
        back.AddRange(side.Receive(bytes).ToArray());
        return true;
    }
}
