using System;
using System.Linq;
using System.Text;
using Starling.Core.Primitives;
using Starling.Runtime.Tasks;

namespace Starling.Tests.Runtime.Tasks;

/// <summary>CompTorrent's XML: every element read, and whatever is wrong told with its line.</summary>
public sealed class CompTorrentReaderTests
{
    private const string Md5 = "d41d8cd98f00b204e9800998ecf8427e";

    private static readonly string One = $"<orig_data><file><name>a</name><size>0</size><md5>{Md5}</md5></file></orig_data>";

    [Fact]
    public void Every_element_is_read()
    {
        CompTorrentFile file = Read($"""
            <?xml version="1.0"?>
            <comptorrent>
              <tracker_url>t.example</tracker_url><tracker_port>8080</tracker_port>
              <name>pi</name><size>3</size><md5>{Md5.ToUpperInvariant()}</md5><max_chunk_size>2</max_chunk_size>
              <algorithm><execution>java -Xmx64m</execution><java_bytecode> yv66 vg== </java_bytecode><classname>org.example.Pi</classname></algorithm>
              <orig_data>
                <file><md5>{Md5}</md5><size>2</size><name>b/one</name></file>
                <file><name>a &amp; b</name><size>1</size><md5>{Md5}</md5></file>
              </orig_data>
              <added by="someone"><later>yes</later></added>
            </comptorrent>
            """);
        Assert.Equal(("pi", 3L, Md5, 2L), (file.Name, file.Size, file.Md5, file.MaxChunkSize));
        Assert.Equal("http://t.example:8080", file.Tracker);
        Assert.Equal(("java -Xmx64m", "org.example.Pi"), (file.Execution, file.ClassName));
        Assert.Equal([0xca, 0xfe, 0xba, 0xbe], file.JavaBytecode);
        Assert.Equal([new CompTorrentChunk("b/one", 2, Md5), new CompTorrentChunk("a & b", 1, Md5)], file.Chunks);
    }

    [Theory]
    [InlineData("<tracker_url>udp://t.example/announce</tracker_url><port>80</port>", "udp://t.example:80/announce")]
    [InlineData("<tracker_url>http://t.example:81/x</tracker_url><port>82</port>", "http://t.example:81/x")]
    [InlineData("<tracker_url></tracker_url><tracker_port/>", null)]
    [InlineData("", null)]
    public void Host_and_port_of_the_tracker_become_an_address(string xml, string? tracker) =>
        Assert.Equal(tracker, Read($"<c>{xml}<name>x</name><algorithm><execution>sort</execution></algorithm>{One}</c>").Tracker);

    [Theory]
    [InlineData("<!DOCTYPE c [<!ENTITY a 'aaaa'>]><c><name>&a;</name></c>", "it is not XML that may be read")]
    [InlineData("<c><name>x</name>", "line 1: it is not XML that may be read")]
    [InlineData("no XML", "it is not XML that may be read")]
    [InlineData("<?xml version='1.0' encoding='x-none'?><c/>", "it is not XML that may be read")]
    [InlineData("<c/>", "name: is missing")]
    [InlineData("<c><name>a/b</name></c>", "name: 'a/b' has a slash where a single name is due")]
    [InlineData("<c><name>x</name>\n<name>y</name></c>", "line 2: name: is there twice")]
    [InlineData("<c><name><b>x</b></name></c>", "line 1: name: holds elements where a text is due")]
    [InlineData("<c><name>x</name></c>", "orig_data: lists no file")]
    [InlineData("<c><name>x</name>ONE</c>", "algorithm: has neither execution nor java_bytecode")]
    [InlineData("<c><name>x</name><algorithm><java_bytecode>%</java_bytecode><classname>A</classname></algorithm>ONE</c>", "algorithm/java_bytecode: is not base64")]
    [InlineData("<c><name>x</name><algorithm><java_bytecode>AAAAAA==</java_bytecode><classname>A</classname></algorithm>ONE</c>", "algorithm/java_bytecode: is not a compiled Java class")]
    [InlineData("<c><name>x</name><algorithm><java_bytecode>yv66vg==</java_bytecode></algorithm>ONE</c>", "algorithm: has java_bytecode without classname")]
    [InlineData("<c><name>x</name><algorithm><execution>java</execution><classname>A</classname></algorithm>ONE</c>", "algorithm: has classname without java_bytecode")]
    [InlineData("<c><name>x</name><algorithm><java_bytecode>yv66vg==</java_bytecode><classname>A;rm</classname></algorithm>ONE</c>", "algorithm/classname: 'A;rm' is no name of a Java class")]
    [InlineData("<c><name>x</name><md5>0</md5><algorithm><execution>a</execution></algorithm>ONE</c>", "md5: '0' is not an MD5")]
    [InlineData("<c><name>x</name><size>-1</size><algorithm><execution>a</execution></algorithm>ONE</c>", "size: '-1' is not a number of bytes")]
    [InlineData("<c><name>x</name><tracker_url>t</tracker_url><port>0</port><algorithm><execution>a</execution></algorithm>ONE</c>", "tracker_port: '0' is not a port")]
    [InlineData("<c><name>x</name><tracker_url>ftp://t/</tracker_url><algorithm><execution>a</execution></algorithm>ONE</c>", "tracker_url: 'ftp://t/' is not a tracker's address")]
    [InlineData("<c><orig_data><file/></orig_data></c>", "line 1: orig_data/file: has no name")]
    [InlineData("<c><orig_data><file><name>../a</name></file></orig_data></c>", "orig_data/file/name: '../a' leaves the folder or walks in it (..)")]
    [InlineData("<c><orig_data><file><name>a</name></file></orig_data></c>", "orig_data/file: 'a' has no size")]
    [InlineData("<c><orig_data><file><name>a</name><size>1</size></file></orig_data></c>", "orig_data/file: 'a' has no md5")]
    [InlineData("<c><orig_data><file><name>a</name><size>9e9</size></file></orig_data></c>", "orig_data/file/size: '9e9' is not a number of bytes")]
    [InlineData("<c><orig_data><file><name>a</name><size>1</size><md5>zz</md5></file></orig_data></c>", "orig_data/file/md5: 'zz' is not an MD5")]
    [InlineData("<c>ONEONE</c>", "orig_data/file/name: 'a' is there twice")]
    public void What_is_wrong_is_told(string xml, string reason)
    {
        Assert.False(TryRead(xml.Replace("ONE", One, StringComparison.Ordinal), out _, out Problem? problem));
        Assert.Contains(reason, problem!.Reason, StringComparison.Ordinal);
        Assert.NotEmpty(problem.Hint);
    }

    [Fact]
    public void A_chunk_is_not_larger_than_the_file_allows()
    {
        string xml = $"<c><name>x</name><max_chunk_size>2</max_chunk_size><algorithm><execution>a</execution></algorithm><orig_data><file><name>a</name><size>3</size><md5>{Md5}</md5></file></orig_data></c>";
        Assert.False(TryRead(xml, out _, out Problem? problem));
        Assert.Equal("orig_data: 'a' has 3 bytes, more than max_chunk_size, which is 2", problem!.Reason);
    }

    [Fact]
    public void Depth_counts_and_size_are_bounded()
    {
        string deep = string.Concat(Enumerable.Repeat("<a>", CompTorrentReader.MaxDepth + 1));
        Assert.False(TryRead(deep, out _, out Problem? problem));
        Assert.Contains("inside one another", problem!.Reason, StringComparison.Ordinal);

        var many = new StringBuilder("<c><orig_data>");
        for (int i = 0; i <= CompTorrentReader.MaxChunks; i++)
        {
            many.Append(System.Globalization.CultureInfo.InvariantCulture, $"<file><name>{i}</name><size>0</size><md5>{Md5}</md5></file>");
        }

        Assert.False(TryRead(many.ToString(), out _, out problem));
        Assert.Contains($"lists more than {CompTorrentReader.MaxChunks} files", problem!.Reason, StringComparison.Ordinal);

        string wide = "<c>" + string.Concat(Enumerable.Repeat("<a/>", CompTorrentReader.MaxElements));
        Assert.False(TryRead(wide, out _, out problem));
        Assert.Contains($"it has more than {CompTorrentReader.MaxElements} elements", problem!.Reason, StringComparison.Ordinal);

        Assert.False(CompTorrentReader.TryRead(new byte[CompTorrentReader.MaxLength + 1], out _, out problem));
        Assert.Equal($"it is longer than {CompTorrentReader.MaxLength} bytes", problem.Reason);
    }

    private static bool TryRead(string xml, out CompTorrentFile? file, out Problem? problem) => CompTorrentReader.TryRead(Encoding.UTF8.GetBytes(xml), out file, out problem);

    private static CompTorrentFile Read(string xml)
    {
        Assert.True(TryRead(xml, out CompTorrentFile? file, out Problem? problem), problem?.ToString());
        return file!;
    }
}
