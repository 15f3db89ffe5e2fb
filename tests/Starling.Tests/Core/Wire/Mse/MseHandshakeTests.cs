using System;
using System.Buffers.Binary;
using System.Linq;
using System.Numerics;
using Starling.Core.Primitives;
using Starling.Core.Wire.Mse;
using static Starling.Tests.Core.Wire.Mse.MseParts;

namespace Starling.Tests.Core.Wire.Mse;

public sealed class MseHandshakeTests
{
    private const string PrimeHex = "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"
        + "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A63A36210000000000090563";

    [Theory]
    [InlineData(Both, Both, MseMethods.Rc4)]
    [InlineData(MseMethods.Rc4, Both, MseMethods.Rc4)]
    [InlineData(Both, MseMethods.Rc4, MseMethods.Rc4)]
    [InlineData(MseMethods.Plaintext, Both, MseMethods.Plaintext)]
    [InlineData(Both, MseMethods.Plaintext, MseMethods.Plaintext)]
    public void Both_sides_agree_and_understand_what_follows(MseMethods offered, MseMethods accepted, MseMethods expected)
    {
        MseInitiator initiator = Initiator(offered);
        MseResponder responder = Responder(accepted);
        Converse(initiator, responder, _ => int.MaxValue);
        Agreed(initiator, responder, expected);

        foreach ((Rc4? encrypt, Rc4? decrypt) in new[] { (initiator.Outcome!.Encrypt, responder.Outcome!.Decrypt), (responder.Outcome.Encrypt, initiator.Outcome.Decrypt) })
        {
            Assert.Equal(expected == MseMethods.Rc4, encrypt is not null);
            byte[] bytes = "payload"u8.ToArray();
            encrypt?.Process(bytes);
            Assert.Equal(expected == MseMethods.Plaintext, bytes.AsSpan().SequenceEqual("payload"u8));
            decrypt?.Process(bytes);
            Assert.Equal("payload"u8.ToArray(), bytes);
        }
    }

    /// <summary>Three messages of at most 900 bytes: every position is a cut for one of the two sides.</summary>
    [Theory]
    [InlineData(MseMethods.Rc4)]
    [InlineData(MseMethods.Plaintext)]
    public void Every_cut_of_the_stream_gives_the_same(MseMethods method)
    {
        for (int cut = 1; cut < 400; cut += method == MseMethods.Rc4 ? 1 : 7)
        {
            int at = cut;
            MseInitiator initiator = Initiator(method);
            MseResponder responder = Responder();
            Converse(initiator, responder, _ =>
            {
                int size = at;
                at = int.MaxValue;
                return size;
            });
            Agreed(initiator, responder, method);
        }

        MseInitiator slow = Initiator(method);
        MseResponder patient = Responder();
        Converse(slow, patient, _ => 1);
        Agreed(slow, patient, method);
    }

    [Theory]
    [InlineData(MseMethods.Rc4)]
    [InlineData(MseMethods.Plaintext)]
    public void What_follows_in_the_same_bytes_is_part_of_the_payload(MseMethods method)
    {
        MseInitiator initiator = Initiator(method);
        MseResponder responder = Responder();
        byte[] second = responder.Receive(initiator.Start().Span).ToArray();
        byte[] third = initiator.Receive(second).ToArray();

        // The initiator may send on at once when it offers RC4 alone; here the same cipher states are made again for it.
        byte[] more = "and more"u8.ToArray();
        byte[] fourth;
        if (method == MseMethods.Rc4)
        {
            MseInitiator twin = Initiator(method, [.. "hello"u8, .. more]);
            twin.Start();
            byte[] longer = twin.Receive(second).ToArray();
            fourth = responder.Receive([.. third, .. longer[^more.Length..]]).ToArray();
        }
        else
        {
            fourth = responder.Receive([.. third, .. more]).ToArray();
        }

        Assert.Equal("helloand more"u8.ToArray(), responder.Outcome!.Received.ToArray());
        byte[] answer = "answer"u8.ToArray();
        responder.Outcome.Encrypt?.Process(answer);
        initiator.Receive([.. fourth, .. answer]);
        Assert.Equal("answer"u8.ToArray(), initiator.Outcome!.Received.ToArray());
    }

    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(MseRandomness.MaxPadSize, MseRandomness.MaxPadSize, MseInitiator.MaxInitialPayload)]
    public void The_shortest_and_the_longest_parts_pass(int valuePad, int cryptoPad, int initialSize)
    {
        byte[] initial = [.. Enumerable.Range(0, initialSize).Select(i => (byte)(i * 7))];
        foreach (int cut in new[] { int.MaxValue, 97 })
        {
            MseInitiator initiator = Initiator(MseMethods.Rc4, initial, valuePad, cryptoPad);
            MseResponder responder = Responder(Both, valuePad, cryptoPad);
            Converse(initiator, responder, _ => cut);
            Assert.Equal(initial, responder.Outcome?.Received.ToArray());
            Assert.NotNull(initiator.Outcome);
        }
    }

    [Fact]
    public void What_never_becomes_a_handshake_is_held_up_to_the_bound_and_ended()
    {
        MseResponder responder = Responder(valuePad: 0);
        byte[] nonsense = [.. Initiator().Start().Span[..96], .. new byte[4 * MseHandshake.MaxPending]];
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int at = 0; at < nonsense.Length && !responder.IsOver; at += 100)
        {
            responder.Receive(nonsense.AsSpan(at, Math.Min(100, nonsense.Length - at)));
        }

        Assert.NotNull(responder.Problem);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 12L * MseHandshake.MaxPending);
    }

    [Fact]
    public void A_pad_longer_than_the_bound_ends_the_search_on_both_sides()
    {
        MseResponder responder = Responder();
        byte[] value = Initiator(valuePad: 0).Start().ToArray();
        responder.Receive(value);
        responder.Receive(new byte[MseRandomness.MaxPadSize + 19]);
        Assert.False(responder.IsOver);
        responder.Receive([0]);
        Assert.NotNull(responder.Problem);

        MseInitiator initiator = Initiator();
        initiator.Receive(Responder(valuePad: 0).Receive(value).Span);
        initiator.Receive(new byte[MseRandomness.MaxPadSize + 7]);
        Assert.False(initiator.IsOver);
        initiator.Receive([0]);
        Assert.NotNull(initiator.Problem);
    }

    [Theory]
    [InlineData("0", false)]
    [InlineData("1", false)]
    [InlineData("2", true)]
    [InlineData("p-2", true)]
    [InlineData("p-1", false)]
    [InlineData("p", false)]
    [InlineData("p+1", false)]
    [InlineData("max", false)]
    public void Public_values_that_give_the_secret_away_are_refused(string text, bool fine)
    {
        BigInteger prime = BigInteger.Parse("0" + PrimeHex, System.Globalization.NumberStyles.AllowHexSpecifier, null);
        BigInteger value = text switch
        {
            "p-2" => prime - 2,
            "p-1" => prime - 1,
            "p" => prime,
            "p+1" => prime + 1,
            "max" => (BigInteger.One << 768) - 1,
            _ => BigInteger.Parse(text, null),
        };
        byte[] bytes = value.ToByteArray(isUnsigned: true, isBigEndian: true);
        byte[] padded = [.. new byte[96 - bytes.Length], .. bytes];
        foreach (MseHandshake side in new MseHandshake[] { Initiator(), Responder() })
        {
            int sent = side.Receive(padded).Length;
            Assert.Equal(fine, side.Problem is null);
            Assert.Equal(fine, sent > 0);
        }
    }

    [Fact]
    public void The_prime_is_a_safe_one()
    {
        BigInteger prime = BigInteger.Parse("0" + PrimeHex, System.Globalization.NumberStyles.AllowHexSpecifier, null);
        foreach (int witness in new[] { 2, 3, 5, 7, 11 })
        {
            Assert.Equal(BigInteger.One, BigInteger.ModPow(witness, prime - 1, prime));
            Assert.Equal(BigInteger.One, BigInteger.ModPow(witness, (prime / 2) - 1, prime / 2));
        }
    }

    [Fact]
    public void A_swarm_that_is_not_served_ends_it_on_the_responders_side()
    {
        MseInitiator initiator = Initiator(swarm: new InfoHash(new byte[20]));
        MseResponder responder = Responder();
        Converse(initiator, responder, _ => int.MaxValue);
        Assert.Contains("not served", responder.Problem?.Reason, StringComparison.Ordinal);
        Assert.Null(initiator.Outcome);
    }

    [Fact]
    public void One_swarm_of_many_is_found()
    {
        InfoHash[] swarms = [.. Enumerable.Range(0, 1000).Select(i =>
        {
            var bytes = new byte[20];
            BinaryPrimitives.WriteInt32BigEndian(bytes, i);
            return new InfoHash(bytes);
        })];
        MseInitiator initiator = Initiator(swarm: swarms[777]);
        MseResponder responder = Responder(swarms: swarms);
        Converse(initiator, responder, _ => int.MaxValue);
        Assert.Equal(swarms[777], responder.Outcome?.InfoHash);
    }

    [Theory]
    [InlineData(MseMethods.Plaintext, MseMethods.Rc4, "required")]
    [InlineData(MseMethods.Rc4, MseMethods.Plaintext, "no method")]
    [InlineData((MseMethods)4, Both, "no method")]
    public void Sides_with_nothing_in_common_part(MseMethods offered, MseMethods accepted, string reason)
    {
        MseInitiator initiator = Initiator(offered);
        MseResponder responder = Responder(accepted);
        Converse(initiator, responder, _ => int.MaxValue);
        Assert.Contains(reason, responder.Problem?.Reason, StringComparison.Ordinal);
        Assert.Null(initiator.Outcome);
    }

    [Fact]
    public void A_peer_without_the_info_hash_cannot_answer()
    {
        MseInitiator initiator = Initiator(swarm: ThisSwarm);
        var impostor = new MseInitiator(OtherSwarm, Both, default, Randomness(5, 0, 0));
        initiator.Receive(impostor.Start().Span);
        initiator.Receive(impostor.Receive(initiator.Start().Span[..96]).Span);
        Converse(initiator, Responder(swarms: OtherSwarm), _ => int.MaxValue);
        Assert.Null(initiator.Outcome);
    }

    [Fact]
    public void Nothing_may_be_fed_behind_the_end()
    {
        MseInitiator initiator = Initiator();
        Converse(initiator, Responder(), _ => int.MaxValue);
        Assert.Throws<InvalidOperationException>(() => initiator.Receive([1]));
    }

    [Theory]
    [InlineData(MsePolicy.Prefer, Both, true)]
    [InlineData(MsePolicy.Require, MseMethods.Rc4, false)]
    [InlineData(MsePolicy.Off, MseMethods.None, true)]
    public void Policies_say_what_is_offered(MsePolicy policy, MseMethods methods, bool plain)
    {
        Assert.Equal(methods, policy.Methods());
        Assert.Equal(plain, policy.AllowsPlain());
    }

    private static void Agreed(MseInitiator initiator, MseResponder responder, MseMethods method)
    {
        Assert.Null(initiator.Problem);
        Assert.Null(responder.Problem);
        Assert.Equal(method, initiator.Outcome?.Method);
        Assert.Equal(method, responder.Outcome?.Method);
        Assert.Equal(ThisSwarm, responder.Outcome!.InfoHash);
        Assert.Equal("hello"u8.ToArray(), responder.Outcome.Received.ToArray());
        Assert.Equal(0, initiator.Outcome!.Received.Length);
    }
}
