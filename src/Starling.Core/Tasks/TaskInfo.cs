using System;
using System.Collections.Generic;
using Starling.Core.Primitives;

namespace Starling.Core.Tasks;

/// <summary>
/// What a task is: everything that the task id covers (the <c>info</c> dictionary, DESIGN section 3). Values are validated: paths are
/// relative and safe, counts and sizes within the bounds of <see cref="TaskLimitsOfFormat"/>.
/// </summary>
public sealed record TaskInfo
{
    /// <summary>Name; also the default output file and folder name.</summary>
    public required string Name { get; init; }

    /// <summary>How a piece is computed.</summary>
    public required RunSpec Run { get; init; }

    /// <summary>The output files in order; their pieces in order make pieces 0..n-1.</summary>
    public required IReadOnlyList<OutputFile> Files { get; init; }

    /// <summary>Shell command, run once per file over its pieces; null: concatenation in order (a kernel may bring its own).</summary>
    public string? Merge { get; init; }

    /// <summary>The largest result in bytes; a longer one fails the run.</summary>
    public int PieceLength { get; init; } = TaskLimitsOfFormat.DefaultPieceLength;

    /// <summary>Read-only data that runs may use.</summary>
    public IReadOnlyList<InputSpec> Inputs { get; init; } = [];

    /// <summary>How the inputs are cut into pieces; null: the pieces are only numbered.</summary>
    public ChunkSpec? Chunks { get; init; }

    /// <summary>What a machine must have to compute.</summary>
    public NeedsSpec Needs { get; init; } = new();

    /// <summary>What one run may use.</summary>
    public RunLimits Limits { get; init; } = new();

    /// <summary>When a result is believed (DESIGN section 6).</summary>
    public required VerifySpec Verify { get; init; }

    /// <summary>When the task is done.</summary>
    public Until Until { get; init; } = Until.All;

    /// <summary>The author's key; null for unsigned tasks.</summary>
    public PublicKey? Author { get; init; }

    /// <summary>Who may take part besides the author, ascending and each once; empty: it is not a matter of keys.</summary>
    public IReadOnlyList<PublicKey> Members { get; init; } = [];

    /// <summary>Whether an identity may take part as far as keys decide it: anybody where no members are named.</summary>
    public bool Admits(PublicKey key)
    {
        if (Members.Count == 0 || key == Author)
        {
            return true;
        }

        int low = 0;
        int high = Members.Count - 1;
        while (low <= high)
        {
            int middle = (low + high) / 2;
            int order = Members[middle].CompareTo(key);
            if (order == 0)
            {
                return true;
            }

            (low, high) = order < 0 ? (middle + 1, high) : (low, middle - 1);
        }

        return false;
    }

    /// <summary>Number of pieces over all files, 1 or more.</summary>
    public int PieceCount
    {
        get
        {
            int count = 0;
            foreach (OutputFile file in Files)
            {
                count += file.Pieces;
            }

            return count;
        }
    }

    /// <summary>Which file piece <paramref name="piece"/> belongs to, its index within the file, and the file's number of pieces.</summary>
    public PieceLocation Locate(int piece)
    {
        int rest = piece;
        for (int file = 0; file < Files.Count; file++)
        {
            if (rest < Files[file].Pieces)
            {
                return new PieceLocation(file, rest, Files[file].Pieces);
            }

            rest -= Files[file].Pieces;
        }

        throw new ArgumentOutOfRangeException(nameof(piece), piece, "beyond the last piece");
    }

    /// <summary>The first piece of file <paramref name="file"/>.</summary>
    public int FirstPieceOf(int file)
    {
        int first = 0;
        for (int i = 0; i < file; i++)
        {
            first += Files[i].Pieces;
        }

        return first;
    }
}

/// <summary>Where a piece belongs: <c>FILE_IDX</c>, <c>PART_IDX</c>, <c>PART_COUNT</c> of a run's environment.</summary>
public readonly record struct PieceLocation(int FileIndex, int PartIndex, int PartCount);

/// <summary>One output file: relative path with <c>/</c>, and its number of pieces (1 or more).</summary>
public sealed record OutputFile(string Path, int Pieces);

/// <summary>When a task is done: all pieces, or the first that is not empty.</summary>
public enum Until
{
    /// <summary>Every piece is accepted.</summary>
    All,

    /// <summary>One accepted piece with content ends it (searches).</summary>
    First,
}
