using System;
using System.Globalization;
using System.IO;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;

namespace Starling.Runtime.Owner;

/// <summary>
/// Answers the owner's questions about a running task on a socket in his own folder: one line in (a piece's number, or nothing for all), one JSON object out. Nobody
/// else may enter that folder.
/// </summary>
public sealed class WhySocket : IDisposable
{
    /// <summary>Bytes of a question.</summary>
    public const int MaxQuestion = 64;

    /// <summary>Bytes of an answer.</summary>
    public const int MaxAnswer = 4 * 1024 * 1024;

    /// <summary>What a path of a socket may have, with its end (<c>sun_path</c>).</summary>
    private const int MaxPathBytes = 108;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly Socket _listener;
    private readonly string _path;
    private readonly Func<int?, WhyAnswer> _answer;
    private readonly CancellationTokenSource _ending = new();
    private readonly Task _work;

    private WhySocket(Socket listener, string path, Func<int?, WhyAnswer> answer)
    {
        _listener = listener;
        _path = path;
        _answer = answer;
        _work = Task.Run(Serve);
    }

    /// <summary>Listens; null: that is not possible here, and nobody can ask.</summary>
    /// <param name="folder">The folder of running tasks.</param>
    /// <param name="answer">Answers about a piece, or all; from a thread of the pool, one at a time.</param>
    public static WhySocket? TryOpen(string folder, Func<int?, WhyAnswer> answer)
    {
        string path = TaskRegistry.SocketOf(folder, Environment.ProcessId);
        if (Encoding.UTF8.GetByteCount(path) >= MaxPathBytes || !Socket.OSSupportsUnixDomainSockets)
        {
            return null;
        }

        Socket? listener = null;
        try
        {
            TaskRegistry.MakeFolder(folder);
            File.Delete(path);
            listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            listener.Bind(new UnixDomainSocketEndPoint(path));
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            }

            listener.Listen(4);
            return new WhySocket(listener, path, answer);
        }
        catch (Exception failure) when (failure is SocketException or IOException or UnauthorizedAccessException)
        {
            listener?.Dispose();
            return null;
        }
    }

    /// <summary>Asks a process; null: it does not answer.</summary>
    public static WhyAnswer? Ask(string folder, int pid, int? piece)
    {
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            {
                ReceiveTimeout = (int)Patience.TotalMilliseconds,
                SendTimeout = (int)Patience.TotalMilliseconds,
            };
            socket.Connect(new UnixDomainSocketEndPoint(TaskRegistry.SocketOf(folder, pid)));
            socket.Send(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{piece}\n")));
            using var answer = new MemoryStream();
            byte[] buffer = new byte[64 * 1024];
            while (socket.Receive(buffer) is int count and > 0)
            {
                if (answer.Length + count > MaxAnswer)
                {
                    return null;
                }

                answer.Write(buffer, 0, count);
            }

            return JsonSerializer.Deserialize(answer.ToArray(), WhyJson.Default.WhyAnswer);
        }
        catch (Exception failure) when (failure is SocketException or IOException or JsonException or ArgumentException)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _ending.Cancel();
        _listener.Dispose();
        _work.GetAwaiter().GetResult();
        _ending.Dispose();
        try
        {
            File.Delete(_path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
        }
    }

    private async Task Serve()
    {
        while (!_ending.IsCancellationRequested)
        {
            try
            {
                using Socket asker = await _listener.AcceptAsync(_ending.Token).ConfigureAwait(false);
                using var patience = CancellationTokenSource.CreateLinkedTokenSource(_ending.Token);
                patience.CancelAfter(Patience);
                await Answer(asker, patience.Token).ConfigureAwait(false);
            }
            catch (Exception failure) when (failure is SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // Who asked is gone, or this is ending.
            }
        }
    }

    private async Task Answer(Socket asker, CancellationToken patience)
    {
        byte[] question = new byte[MaxQuestion];
        int length = 0;
        while (length < question.Length && !question.AsSpan(0, length).Contains((byte)'\n'))
        {
            int count = await asker.ReceiveAsync(question.AsMemory(length), patience).ConfigureAwait(false);
            if (count == 0)
            {
                return;
            }

            length += count;
        }

        string text = Encoding.ASCII.GetString(question, 0, length).TrimEnd('\n');
        int? piece = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : null;
        byte[] answer = JsonSerializer.SerializeToUtf8Bytes(_answer(piece), WhyJson.Default.WhyAnswer);
        for (int sent = 0; sent < answer.Length;)
        {
            sent += await asker.SendAsync(answer.AsMemory(sent), patience).ConfigureAwait(false);
        }
    }
}
