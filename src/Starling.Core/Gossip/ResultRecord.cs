using System;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Tasks;

namespace Starling.Core.Gossip;

/// <summary>
/// How a result stands in a batch or list: its length as a <see cref="Varint"/>, then the 32 bytes of its root, which an empty result does not
/// have (its root is all zero by definition).
/// </summary>
internal static class ResultRecord
{
    /// <summary>Bytes of a piece number or gap and a result at most.</summary>
    public const int MaxSizeWithPiece = 4 + 5 + Hash256.Size;

    /// <summary>Bytes of a piece number or gap and a result at least.</summary>
    public const int MinSizeWithPiece = 2;

    public static int Write(Span<byte> destination, in ResultId result)
    {
        if (result.Length is < 0 or > TaskLimitsOfFormat.MaxPieceLength || (result.Length == 0 && result.Root != Hash256.Zero))
        {
            throw new ArgumentException($"No piece has a result of {result.Length} bytes with root {result.Root}.", nameof(result));
        }

        int used = Varint.Write(destination, result.Length);
        if (result.Length == 0)
        {
            return used;
        }

        result.Root.CopyTo(destination[used..]);
        return used + Hash256.Size;
    }

    public static bool TryRead(ref ReadOnlySpan<byte> source, out ResultId result)
    {
        result = default;
        if (!Varint.TryRead(ref source, TaskLimitsOfFormat.MaxPieceLength, out long length) || (length > 0 && source.Length < Hash256.Size))
        {
            return false;
        }

        if (length > 0)
        {
            result = new ResultId((int)length, new Hash256(source));
            source = source[Hash256.Size..];
        }

        return true;
    }
}
