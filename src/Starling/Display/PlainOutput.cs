using System;
using System.Globalization;
using System.IO;
using Starling.Core.Engine;
using Starling.Events;

namespace Starling.Display;

/// <summary>Into a pipe or a file: one line for what is worth one, and progress at growing intervals.</summary>
internal sealed class PlainOutput(TextWriter writer, int peers) : IRunOutput
{
    private const double FirstInterval = 1;
    private const double LongestInterval = 30;

    private readonly object _gate = new();
    private readonly RunView _view = new(peers);
    private double _nextProgress = FirstInterval;
    private double _interval = FirstInterval;
    private int _told;
    private int _connectedTold;

    public Func<NodeSnapshot>? Snapshots { get; set; }

    public void ShowMagnet(string commandLine)
    {
        lock (_gate)
        {
            writer.WriteLine(commandLine);
            writer.Flush();
        }
    }

    public void Know(string name, int pieces)
    {
        lock (_gate)
        {
            _view.Know(name, pieces);
        }
    }

    public void Take(RunEvent runEvent)
    {
        lock (_gate)
        {
            _view.Apply(runEvent);
            if (runEvent.Event == EventName.Complete && _told < _view.Finished)
            {
                Progress(runEvent.At);
            }

            if (EventLine.Describe(runEvent) is string line)
            {
                Line(runEvent.At, line);
            }
            else if (runEvent.At >= _nextProgress && (_view.Finished > _told || _view.Connected != _connectedTold))
            {
                Progress(runEvent.At);
                _interval = Math.Min(LongestInterval, _interval * 1.5);
                _nextProgress = runEvent.At + _interval;
            }
        }
    }

    public void Conclude(string line)
    {
        lock (_gate)
        {
            writer.WriteLine(line);
            writer.Flush();
        }
    }

    public void Dispose() => writer.Flush();

    private void Progress(double now)
    {
        _told = _view.Finished;
        _connectedTold = _view.Connected;
        double rate = _view.Rate(now);
        int left = _view.Pieces - _view.Finished;
        string line = $"{_view.Finished} of {Quantity.Count(_view.Pieces, "piece")}, {Quantity.Count(_view.Connected, "peer")}";
        if (rate > 0 && left > 0)
        {
            line += $", {Quantity.Rate(rate)}, {Quantity.Duration(left / rate)} left";
        }

        Line(now, line);
    }

    private void Line(double now, string words)
    {
        writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"[{now,7:0.0}] {words}"));
        writer.Flush();
    }
}
