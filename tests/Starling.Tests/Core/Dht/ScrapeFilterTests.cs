using System;
using System.Net;
using Starling.Core.Dht;
using Starling.Core.Primitives;

namespace Starling.Tests.Core.Dht;

public sealed class ScrapeFilterTests
{
    private const string Vector =
        "F6C3F5EAA07FFD91BDE89F777F26FB2BFF37BDB8FB2BBAA2FD3DDDE7BACFFF75EE7CCBAE"
        + "FE5EEDB1FBFAFF67F6ABFF5E43DDBCA3FD9B9FFDF4FFD3E9DFF12D1BDF59DB53DBE9FA5B"
        + "7FF3B8FDFCDE1AFB8BEDD7BE2F3EE71EBBBFE93BCDEEFE148246C2BC5DBFF7E7EFDCF24F"
        + "D8DC7ADFFD8FFFDFDDFFF7A4BBEEDF5CB95CE81FC7FCFF1FF4FFFFDFE5F7FDCBB7FD79B3"
        + "FA1FC77BFE07FFF905B7B7FFC7FEFEFFE0B8370BB0CD3F5B7F2BD93FEB4386CFDD6F7FD5"
        + "BFAF2E9EBFFFFEECD67ADBF7C67F17EFD5D75EBA6FFEBA7FFF47A91EB1BFBB53E8ABFB57"
        + "62ABE8FF237279BFEFBFEEF5FFC5FEBFDFE5ADFFADFEE1FB737FFFFBFD9F6AEFFEEE76B6"
        + "FD8F72EF";

    [Fact]
    public void Filters_unite_and_a_full_one_is_a_number()
    {
        var both = new ScrapeFilter();
        var one = new ScrapeFilter();
        for (int i = 0; i < 200; i++)
        {
            one.Add(PeerAddress.From(new System.Net.IPAddress([192, 0, 2, (byte)i]), 1));
            both.Unite(one.ToArray());
        }

        Assert.Equal(one.ToArray(), both.ToArray());
        Assert.Equal(0, ScrapeFilter.Estimate(new byte[ScrapeFilter.Size]));
        var full = new byte[ScrapeFilter.Size];
        System.Array.Fill(full, byte.MaxValue);
        Assert.InRange(ScrapeFilter.Estimate(full), 5_000, 10_000);
    }

    [Fact]
    public void The_vector_of_BEP_33()
    {
        var filter = new ScrapeFilter();
        for (int i = 0; i < 256; i++)
        {
            filter.Add(PeerAddress.From(new IPAddress([192, 0, 2, (byte)i]), 1 + i));
        }

        UInt128 first = PeerAddress.From(IPAddress.Parse("2001:DB8::"), 0).Ip;
        for (uint i = 0; i < 1000; i++)
        {
            filter.Add(new PeerAddress(first + i, 1));
        }

        Assert.Equal(Vector, Convert.ToHexString(filter.ToArray()));
        Assert.InRange(ScrapeFilter.Estimate(filter.ToArray()), 1224.9308, 1224.9309);
    }
}
