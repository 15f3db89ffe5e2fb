using System;
using System.IO;
using System.Linq;
using System.Text;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Events;
using Starling.Runtime.Identity;
using Starling.Runtime.Tasks;

namespace Starling.Tests.App.EndToEnd;

/// <summary>
/// Task files that are broken in every way: the program ends with status 2 and says which file, which part of it, and what to do; it
/// makes no folder and does not crash.
/// </summary>
public sealed class BadFileTests : IDisposable
{
    private readonly ScratchFolder _home = new();

    /// <summary>File name, content, and what the message has to contain.</summary>
    public static TheoryData<string, string, string[]> Broken => new()
    {
        { "empty.starling", "", ["empty.starling"] },
        { "text.starling", "name: x\npieces: 3\n", ["text.starling"] },
        { "truncated.starling", Right[..(Right.Length / 2)], ["truncated.starling"] },
        { "tail.starling", Right + "x", ["tail.starling"] },
        { "deep.starling", new string('l', 100_000), ["deep.starling", "nested"] },
        { "deep-info.starling", "d4:infod1:a" + new string('l', 5_000) + new string('e', 5_000) + "ee", ["deep-info.starling", "nested"] },
        { "unsorted.starling", "d4:infod6:piecesi3e4:name1:xee", ["unsorted.starling", "order"] },
        { "twice.starling", "d4:infod4:name1:x4:name1:yee", ["twice.starling", "twice in this dictionary"] },
        { "zero.starling", "d4:infod4:name1:x6:piecesi007eee", ["zero.starling"] },
        { "huge-string.starling", "d4:info99999999999:x", ["huge-string.starling"] },
        { "no-info.starling", "d7:comment1:xe", ["no-info.starling", "info"] },
        { "signature.starling", Tampered, ["signature.starling", "signature is wrong", "from its author"] },
        { "keys.yaml", "name: x\npiecs: 3\nrun: echo\n", ["keys.yaml:2", "piecs", "pieces"] },
        { "type.yaml", "name: x\npieces: many\nrun: echo\n", ["type.yaml:2", "pieces"] },
        { "negative.yaml", "name: x\npieces: -1\nrun: echo\n", ["negative.yaml:2", "pieces"] },
        { "missing.yaml", "name: x\npieces: 3\n", ["missing.yaml", "run"] },
        { "tabs.yaml", "name: x\n\tpieces: 3\n", ["tabs.yaml:", "tab"] },
        { "deep.yaml", "name: " + new string('[', 20_000), ["deep.yaml"] },
        { "bomb.yaml", Bomb, ["bomb.yaml"] },
        { "binary.yaml", "name: \u0000\u0001\u0002", ["binary.yaml"] },
        { "path.yaml", "name: x\nrun: echo\nfiles: [{ path: ../../etc/passwd, pieces: 1 }]\n", ["path.yaml:3", "files[0].path", ".."] },
        { "two.yaml", "name: x\npieces: 1\nrun: echo\n---\nname: y\n", ["two.yaml"] },
        { "broken.rbw", "d7:command4:true", ["broken.rbw"] },
        { "path.rbw", "d7:command4:true4:infod5:filesld6:lengthi3e4:pathl2:..1:xeee4:name1:x12:piece lengthi1eee", ["path.rbw", ".."] },
        { "x.torrent", "d4:infodee", ["x.torrent", "ordinary torrent"] },
        { "x.bin", "hello", ["x.bin"] },
    };

    private static string Right { get; } = Encoding.Latin1.GetString(TaskFileCodec.Encode(Signed()));

    private static string Tampered { get; } = Encoding.Latin1.GetString(TaskFileCodec.Encode(Signed() with { Signature = new byte[64] }));

    /// <summary>Ten levels of aliases that would become a thousand million entries.</summary>
    private static string Bomb { get; } = string.Concat(Enumerable.Range(0, 10).Select(level =>
        level == 0 ? "a0: &a0 [x,x,x,x,x,x,x,x]\n" : $"a{level}: &a{level} [{string.Join(',', Enumerable.Repeat($"*a{level - 1}", 8))}]\n"));

    public void Dispose() => _home.Dispose();

    [Theory]
    [MemberData(nameof(Broken))]
    public void A_broken_file_is_told_by_name_with_what_is_wrong(string name, string content, string[] expected)
    {
        File.WriteAllBytes(_home.Folder(name), Encoding.Latin1.GetBytes(content));
        Assert.False(new TaskLoader(new Ed25519Verifier()).TryLoad(_home.Folder(name), out _, out Problem? problem));
        string text = problem.ToString();
        Assert.All(expected, part => Assert.Contains(part, text, StringComparison.Ordinal));
        Assert.NotEmpty(problem.Hint);
        Assert.InRange(text.Length, 10, 1_000);
        Assert.DoesNotContain(text, character => char.IsControl(character));
    }

    [Theory]
    [InlineData("run")]
    [InlineData("inspect")]
    public void Each_of_them_ends_the_program_with_status_2_and_its_message(string command)
    {
        // One of each kind of reader; the theory above has the rest.
        foreach (string name in new[] { "deep.starling", "signature.starling", "bomb.yaml", "broken.rbw" })
        {
            string content = (string)Broken.First(row => (string)row[0] == name)[1];
            File.WriteAllBytes(_home.Folder(name), Encoding.Latin1.GetBytes(content));
            using StarlingRun run = StarlingRun.Finish(_home.Path, command, name);
            Assert.Equal(2, run.WaitForExit());
            Assert.StartsWith($"starling {command}: ", run.Error, StringComparison.Ordinal);
            Assert.Contains(name, run.Error, StringComparison.Ordinal);
            Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
            Assert.Empty(Directory.EnumerateDirectories(_home.Path));
        }
    }

    [Fact]
    public void A_file_that_is_too_large_is_not_read()
    {
        string path = _home.Folder("large.starling");
        using (FileStream large = File.Create(path))
        {
            large.SetLength(1L << 36);
        }

        using StarlingRun run = StarlingRun.Finish(_home.Path, "run", "large.starling", "--json");
        Assert.Equal(2, run.WaitForExit());
        RunEvent error = Assert.Single(run.Events);
        Assert.Contains("large.starling", error.Reason, StringComparison.Ordinal);
        Assert.Contains($"longer than {TaskLimitsOfFormat.MaxTaskFileSize} bytes", error.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("magnet:?dn=x", "xt")]
    [InlineData("magnet:?xt=urn:btmh:1220abcd", "xt")]
    [InlineData("magnet:?xt=urn:btih:0123456789012345678901234567890123456789", "xt")]
    public void A_link_that_names_no_task_is_told(string link, string part)
    {
        Assert.False(new TaskLoader(new Ed25519Verifier()).TryLoad(link, out _, out Problem? problem));
        Assert.Contains(part, problem.ToString(), StringComparison.Ordinal);
        Assert.NotEmpty(problem.Hint);
    }

    private static TaskFile Signed()
    {
        var draft = new TaskDraft { Name = "x", Run = new RunSpec.Shell("true"), Pieces = 1 };
        Assert.True(TaskAuthor.TryCreate(
            draft, Ed25519Identity.FromSeed(new byte[32]), isPublic: true, null, DateTimeOffset.UnixEpoch, out PreparedTask? made, out Problem? problem), problem?.ToString());
        return made.Task;
    }
}
