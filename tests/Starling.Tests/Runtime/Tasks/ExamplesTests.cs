using System;
using System.IO;
using System.Linq;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Runtime.Identity;
using Starling.Runtime.Tasks;

namespace Starling.Tests.Runtime.Tasks;

/// <summary>
/// The examples load, and keep their task ids: whoever changes how YAML or <c>.rbw</c> becomes a task splits every swarm that mixes versions, and
/// has to change these ids in the same commit.
/// </summary>
public sealed class ExamplesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("bitcoin-genesis.yaml", 200, "4ab610d1d57e9251943dbdd6ba4211ae10724316f57be7aabeff34391ae63f03")]
    [InlineData("collatz.yaml", 16, "014a366085cbccff7de8fa9aef60013bc61450fc1ba340441f252a92a2745284")]
    [InlineData("mandelbrot.yaml", 54, "eb18574308ffabf4ad94faabc3d3ca88b541f6117f5bb08d27bb3b8310837258")]
    [InlineData("rainbow.yaml", 64, "875595a770d09cdb8275f8c19fa4a13e889ec3ccd6029930f225cb6852a94992")]
    [InlineData("saxpy.comptorrent", 12, "462d4b021e29ccd673bd675a4324967d8b5188ee457a8b8aa0c1493dc0689d18")]
    [InlineData("saxpy.yaml", 32, "4da13b65ceb8f6b18180384ec38900dc78f7c48409667b80d60d1baa15b2c321")]
    [InlineData("squares.rbw", 20, "79eeb9e8d06996ca9106c2f57e9cb84709351fea860b4848ab2a54244a4fb4ee")]
    [InlineData("transcode.yaml", 30, "106a8acfe1ee4f66289a36f40da382ba0594acd66b27ac453cb549ecffd55057")]
    public void An_example_is_this_task(string name, int pieces, string id)
    {
        // transcode.yaml wants a video beside it; any file makes a task.
        _folder.Write("holiday.mkv", "not really a video");
        Directory.CreateDirectory(Path.Combine(_folder.Path, "wasm"));
        File.Copy(Path.Combine(ExamplesFolder(), "wasm", "collatz.wasm"), Path.Combine(_folder.Path, "wasm", "collatz.wasm"));
        File.Copy(Path.Combine(ExamplesFolder(), name), Path.Combine(_folder.Path, name));
        string data = Path.Combine(ExamplesFolder(), Path.ChangeExtension(name, ".data"));
        Assert.True(
            new TaskLoader(new Ed25519Verifier(), null, Directory.Exists(data) && name.EndsWith(".comptorrent", StringComparison.Ordinal) ? new DataFolder(data, Layout: null) : null).TryLoad(Path.Combine(_folder.Path, name), out LoadedTask? loaded, out Problem? problem),
            problem?.ToString());
        TaskFile task = Assert.IsType<LoadedTask.Here>(loaded).Prepared.Task;
        Assert.Equal(pieces, task.Info.PieceCount);
        Assert.Equal(id, task.Id.ToString());
    }

    [Fact]
    public void The_squares_are_in_BitWorkers_own_format_with_parts_counted_by_file()
    {
        Assert.True(TaskLoader.TryImport(Path.Combine(ExamplesFolder(), "squares.rbw"), null, out PreparedTask? prepared, out Problem? problem), problem?.ToString());
        TaskFile task = prepared.Task;
        Assert.Equal([new OutputFile("squares.txt", 12), new OutputFile("more/cubes.txt", 8)], task.Info.Files);
        Assert.Equal(new PieceLocation(1, 0, 8), task.Info.Locate(12));
        Assert.Equal("cat $PART_LIST | sort -n > \"$FILE\"", task.Info.Merge);
    }

    [Fact]
    public void Every_example_has_its_id_here()
    {
        string[] listed = [.. typeof(ExamplesTests).GetMethod(nameof(An_example_is_this_task))!.GetCustomAttributes(false).OfType<InlineDataAttribute>()
            .Select(static data => (string)data.GetData(null!).Single()[0]).Order(StringComparer.Ordinal)];
        Assert.Equal(Directory.GetFiles(ExamplesFolder()).Select(Path.GetFileName).Order(StringComparer.Ordinal), listed);
    }

    private static string ExamplesFolder()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Starling.slnx")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return Path.Combine(folder ?? throw new InvalidOperationException("not within the source tree"), "examples");
    }
}
