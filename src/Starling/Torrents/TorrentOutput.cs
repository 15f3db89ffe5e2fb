using System.Globalization;
using System.IO;
using Starling.Core.Torrents;
using Starling.Display;
using Starling.Events;

namespace Starling.Torrents;

/// <summary>Where the events of <c>torrent get</c> go: JSON lines, or words for people with a progress line that a terminal keeps in place.</summary>
internal sealed class TorrentOutput(TextWriter writer, bool json, bool terminal, RunClock clock)
{
    private const double PlainInterval = 5;
    private const int BarWidth = 24;

    private readonly object _gate = new();
    private double _nextProgress;
    private bool _lineOpen;

    /// <summary>Tells an event.</summary>
    public void Tell(TorrentEvent happened)
    {
        lock (_gate)
        {
            if (json)
            {
                double at = clock.Elapsed;
                writer.WriteLine(TorrentEventText.Write(happened with { At = RunClock.Round(at), Time = RunClock.Round(clock.StartedAt + at) }));
                writer.Flush();
            }
            else if (Describe(happened) is { } told && VisibleText.OfLines(told) is var words)
            {
                Line(words);
            }
        }
    }

    /// <summary>Shows how far it is; called about twice a second.</summary>
    public void Progress(DataSnapshot view, int pieceLength)
    {
        lock (_gate)
        {
            double at = clock.Elapsed;
            if (json)
            {
                if (at >= _nextProgress)
                {
                    _nextProgress = at + 1;
                    Tell(new TorrentEvent
                    {
                        Event = "progress",
                        Have = view.Have,
                        Pieces = view.Pieces,
                        Connected = view.Connected,
                        Bytes = view.DownloadedBytes,
                        Uploaded = view.UploadedBytes,
                        Wasted = view.WastedBytes,
                        Down = (long)view.DownRate,
                        Up = (long)view.UpRate,
                    });
                }
            }
            else if (terminal)
            {
                writer.Write($"\r{Words(view, pieceLength)}\u001b[K");
                writer.Flush();
                _lineOpen = true;
            }
            else if (at >= _nextProgress)
            {
                _nextProgress = at + PlainInterval;
                Line(Words(view, pieceLength));
            }
        }
    }

    private static string Words(DataSnapshot view, int pieceLength)
    {
        string peers = Quantity.Count(view.Connected, "peer");
        string rates = $"down {Quantity.Bytes((long)view.DownRate)}/s, up {Quantity.Bytes((long)view.UpRate)}/s";
        if (view.Pieces == 0)
        {
            return $"{peers}, looking for the metadata";
        }

        if (view.WantedHave == view.Wanted)
        {
            return $"sharing, {peers}, {rates}, {Quantity.Bytes(view.UploadedBytes)} sent";
        }

        double part = (double)view.WantedHave / view.Wanted;
        string left = view.DownRate > 1 ? $", {Quantity.Duration((double)(view.Wanted - view.WantedHave) * pieceLength / view.DownRate)} left" : "";
        int full = (int)(part * BarWidth);
        string bar = new string('█', full) + new string('·', BarWidth - full);
        return string.Create(CultureInfo.InvariantCulture, $"{bar} {part * 100:0.0} %, {view.WantedHave} of {view.Wanted} pieces, {peers}, {rates}{left}");
    }

    private static string? Describe(TorrentEvent happened) => happened.Event switch
    {
        "version" => $"version {happened.Sequence}: {happened.V1 ?? happened.V2}",
        "published" => $"version {happened.Sequence} is kept by {Quantity.Count(happened.Nodes ?? 0, "node")}: starling torrent get '{happened.Magnet}'",
        "started" => $"starling torrent get '{happened.Magnet}'",
        "opened" => $"{happened.Name}: {Quantity.Bytes(happened.Bytes ?? 0)} in {Quantity.Count(happened.Pieces ?? 0, "piece")}, into {happened.Dir}",
        "checked" => $"{happened.Have} of {happened.Pieces} pieces are here",
        "complete" => $"complete after {Quantity.Duration(happened.Seconds ?? 0)}: {string.Join(", ", happened.Output ?? [])}",
        "refused" or "error" => happened.Hint is { Length: > 0 } hint ? $"{happened.Reason}. {hint}" : happened.Reason,
        _ => null,
    };

    private void Line(string words)
    {
        if (_lineOpen)
        {
            writer.Write("\r\u001b[K");
            _lineOpen = false;
        }

        writer.WriteLine(words);
        writer.Flush();
    }
}
