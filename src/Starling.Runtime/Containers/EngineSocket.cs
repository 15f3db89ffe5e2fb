using System;
using System.IO;
using System.Net.Http;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading;
using Starling.Core.Images;
using Starling.Core.Primitives;

namespace Starling.Runtime.Containers;

/// <summary>The API of Docker, which Podman speaks too, over the engine's Unix socket. Answers are bounded; a failure of the engine or of the socket is an <see cref="EngineException"/> with what it said.</summary>
/// <param name="path">Absolute path of the socket.</param>
internal sealed class EngineSocket(string path) : IDisposable
{
    /// <summary>Bytes of an answer that is read whole.</summary>
    public const int MaxAnswer = 4 * 1024 * 1024;

    private const int ToldErrors = 300;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly HttpClient _http = new(new SocketsHttpHandler
    {
        UseProxy = false,
        ConnectCallback = async (_, cancel) =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancel).ConfigureAwait(false);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        },
    })
    {
        BaseAddress = new Uri("http://engine/"),
        Timeout = Timeout.InfiniteTimeSpan,
    };

    /// <summary>Asks, and reads the answer as JSON; null: the thing is not there (404), or the answer is empty.</summary>
    /// <param name="method">GET, POST, DELETE.</param>
    /// <param name="call">Path and query.</param>
    /// <param name="body">What to send; null: nothing.</param>
    /// <param name="patience">How long to wait for the answer; null: a minute.</param>
    public JsonNode? Ask(HttpMethod method, string call, HttpContent? body = null, TimeSpan? patience = null)
    {
        using var cancel = new CancellationTokenSource(patience ?? Patience);
        return Send(method, call, body, cancel.Token, response =>
        {
            string text = ReadText(response, cancel.Token);
            if (response.StatusCode == System.Net.HttpStatusCode.NotFound)
            {
                return null;
            }

            if (!response.IsSuccessStatusCode && response.StatusCode != System.Net.HttpStatusCode.NotModified)
            {
                throw new EngineException(Refusal(call, text));
            }

            // A stream of progress is one document a line; whoever needs none of it looks at the effect.
            return text.Length == 0 || text[0] is not ('{' or '[') || text.TrimEnd().Contains("}\r\n{", StringComparison.Ordinal) || text.TrimEnd().Contains("}\n{", StringComparison.Ordinal) ? null : JsonNode.Parse(text);
        });
    }

    /// <summary>A header of the answer to the first question; null: there is none of that name.</summary>
    public string? Ping(string header)
    {
        using var cancel = new CancellationTokenSource(Patience);
        return Send(HttpMethod.Get, "_ping", null, cancel.Token, response => response.IsSuccessStatusCode
            ? response.Headers.TryGetValues(header, out var values) ? string.Join(',', values) : null
            : throw new EngineException(Refusal("_ping", response.StatusCode.ToString())));
    }

    /// <summary>Begins an answer that goes on as long as what it tells of; to be disposed of.</summary>
    public Stream Open(HttpMethod method, string call)
    {
        try
        {
            using var request = new HttpRequestMessage(method, call);
            HttpResponseMessage response = _http.Send(request, HttpCompletionOption.ResponseHeadersRead);
            return response.IsSuccessStatusCode || response.StatusCode == System.Net.HttpStatusCode.SwitchingProtocols
                ? response.Content.ReadAsStream()
                : throw new EngineException(Refusal(call, ReadText(response, CancellationToken.None)));
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or SocketException)
        {
            throw new EngineException(Silence(failure));
        }
    }

    /// <summary>JSON to be sent.</summary>
    public static HttpContent Json(JsonNode body) => new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private T Send<T>(HttpMethod method, string call, HttpContent? body, CancellationToken cancel, Func<HttpResponseMessage, T> read)
    {
        try
        {
            using var request = new HttpRequestMessage(method, call) { Content = body };
            using HttpResponseMessage response = _http.Send(request, HttpCompletionOption.ResponseHeadersRead, cancel);
            return read(response);
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or SocketException or OperationCanceledException or JsonException)
        {
            throw new EngineException(Silence(failure));
        }
    }

    private static string ReadText(HttpResponseMessage response, CancellationToken cancel)
    {
        using Stream stream = response.Content.ReadAsStream(cancel);
        var text = new MemoryStream();
        var buffer = new byte[16 * 1024];
        for (int count; text.Length < MaxAnswer && (count = stream.Read(buffer)) > 0;)
        {
            text.Write(buffer, 0, count);
        }

        return Encoding.UTF8.GetString(text.ToArray());
    }

    /// <summary>Engines wrap what they say in an object, and the cause stands last.</summary>
    private static string MessageIn(string text)
    {
        try
        {
            text = JsonNode.Parse(text)?["message"]?.GetValue<string>() ?? text;
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            // It is no object: told as it is.
        }

        return text.Length > ToldErrors ? text[^ToldErrors..] : text;
    }

    private static Problem Refusal(string call, string text)
    {
        return new Problem(ImageProblem.Code, $"the container engine refuses '{call.Split('?')[0]}': {Core.Tasks.SafePath.Quoted(MessageIn(text).Trim(), ToldErrors)}", "See the engine's own log.");
    }

    private Problem Silence(Exception failure) => new(
        ImageProblem.Code, $"the container engine at {path} does not answer: {failure.Message}", "Start it ('systemctl --user start podman.socket'), or run with --container-engine none.");
}

/// <summary>The engine refused, or does not answer; caught where it is used.</summary>
internal sealed class EngineException(Problem problem) : Exception(problem.Reason)
{
    /// <summary>What to tell.</summary>
    public Problem Problem => problem;
}
