using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Starling.Runtime.Doctor;
using Starling.Tests.Runtime.Tasks;

namespace Starling.Tests.Runtime.Doctor;

public sealed class DiskCheckTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_folder_is_tried_and_left_as_it_was()
    {
        Dictionary<string, Finding> seen = await LookAsync(_folder.Path, 1);
        Assert.Equal(["dates", "flush", "folder", "hard links", "locks", "names", "space"], seen.Keys.Order());
        Assert.All(seen.Values, finding => Assert.NotEqual(Health.Failed, finding.Health));
        Assert.Equal(Health.Ok, seen["locks"].Health);
        Assert.Equal(Health.Ok, seen["hard links"].Health);
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public async Task A_folder_that_is_not_there_yet_is_tried_where_it_will_be_made()
    {
        Finding folder = (await LookAsync(Path.Combine(_folder.Path, "a", "b"), null))["folder"];
        Assert.StartsWith($"{_folder.Path} can be written", folder.Seen, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public async Task Too_little_space_is_told()
    {
        Finding space = (await LookAsync(_folder.Path, long.MaxValue))["space"];
        Assert.Equal(Health.Warning, space.Health);
        Assert.NotEmpty(space.Fix);
    }

    [Fact]
    public async Task Where_nothing_can_be_written_it_failed()
    {
        // A file system on which nobody, root included, makes folders.
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        Finding folder = (await LookAsync("/proc/self", null))["folder"];
        Assert.Equal(Health.Failed, folder.Health);
        Assert.NotEmpty(folder.Fix);
    }

    private static async Task<Dictionary<string, Finding>> LookAsync(string folder, long? needed) =>
        (await new DiskCheck(folder, needed).RunAsync(CancellationToken.None)).ToDictionary(finding => finding.Subject);
}
