using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Engine;
using Starling.Core.Metainfo;
using Starling.Core.Primitives;
using Starling.Core.Torrents;
using Starling.Runtime.Torrents;
using Starling.SystemTests.Dht;
using Starling.Tests.App.EndToEnd;
using Starling.Tests.Runtime.Torrents;

namespace Starling.SystemTests.Torrents;

/// <summary>
/// A v2 torrent, one peer that sends bad blocks, and libtorrent: it tells this program the hashes of the blocks, and this program tells them to it. Either way the
/// liar is known.
/// </summary>
public sealed class BlockHashesTests : IDisposable
{
    private const int PieceLength = 2 * 1024 * 1024;
    private const int Port = 6881;

    private readonly ScratchFolder _home = new();
    private readonly byte[] _content = new byte[(3 * PieceLength) + 40_001];
    private readonly TorrentFile _torrent;
    private readonly StringBuilder _said = new();

    public BlockHashesTests()
    {
        new DeterministicRandom(4).Fill(_content);
        using var hasher = new FileHasher(PieceLength, TorrentVersion.V2);
        hasher.Append(_content);
        Assert.True(CreatedTorrent.OfFile(hasher.Complete("x", isLast: true), PieceLength, TorrentVersion.V2).TryToFile(out TorrentFile? file, out _));
        _torrent = file;
        File.WriteAllBytes(_home.Folder("x.torrent"), file.ToBytes());
    }

    public void Dispose() => _home.Dispose();

    [LibtorrentFact]
    public async Task What_libtorrent_tells_convicts_the_liar()
    {
        Lay("libtorrent", lie: false);
        using Process libtorrent = Start("127.79.0.1");
        await using TorrentEnd liar = Seed("127.79.0.2", "liar", lie: true);
        await using var leecher = new TorrentEnd(
            new TorrentRequest { File = _torrent, Folder = _home.Folder("leecher"), DownRate = 3_000_000 }, address: IPAddress.Parse("127.79.0.3"));
        leecher.Meet(liar);
        leecher.Session.AddPeers([PeerAddress.From(IPAddress.Parse("127.79.0.1"), Port)], PeerSource.Owner);
        await leecher.CompleteAsync();
        End(libtorrent);

        Assert.Equal(_content, await File.ReadAllBytesAsync(Path.Combine(_home.Folder("leecher"), "x")));
        string[] refused = [.. leecher.Events.OfType<DataEvent.Refused>().Select(each => each.Problem.Reason)];
        Assert.Contains(refused, reason => reason.StartsWith($"{liar.Address} sent block", StringComparison.Ordinal));
        Assert.DoesNotContain(refused, reason => reason.StartsWith("127.79.0.1", StringComparison.Ordinal));
    }

    [LibtorrentFact]
    public async Task What_this_program_tells_convicts_the_liar_for_libtorrent()
    {
        Directory.CreateDirectory(_home.Folder("libtorrent"));
        await using TorrentEnd honest = Seed("127.79.1.2", "honest", lie: false);
        await using TorrentEnd liar = Seed("127.79.1.3", "liar", lie: true);
        using Process libtorrent = Start("127.79.1.1");
        PeerAddress target = PeerAddress.From(IPAddress.Parse("127.79.1.1"), Port);
        string file = Path.Combine(_home.Folder("libtorrent"), "x");
        Assert.True(SpinWait.SpinUntil(
            () =>
            {
                honest.Session.AddPeers([target], PeerSource.Owner);
                liar.Session.AddPeers([target], PeerSource.Owner);
                Thread.Sleep(200);
                return Said("\"seeding\": true");
            },
            TimeSpan.FromSeconds(120)), _said.ToString());
        End(libtorrent);
        Assert.Equal(SHA256.HashData(_content), SHA256.HashData(await File.ReadAllBytesAsync(file)));
        Assert.True(Said("127.79.1.3") && Said("banned"), _said.ToString());
    }

    private bool Said(string text)
    {
        lock (_said)
        {
            return _said.ToString().Contains(text, StringComparison.Ordinal);
        }
    }

    private void Lay(string name, bool lie)
    {
        byte[] content = [.. _content];
        for (int at = 0; lie && at < content.Length; at += BlockBuffer.Capacity)
        {
            content[at] ^= 1;
        }

        Directory.CreateDirectory(_home.Folder(name));
        File.WriteAllBytes(Path.Combine(_home.Folder(name), "x"), content);
    }

    private TorrentEnd Seed(string address, string name, bool lie)
    {
        Lay(name, lie);
        return new TorrentEnd(
            new TorrentRequest { File = _torrent, Folder = _home.Folder(name), IsChecked = true, UpRate = 1_500_000 }, address: IPAddress.Parse(address));
    }

    private Process Start(string address)
    {
        Process process = Process.Start(new ProcessStartInfo(Libtorrent.Python!, [Path.Combine(AppContext.BaseDirectory, "libtorrent-client.py"), JsonSerializer.Serialize(new
        {
            source = _home.Folder("x.torrent"),
            dir = _home.Folder("libtorrent"),
            address,
            port = Port,
            dht = false,
            lsd = false,
            encrypt = false,
            router = "",
            utp_only = false,
            peer = "",
        })])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        process.OutputDataReceived += (_, line) =>
        {
            lock (_said)
            {
                _said.AppendLine(line.Data);
            }
        };
        process.BeginOutputReadLine();
        Assert.True(SpinWait.SpinUntil(() => Said("\"progress\""), TimeSpan.FromSeconds(60)));
        return process;
    }

    private static void End(Process process)
    {
        process.StandardInput.Close();
        process.WaitForExit();
    }
}
