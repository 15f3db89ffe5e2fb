using System.Collections;
using System.Collections.Generic;

namespace Starling.Core.Torrents;

/// <summary>The pieces that were begun and have blocks nobody was asked for; what was begun first is finished first.</summary>
internal sealed class OpenPieces : IEnumerable<PieceProgress>
{
    private readonly List<PieceProgress> _pieces = [];

    public int Count => _pieces.Count;

    /// <summary>Takes a piece in, at the end; one without free blocks, or that is here, stays as it is.</summary>
    public void Add(PieceProgress progress)
    {
        if (progress.OpenPosition < 0 && progress.FreeBlocks > 0)
        {
            progress.OpenPosition = _pieces.Count;
            _pieces.Add(progress);
        }
    }

    /// <summary>Takes a piece out, if it is in; the others keep their order.</summary>
    public void Remove(PieceProgress progress)
    {
        int position = progress.OpenPosition;
        if (position >= 0)
        {
            _pieces.RemoveAt(position);
            for (int i = position; i < _pieces.Count; i++)
            {
                _pieces[i].OpenPosition = i;
            }

            progress.OpenPosition = -1;
        }
    }

    public List<PieceProgress>.Enumerator GetEnumerator() => _pieces.GetEnumerator();

    IEnumerator<PieceProgress> IEnumerable<PieceProgress>.GetEnumerator() => _pieces.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => _pieces.GetEnumerator();
}
