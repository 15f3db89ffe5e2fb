using System;
using System.Globalization;
using Starling.Core.Pieces;
using Starling.Core.Primitives;

namespace Starling.Runtime.Storage;

/// <summary>Names one stored result.</summary>
internal readonly record struct ResultKey(int Piece, ResultId Result) : IComparable<ResultKey>
{
    /// <summary>Name of its file below <c>pieces/</c>: piece, length and root, so that a file without a journal can still be checked.</summary>
    public string FileName => string.Create(CultureInfo.InvariantCulture, $"{Piece:D6}.{Result.Length}.{Result.Root}");

    /// <summary>Reads what <see cref="FileName"/> writes.</summary>
    public static bool TryParse(string name, out ResultKey key)
    {
        key = default;
        string[] parts = name.Split('.', 4);
        if (parts.Length != 3
            || !int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int piece)
            || !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int length)
            || !Hash256.TryParse(parts[2], out Hash256 root))
        {
            return false;
        }

        key = new ResultKey(piece, new ResultId(length, root));
        return key.FileName == name;
    }

    /// <summary>By piece, then length, then root.</summary>
    public int CompareTo(ResultKey other)
    {
        int order = Piece.CompareTo(other.Piece);
        order = order != 0 ? order : Result.Length.CompareTo(other.Result.Length);
        return order != 0 ? order : Result.Root.CompareTo(other.Result.Root);
    }
}
