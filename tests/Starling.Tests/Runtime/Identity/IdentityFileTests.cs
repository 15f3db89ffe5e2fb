using System;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using Starling.Core.Primitives;
using Starling.Runtime.Identity;

namespace Starling.Tests.Runtime.Identity;

public sealed class IdentityFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("starling-identity-").FullName;

    private string FilePath => Path.Combine(_folder, IdentityFile.FileName);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_second_start_has_the_first_ones_identity_and_leaves_nothing_else_behind()
    {
        PublicKey first = Load(_folder);
        Assert.Equal(first, Load(_folder));
        Assert.Equal([FilePath], Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public void The_folder_is_made()
    {
        string deeper = Path.Combine(_folder, "a", "b");
        Assert.Equal(Load(deeper), Load(deeper));
    }

    [Fact]
    public void Only_the_owner_may_read_it()
    {
        Load(_folder);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(FilePath));
        }
    }

    [Fact]
    public async Task Many_that_start_at_once_agree_on_one()
    {
        PublicKey[] keys = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(() => Load(_folder))));
        Assert.Single(keys.Distinct());
        Assert.Equal([FilePath], Directory.GetFileSystemEntries(_folder));
    }

    public static TheoryData<string> Damages => new()
    {
        "",
        "starling identity 1\n",
        "nonsense",
        new string('x', 100_000),
        "starling identity 2\n" + new string('1', 64) + "\n" + new string('1', 64) + "\n",
        "starling identity 1\n" + new string('1', 63) + "\n" + new string('1', 64) + "\n",
        "starling identity 1\n" + new string('1', 64) + "\n" + new string('1', 64) + "\n",
    };

    [Theory]
    [MemberData(nameof(Damages))]
    public void A_damaged_file_is_named_and_kept(string content)
    {
        File.WriteAllText(FilePath, content);

        Assert.False(IdentityFile.TryLoadOrCreate(_folder, out Ed25519Identity? identity, out Problem? problem));
        Assert.Null(identity);
        Assert.Equal("identity", problem.Code);
        Assert.Contains(FilePath, problem.Reason, StringComparison.Ordinal);
        Assert.NotEmpty(problem.Hint);
        Assert.Equal(content, File.ReadAllText(FilePath));
    }

    [Fact]
    public void A_truncated_key_at_every_length_is_damage()
    {
        Load(_folder);
        byte[] whole = File.ReadAllBytes(FilePath);
        for (int length = 0; length < whole.Length; length++)
        {
            File.WriteAllBytes(FilePath, whole[..length]);
            Assert.False(IdentityFile.TryLoadOrCreate(_folder, out _, out _));
        }
    }

    [Fact]
    public void A_folder_that_can_not_be_made_is_a_problem()
    {
        string file = Path.Combine(_folder, "file");
        File.WriteAllText(file, "");
        Assert.False(IdentityFile.TryLoadOrCreate(Path.Combine(file, "below"), out _, out Problem? problem));
        Assert.Equal("identity", problem.Code);
    }

    private static PublicKey Load(string folder)
    {
        Assert.True(IdentityFile.TryLoadOrCreate(folder, out Ed25519Identity? identity, out Problem? problem), problem?.ToString());
        return identity.PublicKey;
    }
}
