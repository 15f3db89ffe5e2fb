using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Spectre.Console;
using Spectre.Console.Rendering;
using Starling.Core.Engine;

namespace Starling.Display;

/// <summary>One picture of a run, cut to the terminal's width and height; colours vanish where the terminal has none or NO_COLOR is set.</summary>
internal sealed class RunFrame(RunView view, double now, int height) : Renderable
{
    private const int FewestLines = 4;
    private const int RecentShown = 6;

    private static readonly PieceState[] LegendStates =
        [PieceState.Finished, PieceState.Downloading, PieceState.Unverified, PieceState.Computing, PieceState.Failed];

    /// <inheritdoc/>
    protected override Measurement Measure(RenderOptions options, int maxWidth) => new(Math.Min(20, maxWidth), maxWidth);

    /// <inheritdoc/>
    protected override IEnumerable<Segment> Render(RenderOptions options, int maxWidth)
    {
        List<Line> lines = Lines(options.Unicode, maxWidth);
        for (int i = 0; i < lines.Count; i++)
        {
            int left = maxWidth;
            foreach ((string text, Style style) in lines[i].Parts)
            {
                string shown = text.Length <= left ? text : left > 1 ? text[..(left - 1)] + (options.Unicode ? "…" : "~") : "";
                if (shown.Length > 0)
                {
                    yield return new Segment(shown, style);
                }

                left -= shown.Length;
            }

            if (i < lines.Count - 1)
            {
                yield return Segment.LineBreak;
            }
        }
    }

    private List<Line> Lines(bool unicode, int width)
    {
        string dot = unicode ? " · " : " - ";
        int room = Math.Max(FewestLines, height - 1);
        var lines = new List<Line> { Head(dot), Bar(unicode, width), Facts(dot) };
        List<Line> slots = [.. Slots(dot)];
        int recent = Math.Min(RecentShown, view.Recent.Count);
        int slotRoom = Math.Max(1, room - lines.Count - recent - 1);
        lines.AddRange(slots.Take(slotRoom));
        if (slots.Count > slotRoom)
        {
            lines[^1] = Line.Of($"and {Quantity.Count(slots.Count - slotRoom + 1, "more line")} for which the window is too low", Grey);
        }

        foreach (string line in view.Recent.Skip(view.Recent.Count - recent))
        {
            if (lines.Count < room)
            {
                lines.Add(Line.Of(line, Grey));
            }
        }

        if (lines.Count < room && width >= 60)
        {
            lines.Add(Legend(unicode));
        }

        return lines.Count > room ? lines[..room] : lines;
    }

    private Line Head(string dot)
    {
        string progress = view.Pieces == 0
            ? "waiting for a peer that has the task file"
            : string.Create(CultureInfo.InvariantCulture, $"{view.Finished} of {view.Pieces} pieces{dot}{100.0 * view.Finished / view.Pieces:0} %");
        if (view.Peers > 1 && view.Complete > 0)
        {
            progress += $"{dot}{view.Complete} of {view.Peers} peers have everything";
        }
        else if (view.AllComplete)
        {
            progress += $"{dot}complete, sharing";
        }

        return new Line([(VisibleText.Of(view.Name), new Style(decoration: Decoration.Bold)), (view.Name.Length == 0 ? progress : dot + progress, Style.Plain)]);
    }

    private Line Bar(bool unicode, int width)
    {
        PieceState[] cells = PieceBar.Cells(view.States(), view.Pieces, width);
        var parts = new List<(string, Style)>();
        for (int from = 0; from < cells.Length;)
        {
            int to = from + 1;
            while (to < cells.Length && cells[to] == cells[from])
            {
                to++;
            }

            parts.Add((new string(PieceBar.Sign(cells[from], unicode), to - from), ColourOf(cells[from])));
            from = to;
        }

        return new Line(parts);
    }

    private Line Facts(string dot)
    {
        var facts = new List<string> { Quantity.Count(view.Connected, "peer") };
        double rate = view.Rate(now);
        int left = view.Pieces - view.Finished;
        if (rate > 0 && left > 0)
        {
            facts.Add($"{Quantity.Rate(rate)}");
            facts.Add($"{Quantity.Duration(left / rate)} left");
        }

        facts.Add($"{view.Computed} computed, {view.Downloaded} downloaded, {view.Aborted} aborted" + (view.Failed > 0 ? $", {view.Failed} failed" : ""));
        facts.Add(Quantity.Duration(now));
        return Line.Of(string.Join(dot, facts), Style.Plain);
    }

    private IEnumerable<Line> Slots(string dot)
    {
        if (view.AllComplete)
        {
            yield break;
        }

        foreach ((int peer, int slots) in view.SlotCounts)
        {
            if (view.Peers == 1)
            {
                for (int slot = 0; slot < slots; slot++)
                {
                    yield return Line.Of($"slot {slot}  {Doing(0, slot)}", Style.Plain);
                }
            }
            else
            {
                yield return Line.Of($"peer {peer}  " + string.Join(dot, Enumerable.Range(0, slots).Select(slot => Doing(peer, slot))), Style.Plain);
            }
        }
    }

    private string Doing(int peer, int slot) => view.Running.TryGetValue((peer, slot), out RunningPiece run)
        ? $"piece {run.Piece}, {Quantity.Duration((run.FrozenAt ?? now) - run.Since)}{(run.FrozenAt is null ? "" : ", frozen")}" + (run.Attempt > 1 ? $", attempt {run.Attempt}" : "")
        : "idle";

    private static Line Legend(bool unicode)
    {
        var parts = new List<(string, Style)>();
        foreach (PieceState state in LegendStates)
        {
            parts.Add(($"{PieceBar.Sign(state, unicode)}", ColourOf(state)));
            parts.Add(($" {WordOf(state)}  ", Grey));
        }

        return new Line(parts);
    }

    private static string WordOf(PieceState state) => state switch
    {
        PieceState.Finished => "here",
        PieceState.Downloading => "on its way",
        PieceState.Unverified => "unverified or partly here",
        PieceState.Computing => "computing",
        _ => "failed",
    };

    private static Style Grey => new(Color.Grey);

    private static Style ColourOf(PieceState state) => state switch
    {
        PieceState.Finished => new Style(Color.Green),
        PieceState.Downloading => new Style(Color.Aqua),
        PieceState.Unverified => new Style(Color.Olive),
        PieceState.Computing => new Style(Color.Yellow),
        PieceState.Claimed => new Style(Color.Blue),
        PieceState.Failed => new Style(Color.Red),
        _ => new Style(Color.Grey),
    };

    private sealed record Line(IReadOnlyList<(string Text, Style Style)> Parts)
    {
        public static Line Of(string text, Style style) => new([(text, style)]);
    }
}
