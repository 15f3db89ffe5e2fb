using System;
using System.Diagnostics;
using System.IO;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Primitives;
using Starling.Events;

namespace Starling.LocalPeers;

/// <summary>One local peer as its supervisor sees it: a process of this same program, spoken to by lines.</summary>
internal sealed class ChildProcess : IDisposable
{
    private readonly Process _process;
    private readonly TaskCompletionSource<PeerReady?> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Action<RunEvent> _take;

    private ChildProcess(int number, Process process, Action<RunEvent> take)
    {
        Number = number;
        _process = process;
        _take = take;
    }

    /// <summary>0..N-1.</summary>
    public int Number { get; }

    /// <summary>Its first line; null when it ended before.</summary>
    public Task<PeerReady?> Ready => _ready.Task;

    /// <summary>The way to start this program once more, whether it runs by its own name or by <c>dotnet starling.dll</c>.</summary>
    public static ProcessStartInfo ThisProgram()
    {
        string own = Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "starling.exe" : "starling");
        var start = new ProcessStartInfo { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true };
        if (File.Exists(own))
        {
            start.FileName = own;
        }
        else
        {
            start.FileName = Environment.ProcessPath ?? "dotnet";
            start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "starling.dll"));
        }

        start.ArgumentList.Add(PeerProtocol.Argument);
        return start;
    }

    /// <summary>Starts it and hands it its plan. Its events go to <paramref name="take"/>, from threads of the pool.</summary>
    public static bool TryStart(int number, PeerPlan plan, Action<RunEvent> take, out ChildProcess? child, out Problem? problem)
    {
        child = null;
        problem = null;
        try
        {
            Process? process = Process.Start(ThisProgram());
            if (process is null)
            {
                problem = new Problem("local-peer", $"peer {number} could not be started");
                return false;
            }

            child = new ChildProcess(number, process, take);
            child.Tell(JsonSerializer.Serialize(plan, PeerProtocolJson.Default.PeerPlan));
            return true;
        }
        catch (Exception exception) when (exception is System.ComponentModel.Win32Exception or IOException or InvalidOperationException)
        {
            problem = new Problem("local-peer", $"peer {number} could not be started: {exception.Message}", "Start fewer local peers");
            return false;
        }
    }

    /// <summary>Lets it begin.</summary>
    public void Begin(PeerStart start) => Tell(JsonSerializer.Serialize(start, PeerProtocolJson.Default.PeerStart));

    /// <summary>Asks it to stop gently.</summary>
    public void Stop() => Tell(PeerProtocol.Stop);

    /// <summary>Ends it at once; it kills its runs when its input ends, and is killed itself should it not.</summary>
    public void Kill()
    {
        try
        {
            _process.StandardInput.Close();
            if (!_process.WaitForExit(TimeSpan.FromSeconds(1)))
            {
                _process.Kill(entireProcessTree: true);
            }
        }
        catch (Exception exception) when (exception is IOException or InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            // It is gone already.
        }
    }

    /// <summary>Reads its lines until it ends; its exit code.</summary>
    public async Task<int> Follow()
    {
        StreamReader output = _process.StandardOutput;
        while (await output.ReadLineAsync().ConfigureAwait(false) is string line)
        {
            if (!_ready.Task.IsCompleted && TryReadReady(line, out PeerReady? ready))
            {
                _ready.TrySetResult(ready);
            }
            else if (RunEventText.TryRead(line, out RunEvent? runEvent))
            {
                _take(runEvent! with { Peer = Number });
            }
        }

        await _process.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false);
        _ready.TrySetResult(null);
        return _process.ExitCode;
    }

    public void Dispose() => _process.Dispose();

    private static bool TryReadReady(string line, out PeerReady? ready)
    {
        ready = null;
        if (!line.StartsWith("{\"identity\"", StringComparison.Ordinal))
        {
            return false;
        }

        try
        {
            ready = JsonSerializer.Deserialize(line, PeerProtocolJson.Default.PeerReady);
        }
        catch (JsonException)
        {
            return false;
        }

        return ready is not null;
    }

    private void Tell(string line)
    {
        try
        {
            lock (_process)
            {
                _process.StandardInput.Write(line + "\n");
                _process.StandardInput.Flush();
            }
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException)
        {
            // It ended; Follow tells how.
        }
    }
}
