using System;
using System.Text;
using Starling.Core.Gossip;
using Starling.Core.Primitives;
using Starling.Core.Wire;
using Starling.Tests.Core.Crypto;

namespace Starling.Tests.Core.Gossip;

/// <summary>What the <c>st</c> dictionary says beside the identity: named members, and what is kept.</summary>
public sealed class StHandshakeCodecTests
{
    [Theory]
    [InlineData(false, null)]
    [InlineData(true, null)]
    [InlineData(false, 0)]
    [InlineData(true, StHandshakeCodec.MaxKeep)]
    public void What_is_said_comes_back(bool namesMembers, int? keep)
    {
        StHandshake st = Read(Encode(namesMembers, keep))!;
        Assert.Equal((namesMembers, keep), (st.NamesMembers, st.Keep));
        Assert.Equal(Encode(namesMembers, keep), new ExtendedHandshake { Extensions = [], St = st }.Encode());
    }

    [Theory]
    [InlineData("4:keepi64e", "4:keepi65e")]
    [InlineData("4:keepi64e", "4:keepi-1e")]
    [InlineData("1:mi1e", "1:mi2e")]
    [InlineData("1:mi1e", "1:m1:1")]
    public void What_is_beyond_its_bound_is_refused(string right, string wrong)
    {
        string text = Encoding.Latin1.GetString(Encode(namesMembers: true, StHandshakeCodec.MaxKeep));
        Assert.Contains(right, text, StringComparison.Ordinal);
        Assert.Null(Read(Encoding.Latin1.GetBytes(text.Replace(right, wrong, StringComparison.Ordinal))));
    }

    private static byte[] Encode(bool namesMembers, int? keep)
    {
        StHandshake st = LinkBinding.Create(new StandInIdentity("me"), LinkRole.Initiator, Hash256.Of([1]), Hash256.Of([2]), Hash256.Of([3]), default, 1, "linux-x64");
        return new ExtendedHandshake { Extensions = [], St = st with { NamesMembers = namesMembers, Keep = keep } }.Encode();
    }

    private static StHandshake? Read(byte[] bytes) => ExtendedHandshake.TryDecode(bytes, out ExtendedHandshake? handshake) ? handshake.St : null;
}
