using System;
using System.Collections.Generic;
using System.Threading;
using Spectre.Console;
using Starling.Core.Engine;
using Starling.Events;

namespace Starling.Display;

/// <summary>On a terminal: one picture that is drawn again a few times a second, by a thread of its own.</summary>
internal sealed class LiveOutput : IRunOutput
{
    private static readonly TimeSpan Refresh = TimeSpan.FromMilliseconds(150);
    private static readonly TimeSpan RefreshWhenComplete = TimeSpan.FromSeconds(2);

    // Guards what other threads leave here for the painter; never held while drawing, for a terminal may be stopped (Ctrl-S).
    private readonly object _gate = new();
    private readonly List<RunEvent> _pending = [];
    private (string Name, int Pieces)? _known;
    private readonly IAnsiConsole _console;
    private readonly RunView _view;
    private readonly Func<double> _now;
    private readonly ManualResetEventSlim _stop = new();
    private readonly Thread _painter;
    private bool _painting;

    /// <param name="console">The terminal.</param>
    /// <param name="peers">Processes whose events come.</param>
    /// <param name="now">Seconds since the start, the clock of the events.</param>
    public LiveOutput(IAnsiConsole console, int peers, Func<double> now)
    {
        _console = console;
        _view = new RunView(peers);
        _now = now;
        _painter = new Thread(Paint) { Name = "display", IsBackground = true };
    }

    public Func<NodeSnapshot>? Snapshots { get; set; }

    /// <summary>The terminal of this process; without colours when NO_COLOR is set.</summary>
    public static IAnsiConsole Terminal() => AnsiConsole.Create(new AnsiConsoleSettings
    {
        ColorSystem = string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")) ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
    });

    public void ShowMagnet(string commandLine)
    {
        // Not through the console's wrapping: a line that is to be copied must stay one line.
        Console.Out.WriteLine(commandLine);
        Console.Out.Flush();
        lock (_gate)
        {
            if (!_painting)
            {
                _painting = true;
                _painter.Start();
            }
        }
    }

    public void Know(string name, int pieces)
    {
        lock (_gate)
        {
            _known = (name, pieces);
        }
    }

    public void Take(RunEvent runEvent)
    {
        lock (_gate)
        {
            _pending.Add(runEvent);
        }
    }

    public void Conclude(string line)
    {
        StopPainting();
        Console.Out.WriteLine(line);
    }

    public void Dispose()
    {
        StopPainting();
        _stop.Dispose();
    }

    private void StopPainting()
    {
        bool painting;
        lock (_gate)
        {
            painting = _painting;
            _painting = false;
        }

        if (painting)
        {
            _stop.Set();
            _painter.Join();
        }
    }

    private void Paint() => _console.Live(new RunFrame(_view, _now(), _console.Profile.Height)).Overflow(VerticalOverflow.Crop).Start(context =>
    {
        bool stopped;
        do
        {
            stopped = _stop.IsSet;
            TakePending();
            context.UpdateTarget(new RunFrame(_view, _now(), _console.Profile.Height));
            if (!stopped)
            {
                _stop.Wait(_view.AllComplete ? RefreshWhenComplete : Refresh);
            }
        }
        while (!stopped);
    });

    private void TakePending()
    {
        lock (_gate)
        {
            if (_known is { } known)
            {
                _view.Know(known.Name, known.Pieces);
                _known = null;
            }

            foreach (RunEvent runEvent in _pending)
            {
                _view.Apply(runEvent);
            }

            _pending.Clear();
        }

        if (Snapshots is { } snapshots)
        {
            _view.Apply(snapshots());
        }
    }
}
