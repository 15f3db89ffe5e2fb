using System.Collections.Generic;
using Starling.Core.Primitives;
using Starling.Core.Tasks;

namespace Starling.Runtime.Tasks;

/// <summary>
/// What an author wrote, in YAML or on a command line, before inputs are hashed and pieces counted. Values are read, not yet checked against
/// the bounds of the format.
/// </summary>
public sealed record TaskDraft
{
    /// <summary>Name of the task.</summary>
    public required string Name { get; init; }

    /// <summary>How a piece is computed. A WebAssembly module or an image may still be a path, and an image's digest missing.</summary>
    public required RunSpec Run { get; init; }

    /// <summary>Number of pieces of the one output file; null: by <see cref="Files"/> or <see cref="Chunks"/>.</summary>
    public int? Pieces { get; init; }

    /// <summary>How an input is cut into pieces; its input is named as in <see cref="InputPaths"/> or by its last part.</summary>
    public ChunkSpec? Chunks { get; init; }

    /// <summary>Output files; empty: one called <see cref="Name"/>.</summary>
    public IReadOnlyList<OutputFile> Files { get; init; } = [];

    /// <summary>Shell command that merges a file.</summary>
    public string? Merge { get; init; }

    /// <summary>The largest result in bytes.</summary>
    public int PieceLength { get; init; } = TaskLimitsOfFormat.DefaultPieceLength;

    /// <summary>Inputs: paths relative to <see cref="Folder"/> or absolute, of data or of .torrent files, and magnet links.</summary>
    public IReadOnlyList<string> InputPaths { get; init; } = [];

    /// <summary>What a machine must have.</summary>
    public NeedsSpec Needs { get; init; } = new();

    /// <summary>What a run may use.</summary>
    public RunLimits Limits { get; init; } = new();

    /// <summary>When a result is believed; null: the default of the kind of swarm.</summary>
    public VerifySpec? Verify { get; init; }

    /// <summary>Who may take part besides the author, in any order; empty: not a matter of keys.</summary>
    public IReadOnlyList<PublicKey> Members { get; init; } = [];

    /// <summary>When the task is done.</summary>
    public Until Until { get; init; }

    /// <summary>Trackers in tiers.</summary>
    public IReadOnlyList<IReadOnlyList<string>> Trackers { get; init; } = [];

    /// <summary>DHT nodes.</summary>
    public IReadOnlyList<string> Nodes { get; init; } = [];

    /// <summary>Free text.</summary>
    public string? Comment { get; init; }

    /// <summary>Absolute path of the folder that relative input paths start from.</summary>
    public string Folder { get; init; } = ".";
}
