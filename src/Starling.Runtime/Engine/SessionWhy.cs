using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Starling.Core.Engine;
using Starling.Core.Owner;
using Starling.Runtime.Owner;

namespace Starling.Runtime.Engine;

/// <summary>Puts together what one process knows about why its task or a piece of it does not run.</summary>
internal static class SessionWhy
{
    public static WhyAnswer Of(TaskSessionOptions options, OpenTaskFolder? folder, Grant grant, NodeSnapshot snapshot, int? piece)
    {
        var lines = new List<WhyLine>();
        if (folder is null)
        {
            lines.Add(new WhyLine { Code = "waiting-task", Reason = "the task file is still to come from a peer", Fix = "Name a peer that has it with --peer" });
        }
        else if (folder.Idle is { } idle)
        {
            lines.Add(WhyAnswer.Of(idle));
        }

        if (!snapshot.Complete)
        {
            lines.AddRange(grant.Restrictions.Select(WhyAnswer.Of));
        }

        bool hasMore = false;
        if (piece is { } asked && (uint)asked >= (uint)snapshot.Waits.Count)
        {
            lines.Add(new WhyLine
            {
                First = asked,
                Last = asked,
                Code = "no-piece",
                Reason = snapshot.Waits.Count == 0 ? "the pieces of this task are not known yet"
                    : string.Create(CultureInfo.InvariantCulture, $"the task has the pieces 0 to {snapshot.Waits.Count - 1}"),
            });
        }
        else if (folder?.Idle is null || piece is not null)
        {
            lines.AddRange(WhyAnswer.OfPieces(snapshot, grant, piece, out hasMore));
        }

        return new WhyAnswer
        {
            Task = options.TaskId.ToString(),
            Name = folder?.Task.Info.Name ?? options.Magnet?.Name ?? "",
            Dir = options.Folder,
            Pid = Environment.ProcessId,
            Slots = Math.Min(grant.Slots, options.Slots),
            Wanted = options.Slots,
            Pieces = snapshot.Pieces.Count,
            Finished = snapshot.Pieces.Count(state => state == PieceState.Finished),
            Running = snapshot.Slots.Count(slot => slot is { Piece: not null, IsPaused: false }),
            Lines = lines,
            HasMore = hasMore,
        };
    }
}
