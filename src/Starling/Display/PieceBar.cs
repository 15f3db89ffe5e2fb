using System;
using System.Collections.Generic;
using Starling.Core.Engine;

namespace Starling.Display;

/// <summary>Many pieces as few cells: each cell shows what is most worth knowing of the pieces behind it.</summary>
internal static class PieceBar
{
    /// <summary>One state per cell, <paramref name="width"/> cells (fewer pieces than cells: a piece is as many cells wide as fit evenly).</summary>
    public static PieceState[] Cells(IEnumerable<PieceState> states, int pieces, int width)
    {
        if (pieces <= 0 || width <= 0)
        {
            return [];
        }

        var cells = new PieceState[width];
        if (pieces <= width)
        {
            int index = 0;
            foreach (PieceState state in states)
            {
                int from = (int)((long)index * width / pieces);
                int to = (int)((long)(index + 1) * width / pieces);
                Array.Fill(cells, state, from, to - from);
                index++;
            }

            return cells;
        }

        Span<int> counts = stackalloc int[(int)PieceState.Failed + 1];
        int piece = 0;
        int cell = 0;
        foreach (PieceState state in states)
        {
            counts[(int)state]++;
            piece++;
            if (piece == (long)(cell + 1) * pieces / width)
            {
                cells[cell++] = Summarise(counts);
                counts.Clear();
            }
        }

        return cells;
    }

    /// <summary>The sign for a cell; the second form for terminals without such letters.</summary>
    public static char Sign(PieceState state, bool unicode) => state switch
    {
        PieceState.Finished => unicode ? '█' : '#',
        PieceState.Downloading => unicode ? '▓' : '=',
        PieceState.Unverified => unicode ? '▒' : '?',
        PieceState.Computing => unicode ? '░' : '+',
        PieceState.Claimed => unicode ? '·' : '.',
        PieceState.Failed => unicode ? '×' : 'x',
        _ => unicode ? '·' : '.',
    };

    // Trouble first, then activity, then what is furthest behind: a cell is full only when all of it is.
    private static PieceState Summarise(ReadOnlySpan<int> counts)
    {
        ReadOnlySpan<PieceState> order =
        [
            PieceState.Failed, PieceState.Computing, PieceState.Downloading, PieceState.Unverified, PieceState.Claimed,
        ];
        foreach (PieceState state in order)
        {
            if (counts[(int)state] > 0)
            {
                return state;
            }
        }

        return counts[(int)PieceState.Missing] == 0 ? PieceState.Finished
            : counts[(int)PieceState.Finished] == 0 ? PieceState.Missing
            : PieceState.Unverified;
    }
}
