using System;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using System.Text;
using Starling.Core.Metainfo;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Runtime.Identity;
using Starling.Runtime.Tasks;

namespace Starling.Tests.Runtime.Tasks;

/// <summary>A CompTorrent file and its chunks become a task: checked, in the order of the file, and the same everywhere.</summary>
public sealed class CompTorrentTaskTests : IDisposable
{
    private static readonly string[] Names = ["c2", "c10", "sub/c1"];

    private readonly TemporaryFolder _folder = new();

    public CompTorrentTaskTests()
    {
        foreach (string name in Names)
        {
            _folder.Write($"data/{name}", $"content of {name}");
        }
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Chunks_are_pieces_in_the_order_of_the_file_and_two_have_to_agree()
    {
        PreparedTask prepared = Prepare(Write(Names));
        TaskInfo info = prepared.Task.Info;
        Assert.Equal([new OutputFile("x", 3)], info.Files);
        Assert.Equal(new VerifySpec.Replicas(2), info.Verify);
        Assert.Equal(new ChunkSpec("x.chunks", 0), info.Chunks);
        Assert.False(prepared.Task.IsMemberSwarm);
        LocalInput input = Assert.Single(prepared.Inputs);
        Assert.Equal(["content of c2", "content of c10", "content of sub/c1"], input.Files.Select(File.ReadAllText));
        TorrentFile torrent = input.Torrent();
        Assert.Equal(["0/c2", "1/c10", "2/sub/c1"], torrent.Info.Files.Where(file => file.Kind == TorrentFileKind.Content).Select(file => file.Path["x.chunks/".Length..]));
        Assert.Equal(torrent.Info.Id, info.Inputs[0].Torrent);
    }

    [Fact]
    public void The_task_does_not_depend_on_the_folder_nor_on_being_written()
    {
        string path = Write(Names);
        TaskFile first = Prepare(path).Task;
        Directory.Move(Path.Combine(_folder.Path, "data"), Path.Combine(_folder.Path, "elsewhere"));
        _folder.Write("elsewhere/other", "not of the task");
        var only = new TaskLoader(new Ed25519Verifier(), null, new DataFolder(Path.Combine(_folder.Path, "elsewhere"), Layout: null));
        Assert.True(only.TryLoad(path, out LoadedTask? loaded, out Problem? problem), problem?.ToString());
        PreparedTask looked = Assert.IsType<LoadedTask.Here>(loaded).Prepared;
        Assert.Equal(first.Id, looked.Task.Id);
        Assert.Equal(Path.Combine(_folder.Path, "elsewhere"), Assert.Single(looked.Inputs).Path);
        Assert.False(Directory.Exists(Path.Combine(_folder.Path, "elsewhere/x.chunks")));
        Assert.NotEqual(first.Id, Prepare(Write([.. Names.Reverse()]), "elsewhere", "other-layout").Task.Id);
    }

    [Fact]
    public void A_second_start_finds_what_the_first_laid_out()
    {
        string path = Write(Names);
        TaskFile first = Prepare(path).Task;
        Assert.Equal(first.Id, Prepare(path).Task.Id);
    }

    [Fact]
    public void A_class_becomes_an_input_and_its_launcher_is_needed()
    {
        PreparedTask prepared = Prepare(Write(Names, algorithm: "<execution>jre -Xint</execution><java_bytecode>yv66vg==</java_bytecode><classname>org.example.A</classname>"));
        TaskInfo info = prepared.Task.Info;
        Assert.Equal(["x.chunks", "x.classes"], info.Inputs.Select(input => input.Name));
        Assert.Equal(["jre"], info.Needs.Programs);
        Assert.Equal("export CLASSPATH=\"$INPUTS\"/'x.classes'\n{ jre -Xint 'org.example.A' \"$CHUNK\"\n} < \"$CHUNK\"", ((RunSpec.Shell)info.Run).Command);
        Assert.Equal([0xca, 0xfe, 0xba, 0xbe], File.ReadAllBytes(Path.Combine(prepared.Inputs[1].Path, "org/example/A.class")));
    }

    [Theory]
    [InlineData("<execution>sort -n</execution>", "{ sort -n\n} < \"$CHUNK\"")]
    [InlineData("<java_bytecode>yv66vg==</java_bytecode><classname>A</classname>", "export CLASSPATH=\"$INPUTS\"/'x.classes'\n{ java 'A' \"$CHUNK\"\n} < \"$CHUNK\"")]
    [InlineData("<execution>java A fast</execution><java_bytecode>yv66vg==</java_bytecode><classname>A</classname>", "export CLASSPATH=\"$INPUTS\"/'x.classes'\n{ java A fast\n} < \"$CHUNK\"")]
    public void A_chunk_is_standard_input_and_the_argument_of_a_class(string algorithm, string command) =>
        Assert.Equal(command, ((RunSpec.Shell)Prepare(Write(Names, algorithm: algorithm)).Task.Info.Run).Command);

    [Fact]
    public void Chunks_that_are_not_what_the_file_says_are_named()
    {
        string path = Write(Names);
        Assert.Equal("data", Refused(path, null).Code);
        Assert.Contains("there is no such folder", Refused(path, "gone").Reason, StringComparison.Ordinal);

        _folder.Write("data/c10", "CONTENT of c10");
        string md5 = Convert.ToHexStringLower(MD5.HashData("CONTENT of c10"u8));
        Assert.Contains($"chunk 'c10' has the MD5 {md5}, the file says", Refused(path, "data").Reason, StringComparison.Ordinal);

        // What was laid out wrong does not stay in the way of the right one.
        _folder.Write("data/c10", "content of c10");
        Prepare(path);

        _folder.Write("data/c10", "short");
        Assert.Contains("chunk 'c10' has 5 bytes, the file says 14", Refused(path, "data").Reason, StringComparison.Ordinal);

        File.Delete(Path.Combine(_folder.Path, "data/c10"));
        Assert.Contains("1 of 3 chunks are not in", Refused(path, "data").Reason, StringComparison.Ordinal);
        Assert.EndsWith(": 'c10'", Refused(path, "data").Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Size_and_md5_of_all_chunks_together_are_checked()
    {
        Assert.Contains("the chunks have 44 bytes together, the file says 45", Refused(Write(Names, size: 45), "data").Reason, StringComparison.Ordinal);
        Assert.Contains("the chunks one after the other have the MD5", Refused(Write(Names, md5: new string('0', 32)), "data").Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_that_holds_something_else_is_left_alone()
    {
        _folder.Write("layout/x.chunks/mine", "keep me");
        Assert.Contains("is there and holds something else", Refused(Write(Names), "data").Reason, StringComparison.Ordinal);
        Assert.Equal("keep me", File.ReadAllText(Path.Combine(_folder.Path, "layout/x.chunks/mine")));
    }

    [Fact]
    public void Data_of_another_kind_of_task_is_refused()
    {
        string yaml = _folder.Write("t.yaml", "name: x\nrun: a\npieces: 1");
        Assert.Contains("--data names the chunks of a .comptorrent file", Refused(yaml, "data").Reason, StringComparison.Ordinal);
    }

    private string Write(string[] names, string algorithm = "<execution>sort</execution>", long? size = null, string? md5 = null)
    {
        var xml = new StringBuilder($"<comptorrent><name>x</name><algorithm>{algorithm}</algorithm><orig_data>");
        byte[] all = [];
        foreach (string name in names)
        {
            string content = $"content of {name}";
            all = [.. all, .. Encoding.UTF8.GetBytes(content)];
            xml.Append($"<file><name>{name}</name><size>{content.Length}</size><md5>{Convert.ToHexString(MD5.HashData(Encoding.UTF8.GetBytes(content)))}</md5></file>");
        }

        xml.Append($"</orig_data><size>{size ?? all.Length}</size><md5>{md5 ?? Convert.ToHexString(MD5.HashData(all))}</md5></comptorrent>");
        return _folder.Write("x.comptorrent", xml.ToString());
    }

    private PreparedTask Prepare(string path, string data = "data", string layout = "layout")
    {
        Assert.True(TaskLoader.TryImport(path, Data(data, layout), out PreparedTask? prepared, out Problem? problem), problem?.ToString());
        return prepared;
    }

    private Problem Refused(string path, string? data)
    {
        Assert.False(new TaskLoader(new Ed25519Verifier(), null, data is null ? null : Data(data, "layout")).TryLoad(path, out _, out Problem? problem));
        return problem;
    }

    private DataFolder Data(string data, string layout) => new(Path.Combine(_folder.Path, data), (_, _) => Path.Combine(_folder.Path, layout));
}
