using System;
using System.Linq;
using Starling.Core.Primitives;
using Starling.Core.Tasks;

namespace Starling.Tests.Core.Tasks;

public sealed class MagnetLinkTests
{
    private const string Id = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    private const string Secret = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    private const string Xt = "xt=urn:btmh:1220" + Id;

    [Fact]
    public void A_full_link_is_written_and_read()
    {
        const string text = "magnet:?" + Xt + "&dn=h%C3%A9%26%20x&tr=udp%3A%2F%2Ft.example%3A6969&x.pe=10.0.0.1:6881&x.pe=[2001:db8::1]:1&x.secret=" + Secret;
        Assert.True(MagnetLink.TryParse(text, out MagnetLink? link, out Problem? problem), problem?.ToString());
        Assert.Equal(Id, link.TaskId.ToString());
        Assert.Equal("h\u00e9& x", link.Name);
        Assert.Equal(["udp://t.example:6969"], link.Trackers);
        Assert.Equal(["10.0.0.1:6881", "[2001:db8::1]:1"], link.Peers);
        Assert.Equal(Enumerable.Range(0, 32).Select(i => (byte)i), link.Secret.ToArray());
        Assert.Equal(text, link.ToUri());
    }

    [Fact]
    public void The_secret_does_not_show_where_a_link_is_logged()
    {
        Assert.True(MagnetLink.TryParse($"magnet:?{Xt}&x.secret={Secret}", out MagnetLink? link, out _));
        Assert.DoesNotContain(Secret, link.ToString(), StringComparison.Ordinal);
        Assert.False(MagnetLink.TryParse($"magnet:?{Xt}&x.secret={Secret[..40]}", out _, out Problem? problem));
        Assert.DoesNotContain(Secret[..8], problem.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_link_of_a_task_names_what_a_second_machine_needs()
    {
        TaskFile task = TaskSamples.Make(TaskSamples.Plain()) with { Trackers = [["udp://t.example:6969"], ["http://v.example/a"]], Secret = new byte[32] };
        MagnetLink link = MagnetLink.Of(task, ["127.0.0.1:4000"]);
        Assert.True(MagnetLink.TryParse(link.ToUri(), out MagnetLink? read, out _));
        Assert.Equal(task.Id, read.TaskId);
        Assert.Equal("squares", read.Name);
        Assert.Equal(link.Trackers, read.Trackers);
        Assert.Equal(["127.0.0.1:4000"], read.Peers);
        Assert.Equal(32, read.Secret.Length);
    }

    [Theory]
    [InlineData("MAGNET:?XT=URN:BTMH:1220BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD")]
    [InlineData("magnet:?&&foo&bar=%zz&xl=5&" + Xt)]
    [InlineData("magnet:?xt.1=urn:btmh:1220" + Id + "&xt.2=urn:other:x")]
    [InlineData("magnet:?" + Xt + "&" + Xt)]
    [InlineData("magnet:?" + Xt + "&xt=urn:btih:ba7816bf8f01cfea414140de5dae2223b00361a3")]
    public void Other_spellings_are_read(string text)
    {
        Assert.True(MagnetLink.TryParse(text, out MagnetLink? link, out Problem? problem), problem?.ToString());
        Assert.Equal(Id, link.TaskId.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("http://x")]
    [InlineData("magnet:?")]
    [InlineData("magnet:?dn=x")]
    [InlineData("magnet:?xt=urn:btih:ba7816bf8f01cfea414140de5dae2223b00361a3")]
    [InlineData("magnet:?" + Xt + "&xt=urn:btih:ca7816bf8f01cfea414140de5dae2223b00361a3")]
    [InlineData("magnet:?" + Xt + "0")]
    [InlineData("magnet:?xt=urn:btmh:1220ba78")]
    [InlineData("magnet:?xt=urn:btmh:1114ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")]
    [InlineData("magnet:?" + Xt + "&xt=urn:btmh:12200000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("magnet:?" + Xt + "&tr=ftp://x")]
    [InlineData("magnet:?" + Xt + "&tr=udp://x")]
    [InlineData("magnet:?" + Xt + "&tr=http://user:pw@x/")]
    [InlineData("magnet:?" + Xt + "&tr=%")]
    [InlineData("magnet:?" + Xt + "&tr=%f")]
    [InlineData("magnet:?" + Xt + "&dn=%ff")]
    [InlineData("magnet:?" + Xt + "&x.pe=host")]
    [InlineData("magnet:?" + Xt + "&x.pe=host:0")]
    [InlineData("magnet:?" + Xt + "&x.pe=host:65536")]
    [InlineData("magnet:?" + Xt + "&x.pe=:1")]
    [InlineData("magnet:?" + Xt + "&x.pe=::1:1")]
    [InlineData("magnet:?" + Xt + "&x.pe=-x:1")]
    [InlineData("magnet:?" + Xt + "&x.secret=00")]
    [InlineData("magnet:?" + Xt + "&x.secret=" + Secret + "&x.secret=" + Id)]
    public void Wrong_links_are_refused_with_a_reason(string text)
    {
        Assert.False(MagnetLink.TryParse(text, out _, out Problem? problem));
        Assert.Equal("magnet", problem.Code);
        Assert.NotEmpty(problem.Hint);
    }

    [Theory]
    [InlineData("..%2Fx")]
    [InlineData("a%0Ab")]
    [InlineData("")]
    public void A_name_that_could_not_be_a_folder_is_dropped(string name)
    {
        Assert.True(MagnetLink.TryParse($"magnet:?{Xt}&dn={name}", out MagnetLink? link, out _));
        Assert.Null(link.Name);
    }

    [Fact]
    public void Length_and_counts_have_bounds()
    {
        Assert.True(MagnetLink.TryParse($"magnet:?{Xt}&q={new string('a', MagnetLink.MaxLength - 91)}", out _, out _));
        Assert.False(MagnetLink.TryParse($"magnet:?{Xt}&q={new string('a', MagnetLink.MaxLength - 90)}", out _, out _));
        string Peers(int count) => string.Concat(Enumerable.Range(1, count).Select(i => $"&x.pe=h:{i}"));
        Assert.True(MagnetLink.TryParse($"magnet:?{Xt}{Peers(64)}", out _, out _));
        Assert.False(MagnetLink.TryParse($"magnet:?{Xt}{Peers(65)}", out _, out _));
        Assert.True(MagnetLink.TryParse($"magnet:?{Xt}{new string('&', 255)}", out _, out _));
        Assert.False(MagnetLink.TryParse($"magnet:?{Xt}{new string('&', 256)}", out _, out _));
    }
}
