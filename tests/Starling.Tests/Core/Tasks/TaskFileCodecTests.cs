using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using Starling.Core.Bencode;
using Starling.Core.Images;
using Starling.Core.Primitives;
using Starling.Core.Tasks;

namespace Starling.Tests.Core.Tasks;

public sealed class TaskFileCodecTests
{
    private const string PlainInfo = "d4:name7:squares6:piecesi8e3:run31:echo $((PIECE_IDX * PIECE_IDX))6:verifyd8:replicasi2eee";

    [Fact]
    public void A_plain_task_has_these_bytes_and_this_id()
    {
        TaskFile task = TaskSamples.Make(TaskSamples.Plain());
        Assert.Equal(PlainInfo, Encoding.UTF8.GetString(task.InfoBytes.Span));
        Assert.Equal("bf3af6aa83d50dcd30f5369ddd435d8413c4cc45b8a60bd52894856ee8b72fc9", task.Id.ToString());
        Assert.Equal($"d4:info{PlainInfo}e", Encoding.UTF8.GetString(TaskFileCodec.Encode(task)));
    }

    [Fact]
    public void An_input_is_named_by_either_info_hash_and_what_is_known_of_its_torrent_stands_beside_info()
    {
        var v1 = new InfoHash(new byte[20]);
        TaskFile task = TaskSamples.Make(TaskSamples.Plain() with
        {
            Inputs = [new InputSpec("b", new TorrentId(v1), 7), new InputSpec("a", new TorrentId(Hash256.Zero), 8)],
        }) with
        {
            InputSources = new Dictionary<string, InputSource> { ["b"] = new(new byte[] { 0x64, 0x65 }, null), ["a"] = new(default, "magnet:?x") },
        };
        byte[] bytes = TaskFileCodec.Encode(task);
        Assert.EndsWith("6:inputsd1:ad6:magnet9:magnet:?xe1:bd7:torrent2:deeee", Encoding.Latin1.GetString(bytes), StringComparison.Ordinal);
        Assert.True(TaskFileCodec.TryDecode(bytes, out TaskFile? read, out Problem? problem), problem?.ToString());
        Assert.Equal(task.Info.Inputs, read.Info.Inputs);
        Assert.Equal("magnet:?x", read.InputSources["a"].Magnet);
        Assert.True(read.InputSources["b"].Torrent.Span.SequenceEqual("de"u8));
        Assert.Equal(bytes, TaskFileCodec.Encode(read));
    }

    [Fact]
    public void The_digest_of_an_image_is_part_of_its_task()
    {
        TaskInfo Info(ImageDigest? digest) => TaskSamples.Plain() with
        {
            Inputs = [new InputSpec("i.tar", new TorrentId(Hash256.Zero), 7)],
            Run = new RunSpec.Container("i.tar", "go", digest),
        };
        TaskFile task = TaskSamples.Make(Info(new ImageDigest(Hash256.Zero)));
        Assert.Contains($"3:rund7:command2:go9:container5:i.tar6:digest71:sha256:{new string('0', 64)}e", Encoding.Latin1.GetString(task.InfoBytes.Span), StringComparison.Ordinal);
        Assert.True(TaskFileCodec.TryDecodeInfo(task.InfoBytes, out TaskFile? read, out Problem? problem), problem?.ToString());
        Assert.Equal(task.Info.Run, read.Info.Run);
        Assert.NotEqual(task.Id, TaskSamples.Make(Info(new ImageDigest(Hash256.Of("other"u8)))).Id);
        Assert.False(TaskFileCodec.TryMake(Info(null), out _, out problem));
        Assert.Contains("run.digest: is missing", problem.Reason, StringComparison.Ordinal);
        string text = Encoding.Latin1.GetString(task.InfoBytes.Span);
        foreach (string wrong in (string[])["6:digest71:SHA", "6:digest71:sha512:"])
        {
            string changed = text.Replace("6:digest71:sha256:"[..wrong.Length], wrong, StringComparison.Ordinal);
            Assert.False(TaskFileCodec.TryDecodeInfo(TaskSamples.Latin(changed), out _, out problem));
            Assert.Contains("run.digest", problem.Reason, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("6:inputsd1:xd6:magnet1:mee", "no input")]
    [InlineData("6:inputsd1:adee", "neither")]
    [InlineData("6:inputsd1:ai1ee", "inputs.a")]
    [InlineData("6:inputsi1e", "inputs")]
    public void What_is_said_of_other_inputs_or_nothing_is_refused(string inputs, string reason)
    {
        TaskFile task = TaskSamples.Make(TaskSamples.Plain() with { Inputs = [new InputSpec("a", new TorrentId(Hash256.Zero), 8)] });
        string text = Encoding.Latin1.GetString(TaskFileCodec.Encode(task));
        Assert.False(TaskFileCodec.TryDecode(TaskSamples.Latin($"{text[..^1]}{inputs}e"), out _, out Problem? problem));
        Assert.Contains(reason, problem.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_task_with_everything_has_these_bytes_and_comes_back()
    {
        var author = new TaskSamples.FakeIdentity(7);
        TaskFile task = TaskFileSigner.Sign(TaskSamples.Make(TaskSamples.Full()), author) with
        {
            Trackers = [["udp://t.example:6969"], ["https://u.example/announce", "http://v.example:80/a"]],
            Nodes = ["router.example:6881", "[::1]:1"],
            Comment = "h\u00e9llo",
            CreatedBy = "Starling 0.1",
            CreationDate = 1_700_000_000,
            Secret = Enumerable.Repeat((byte)0x41, 32).ToArray(),
        };
        byte[] bytes = TaskFileCodec.Encode(task);
        string expected =
            "d13:announce-listll20:udp://t.example:6969el26:https://u.example/announce21:http://v.example:80/aee"
            + "7:comment6:h\u00e9llo10:created by12:Starling 0.113:creation datei1700000000e4:infod6:author32:<author>"
            + "5:chunkd5:input6:in.bin4:sizei100ee5:filesld4:path10:a/left.png6:piecesi3eed4:path11:a/right.png6:piecesi4eee"
            + "6:inputsld9:info hash32:<input>6:lengthi700e4:name6:in.binee"
            + "6:limitsd3:cpui5e4:diski0e6:memoryi1048576e7:network4:full9:processesi9e4:walli600ee5:merge24:cat $PART_LIST > \"$FILE\""
            + "4:name9:all of it5:needsd4:arch3:x645:coresi2e4:diski5e6:memoryi1073741824e2:os5:linux8:programsl11:ffmpeg >= 5ee"
            + "12:piece lengthi4096e3:rund6:centre6:-0.5 06:heighti480e6:kernel10:mandelbrot5:widthi640ee5:until5:first6:verify3:owne"
            + "5:nodesll14:router.examplei6881eel3:::1i1eee6:secret32:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA9:signature64:<signature>e";
        string shown = Encoding.Latin1.GetString(bytes)
            .Replace(Encoding.Latin1.GetString(author.PublicKey.ToArray()), "<author>", StringComparison.Ordinal)
            .Replace(Encoding.Latin1.GetString(Hash256.Of("in"u8).ToArray()), "<input>", StringComparison.Ordinal)
            .Replace(Encoding.Latin1.GetString(task.Signature.Span), "<signature>", StringComparison.Ordinal)
            .Replace("h\u00c3\u00a9llo", "h\u00e9llo", StringComparison.Ordinal);
        Assert.Equal(expected, shown);

        Assert.True(TaskFileCodec.TryDecode(bytes, out TaskFile? read, out Problem? problem), problem?.ToString());
        Assert.Equal(bytes, TaskFileCodec.Encode(read));
        Assert.Equal(task.Id, read.Id);
        Assert.Equal(task.Trackers, read.Trackers);
        Assert.Equal(task.Nodes, read.Nodes);
        Assert.Equal(task.Secret.ToArray(), read.Secret.ToArray());
        Assert.Equal(task.InfoBytes.ToArray(), TaskSamples.Make(read.Info).InfoBytes.ToArray());
        Assert.Equal(task.Info.Limits, read.Info.Limits);
        Assert.Equal(TimeSpan.FromMinutes(10), read.Info.Limits.Wall);
        Assert.Equal(Until.First, read.Info.Until);
        Assert.Equal(TaskSignature.Right, TaskFileSigner.Check(read, author));
    }

    [Fact]
    public void Keys_of_info_that_are_not_known_are_kept_and_hashed()
    {
        byte[] bytes = TaskSamples.Latin($"d4:info{PlainInfo[..^1]}1:zi1eee");
        Assert.True(TaskFileCodec.TryDecode(bytes, out TaskFile? task, out _));
        Assert.EndsWith("1:zi1ee", Encoding.Latin1.GetString(task.InfoBytes.Span), StringComparison.Ordinal);
        Assert.NotEqual(TaskSamples.Make(TaskSamples.Plain()).Id, task.Id);
        Assert.Equal(bytes, TaskFileCodec.Encode(task));
        Assert.True(TaskFileCodec.TryDecodeInfo(task.InfoBytes, out TaskFile? metadata, out _));
        Assert.Equal(task.Id, metadata.Id);
    }

    [Theory]
    [InlineData("shell", "d5:shell4:truee")]
    [InlineData("text", "4:true")]
    public void A_shell_command_is_a_text_or_a_map(string form, string run)
    {
        Assert.NotEmpty(form);
        Assert.True(TaskFileCodec.TryDecodeInfo(TaskSamples.Latin($"d4:name1:x6:piecesi1e3:run{run}6:verify3:owne"), out TaskFile? task, out _));
        Assert.Equal(new RunSpec.Shell("true"), task.Info.Run);
    }

    [Theory]
    [InlineData("de", "name: is missing")]
    [InlineData("d4:namei1e6:piecesi1e3:run4:true6:verify3:owne", "name: a number where a text is due")]
    [InlineData("d4:name3:a/b6:piecesi1e3:run4:true6:verify3:owne", "name: 'a/b' has a slash where a single name is due")]
    [InlineData("d4:name2:..6:piecesi1e3:run4:true6:verify3:owne", "name: '..' leaves the folder or walks in it (..)")]
    [InlineData("d4:name1:x3:run4:true6:verify3:owne", "pieces: is missing")]
    [InlineData("d5:filesle4:name1:x6:piecesi1e3:run4:true6:verify3:owne", "pieces: stands beside files")]
    [InlineData("d5:filesle4:name1:x3:run4:true6:verify3:owne", "files: has 0 entries")]
    [InlineData("d5:filesld4:path4:../ae4:name1:x3:run4:true6:verify3:ownee", null)]
    [InlineData("d5:filesld4:path4:../a6:piecesi1eee4:name1:x3:run4:true6:verify3:owne", "files[0].path: '../a' leaves the folder or walks in it (..)")]
    [InlineData("d4:name1:x6:piecesi0e3:run4:true6:verify3:owne", "pieces: 0 is below 1")]
    [InlineData("d4:name1:x6:piecesi4194305e3:run4:true6:verify3:owne", "pieces: 4194305 is above 4194304")]
    [InlineData("d4:name1:x6:piecesi9999999999e3:run4:true6:verify3:owne", "pieces: 9999999999 is above 2147483647")]
    [InlineData("d4:name1:x6:piecesi1e6:verify3:owne", "run: is missing")]
    [InlineData("d4:name1:x6:piecesi1e3:run1: 6:verify3:owne", "run: is empty")]
    [InlineData("d4:name1:x6:piecesi1e3:runde6:verify3:owne", "run: says none of shell, kernel, wasm, container")]
    [InlineData("d4:name1:x6:piecesi1e3:rund6:kernel1:k5:shell1:se6:verify3:owne", "run.shell: stands beside kernel")]
    [InlineData("d4:name1:x6:piecesi1e3:rund4:wasm1:ke6:verify3:owne", "run.wasm: 'k' is not one of the inputs")]
    [InlineData("d4:name1:x6:piecesi1e3:rund1:ale6:kernel1:ke6:verify3:owne", "run.a: a list where a text is due")]
    [InlineData("d4:name1:x6:piecesi1e3:run4:truee", "verify: is missing")]
    [InlineData("d4:name1:x6:piecesi1e3:run4:true6:verify5:trustee", null)]
    [InlineData("d4:name1:x6:piecesi1e3:run4:true6:verify4:nonee", "verify: 'none' is not known")]
    [InlineData("d4:name1:x6:piecesi1e3:run4:true6:verifyd6:sealedi9eee", "verify: names no mode")]
    [InlineData("d4:name1:x6:piecesi1e3:run4:true6:verifyd5:trusti1eee", "verify.trust: 1 is below 2")]
    [InlineData("d4:name1:x6:piecesi1e3:run4:true6:verifyd8:replicasi2e5:trusti20eee", "verify: names two modes")]
    [InlineData("d4:name1:x6:piecesi1e3:run4:true6:verifyd5:class3:envee", "verify: names no mode")]
    [InlineData("d4:name1:x6:piecesi1e3:run4:true6:verify7:arbitere", "verify: is arbiter, but nobody signed the task")]
    [InlineData("d4:name1:x6:piecesi1e3:run4:true6:verifyd8:replicasi2e6:sealedi0eee", "verify.sealed: is 0 s")]
    [InlineData("d4:name1:x6:piecesi1e3:run4:true6:verifyd8:replicasi9e6:sealedi9eee", "verify.replicas: is more than 8 beside sealed")]
    [InlineData("d4:name1:x6:piecesi1e3:run4:true5:until5:first6:verifyd8:replicasi2e6:sealedi9eee", "verify.sealed: would hold back the hit of a search")]
    [InlineData("d4:name1:x6:piecesi1e3:run4:true6:verifyd6:sealedi9e5:trusti20eee", "verify.sealed: waits for a number of results, which this mode does not ask for")]
    [InlineData("d4:name1:x6:piecesi1e3:run4:true6:verifyd7:checker1:x7:compare1:yee", "verify.compare: compares results, which this mode does not")]
    [InlineData("d4:name1:x6:piecesi1e3:run4:true6:verifyd4:nonei1eee", "verify: 'none' is not known")]
    [InlineData("d4:name1:x6:piecesi1e3:run4:true6:verifyd8:replicasi1eee", "verify.replicas: 1 confirms nothing: every result would be believed")]
    [InlineData("d4:name1:x6:piecesi1e3:run4:true6:verifyd8:replicasi65eee", "verify.replicas: 65 is above 64")]
    [InlineData("d4:name1:x6:piecesi1e3:run4:true5:until4:ever6:verify3:owne", "until: 'ever' is not known")]
    [InlineData("d4:name1:x12:piece lengthi0e6:piecesi1e3:run4:true6:verify3:owne", "piece length: 0 is below 1")]
    [InlineData("d4:name1:x12:piece lengthi268435457e6:piecesi1e3:run4:true6:verify3:owne", "piece length: 268435457 is above 268435456")]
    [InlineData("d6:limitsd4:walli0ee4:name1:x6:piecesi1e3:run4:true6:verify3:owne", "limits.wall: 0 is below 1")]
    [InlineData("d6:limitsd7:network3:lane4:name1:x6:piecesi1e3:run4:true6:verify3:ownee", null)]
    [InlineData("d6:limitsd6:memoryi1ee4:name1:x6:piecesi1e3:run4:true6:verify3:owne", "limits.memory: 1 is below 1048576")]
    [InlineData("d4:name1:x5:needsd2:os4:beose6:piecesi1e3:run4:true6:verify3:owne", "needs.os: 'beos' is not known")]
    [InlineData("d5:chunkd5:input1:a4:sizei1ee4:name1:x6:piecesi1e3:run4:true6:verify3:owne", "chunk.input: 'a' is not one of the inputs")]
    [InlineData("d6:author3:abc4:name1:x6:piecesi1e3:run4:true6:verify3:owne", "author: 3 bytes where 32 bytes are due")]
    [InlineData("d6:inputsld9:info hash32:abcdefghabcdefghabcdefghabcdefgh6:lengthi0e4:name1:aee4:name1:x6:piecesi1e3:run4:true6:verify3:owne", "inputs[0]: 'a' is empty")]
    [InlineData("d6:inputsld6:lengthi1e4:name1:aee4:name1:x6:piecesi1e3:run4:true6:verify3:owne", "inputs[0].info hash: is missing")]
    public void What_is_wrong_in_info_is_named(string info, string? expected)
    {
        Assert.False(TaskFileCodec.TryDecodeInfo(TaskSamples.Latin(info), out TaskFile? task, out Problem? problem));
        Assert.Null(task);
        if (expected is not null)
        {
            Assert.Equal("task-file", problem.Code);
            Assert.Equal(expected, problem.Reason);
        }
    }

    [Theory]
    [InlineData("li1ee", "wrong bencoding at byte 0: a list where a dictionary is due")]
    [InlineData("de", "info: is missing or no dictionary")]
    [InlineData("d4:infodee", "info.name: is missing")]
    [InlineData("d4:info" + PlainInfo + "6:secret3:abce", "secret: 3 bytes where 32 bytes are due")]
    [InlineData("d4:info" + PlainInfo + "9:signature3:abce", "signature: 3 bytes where 64 bytes are due")]
    [InlineData("d8:announce3:ftp4:info" + PlainInfo + "e", "announce: 'ftp' is not a tracker's address")]
    [InlineData("d13:announce-listl3:abce4:info" + PlainInfo + "e", "announce-list[0]: is no list, or there are more than 256 trackers")]
    [InlineData("d4:info" + PlainInfo + "5:nodesll1:ai0eeee", "nodes[0]: is not a host name and a port")]
    [InlineData("d7:commenti1e4:info" + PlainInfo + "e", "comment: a number where a text is due")]
    [InlineData("d4:info" + PlainInfo + "4:info" + PlainInfo + "e", null)]
    [InlineData("d4:info" + PlainInfo + "e ", null)]
    public void What_is_wrong_outside_of_info_is_named(string file, string? expected)
    {
        Assert.False(TaskFileCodec.TryDecode(TaskSamples.Latin(file), out _, out Problem? problem));
        if (expected is not null)
        {
            Assert.Equal(expected, problem.Reason);
        }
    }

    [Fact]
    public void A_signature_without_an_author_is_refused()
    {
        byte[] bytes = TaskSamples.Latin($"d4:info{PlainInfo}9:signature64:{new string('s', 64)}e");
        Assert.False(TaskFileCodec.TryDecode(bytes, out _, out Problem? problem));
        Assert.StartsWith("signature: ", problem.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_over_the_size_is_refused_before_it_is_read()
    {
        Assert.False(TaskFileCodec.TryDecode(new byte[TaskLimitsOfFormat.MaxTaskFileSize + 1], out _, out Problem? problem));
        Assert.Equal(BReader.ProblemCode, problem.Code);
    }

    [Fact]
    public void The_most_files_that_the_format_allows_fit()
    {
        TaskInfo info = TaskSamples.Plain() with
        {
            Files = [.. Enumerable.Range(0, TaskLimitsOfFormat.MaxFiles).Select(i => new OutputFile($"folder/of/many/files/{i}", 64))],
        };
        TaskFile task = TaskSamples.Make(info);
        Assert.True(TaskFileCodec.TryDecode(TaskFileCodec.Encode(task), out TaskFile? read, out Problem? problem), problem?.ToString());
        Assert.Equal(TaskLimitsOfFormat.MaxPieces, read.Info.PieceCount);
    }

    [Fact]
    public void Numbers_of_kernels_are_numbers_and_all_else_stays_text()
    {
        KernelParameter[] parameters = [new("a", "-5"), new("b", "007"), new("c", "9223372036854775808"), new("d", "+1"), new("z", "0")];
        TaskFile task = TaskSamples.Make(TaskSamples.Plain() with { Run = new RunSpec.Kernel("k", parameters) });
        Assert.Contains(
            "3:rund1:ai-5e1:b3:0071:c19:92233720368547758081:d2:+16:kernel1:k1:zi0ee",
            Encoding.UTF8.GetString(task.InfoBytes.Span),
            StringComparison.Ordinal);
        Assert.True(TaskFileCodec.TryDecodeInfo(task.InfoBytes, out TaskFile? read, out _));
        Assert.Equal(parameters, Assert.IsType<RunSpec.Kernel>(read.Info.Run).Parameters);
    }
}
