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

/// <summary>Real hosts of which one sends a bad block: who did is known by the hashes of blocks that the other one tells (BEP 52), or by fetching again (BEP 3).</summary>
public sealed class LiarTests : IDisposable
{
    private const int PieceLength = 2 * 1024 * 1024;
    private static readonly byte[] Content = TorrentSamples.Content(2 * PieceLength, 7);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(TorrentVersion.V1)]
    [InlineData(TorrentVersion.V2)]
    [InlineData(TorrentVersion.Hybrid)]
    public async Task Who_sends_bad_blocks_is_banned_and_who_does_not_is_not(TorrentVersion version)
    {
        TorrentFile file = TorrentSamples.Single(version, "x", Content, PieceLength).File();
        await using TorrentEnd honest = Seed(file, "honest", _ => { });
        await using TorrentEnd liar = Seed(file, "liar", content =>
        {
            for (int at = 0; at < content.Length; at += BlockBuffer.Capacity)
            {
                content[at] ^= 1;
            }
        });
        await using var leecher = new TorrentEnd(new TorrentRequest { File = file, Folder = Path.Combine(_folder.Path, "leecher") });
        leecher.Meet(honest, liar);
        await leecher.CompleteAsync();

        Assert.Equal(Content, await File.ReadAllBytesAsync(Path.Combine(_folder.Path, "leecher", "x")));
        string[] banned = [.. leecher.Events.OfType<DataEvent.Refused>().Select(refused => refused.Problem.Reason).Where(reason => reason.EndsWith("banned", StringComparison.Ordinal))];

        // Under its address, and perhaps under another port: a banned peer may come by itself.
        Assert.Contains(banned, reason => reason.StartsWith($"{liar.Address} sent ", StringComparison.Ordinal));
        Assert.DoesNotContain(banned, reason => reason.StartsWith($"{honest.Address} ", StringComparison.Ordinal));
    }

    private TorrentEnd Seed(TorrentFile file, string name, Action<byte[]> alter)
    {
        byte[] content = [.. Content];
        alter(content);
        _folder.Write($"{name}/x", content);

        // Slow enough that both send a part of each piece.
        return new TorrentEnd(new TorrentRequest { File = file, Folder = Path.Combine(_folder.Path, name), IsChecked = true, UpRate = 1_500_000 });
    }
}
