using System;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using Starling.Core.Metainfo;
using Starling.Core.Torrents;
using Starling.Runtime.Torrents;
using Starling.Tests.Core.Metainfo;
using Starling.Tests.Runtime.Tasks;

namespace Starling.Tests.Runtime.Torrents;

/// <summary>A process that ends in the middle of a piece, and the next one.</summary>
public sealed class PartialResumeTests : IDisposable
{
    private const int PieceLength = 4 * 1024 * 1024;

    private static readonly byte[] Content = TorrentSamples.Content(PieceLength, 8);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(TorrentVersion.V1, false)]
    [InlineData(TorrentVersion.V2, false)]
    [InlineData(TorrentVersion.Hybrid, true)]
    public async Task Blocks_of_an_unfinished_piece_are_not_fetched_again(TorrentVersion version, bool killed)
    {
        _folder.Write("seed/x", Content);
        TorrentFile file = TorrentSamples.Single(version, "x", Content, PieceLength).File();
        var request = new TorrentRequest { File = file, Folder = In("got") };
        await using (var slow = new TorrentEnd(Seed(file) with { UpRate = 2_000_000 }))
        await using (var first = new TorrentEnd(request, saveInterval: TimeSpan.FromMilliseconds(killed ? 100 : 60_000)))
        {
            await slow.StartedAsync();
            first.Meet(slow);
            while (first.Session.Snapshot.DownloadedBytes < PieceLength / 4 || (killed && Saved(file, In("got")) == 0))
            {
                Assert.Equal(0, first.Session.Snapshot.Have);
                await Task.Delay(10);
            }

            if (killed)
            {
                // What lies there now is what a kill leaves.
                Copy(In("got"), In("killed"));
                request = request with { Folder = In("killed") };
            }
        }

        int saved = Saved(file, request.Folder);
        Assert.InRange(saved, 1, (PieceLength / BlockBuffer.Capacity) - 1);
        await using var seed = new TorrentEnd(Seed(file));
        await seed.StartedAsync();
        await using var again = new TorrentEnd(request);
        Assert.Equal(0, await again.StartedAsync());
        again.Meet(seed);
        await again.CompleteAsync();
        Assert.Equal(Content, File.ReadAllBytes(Path.Combine(request.Folder, "x")));
        await again.DisposeAsync();
        Assert.Equal(PieceLength - (saved * BlockBuffer.Capacity), again.Session.Snapshot.DownloadedBytes);
    }

    private TorrentRequest Seed(TorrentFile file) => new() { File = file, Folder = In("seed"), IsChecked = true };

    private string In(string name) => Path.Combine(_folder.Path, name);

    /// <summary>Blocks of unfinished pieces that the saved state names.</summary>
    private static int Saved(TorrentFile file, string folder)
    {
        string path = Path.Combine(folder, ".starling", "torrents", file.Info.SwarmHashes[0].ToString(), "resume");
        return ResumeFile.Read(path, file.Info)?.Partial.Sum(piece => Enumerable.Range(0, PieceLength / BlockBuffer.Capacity).Count(piece.Has)) ?? 0;
    }

    private static void Copy(string from, string to)
    {
        foreach (string path in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories).Where(path => !Path.GetFileName(path).StartsWith("lock", StringComparison.Ordinal)).Order())
        {
            string target = Path.Combine(to, Path.GetRelativePath(from, path));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(path, target);
            File.SetLastWriteTimeUtc(target, File.GetLastWriteTimeUtc(path));
        }
    }
}
