using System;
using Starling.Events;

namespace Starling.Display;

/// <summary>One line of plain words for an event that a person wants to see; null for the others (single pieces, runs).</summary>
internal static class EventLine
{
    private const int MaxStandardErrorShown = 300;

    public static string? Describe(RunEvent runEvent)
    {
        string? words = runEvent.Event switch
        {
            EventName.Opened => $"the task is {runEvent.Name}: {Quantity.Count(runEvent.Pieces ?? 0, "piece")}",
            EventName.Failed => Failed(runEvent),
            EventName.Checked when runEvent.Reason == "differs" => $"piece {runEvent.Piece} was run here too, and came out differently from what was believed",
            EventName.Reopened => $"piece {runEvent.Piece} is computed again: what was believed of it turned out wrong or unsure",
            EventName.Owner when runEvent.Slots == 0 => $"halted: {WithHint(runEvent)}",
            EventName.Owner when runEvent.Code is not null => $"{Quantity.Count(runEvent.Slots ?? 0, "slot")} by the owner's rules: {WithHint(runEvent)}",
            EventName.Owner => $"{Quantity.Count(runEvent.Slots ?? 0, "slot")}: the owner's rules hold nothing back",
            EventName.Refused => $"refused: {WithHint(runEvent)}",
            EventName.Error => $"error: {WithHint(runEvent)}",
            EventName.Merged => $"wrote {runEvent.File}",
            EventName.Mapped => Mapped(runEvent),
            EventName.Published => $"any BitTorrent client can fetch the output: {runEvent.Magnet} ({runEvent.File})",
            EventName.Complete => $"complete: {Quantity.Count(runEvent.Pieces ?? 0, "piece")} in {Quantity.Duration(runEvent.Seconds ?? 0)}"
                + $" ({runEvent.Computed} computed here, {runEvent.Downloaded} downloaded, {Quantity.Count(runEvent.Aborted ?? 0, "run")} aborted)",
            EventName.Stopped when runEvent.Reason != "done" => $"stopped: {runEvent.Reason}",
            _ => null,
        };
        if (words is null)
        {
            return null;
        }

        string shown = VisibleText.OfLines(words);
        return runEvent.Peer is null ? shown : $"peer {runEvent.Peer}: {shown}";
    }

    private static string WithHint(RunEvent runEvent) =>
        string.IsNullOrEmpty(runEvent.Hint) ? $"{runEvent.Reason}" : $"{runEvent.Reason}. {runEvent.Hint}";

    private static string Mapped(RunEvent runEvent) => runEvent.Listen is null
        ? "the router does not forward the port any more: peers outside can't connect to this one"
        : $"peers outside reach this one at {runEvent.Listen} (the router forwards it, asked by {runEvent.Source}): starling run '{runEvent.Magnet}'";

    private static string Failed(RunEvent runEvent)
    {
        string line = $"piece {runEvent.Piece} failed, attempt {runEvent.Attempt}: {runEvent.Hint ?? runEvent.Reason}";
        string stderr = (runEvent.Stderr ?? "").Trim();
        int lastLine = stderr.LastIndexOf('\n');
        stderr = lastLine < 0 ? stderr : stderr[(lastLine + 1)..];
        stderr = stderr.Length > MaxStandardErrorShown ? string.Concat(stderr.AsSpan(0, MaxStandardErrorShown), "…") : stderr;
        return stderr.Length == 0 ? line : $"{line.TrimEnd('.')}; it wrote: {stderr}";
    }
}
