using System;
using Starling.Core.Bencode;
using Starling.Core.Gossip;
using Starling.Core.Primitives;
using Starling.Tests.Core.Crypto;

namespace Starling.Tests.Core.Gossip;

public sealed class LinkBindingTests
{
    private static readonly Hash256 Mine = Hash256.Of("mine"u8);
    private static readonly Hash256 Theirs = Hash256.Of("theirs"u8);
    private static readonly Hash256 Task = Hash256.Of("task"u8);
    private static readonly byte[] Secret = Hash256.Of("secret"u8).ToArray();

    private readonly StandInIdentity _peer = new("peer");
    private readonly StandInVerifier _verifier = new();

    [Theory]
    [InlineData(LinkRole.Initiator)]
    [InlineData(LinkRole.Responder)]
    public void A_peer_on_its_own_connection_is_believed(LinkRole role)
    {
        Assert.Null(ProblemOf(Proof(role), role));
        Assert.Null(ProblemOf(Proof(role, Secret), role, Secret));
    }

    [Fact]
    public void A_proof_made_for_another_connection_role_or_task_is_worth_nothing()
    {
        StHandshake proof = Proof(LinkRole.Initiator);
        Assert.Equal("bad-signature", ProblemOf(proof, LinkRole.Responder));
        Assert.Equal("bad-signature", ProblemOf(proof, LinkRole.Initiator, peerCertificate: Hash256.Of("middle"u8)));
        Assert.Equal("bad-signature", ProblemOf(proof, LinkRole.Initiator, ownCertificate: Hash256.Of("middle"u8)));
        Assert.Equal("other-task", ProblemOf(proof with { TaskId = Theirs }, LinkRole.Initiator));
        Assert.Equal("bad-signature", ProblemOf(proof with { Key = new StandInIdentity("other").PublicKey }, LinkRole.Initiator));
        Assert.Equal("wire-version", ProblemOf(proof with { Version = 2 }, LinkRole.Initiator));
    }

    [Fact]
    public void My_own_proof_sent_back_to_me_is_worth_nothing()
    {
        StHandshake mine = LinkBinding.Create(_peer, LinkRole.Responder, Mine, Theirs, Task, Secret, 1, "");
        Assert.Equal("no-member", ProblemOf(mine, LinkRole.Initiator, Secret));
        Assert.Equal("bad-signature", ProblemOf(mine, LinkRole.Initiator));
    }

    [Fact]
    public void Without_the_secret_nobody_gets_in_and_no_signature_is_looked_at()
    {
        Assert.Equal("no-member", ProblemOf(Proof(LinkRole.Initiator), LinkRole.Initiator, Secret));
        Assert.Equal("no-member", ProblemOf(Proof(LinkRole.Initiator, Task.ToArray()), LinkRole.Initiator, Secret));
        StHandshake proof = Proof(LinkRole.Initiator, Secret);
        Assert.Equal("no-member", ProblemOf(proof with { Mac = proof.Mac[..31] }, LinkRole.Initiator, Secret));
        Assert.Equal(0, _verifier.Calls);
    }

    [Fact]
    public void A_secret_that_I_do_not_ask_for_is_ignored() => Assert.Null(ProblemOf(Proof(LinkRole.Initiator, Secret), LinkRole.Initiator));

    [Fact]
    public void Its_dictionary_comes_back()
    {
        StHandshake proof = Proof(LinkRole.Initiator, Secret);
        Assert.True(StHandshakeCodec.TryRead(Dictionary(proof), out StHandshake? back));
        Assert.Equal(proof with { Signature = default, Mac = default }, back with { Signature = default, Mac = default });
        Assert.Equal(proof.Signature.ToArray(), back.Signature.ToArray());
        Assert.Equal(proof.Mac.ToArray(), back.Mac.ToArray());
        Assert.True(StHandshakeCodec.TryRead(Dictionary(Proof(LinkRole.Initiator)), out StHandshake? open));
        Assert.True(open.Mac.IsEmpty);
    }

    [Theory]
    [InlineData("cores")]
    [InlineData("env")]
    [InlineData("id")]
    [InlineData("k")]
    [InlineData("s")]
    [InlineData("v")]
    public void Every_key_but_the_mac_is_needed_and_of_its_kind(string key)
    {
        BDictionary whole = Dictionary(Proof(LinkRole.Initiator, Secret));
        Assert.False(StHandshakeCodec.TryRead(With(whole, key, null), out _));
        Assert.False(StHandshakeCodec.TryRead(With(whole, key, new BList([])), out _));
    }

    [Theory]
    [InlineData("cores", -1, false)]
    [InlineData("cores", 0, true)]
    [InlineData("cores", 256, true)]
    [InlineData("cores", 257, false)]
    [InlineData("v", 0, false)]
    [InlineData("v", 2, true)]
    public void Numbers_are_bounded(string key, long value, bool accepted) =>
        Assert.Equal(accepted, StHandshakeCodec.TryRead(With(Dictionary(Proof(LinkRole.Initiator)), key, new BInteger(value)), out _));

    [Theory]
    [InlineData("id", 31)]
    [InlineData("id", 33)]
    [InlineData("k", 31)]
    [InlineData("k", 33)]
    [InlineData("s", 63)]
    [InlineData("s", 65)]
    [InlineData("h", 0)]
    [InlineData("h", 31)]
    [InlineData("h", 33)]
    [InlineData("env", 65)]
    public void Byte_strings_have_their_length(string key, int length)
    {
        byte[] bytes = new byte[length];
        Array.Fill(bytes, (byte)'x');
        Assert.False(StHandshakeCodec.TryRead(With(Dictionary(Proof(LinkRole.Initiator)), key, new BString(bytes)), out _));
    }

    [Theory]
    [InlineData("linux-x64", true)]
    [InlineData("a\nb", false)]
    [InlineData("\u00e9", false)]
    public void The_environment_class_is_printable_ASCII(string text, bool accepted) =>
        Assert.Equal(accepted, StHandshakeCodec.TryRead(With(Dictionary(Proof(LinkRole.Initiator)), "env", new BString(text)), out _));

    private StHandshake Proof(LinkRole role, byte[]? secret = null) => LinkBinding.Create(_peer, role, Theirs, Mine, Task, secret, 4, "linux-x64");

    private string? ProblemOf(
        StHandshake st, LinkRole role, byte[]? secret = null, Hash256? peerCertificate = null, Hash256? ownCertificate = null)
    {
        bool right = LinkBinding.Verify(
            st, role, peerCertificate ?? Theirs, ownCertificate ?? Mine, Task, secret, _verifier, out Problem? problem);
        Assert.Equal(right, problem is null);
        return problem?.Code;
    }

    private static BDictionary Dictionary(StHandshake st)
    {
        var writer = new BencodeWriter();
        StHandshakeCodec.Write(writer, st);
        Assert.True(BReader.TryReadDictionary(writer.ToArray(), BReaderOptions.Wire, out BDictionary? dictionary, out _));
        return dictionary;
    }

    private static BDictionary With(BDictionary whole, string key, BValue? value)
    {
        byte[] raw = System.Text.Encoding.ASCII.GetBytes(key);
        var entries = new System.Collections.Generic.List<BEntry>();
        foreach (BEntry entry in whole.Entries)
        {
            if (!entry.Key.Span.SequenceEqual(raw))
            {
                entries.Add(entry);
            }
        }

        if (value is not null)
        {
            entries.Add(new BEntry(raw, value));
        }

        return new BDictionary(entries);
    }
}
