using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text.Json.Serialization;
using Starling.Core.Engine;
using Starling.Core.Owner;
using Starling.Core.Primitives;

namespace Starling.Runtime.Owner;

/// <summary>Why a task or a piece of it does not run: a code, a reason, a fix.</summary>
public sealed record WhyLine
{
    /// <summary>First piece that it is about; null: the whole task.</summary>
    public int? First { get; init; }

    /// <summary>Last piece.</summary>
    public int? Last { get; init; }

    /// <summary>A stable short word.</summary>
    public required string Code { get; init; }

    /// <summary>Why.</summary>
    public required string Reason { get; init; }

    /// <summary>What to do; empty: nothing has to be done.</summary>
    public string Fix { get; init; } = "";
}

/// <summary>What a process tells about its task.</summary>
public sealed record WhyAnswer
{
    /// <summary>Lines about pieces in one answer.</summary>
    public const int MaxLines = 1_000;

    /// <summary>The task's id in hexadecimal.</summary>
    public required string Task { get; init; }

    /// <summary>Its name; empty while only a link is known.</summary>
    public string Name { get; init; } = "";

    /// <summary>Absolute path of its folder.</summary>
    public required string Dir { get; init; }

    /// <summary>The process; null: none has it open.</summary>
    public int? Pid { get; init; }

    /// <summary>Slots that it has now, and would have.</summary>
    public int Slots { get; init; }

    /// <summary>Slots that were asked for.</summary>
    public int Wanted { get; init; }

    /// <summary>Pieces of the task; 0 while they are not known.</summary>
    public int Pieces { get; init; }

    /// <summary>Finished pieces.</summary>
    public int Finished { get; init; }

    /// <summary>Pieces that run.</summary>
    public int Running { get; init; }

    /// <summary>Why; the whole task first, then pieces in order.</summary>
    public IReadOnlyList<WhyLine> Lines { get; init; } = [];

    /// <summary>Whether there are more lines than fit.</summary>
    public bool HasMore { get; init; }

    /// <summary>Lines about the task, from problems.</summary>
    public static WhyLine Of(Problem problem)
    {
        ArgumentNullException.ThrowIfNull(problem);
        return new WhyLine { Code = problem.Code, Reason = problem.Reason, Fix = problem.Hint };
    }

    /// <summary>Lines about the pieces that do not run, neighbours with the same reason in one.</summary>
    /// <param name="snapshot">The node.</param>
    /// <param name="grant">What the rules give.</param>
    /// <param name="piece">Only this one, finished or not; null: all that do not run.</param>
    /// <param name="hasMore">Whether there are more than fit.</param>
    public static IReadOnlyList<WhyLine> OfPieces(NodeSnapshot snapshot, Grant grant, int? piece, out bool hasMore)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        ArgumentNullException.ThrowIfNull(grant);
        hasMore = false;
        var lines = new List<WhyLine>();
        int from = piece ?? 0;
        int to = piece is { } only ? only + 1 : snapshot.Waits.Count;
        for (int i = from; i < to; i++)
        {
            WhyLine? line = LineOf(snapshot, grant, i, isAsked: piece is not null);
            if (line is null)
            {
                continue;
            }

            if (lines.Count > 0 && lines[^1] is { } last && last.Last == i - 1 && (last.Code, last.Reason, last.Fix) == (line.Code, line.Reason, line.Fix))
            {
                lines[^1] = last with { Last = i };
            }
            else if (lines.Count == MaxLines)
            {
                hasMore = true;
                break;
            }
            else
            {
                lines.Add(line with { First = i, Last = i });
            }
        }

        return lines;
    }

    private static WhyLine? LineOf(NodeSnapshot snapshot, Grant grant, int piece, bool isAsked)
    {
        switch (snapshot.Waits[piece])
        {
            case PieceWait.Nothing when !isAsked:
                return null;
            case PieceWait.Nothing:
                return snapshot.Pieces[piece] == PieceState.Finished ? Line("finished", "it is finished") : Line("running", "it runs");
            case PieceWait.Downloading:
                return Line("downloading", "its result is believed and on the way");
            case PieceWait.FailedHere:
                return snapshot.Failures.TryGetValue(piece, out Problem? failure)
                    ? Line("failed-here", $"it failed here as often as it may, last: {failure.Reason}", failure.Hint.Length > 0 ? failure.Hint : "Start again to try once more")
                    : Line("failed-here", "it failed here as often as it may", "Start again to try once more");
            case PieceWait.Inputs:
                return Line("waiting-input", "what it reads is still being fetched");
            case PieceWait.Disputed:
                return Line("disputed", "there are different results and no agreement yet", "More workers have to run it; 'starling trust' shows who is believed");
            case PieceWait.Unverified:
                return Line("unverified", "there is a result, and others have to agree", "More workers have to run it");
            case PieceWait.ClaimedElsewhere:
                return Line("claimed-elsewhere", "another worker runs it");
            case PieceWait.RetryLater when !grant.IsHalted:
                return Line("retry", "it failed here and is tried again soon");
        }

        // What the rules forbid is the first thing that has to change for all others.
        Problem? rule = grant.Restrictions.Count > 0 && (grant.IsHalted || snapshot.Waits[piece] == PieceWait.Paused) ? grant.Restrictions[0] : null;
        return rule is not null ? Line(rule.Code, snapshot.Waits[piece] == PieceWait.Paused ? $"its run is frozen: {rule.Reason}" : rule.Reason, rule.Hint)
            : Line(OwnerCode.Slots, string.Create(CultureInfo.InvariantCulture, $"all {Math.Min(grant.Slots, snapshot.Slots.Count)} slots are busy, or others are to get through it sooner"), "It runs when its turn comes");
    }

    private static WhyLine Line(string code, string reason, string fix = "") => new() { Code = code, Reason = reason, Fix = fix };
}

/// <summary>Answers as text between processes and for programs.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(WhyAnswer))]
[JsonSerializable(typeof(WhyLine))]
public sealed partial class WhyJson : JsonSerializerContext;
