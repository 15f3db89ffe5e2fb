using System;
using System.Diagnostics;
using System.IO;
using Starling.Runtime.Containers;
using Starling.Runtime.Execution;

namespace Starling.Tests.Runtime.Execution;

public sealed class HostileTreeTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void DeletesWhatIsDeeperThanAPathCanBe()
    {
        // 600 levels of ten letters are 6,600 bytes: longer than PATH_MAX.
        int folder = FolderCalls.OpenPath(Directory.CreateDirectory(_folder["tree"]).FullName);
        for (int level = 0; level < 600; level++)
        {
            Assert.True(FolderCalls.TryCreateFolder(folder, "aaaaaaaaaa"));
            int inner = FolderCalls.TryOpen(folder, "aaaaaaaaaa", out _);
            FolderCalls.Close(folder);
            folder = inner;
            FolderCalls.TryCreateFile(folder, "f")!.Dispose();
        }

        FolderCalls.Close(folder);
        Assert.Equal(long.MaxValue, HostileTree.Measure(_folder["tree"], 100_000).Entries);

        HostileTree.Delete(_folder["tree"]);

        Assert.False(Directory.Exists(_folder["tree"]));
    }

    [Fact]
    public void DeletesNamesThatAreNoText_AndFoldersWithoutRights()
    {
        Shell("""mkdir -p tree/locked/inner; cd tree; printf x > "$(printf 'a\377\n b')"; printf y > locked/inner/f; chmod 0 locked/inner locked""");

        HostileTree.Delete(_folder["tree"]);

        Assert.False(Directory.Exists(_folder["tree"]));
    }

    [Fact]
    public void AFolderWithoutRightsIsMeasuredAndDeleted()
    {
        Shell("""mkdir -p tree/write tree/list; cd tree; head -c 1000000 /dev/zero > write/f; head -c 1000000 /dev/zero > list/f; head -c 1000000 /dev/zero > f; chmod 300 write; chmod 600 list; chmod 0 .""");

        Assert.InRange(HostileTree.Measure(_folder["tree"], 100).Bytes, 3_000_000, 4_000_000);

        Shell("chmod 0 tree/* tree");
        HostileTree.Delete(_folder["tree"]);
        Assert.False(Directory.Exists(_folder["tree"]));
    }

    [Fact]
    public void LinksAreDeletedAndGivenAway_NotFollowed()
    {
        Directory.CreateDirectory(_folder["outside"]);
        File.WriteAllText(_folder["outside/kept"], "kept");
        Directory.CreateDirectory(_folder["tree"]);
        File.CreateSymbolicLink(_folder["tree/folder"], _folder["outside"]);
        File.CreateSymbolicLink(_folder["tree/file"], _folder["outside/kept"]);

        Assert.Equal(2, HostileTree.Measure(_folder["tree"], 100).Entries);
        if (Environment.IsPrivilegedProcess)
        {
            HostileTree.GiveTo(_folder["tree"], 61184);
            Assert.Equal(0, HostileTree.OwnerOf(_folder["outside/kept"]));
            Assert.Equal(61184, HostileTree.OwnerOf(_folder["tree/file"]));
        }

        HostileTree.Delete(_folder["tree"]);

        Assert.Equal("kept", File.ReadAllText(_folder["outside/kept"]));
    }

    [Fact]
    public void MeasuresWhatLiesOnDisk_AndStopsAtTheBound()
    {
        Shell("""mkdir -p tree/sub; head -c 1000000 /dev/zero > tree/sub/big; truncate -s 1T tree/sparse; for i in 1 2 3 4 5 6 7 8 9; do : > tree/$i; done""");

        HostileTree.Size size = HostileTree.Measure(_folder["tree"], 1_000);

        Assert.Equal(12, size.Entries);
        Assert.InRange(size.Bytes, 1_000_000, 2_000_000);
        Assert.InRange(HostileTree.Measure(_folder["tree"], 5).Entries, 6, 12);
        Assert.Equal(default, HostileTree.Measure(_folder["nothing"], 5));
    }

    private void Shell(string script)
    {
        using Process shell = Process.Start(new ProcessStartInfo("/bin/bash", ["-c", script]) { WorkingDirectory = _folder.Path })!;
        shell.WaitForExit();
        Assert.Equal(0, shell.ExitCode);
    }
}
