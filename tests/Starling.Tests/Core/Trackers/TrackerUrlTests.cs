using Starling.Core.Trackers;

namespace Starling.Tests.Core.Trackers;

public sealed class TrackerUrlTests
{
    [Theory]
    [InlineData("http://example.com/announce", TrackerScheme.Http, "example.com", 80, "/announce", "http://example.com/scrape")]
    [InlineData("https://example.com:8443/x/announce.php?pass=1#x", TrackerScheme.Https, "example.com", 8443, "/x/announce.php?pass=1", "https://example.com:8443/x/scrape.php?pass=1")]
    [InlineData("http://example.com/a?x=/announce", TrackerScheme.Http, "example.com", 80, "/a?x=/announce", null)]
    [InlineData("http://example.com/x/announce/y", TrackerScheme.Http, "example.com", 80, "/x/announce/y", null)]
    [InlineData("http://example.com", TrackerScheme.Http, "example.com", 80, "", null)]
    [InlineData("http://example.com?announce", TrackerScheme.Http, "example.com", 80, "?announce", null)]
    [InlineData("udp://[2001:db8::1]:6969/announce?a=b", TrackerScheme.Udp, "2001:db8::1", 6969, "/announce?a=b", "udp://[2001:db8::1]:6969/announce?a=b")]
    [InlineData("udp://10.0.0.1:1", TrackerScheme.Udp, "10.0.0.1", 1, "", "udp://10.0.0.1:1")]
    public void A_url_is_taken_apart(string text, TrackerScheme scheme, string host, int port, string path, string? scrape)
    {
        TrackerUrl url = TrackerParts.Url(text);
        Assert.Equal((scheme, host, port, path, scrape), (url.Scheme, url.Host, url.Port, url.PathAndQuery, url.ScrapeText));
    }

    [Theory]
    [InlineData("ftp://example.com/announce")]
    [InlineData("udp://example.com/announce")]
    [InlineData("http://user:secret@example.com/announce")]
    [InlineData("http:///announce")]
    [InlineData("http://example.com/an nounce")]
    [InlineData("http://example.com:0/announce")]
    [InlineData("")]
    public void What_is_no_tracker_is_refused(string text)
    {
        Assert.False(TrackerUrl.TryParse(text, out _, out var problem));
        Assert.NotEmpty(problem.Reason);
    }
}
