using System;
using System.Collections.Concurrent;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading;
using System.Threading.Tasks;

namespace Starling.Tests.Runtime.Torrents;

/// <summary>A web server on loopback that serves ranges of what it is given, or answers as a test says.</summary>
internal sealed class TestWebServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Func<string, byte[]?> _files;

    /// <summary>A server.</summary>
    /// <param name="files">The content at a path as it stands in the request; null: 404.</param>
    public TestWebServer(Func<string, byte[]?> files)
    {
        _files = files;
        _listener.Start();
        _ = AcceptAsync();
    }

    /// <summary>Makes the answer from path, range and content, instead of the right one.</summary>
    public Func<string, long, long, byte[]?, byte[]?>? Answer { get; set; }

    /// <summary>Paths and ranges asked for.</summary>
    public ConcurrentQueue<(string Path, long From, long To)> Requests { get; } = [];

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public string Url => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{Port}/");

    public static byte[] Response(string head, ReadOnlySpan<byte> body = default) =>
        [.. Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"HTTP/1.1 {head}\r\nContent-Length: {body.Length}\r\n\r\n")), .. body];

    public static byte[] Range(byte[] content, long from, long to) =>
        Response(string.Create(CultureInfo.InvariantCulture, $"206 Partial\r\nContent-Range: bytes {from}-{to}/{content.Length}"), content.AsSpan((int)from, (int)(to - from + 1)));

    public void Dispose()
    {
        _stop.Cancel();
        _listener.Stop();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token));
            }
        }
        catch (Exception end) when (end is OperationCanceledException or SocketException or ObjectDisposedException)
        {
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                using var reader = new StreamReader(client.GetStream(), Encoding.ASCII);
                while (await reader.ReadLineAsync(_stop.Token) is { Length: > 0 } first)
                {
                    (long from, long to) = (0, -1);
                    while (await reader.ReadLineAsync(_stop.Token) is { Length: > 0 } header)
                    {
                        if (header.StartsWith("Range: bytes=", StringComparison.OrdinalIgnoreCase))
                        {
                            long[] ends = [.. header["Range: bytes=".Length..].Split('-').Select(text => long.Parse(text, CultureInfo.InvariantCulture))];
                            (from, to) = (ends[0], ends[1]);
                        }
                    }

                    string path = first.Split(' ')[1];
                    Requests.Enqueue((path, from, to));
                    byte[]? content = _files(path);
                    byte[]? answer = Answer is null ? content is null ? Response("404 Not Found") : Range(content, from, to) : Answer(path, from, to, content);
                    if (answer is null)
                    {
                        // Silence.
                        await Task.Delay(Timeout.Infinite, _stop.Token);
                        return;
                    }

                    await client.GetStream().WriteAsync(answer, _stop.Token);
                }
            }
            catch (Exception end) when (end is OperationCanceledException or IOException or ObjectDisposedException)
            {
            }
        }
    }
}
