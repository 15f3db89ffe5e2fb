using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Text.Json;
using System.Threading;

namespace Starling.Bench.Swarms;

/// <summary>The built program under <c>run --json</c>: its events as they come, and its end.</summary>
internal sealed class StarlingProcess : IDisposable
{
    private readonly Process _process;
    private readonly Thread _reader;
    private readonly Thread _errors;
    private readonly List<JsonElement> _events = [];

    public StarlingProcess(IEnumerable<string> arguments)
        : this(Repository.Program, arguments)
    {
    }

    /// <summary>Another program that prints events as this one does.</summary>
    public StarlingProcess(string program, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        _process = Process.Start(start) ?? throw new InvalidOperationException("The program does not start.");
        _reader = new Thread(Read) { IsBackground = true };
        _errors = new Thread(() => StandardError = _process.StandardError.ReadToEnd()) { IsBackground = true };
        _reader.Start();
        _errors.Start();
    }

    public string StandardError { get; private set; } = "";

    public int Id => _process.Id;

    /// <summary>A copy of the events so far.</summary>
    public IReadOnlyList<JsonElement> Events
    {
        get
        {
            lock (_events)
            {
                return _events.ToArray();
            }
        }
    }

    /// <summary>Waits until this many events of a name (of a peer) have come; false: the time is over or the program ended before.</summary>
    public bool WaitFor(string name, int count, TimeSpan patience)
    {
        long end = Environment.TickCount64 + (long)patience.TotalMilliseconds;
        lock (_events)
        {
            while (Count(name) < count)
            {
                long left = end - Environment.TickCount64;
                if (left <= 0 || (_process.HasExited && !_reader.IsAlive))
                {
                    return Count(name) >= count;
                }

                Monitor.Wait(_events, (int)Math.Min(left, 200));
            }
        }

        return true;
    }

    /// <summary>Waits for an event; null: the time is over or the program ended before.</summary>
    public JsonElement? WaitFor(Func<JsonElement, bool> wanted, TimeSpan patience)
    {
        long end = Environment.TickCount64 + (long)patience.TotalMilliseconds;
        lock (_events)
        {
            for (int looked = 0; ;)
            {
                for (; looked < _events.Count; looked++)
                {
                    if (wanted(_events[looked]))
                    {
                        return _events[looked];
                    }
                }

                long left = end - Environment.TickCount64;
                if (left <= 0 || (_process.HasExited && !_reader.IsAlive))
                {
                    return null;
                }

                Monitor.Wait(_events, (int)Math.Min(left, 200));
            }
        }
    }

    public int WaitForExit(TimeSpan patience)
    {
        if (!_process.WaitForExit(patience))
        {
            throw new TimeoutException($"The program did not end within {patience.TotalSeconds} s.");
        }

        _reader.Join();
        _errors.Join();
        return _process.ExitCode;
    }

    /// <summary>SIGKILL, to this process alone.</summary>
    public void Kill()
    {
        _process.Kill(entireProcessTree: false);
        WaitForExit(TimeSpan.FromSeconds(10));
    }

    /// <summary>Asks it to end (SIGTERM).</summary>
    public void Stop()
    {
        using var kill = Process.Start("kill", ["-TERM", $"{_process.Id}"]);
        kill.WaitForExit();
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            Stop();
            if (!_process.WaitForExit(TimeSpan.FromSeconds(15)))
            {
                _process.Kill(entireProcessTree: true);
            }
        }

        _process.Dispose();
    }

    private int Count(string name)
    {
        int count = 0;
        foreach (JsonElement one in _events)
        {
            count += one.GetProperty("event").GetString() == name ? 1 : 0;
        }

        return count;
    }

    private void Read()
    {
        while (_process.StandardOutput.ReadLine() is { } line)
        {
            if (!line.StartsWith('{'))
            {
                continue;
            }

            lock (_events)
            {
                _events.Add(JsonDocument.Parse(line).RootElement.Clone());
                Monitor.PulseAll(_events);
            }
        }

        lock (_events)
        {
            Monitor.PulseAll(_events);
        }
    }
}
