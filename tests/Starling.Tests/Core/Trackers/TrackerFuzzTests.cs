using System;
using System.Globalization;
using System.Text;
using Starling.Core.Trackers;
using Starling.Tests.Core.Fuzz;

namespace Starling.Tests.Core.Trackers;

/// <summary>Damaged answers are read or refused, within the bounds, and never throw. STARLING_FUZZ_CASES: how many.</summary>
public sealed class TrackerFuzzTests
{
    private static readonly int Cases =
        int.TryParse(Environment.GetEnvironmentVariable("STARLING_FUZZ_CASES"), CultureInfo.InvariantCulture, out int cases) ? cases : 20_000;

    [Fact]
    public void Answers_of_HTTP_trackers()
    {
        var mutation = new Mutation(11, [
            Encoding.Latin1.GetBytes("d8:completei3e11:external ip4:abcd10:incompletei4e8:intervali1800e12:min intervali60e5:peers12:abcdefghijkl6:peers618:abcdefghijklmnopqre"),
            Encoding.Latin1.GetBytes("d5:peersld2:ip7:1.2.3.44:porti1eed2:ip11:2001:db8::14:porti65535eee10:tracker id2:id15:warning message4:slowe"),
            Encoding.Latin1.GetBytes("d14:failure reason3:no!8:retry in5:nevere"),
            Encoding.Latin1.GetBytes("d5:filesd20:aaaaaaaaaaaaaaaaaaaad8:completei5e10:downloadedi50e10:incompletei10eeee"),
        ]);
        for (int i = 0; i < Cases; i++)
        {
            byte[] body = mutation.Next();
            bool read = HttpTrackerCodec.TryReadAnnounce(body, out AnnounceAnswer? answer, out TrackerFailure? failure);
            Assert.Equal(read, failure is null);
            Assert.True(!read || (answer!.Peers.Count <= AnnounceAnswer.MaxPeers && answer is { Interval: null or >= 0, MinInterval: null or >= 0 }));
            HttpTrackerCodec.TryReadScrape(body, [TrackerParts.Swarm], out _, out _);
        }
    }

    [Fact]
    public void Answers_of_UDP_trackers()
    {
        var mutation = new Mutation(12, [
            [0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8],
            [0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 7, 8, 0, 0, 0, 1, 0, 0, 0, 2, 1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 7],
            [0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3],
            [0, 0, 0, 3, 0, 0, 0, 1, (byte)'n', (byte)'o'],
        ]);
        for (int i = 0; i < Cases; i++)
        {
            byte[] datagram = mutation.Next();
            foreach (bool v6 in new[] { false, true })
            {
                if (UdpTrackerCodec.TryDecode(datagram, v6, out UdpTrackerAnswer? answer) && answer is UdpTrackerAnswer.Announced announced)
                {
                    Assert.True(announced.Answer is { Interval: null or >= 0 } && announced.Answer.Peers.Count <= AnnounceAnswer.MaxPeers);
                }
            }

            uint next = 1;
            UdpTrackerExchange exchange = UdpTrackerExchange.Announce(TrackerParts.Request, "", false, () => next++);
            exchange.Next(default);
            exchange.Receive(datagram, default);
        }
    }
}
