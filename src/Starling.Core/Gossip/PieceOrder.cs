using System;
using Starling.Core.Tasks;

namespace Starling.Core.Gossip;

/// <summary>The order of pieces within signed batches.</summary>
internal static class PieceOrder
{
    /// <summary>Each piece is at least <paramref name="next"/>, the one after the entry before.</summary>
    public static void ThrowUnlessAscending(int piece, int next, string argument)
    {
        if (piece < next || piece >= TaskLimitsOfFormat.MaxPieces)
        {
            throw new ArgumentException($"Piece {piece} stands where pieces from {next} on are due, each once.", argument);
        }
    }
}
