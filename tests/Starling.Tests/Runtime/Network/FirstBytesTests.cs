using System;
using System.Linq;
using Starling.Core.Primitives;
using Starling.Runtime.Network;

namespace Starling.Tests.Runtime.Network;

public sealed class FirstBytesTests
{
    [Theory]
    [InlineData("", "Undecided")]
    [InlineData("16", "Undecided")]
    [InlineData("1603", "Undecided")]
    [InlineData("16030102", "Undecided")]
    [InlineData("1603010001", "Tls")]
    [InlineData("1603014100", "Tls")]
    [InlineData("1603014101", "Unknown")]
    [InlineData("1603010000", "Unknown")]
    [InlineData("1604", "Unknown")]
    [InlineData("17", "Unknown")]
    [InlineData("00", "Unknown")]
    [InlineData("13", "Undecided")]
    [InlineData("1342", "Undecided")]
    [InlineData("1343", "Unknown")]
    [InlineData("13426974546f7272656e742070726f746f636f", "Undecided")]
    [InlineData("13426974546f7272656e742070726f746f636f6c", "BitTorrent")]
    [InlineData("13426974546f7272656e742070726f746f636f6d", "Unknown")]
    [InlineData("13426974546f7272656e742070726f746f636f6cff", "BitTorrent")]
    public void Protocols_are_told_apart(string bytes, string kind) =>
        Assert.Equal(kind, FirstBytes.Classify(Convert.FromHexString(bytes)).ToString());

    [Fact]
    public void Twenty_bytes_always_decide()
    {
        var random = new DeterministicRandom(20);
        var bytes = new byte[FirstBytes.MaxSize];
        byte[] starts = [0x13, 0x16, 0x00, 0xff];
        foreach (byte start in Enumerable.Repeat(starts, 100).SelectMany(all => all))
        {
            random.Fill(bytes);
            bytes[0] = start;
            Assert.NotEqual(ConnectionKind.Undecided, FirstBytes.Classify(bytes));
        }
    }
}
