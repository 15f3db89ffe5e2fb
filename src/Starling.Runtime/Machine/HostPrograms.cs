using System;
using System.ComponentModel;
using System.Diagnostics;
using System.IO;
using System.Text;
using System.Threading;
using System.Threading.Tasks;

namespace Starling.Runtime.Machine;

/// <summary>The programs on the owner's path, asked with the owner's rights.</summary>
/// <param name="mayAsk">Whether they may be: a task that is not trusted names any program, and asking one means running it.</param>
public sealed class HostPrograms(bool mayAsk) : IPrograms
{
    private const int MaxOutput = 4096;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <inheritdoc/>
    public string? WhyNotAsked => mayAsk ? null : "the task is not trusted";

    private static UnixFileMode AnyExecute => UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>Full path of a program that the shell would find; null: there is none.</summary>
    public static string? FindOnPath(string name)
    {
        foreach (string folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries))
        {
            string path = Path.Combine(folder, name);
            if (IsProgram(path))
            {
                return path;
            }
        }

        return null;
    }

    /// <summary>Whether there is a file of that path that may be run. A folder that can't be read has none.</summary>
    public static bool IsProgram(string path)
    {
        try
        {
            return File.Exists(path) && (OperatingSystem.IsWindows() || (File.GetUnixFileMode(path) & AnyExecute) != 0);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public string? Find(string name) => FindOnPath(name);

    /// <inheritdoc/>
    public string? Ask(string path, string flag)
    {
        if (!mayAsk)
        {
            return null;
        }

        var start = new ProcessStartInfo(path, flag)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            using Process? process = Process.Start(start);
            if (process is null)
            {
                return null;
            }

            process.StandardInput.Close();
            using var patience = new CancellationTokenSource(Patience);
            Task<string> output = ReadStart(process.StandardOutput, patience.Token);
            Task<string> error = ReadStart(process.StandardError, patience.Token);
            string text = output.GetAwaiter().GetResult() + "\n" + error.GetAwaiter().GetResult();
            if (!process.WaitForExit(TimeSpan.FromMilliseconds(200)))
            {
                process.Kill(entireProcessTree: true);
            }

            return text;
        }
        catch (Exception exception) when (exception is Win32Exception or IOException or InvalidOperationException)
        {
            return null;
        }
    }

    private static async Task<string> ReadStart(StreamReader reader, CancellationToken patience)
    {
        var text = new StringBuilder();
        var buffer = new char[1024];
        try
        {
            int read;
            while (text.Length < MaxOutput && (read = await reader.ReadAsync(buffer, patience).ConfigureAwait(false)) > 0)
            {
                text.Append(buffer, 0, read);
            }
        }
        catch (OperationCanceledException)
        {
            // It says nothing more; what it said counts.
        }

        return text.ToString();
    }
}
