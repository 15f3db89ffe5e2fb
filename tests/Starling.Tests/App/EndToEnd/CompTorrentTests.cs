using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using Starling.Events;

namespace Starling.Tests.App.EndToEnd;

/// <summary>CompTorrent's files with the built program: run, looked at, imported; a program and a Java class.</summary>
public sealed class CompTorrentTests : IDisposable
{
    private static readonly string Chunks = string.Concat(
        "<orig_data><file><name>b</name><size>2</size><md5>26ab0db90d72e28ad0ba1e22ee510510</md5></file>",
        "<file><name>a</name><size>2</size><md5>b026324c6904b2a9cb4b88d6d61c81d1</md5></file></orig_data>");

    private readonly ScratchFolder _home = new();
    private readonly string _name = $"task-{Guid.NewGuid():N}";

    public void Dispose() => _home.Dispose();

    [Fact]
    public void A_program_is_run_once_on_each_chunk()
    {
        string file = Lay();
        using StarlingRun run = Run(file, "--data", _home.Folder("data"));
        Assert.Equal((0, ""), (run.WaitForExit(), run.Error));
        Assert.Equal(2, run.Events.Count(read => read.Event == EventName.Computing));
        Assert.Equal("2\n2\n1\n1\n", File.ReadAllText(Path.Combine(_home.Folder("out"), _name)));
        Assert.Equal([_name], Directory.GetFiles(_home.Folder("out")).Select(Path.GetFileName));

        using StarlingRun without = Run(file);
        Assert.Equal(2, without.WaitForExit());
        Assert.Contains("--data DIR", without.Events.Single().Hint, StringComparison.Ordinal);
    }

    [Fact]
    public void An_imported_task_is_the_same_and_lies_beside_its_inputs()
    {
        Lay();
        using StarlingRun inspected = StarlingRun.Finish(_home.Path, "inspect", "x.comptorrent", "--data", "data");
        Assert.Equal((0, ""), (inspected.WaitForExit(), inspected.Error));
        Assert.Contains("                  { cat $CHUNK -", inspected.Lines);

        using StarlingRun again = StarlingRun.Finish(_home.Path, "import", "x.comptorrent", "--data", "data", "-o", "made/y.starling");
        Assert.Equal((0, ""), (again.WaitForExit(), again.Error));

        using StarlingRun looked = StarlingRun.Finish(_home.Path, "inspect", "made/y.starling");
        Assert.Equal(inspected.Lines.Single(line => line.StartsWith("  task id", StringComparison.Ordinal)), looked.Lines.Single(line => line.StartsWith("  task id", StringComparison.Ordinal)));
        Assert.Contains($"  inputs        {_name}.chunks  4 B  here: {_home.Folder("made")}/{_name}.chunks", looked.Lines);

        using StarlingRun run = Run(_home.Folder("made/y.starling"));
        Assert.Equal((0, ""), (run.WaitForExit(), run.Error));
        Assert.Equal("2\n2\n1\n1\n", File.ReadAllText(Path.Combine(_home.Folder("out"), _name)));
    }

    [JavaFact]
    public void A_Java_class_is_run_once_on_each_chunk()
    {
        string examples = Path.Combine(RepositoryFolder(), "examples");
        using StarlingRun run = Run(Path.Combine(examples, "saxpy.comptorrent"), "--data", Path.Combine(examples, "saxpy.data"), "--local-peers", "2");
        Assert.Equal((0, ""), (run.WaitForExit(), run.Error));
        IEnumerable<string> expected = Directory.GetFiles(Path.Combine(examples, "saxpy.data")).OrderBy(path => path.Length).ThenBy(path => path, StringComparer.Ordinal)
            .SelectMany(File.ReadAllLines).Select(Saxpy);
        Assert.Equal(expected, File.ReadAllLines(Path.Combine(_home.Folder("out"), "peer-1", "saxpy")));
    }

    private static string Saxpy(string line)
    {
        float[] numbers = [.. line.Split(' ').Select(text => float.Parse(text, System.Globalization.CultureInfo.InvariantCulture))];
        return ((numbers[0] * numbers[1]) + numbers[2]).ToString("0.0###", System.Globalization.CultureInfo.InvariantCulture);
    }

    private static string RepositoryFolder()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Starling.slnx")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return folder ?? throw new InvalidOperationException("not within the source tree");
    }

    /// <summary>Each chunk comes twice: by its path and on the standard input.</summary>
    private string Lay()
    {
        Directory.CreateDirectory(_home.Folder("data"));
        _home.File("data/a", "1\n");
        _home.File("data/b", "2\n");
        return _home.File("x.comptorrent", $"<comptorrent><name>{_name}</name><algorithm><execution>cat $CHUNK -</execution></algorithm>{Chunks}</comptorrent>");
    }

    private StarlingRun Run(string file, params string[] more) => StarlingRun.Finish(
        _home.Path, ["run", file, "--dir", _home.Folder("out"), "--trust", "--exit", "--json", "--no-dht", "--listen", "127.0.0.1:0", .. more]);
}

/// <summary>A test that starts a Java class; skipped where there is no Java.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class JavaFactAttribute : FactAttribute
{
    public JavaFactAttribute() => Skip = HasJava() ? null : "java is not installed (apt-get install default-jre-headless)";

    private static bool HasJava()
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo("java", "-version") { RedirectStandardError = true })!;
            process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
