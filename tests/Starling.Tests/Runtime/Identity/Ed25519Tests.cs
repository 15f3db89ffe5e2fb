using System;
using System.Linq;
using System.Text;
using Starling.Core.Primitives;
using Starling.Runtime.Identity;

namespace Starling.Tests.Runtime.Identity;

/// <summary>Identity and verifier against the test vectors of RFC 8032, section 7.1, and hostile input.</summary>
public sealed class Ed25519Tests
{
    private static readonly Ed25519Verifier Verifier = new();
    private static readonly Ed25519Verifier Managed = new(null);

    [Theory]
    [InlineData(
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b")]
    [InlineData(
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00")]
    [InlineData(
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a")]
    public void Vectors_of_the_standard(string seed, string publicKey, string message, string signature)
    {
        Ed25519Identity identity = Ed25519Identity.FromSeed(Convert.FromHexString(seed));
        byte[] bytes = Convert.FromHexString(message);

        Assert.Equal(publicKey, identity.PublicKey.ToString());
        Assert.Equal(signature, Convert.ToHexStringLower(identity.Sign(bytes)));
        Assert.True(Verifier.Verify(identity.PublicKey, bytes, Convert.FromHexString(signature)));
        Assert.True(Managed.Verify(identity.PublicKey, bytes, Convert.FromHexString(signature)));
    }

    /// <summary>The points of order 1, 2, 4 and 8 (with either sign), and encodings of y that are not below 2^255 - 19.</summary>
    [Theory]
    [InlineData("0100000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("0100000000000000000000000000000000000000000000000000000000000080")]
    [InlineData("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")]
    [InlineData("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff")]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000080")]
    [InlineData("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")]
    [InlineData("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85")]
    [InlineData("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")]
    [InlineData("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa")]
    [InlineData("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")]
    [InlineData("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")]
    [InlineData("ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff")]
    public void Keys_of_low_order_or_in_another_form_are_refused_whatever_is_signed(string hex)
    {
        var key = new PublicKey(Convert.FromHexString(hex));

        // Under the neutral point as key, R = S * B fits every message: 64 such bytes are R = B * 0 = (0, 1), S = 0.
        var universal = new byte[64];
        universal[0] = 1;
        Assert.False(Ed25519Encoding.IsGoodKey(key));
        Assert.False(Verifier.Verify(key, [1, 2, 3], universal));
        Assert.False(Managed.Verify(key, [1, 2, 3], universal));
    }

    [Fact]
    public void A_signature_whose_number_was_raised_by_the_order_of_the_group_is_refused()
    {
        Ed25519Identity identity = Ed25519Identity.Create();
        byte[] signature = identity.Sign([7]);
        byte[] order = Convert.FromHexString("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
        int carry = 0;
        for (int i = 0; i < order.Length; i++)
        {
            carry += signature[32 + i] + order[i];
            signature[32 + i] = (byte)carry;
            carry >>= 8;
        }

        Assert.False(Verifier.Verify(identity.PublicKey, [7], signature));
        Assert.False(Managed.Verify(identity.PublicKey, [7], signature));
    }

    [Fact]
    public void Both_libraries_agree_on_right_and_damaged_signatures()
    {
        var random = new DeterministicRandom(8032);
        for (int i = 0; i < 200; i++)
        {
            Ed25519Identity identity = Ed25519Identity.Create();
            var message = new byte[random.Next(300)];
            random.Fill(message);
            byte[] signature = identity.Sign(message);
            bool isDamaged = i % 2 == 1;
            if (isDamaged)
            {
                signature[random.Next(signature.Length)] ^= (byte)(1 << random.Next(8));
            }

            Assert.Equal(!isDamaged, Verifier.Verify(identity.PublicKey, message, signature));
            Assert.Equal(!isDamaged, Managed.Verify(identity.PublicKey, message, signature));
        }
    }

    [Fact]
    public void Every_flipped_bit_of_signature_message_or_key_is_seen()
    {
        Ed25519Identity identity = Ed25519Identity.Create();
        byte[] message = Encoding.ASCII.GetBytes("claim 7");
        byte[] signature = identity.Sign(message);
        Assert.True(Verifier.Verify(identity.PublicKey, message, signature));

        for (int bit = 0; bit < 8 * signature.Length; bit++)
        {
            Assert.False(Verifier.Verify(identity.PublicKey, message, Flipped(signature, bit)));
        }

        for (int bit = 0; bit < 8 * message.Length; bit++)
        {
            Assert.False(Verifier.Verify(identity.PublicKey, Flipped(message, bit), signature));
        }

        for (int bit = 0; bit < 8 * PublicKey.Size; bit++)
        {
            Assert.False(Verifier.Verify(new PublicKey(Flipped(identity.PublicKey.ToArray(), bit)), message, signature));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(63)]
    [InlineData(65)]
    [InlineData(4096)]
    public void A_signature_of_another_length_is_refused(int length)
    {
        Ed25519Identity identity = Ed25519Identity.Create();
        byte[] signature = [.. identity.Sign([1]), .. new byte[4096]];
        Assert.False(Verifier.Verify(identity.PublicKey, [1], signature.AsSpan(0, length)));
    }

    [Fact]
    public void Garbage_keys_and_signatures_are_refused_without_an_exception()
    {
        var random = new DeterministicRandom(25519);
        var key = new byte[PublicKey.Size];
        var signature = new byte[64];
        for (int i = 0; i < 300; i++)
        {
            random.Fill(key);
            random.Fill(signature);
            signature[63] &= (byte)(i % 2 == 0 ? 0x0f : 0xff);
            Assert.False(Verifier.Verify(new PublicKey(key), [1, 2, 3], signature));
        }

        byte[] ones = Enumerable.Repeat((byte)0xff, 64).ToArray();
        Assert.False(Verifier.Verify(new PublicKey(ones), [], ones));
        Assert.False(Verifier.Verify(new PublicKey(ones), [], new byte[64]));
    }

    [Fact]
    public void Fresh_identities_differ() => Assert.NotEqual(Ed25519Identity.Create().PublicKey, Ed25519Identity.Create().PublicKey);

    private static byte[] Flipped(byte[] bytes, int bit)
    {
        byte[] copy = [.. bytes];
        copy[bit / 8] ^= (byte)(1 << (bit % 8));
        return copy;
    }
}
