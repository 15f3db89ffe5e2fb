using System;
using System.Diagnostics;
using System.IO;
using System.Text.Json;

namespace Starling.SystemTests.Dht;

/// <summary>A private DHT of another implementation's nodes, each with an address of its own; ends with its test.</summary>
internal sealed class ForeignDht : IDisposable
{
    private readonly Process _process;

    private ForeignDht(string program, params string[] arguments)
    {
        _process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        Router = Read().GetProperty("ready").GetString()!;
    }

    /// <summary>A node to begin with.</summary>
    public string Router { get; }

    /// <summary>Sessions of libtorrent.</summary>
    /// <param name="nodes">How many.</param>
    /// <param name="pattern">Their addresses, with 1, 2, … in place of <c>%d</c>.</param>
    public static ForeignDht OfLibtorrent(int nodes, string pattern) => new(Libtorrent.Python!, ScriptAt("libtorrent-dht.py"), $"{nodes}", pattern);

    /// <summary>Nodes of the npm package bittorrent-dht.</summary>
    /// <param name="nodes">How many.</param>
    /// <param name="pattern">Their addresses, with 1, 2, … in place of <c>%d</c>.</param>
    public static ForeignDht OfNode(int nodes, string pattern) => new("node", ScriptAt("node-dht.mjs"), NodeModules.Folder!, $"{nodes}", pattern);

    /// <summary>One command; docs of them are in the scripts.</summary>
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

    private static string ScriptAt(string name) => Path.Combine(AppContext.BaseDirectory, name);

    private JsonElement Read()
    {
        string? line = _process.StandardOutput.ReadLine();
        return line is not null ? JsonDocument.Parse(line).RootElement : throw new InvalidOperationException("The other DHT ended; its error is above.");
    }
}
