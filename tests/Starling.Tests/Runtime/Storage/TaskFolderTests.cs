using System;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Runtime.Storage;

namespace Starling.Tests.Runtime.Storage;

public sealed class TaskFolderTests
{
    [Fact]
    public async Task A_folder_is_made_with_everything_private_below_it()
    {
        await using var store = new TestStore();
        store.Open();
        Assert.Equal([".starling"], Directory.GetFileSystemEntries(store.Root).Select(Path.GetFileName));
        Assert.True(store.Folder.TryPathOf(0, out string? path, out _));
        Assert.Equal(Path.Combine(store.Root, "sample"), path);
        Assert.Equal(Path.Combine(store.Root, ".starling", "state", "000012"), store.Folder.StateFolderOf(12));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(store.Folder.Private));
        }
    }

    [Fact]
    public async Task A_second_process_is_told_who_holds_the_folder()
    {
        await using var store = new TestStore();
        store.Open();
        Assert.False(TaskFolder.TryOpen(store.Root, store.Info, TestStore.TaskId, out _, out Problem? problem));
        Assert.Equal("folder-in-use", problem.Code);
        Assert.Contains($"process {Environment.ProcessId}", problem.Reason);
        await store.CloseAsync();
        store.Open();
    }

    [Theory]
    [InlineData("../out")]
    [InlineData("a/../../out")]
    [InlineData("/etc/out")]
    [InlineData("a//b")]
    [InlineData("./a")]
    [InlineData("")]
    [InlineData("a\\b")]
    [InlineData("c:out")]
    [InlineData(".starling/journal")]
    [InlineData(".STARLING")]
    public async Task Output_paths_that_lead_elsewhere_are_refused(string path)
    {
        await using var store = new TestStore { Info = TestStore.InfoOf(1, new OutputFile("good/file", 1), new OutputFile(path, 1)) };
        Assert.Equal("unsafe-path", store.TryOpen()?.Code);
    }

    [Fact]
    public async Task A_symbolic_link_on_the_way_to_an_output_is_refused()
    {
        await using var store = new TestStore { Info = TestStore.InfoOf(1, new OutputFile("sub/file", 1)) };
        Assert.Null(store.TryOpen());
        await store.CloseAsync();
        Directory.CreateSymbolicLink(Path.Combine(store.Root, "sub"), Path.GetTempPath());
        Problem problem = Assert.IsType<Problem>(store.TryOpen());
        Assert.Equal("unsafe-path", problem.Code);
        Assert.Contains("symbolic link", problem.Reason);
    }

    [Fact]
    public async Task A_folder_that_cannot_be_made_is_told()
    {
        string file = Path.GetTempFileName();
        await using (var store = new TestStore(Path.Combine(file, "task")))
        {
            Problem problem = Assert.IsType<Problem>(store.TryOpen());
            Assert.Equal("folder-unusable", problem.Code);
            Assert.Contains(file, problem.Reason);
        }

        File.Delete(file);
    }

    [Fact]
    public async Task The_task_file_is_saved_whole_and_for_its_owner_only()
    {
        await using var store = new TestStore();
        Assert.Null(TaskFolder.ReadTaskFile(store.Root));
        store.Open();
        Assert.Null(store.Folder.SaveTaskFile("first"u8));
        Assert.Null(store.Folder.SaveTaskFile("second"u8));
        Assert.Equal("second"u8.ToArray(), TaskFolder.ReadTaskFile(store.Root));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(store.Folder.TaskFile));
        }

        using (FileStream large = new(store.Folder.TaskFile, FileMode.Open))
        {
            large.SetLength(TaskLimitsOfFormat.MaxTaskFileSize + 1);
        }

        Assert.Null(TaskFolder.ReadTaskFile(store.Root));
    }
}
