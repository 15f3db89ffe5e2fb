using System;
using System.Collections.Generic;
using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using Starling.Runtime.Machine;

namespace Starling.Runtime.Owner;

/// <summary>
/// How long nobody has touched this machine: the least of what terminals (the time of their last reading), the interrupts of built-in keyboards and pads, and a desktop under X
/// (<c>xprintidle</c>) say. What people type is read nowhere.
/// </summary>
internal sealed class InputSensor
{
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(500);

    private readonly string _proc;
    private readonly string _dev;
    private readonly Func<TimeSpan?> _desktop;
    private long? _interrupts;
    private TimeSpan _interruptedAt;

    /// <param name="proc"><c>/proc</c>.</param>
    /// <param name="dev"><c>/dev</c>.</param>
    /// <param name="desktop">How long the desktop has been idle; null: it does not tell.</param>
    public InputSensor(string proc, string dev, Func<TimeSpan?>? desktop = null)
    {
        _proc = proc;
        _dev = dev;
        _desktop = desktop ?? AskX;
    }

    /// <summary>How long; null: nothing of it can be read.</summary>
    /// <param name="utcNow">The time of files.</param>
    /// <param name="now">A time that only grows.</param>
    public TimeSpan? Read(DateTime utcNow, TimeSpan now)
    {
        TimeSpan? least = _desktop();
        foreach (string terminal in Terminals())
        {
            try
            {
                TimeSpan idle = utcNow - File.GetLastAccessTimeUtc(terminal);
                least = Least(least, idle < TimeSpan.Zero ? TimeSpan.Zero : idle);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                // It was closed just now.
            }
        }

        return Least(least, Interrupts(now));
    }

    private static TimeSpan? Least(TimeSpan? left, TimeSpan? right) => left is null || right < left ? right ?? left : left;

    private IEnumerable<string> Terminals()
    {
        foreach (string path in SensorFile.Files(Path.Combine(_dev, "pts")))
        {
            if (Path.GetFileName(path) != "ptmx")
            {
                yield return path;
            }
        }

        foreach (string path in SensorFile.Files(_dev, "tty*"))
        {
            // tty itself is each process's own; tty1 and so on are the screens, ttyS0 and so on the serial lines.
            if (path.Length > _dev.Length + 4 && char.IsAsciiDigit(path[^1]))
            {
                yield return path;
            }
        }
    }

    /// <summary>Since the interrupts of the keyboard controller last grew; null before they were seen to.</summary>
    private TimeSpan? Interrupts(TimeSpan now)
    {
        if (SensorFile.Text(_proc, "interrupts") is not { } text)
        {
            return null;
        }

        long count = 0;
        bool found = false;
        foreach (string line in text.Split('\n'))
        {
            if (!line.EndsWith("i8042", StringComparison.Ordinal))
            {
                continue;
            }

            found = true;
            foreach (string field in line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..])
            {
                count += long.TryParse(field, NumberStyles.None, CultureInfo.InvariantCulture, out long some) ? some : 0;
            }
        }

        if (!found)
        {
            return null;
        }

        if (_interrupts is null || count != _interrupts)
        {
            bool isFirst = _interrupts is null;
            _interrupts = count;
            _interruptedAt = isFirst ? TimeSpan.MinValue : now;
        }

        return _interruptedAt == TimeSpan.MinValue ? null : now - _interruptedAt;
    }

    private static TimeSpan? AskX()
    {
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable("DISPLAY")) || HostPrograms.FindOnPath("xprintidle") is not { } program)
        {
            return null;
        }

        try
        {
            using Process? process = Process.Start(new ProcessStartInfo(program) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true });
            if (process is null || !process.WaitForExit(Patience))
            {
                process?.Kill();
                return null;
            }

            char[] answer = new char[32];
            int length = process.StandardOutput.ReadBlock(answer, 0, answer.Length);
            return long.TryParse(answer.AsSpan(0, length).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out long milliseconds)
                ? TimeSpan.FromMilliseconds(Math.Min(milliseconds, int.MaxValue))
                : null;
        }
        catch (Exception failure) when (failure is Win32Exception or InvalidOperationException or IOException)
        {
            return null;
        }
    }
}
