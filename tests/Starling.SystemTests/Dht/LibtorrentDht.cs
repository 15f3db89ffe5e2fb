using System;
using System.Diagnostics;
using System.IO;
using System.Text.Json;

namespace Starling.SystemTests.Dht;

/// <summary>A test that needs nodes of libtorrent; skipped where its Python module is not there.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class LibtorrentFactAttribute : FactAttribute
{
    public LibtorrentFactAttribute() =>
        Skip = LibtorrentDht.Python is null ? "python3-libtorrent is not installed (scripts/install-test-tools.sh installs it)" : null;
}

/// <summary>A private DHT of libtorrent sessions on loopback addresses of their own; ends with its test.</summary>
internal sealed class LibtorrentDht : IDisposable
{
    private readonly Process _process;

    public LibtorrentDht(int sessions, string pattern)
    {
        string script = Path.Combine(AppContext.BaseDirectory, "libtorrent-dht.py");
        _process = Process.Start(new ProcessStartInfo(Python!, [script, $"{sessions}", pattern])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        Router = Read().GetProperty("ready").GetString()!;
    }

    /// <summary>The Python that has the module: the distribution's, if another one comes first in the path. Null: none has.</summary>
    public static string? Python { get; } = Array.Find(["python3", "/usr/bin/python3"], Has);

    /// <summary>A node to begin with.</summary>
    public string Router { get; }

    /// <summary>One command; docs of them are in the script.</summary>
    public JsonElement Ask(string command)
    {
        _process.StandardInput.WriteLine(command);
        _process.StandardInput.Flush();
        return Read();
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.Dispose();
    }

    private static bool Has(string python)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(python, ["-c", "import libtorrent"]) { RedirectStandardError = true })!;
            process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    private JsonElement Read()
    {
        string? line = _process.StandardOutput.ReadLine();
        return line is not null ? JsonDocument.Parse(line).RootElement : throw new InvalidOperationException("libtorrent-dht.py ended; its error is above.");
    }
}
