using System.Collections.Generic;
using System.Globalization;
using Starling.Core.Tasks;

namespace Starling.Runtime.Execution;

/// <summary>The environment of a run (DESIGN section 3). What does not apply is removed, so that nothing is inherited from a run around us.</summary>
internal static class RunVariables
{
    /// <summary>The names of all of them: nothing else has a say in these.</summary>
    public static IReadOnlySet<string> Names { get; } = new HashSet<string>(System.StringComparer.Ordinal)
    {
        "PIECE_IDX", "PIECE_COUNT", "FILE_IDX", "PART_IDX", "PART_COUNT", "INPUTS", "CHUNK", "STATE", "SLOTS", "RESULT", "OTHER", "PART_LIST", "PART_FILE", "FILE",
    };

    /// <summary>The variables of a run of <paramref name="piece"/>; paths as the run sees them.</summary>
    public static KeyValuePair<string, string?>[] Of(RunContext context, int piece, string? inputs, string? chunk, string? state)
    {
        PieceLocation location = context.Task.Locate(piece);
        return
        [
            new("PIECE_IDX", Text(piece)),
            new("PIECE_COUNT", Text(context.PieceCount)),
            new("FILE_IDX", Text(location.FileIndex)),
            new("PART_IDX", Text(location.PartIndex)),
            new("PART_COUNT", Text(location.PartCount)),
            new("INPUTS", inputs),
            new("CHUNK", chunk),
            new("STATE", state),
            new("SLOTS", Text(context.Options.CoresPerRun ?? context.Task.Needs.Cores)),
        ];
    }

    /// <summary>The variables of a checker or a comparison: those of a run, and where the results are.</summary>
    public static KeyValuePair<string, string?>[] OfTrial(
        RunContext context, int piece, string? inputs, string? chunk, string result, string? other) =>
        [.. Of(context, piece, inputs, chunk, state: null), new("RESULT", result), new("OTHER", other)];

    /// <summary>The variables of the merge of <paramref name="file"/>.</summary>
    public static KeyValuePair<string, string?>[] OfMerge(TaskInfo task, int file, string? partList, string partFile, string target) =>
    [
        new("PIECE_IDX", null),
        new("PIECE_COUNT", Text(task.PieceCount)),
        new("FILE_IDX", Text(file)),
        new("PART_IDX", null),
        new("PART_COUNT", Text(task.Files[file].Pieces)),
        new("PART_LIST", partList),
        new("PART_FILE", partFile),
        new("FILE", target),
    ];

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
