using System;
using Starling.Core.Primitives;
using Starling.Core.Wire.Mse;
using Starling.Tests.Core.Fuzz;
using static Starling.Tests.Core.Wire.Mse.MseParts;

namespace Starling.Tests.Core.Wire.Mse;

/// <summary>Damaged handshakes and hostile fields behind a right key exchange. MSE_FUZZ_ROUNDS runs more.</summary>
public sealed class MseFuzzTests
{
    /// <summary>Bytes that a side may allocate for one conversation, the longest initial payload included.</summary>
    private const long MaxAllocation = 12 * MseHandshake.MaxPending;

    private static readonly int Rounds = int.TryParse(Environment.GetEnvironmentVariable("MSE_FUZZ_ROUNDS"), out int more) ? more : 300;

    [Fact]
    public void Damaged_bytes_end_in_a_problem_or_wait_but_never_throw()
    {
        byte[] first = Initiator().Start().ToArray();
        byte[] second = Responder().Receive(first).ToArray();
        byte[] third = Initiator().Receive(second).ToArray();
        MseResponder answering = Responder();
        answering.Receive(first);
        byte[] fourth = answering.Receive(third).ToArray();
        var toResponder = new Mutation(1, [[.. first, .. third]]);
        var toInitiator = new Mutation(2, [[.. second, .. fourth]]);
        var random = new DeterministicRandom(3);
        for (int round = 0; round < Rounds; round++)
        {
            Feed(Responder(), toResponder.Next(), random);
            Feed(Initiator(), toInitiator.Next(), random);
        }
    }

    /// <summary>A peer that does the arithmetic right and lies behind it: every field behind the verification constant is random.</summary>
    [Fact]
    public void Hostile_fields_behind_a_right_key_are_bounded()
    {
        var random = new DeterministicRandom(4);
        int agreed = 0;
        for (int round = 0; round < Rounds; round++)
        {
            MseInitiator initiator = Initiator(initial: []);
            byte[] second = Responder(valuePad: 0).Receive(initiator.Start().Span).ToArray();
            MseResponder responder = Responder(valuePad: 0);
            responder.Receive(initiator.Start().Span);
            byte[] third = initiator.Receive(second).ToArray();

            // RC4 is a mask: a changed bit of the cipher text is the same change of the clear text.
            int at = 40 + random.Next(third.Length - 40);
            third[at] ^= (byte)(1 << random.Next(8));
            byte[] fourth = responder.Receive(third).ToArray();
            agreed += responder.Outcome is null ? 0 : 1;
            if (fourth.Length > 0)
            {
                fourth[random.Next(fourth.Length)] ^= (byte)(1 << random.Next(8));
                Feed(initiator, fourth, random);
            }
        }

        Assert.InRange(agreed, 1, Rounds - 1);
    }

    private static void Feed(MseHandshake side, byte[] bytes, DeterministicRandom random)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int at = 0; at < bytes.Length && !side.IsOver;)
        {
            int count = Math.Min(1 + random.Next(400), bytes.Length - at);
            side.Receive(bytes.AsSpan(at, count));
            at += count;
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, MaxAllocation);
    }
}
