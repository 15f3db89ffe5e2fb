using System;
using System.Globalization;
using System.IO;

namespace Starling.Bench.Swarms;

/// <summary>Processor time of processes, from /proc.</summary>
internal static class ProcessorTime
{
    /// <summary>The fields of /proc/PID/stat after the command's name: state, parent, …; null: the process is gone.</summary>
    public static string[]? Stat(int pid)
    {
        try
        {
            string text = File.ReadAllText($"/proc/{pid}/stat");
            return text[(text.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Seconds of processor time of a process so far, in user and system mode.</summary>
    public static double Of(int pid)
    {
        string[] fields = Stat(pid) ?? throw new InvalidOperationException($"Process {pid} is gone.");
        return (double.Parse(fields[11], CultureInfo.InvariantCulture) + double.Parse(fields[12], CultureInfo.InvariantCulture)) / 100;
    }
}
