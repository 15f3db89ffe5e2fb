using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Threading.Tasks;
using Starling.Core.Metainfo;
using Starling.Core.Torrents;
using Starling.Core.Wire.Mse;
using Starling.Runtime.Torrents;
using Starling.Tests.Core.Metainfo;
using Starling.Tests.Runtime.Tasks;

namespace Starling.Tests.Runtime.Torrents;

/// <summary>Real hosts on loopback, each with its own port, thread and folder.</summary>
public sealed class TorrentHostTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(TorrentVersion.V1, false)]
    [InlineData(TorrentVersion.V2, false)]
    [InlineData(TorrentVersion.Hybrid, false)]
    [InlineData(TorrentVersion.V1, true)]
    [InlineData(TorrentVersion.V2, true)]
    [InlineData(TorrentVersion.Hybrid, true)]
    public async Task A_folder_goes_from_one_to_the_other(TorrentVersion version, bool magnet)
    {
        TorrentFile file = Lay(version, "seed");
        await using var seed = new TorrentEnd(Request(file, "seed"));
        Assert.Equal(file.Info.PieceCount, await seed.StartedAsync());
        await using var leecher = new TorrentEnd(magnet
            ? new TorrentRequest { Magnet = TorrentMagnet.Of(file, []), Folder = In("leecher") } : Request(file, "leecher"));
        leecher.Meet(seed);
        await leecher.CompleteAsync();

        Same("leecher");
        Assert.Equal(file.Info.PieceCount, leecher.Events.Count(each => each is DataEvent.PieceReady));
    }

    [Theory]
    [InlineData(MsePolicy.Require, MsePolicy.Require)]
    [InlineData(MsePolicy.Prefer, MsePolicy.Off)]
    [InlineData(MsePolicy.Off, MsePolicy.Prefer)]
    [InlineData(MsePolicy.Prefer, MsePolicy.Require)]
    public async Task Encryption_is_agreed_on(MsePolicy dialing, MsePolicy answering)
    {
        TorrentFile file = Lay(TorrentVersion.V1, "seed");
        await using var seed = new TorrentEnd(Request(file, "seed"), answering);
        await using var leecher = new TorrentEnd(Request(file, "leecher"), dialing);
        leecher.Meet(seed);
        await leecher.CompleteAsync();
        Same("leecher");
    }

    [Fact]
    public async Task Who_requires_encryption_takes_no_plain_connection()
    {
        TorrentFile file = Lay(TorrentVersion.V1, "seed");
        await using var seed = new TorrentEnd(Request(file, "seed"), MsePolicy.Require);
        await using var leecher = new TorrentEnd(Request(file, "leecher"), MsePolicy.Off);
        leecher.Meet(seed);
        while (!seed.Refusals.Any(reason => reason.Contains("only encrypted", StringComparison.Ordinal)))
        {
            await Task.Delay(10);
        }

        Assert.Equal(0, leecher.Session.Snapshot.Have);
    }

    [Theory]
    [InlineData(MsePolicy.Off)]
    [InlineData(MsePolicy.Prefer)]
    [InlineData(MsePolicy.Require)]
    public async Task Who_comes_for_a_torrent_that_is_not_here_is_sent_away_without_a_word(MsePolicy policy)
    {
        TorrentFile file = Lay(TorrentVersion.V1, "seed");
        TorrentFile another = TorrentSamples.Single(TorrentVersion.V1, "another", TorrentSamples.Content(20_000, 9)).File();
        await using var seed = new TorrentEnd(Request(file, "seed"), policy);
        await using var stranger = new TorrentEnd(Request(another, "stranger"), policy);
        stranger.Meet(seed);
        await using var leecher = new TorrentEnd(Request(file, "leecher"), policy);
        leecher.Meet(seed);
        await leecher.CompleteAsync();
        await stranger.DisposeAsync();
        await seed.DisposeAsync();
        Assert.Empty(seed.Refusals);
    }

    [Fact]
    public async Task What_was_here_is_not_fetched_again()
    {
        TorrentFile file = Lay(TorrentVersion.Hybrid, "seed");
        await using var seed = new TorrentEnd(Request(file, "seed"));
        await using (var first = new TorrentEnd(Request(file, "leecher")))
        {
            first.Meet(seed);
            await first.CompleteAsync();
        }

        await using var second = new TorrentEnd(Request(file, "leecher"));
        Assert.Equal(file.Info.PieceCount, await second.StartedAsync());
        await second.CompleteAsync();
        Assert.Equal(0, second.Session.Snapshot.DownloadedBytes);
    }

    [Fact]
    public async Task Only_what_is_selected_is_fetched()
    {
        TorrentFile file = Lay(TorrentVersion.Hybrid, "seed");
        int wanted = file.Info.Files.Single(entry => entry.Path.EndsWith("b.txt", StringComparison.Ordinal)).Index;
        Assert.True(FileSelection.TryParse($"{wanted}", out FileSelection? selection, out _));
        await using var seed = new TorrentEnd(Request(file, "seed"));
        await using var leecher = new TorrentEnd(Request(file, "leecher") with { Selection = selection });
        leecher.Meet(seed);
        await leecher.CompleteAsync();

        Assert.Equal(["b.txt"], Directory.EnumerateFiles(Path.Combine(In("leecher"), "tree"), "*", SearchOption.AllDirectories)
            .Where(path => new FileInfo(path).Length > 0).Select(Path.GetFileName));
    }

    [Fact]
    public async Task Many_share_among_each_other()
    {
        TorrentFile file = Lay(TorrentVersion.V1, "seed");
        await using var seed = new TorrentEnd(Request(file, "seed"));
        var leechers = new List<TorrentEnd>();
        for (int i = 0; i < 4; i++)
        {
            leechers.Add(new TorrentEnd(Request(file, $"leecher{i}")));
            leechers[i].Meet(seed);
            leechers[i].Meet([.. leechers]);
        }

        foreach (TorrentEnd leecher in leechers)
        {
            await leecher.CompleteAsync();
            await leecher.DisposeAsync();
        }

        for (int i = 0; i < 4; i++)
        {
            Same($"leecher{i}");
        }
    }

    [Fact]
    public async Task A_stranger_that_names_another_torrent_or_talks_nonsense_is_refused()
    {
        TorrentFile file = Lay(TorrentVersion.V1, "seed");
        await using var seed = new TorrentEnd(Request(file, "seed"));
        await seed.StartedAsync();
        foreach (byte[] hello in new[]
        {
            [.. "\u0013BitTorrent protocol"u8, .. new byte[48]],
            [.. "GET / HTTP/1.1\r\n\r\n"u8],
            new byte[] { 0x16, 3, 1, 0, 100 },
        })
        {
            using var socket = new TcpClient();
            await socket.ConnectAsync(seed.Address.ToIPAddress(), seed.Address.Port);
            NetworkStream stream = socket.GetStream();
            await stream.WriteAsync(hello);
            int count = 0;
            try
            {
                socket.Client.Shutdown(SocketShutdown.Send);
                count = await stream.ReadAsync(new byte[1]).AsTask().WaitAsync(TimeSpan.FromSeconds(60));
            }
            catch (IOException)
            {
                // A reset is as good as an end.
            }

            Assert.Equal(0, count);
        }

        // Whoever asks for another torrent is sent away without a word to the owner.
        Assert.Equal(2, seed.Refusals.Count);
        await using var leecher = new TorrentEnd(Request(file, "leecher"));
        leecher.Meet(seed);
        await leecher.CompleteAsync();
    }

    [Fact]
    public async Task A_liar_is_banned_and_the_rest_comes_from_others()
    {
        TorrentFile file = Lay(TorrentVersion.V1, "seed");
        Lay(TorrentVersion.V1, "liar");
        string victim = Path.Combine(In("liar"), "tree", "a.bin");
        await using var seed = new TorrentEnd(Request(file, "seed"));
        await using var liar = new TorrentEnd(Request(file, "liar") with { IsChecked = true }, address: IPAddress.Parse("127.0.0.2"));
        await liar.StartedAsync();
        byte[] content = await File.ReadAllBytesAsync(victim);
        content.AsSpan().Reverse();
        await File.WriteAllBytesAsync(victim, content);
        await using var leecher = new TorrentEnd(Request(file, "leecher"));
        leecher.Meet(liar);
        while (!leecher.Events.Any(each => each is DataEvent.Refused { Problem.Code: "bad-block" }))
        {
            await Task.Delay(10);
        }

        leecher.Meet(seed);
        await leecher.CompleteAsync();
        Same("leecher");
    }

    [Fact]
    public async Task A_folder_that_is_a_file_fails_with_words()
    {
        TorrentFile file = Lay(TorrentVersion.V1, "seed");
        await File.WriteAllTextAsync(In("leecher"), "no folder");
        await using var leecher = new TorrentEnd(Request(file, "leecher"));
        Assert.NotEmpty((await leecher.FailedAsync()).Reason);
    }

    private string In(string name) => Path.Combine(_folder.Path, name);

    private TorrentRequest Request(TorrentFile file, string folder) => new() { File = file, Folder = In(folder) };

    /// <summary>Puts the sample's files into a folder.</summary>
    private TorrentFile Lay(TorrentVersion version, string folder)
    {
        foreach ((string path, byte[] content) in TorrentSamples.Tree)
        {
            string full = Path.Combine(In(folder), "tree", path);
            Directory.CreateDirectory(Path.GetDirectoryName(full)!);
            File.WriteAllBytes(full, content);
        }

        return TorrentSamples.Folder(version, TorrentSamples.Tree).File();
    }

    private void Same(string folder)
    {
        foreach ((string path, byte[] content) in TorrentSamples.Tree)
        {
            Assert.Equal(content, File.ReadAllBytes(Path.Combine(In(folder), "tree", path)));
        }
    }
}
