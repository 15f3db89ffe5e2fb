using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using System.Threading;
using System.Threading.Tasks;

namespace Starling.Tests.Runtime.Trackers;

/// <summary>A server of HTTP that answers each request with whatever bytes a test wants. A request is its target, and its body behind a space.</summary>
internal sealed partial class HttpTestTracker : IAsyncDisposable
{
    private readonly TcpListener _listener;
    private readonly Func<string, NetworkStream, CancellationToken, Task> _answer;
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentQueue<string> _requests = new();
    private readonly SemaphoreSlim _came = new(0);
    private readonly Task _running;

    private HttpTestTracker(IPAddress address, Func<string, NetworkStream, CancellationToken, Task> answer)
    {
        _answer = answer;
        _listener = new TcpListener(address, 0);
        _listener.Start();
        _running = Task.Run(RunAsync);
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public string Url => $"http://{_listener.LocalEndpoint}/announce";

    public IReadOnlyCollection<string> Requests => _requests;

    /// <summary>Answers with a head of HTTP and this body.</summary>
    public static HttpTestTracker Start(string body, string head = "200 OK", IPAddress? address = null) =>
        Start(_ => [.. Encoding.ASCII.GetBytes($"HTTP/1.1 {head}\r\nContent-Length: {body.Length}\r\n\r\n"), .. Encoding.Latin1.GetBytes(body)], address);

    public static HttpTestTracker Start(Func<string, byte[]> answer, IPAddress? address = null) =>
        new(address ?? IPAddress.Loopback, async (request, stream, stop) => await stream.WriteAsync(answer(request), stop));

    public static HttpTestTracker Start(Func<string, NetworkStream, CancellationToken, Task> answer) => new(IPAddress.Loopback, answer);

    /// <summary>The next request's target.</summary>
    public async Task<string> RequestAsync()
    {
        Assert.True(await _came.WaitAsync(TimeSpan.FromSeconds(60)), "No request came.");
        Assert.True(_requests.TryDequeue(out string? request));
        return request;
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Stop();
        await _running;
    }

    [GeneratedRegex(@"^Content-Length: (\d+)\r$", RegexOptions.Multiline | RegexOptions.IgnoreCase)]
    private static partial Regex ContentLength();

    private async Task RunAsync()
    {
        var serving = new List<Task>();
        try
        {
            while (!_stopping.IsCancellationRequested)
            {
                serving.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stopping.Token)));
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException)
        {
            // The test is over.
        }

        await Task.WhenAll(serving);
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                NetworkStream stream = client.GetStream();
                var head = new StringBuilder();
                var buffer = new byte[1];
                while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal) && await stream.ReadAsync(buffer, _stopping.Token) > 0)
                {
                    head.Append((char)buffer[0]);
                }

                string target = head.ToString().Split(' ')[1];
                if (ContentLength().Match(head.ToString()) is { Success: true } length)
                {
                    var body = new byte[int.Parse(length.Groups[1].Value, CultureInfo.InvariantCulture)];
                    await stream.ReadExactlyAsync(body, _stopping.Token);
                    target += " " + Encoding.UTF8.GetString(body);
                }

                _requests.Enqueue(target);
                _came.Release();
                await _answer(target, stream, _stopping.Token);
            }
            catch (Exception exception) when (exception is OperationCanceledException or System.IO.IOException)
            {
                // The client had enough.
            }
        }
    }
}
