using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using System.Text;
using Starling.Events;

namespace Starling.Tests.App.EndToEnd;

/// <summary>The built program as a process, with everything it prints. Killed when the test is over.</summary>
internal sealed partial class StarlingRun : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly Process _process;
    private readonly StringBuilder _error = new();
    private readonly BlockingCollection<string> _arriving = [];
    private readonly List<string> _lines = [];

    private StarlingRun(Process process) => _process = process;

    public int Pid => _process.Id;

    public string Error
    {
        get
        {
            lock (_error)
            {
                return _error.ToString();
            }
        }
    }

    /// <summary>Lines of standard output that were waited for so far.</summary>
    public IReadOnlyList<string> Lines => _lines;

    public IReadOnlyList<RunEvent> Events => [.. _lines.Select(line => RunEventText.TryRead(line, out RunEvent? read) ? read : null).OfType<RunEvent>()];

    /// <summary>Starts the program; <paramref name="home"/> is its home folder and working directory, so that no real identity is touched.</summary>
    public static StarlingRun Start(string home, params string[] args) => StartUnder([], home, args);

    /// <summary>The same with a command before the program, such as one that moves it into another network namespace.</summary>
    public static StarlingRun StartUnder(string[] before, string home, string[] args, string? copy = null)
    {
        string program = copy ?? Environment.GetEnvironmentVariable("STARLING_PROGRAM") ?? Path.Combine(AppContext.BaseDirectory, "starling");
        string[] command = [.. before, program, .. args];
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            WorkingDirectory = home,
        };
        start.Environment["HOME"] = home;
        start.Environment.Remove("STARLING_HOME");
        var run = new StarlingRun(Process.Start(start)!);
        run._process.ErrorDataReceived += (_, line) =>
        {
            if (line.Data is not null)
            {
                lock (run._error)
                {
                    run._error.AppendLine(line.Data);
                }
            }
        };
        run._process.OutputDataReceived += (_, line) =>
        {
            if (line.Data is null)
            {
                run._arriving.CompleteAdding();
            }
            else
            {
                run._arriving.Add(line.Data);
            }
        };
        run._process.BeginErrorReadLine();
        run._process.BeginOutputReadLine();
        return run;
    }

    /// <summary>Runs to the end.</summary>
    public static StarlingRun Finish(string home, params string[] args)
    {
        StarlingRun run = Start(home, args);
        run.WaitForExit();
        return run;
    }

    /// <summary>Reads on until an event of this name (of this peer, if one is named) has come.</summary>
    public RunEvent WaitFor(string name, int? peer = null)
    {
        while (_arriving.TryTake(out string? line, Patience))
        {
            _lines.Add(line);
            if (RunEventText.TryRead(line, out RunEvent? read) && read!.Event == name && (peer is null || read.Peer == peer))
            {
                return read;
            }
        }

        throw new InvalidOperationException($"No event '{name}' came.\n{string.Join('\n', _lines)}\n{Error}");
    }

    /// <summary>Reads on until an event comes of which this is true; one that was read already counts.</summary>
    public RunEvent WaitFor(Func<RunEvent, bool> wanted, TimeSpan? patience = null)
    {
        if (Events.FirstOrDefault(wanted) is { } known)
        {
            return known;
        }

        while (_arriving.TryTake(out string? line, patience ?? Patience))
        {
            _lines.Add(line);
            if (RunEventText.TryRead(line, out RunEvent? read) && wanted(read!))
            {
                return read!;
            }
        }

        throw new InvalidOperationException($"The event did not come.\n{string.Join('\n', _lines)}\n{Error}");
    }

    /// <summary>Reads on until a line comes of which this is true; one that was read already counts.</summary>
    public string WaitForLine(Func<string, bool> wanted)
    {
        if (_lines.Find(line => wanted(line)) is { } known)
        {
            return known;
        }

        while (_arriving.TryTake(out string? line, Patience))
        {
            _lines.Add(line);
            if (wanted(line))
            {
                return line;
            }
        }

        throw new InvalidOperationException($"The line did not come.\n{string.Join('\n', _lines)}\n{Error}");
    }

    public int WaitForExit()
    {
        while (_arriving.TryTake(out string? line, Patience))
        {
            _lines.Add(line);
        }

        if (!_process.WaitForExit(Patience))
        {
            throw new InvalidOperationException($"It does not end.\n{string.Join('\n', _lines)}\n{Error}");
        }

        return _process.ExitCode;
    }

    public void Signal(int signal) => _ = Kill(_process.Id, signal);

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        _process.Dispose();
        _arriving.Dispose();
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int pid, int signal);
}

/// <summary>A folder that ends with its test.</summary>
internal sealed class ScratchFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("starling-test-").FullName;

    public string File(string name, string content)
    {
        string path = System.IO.Path.Combine(Path, name);
        System.IO.File.WriteAllText(path, content);
        return path;
    }

    public string Folder(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose()
    {
        try
        {
            Directory.Delete(Path, recursive: true);
        }
        catch (IOException)
        {
            // A run that was just killed may still hold something; the system's own cleaning takes the rest.
        }
    }
}
